"""The columns of a bucket as NumPy arrays: texts as whole numbers, times as whole seconds, rows in one order."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

DAY = 86_400
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05 was a Monday


@dataclass(frozen=True)
class Coded:
    """Texts as whole numbers: the text of entry i is `names[codes[i]]`; -1 = empty."""

    codes: Ints
    names: pd.Index

    def at(self, positions: Ints, found: Flags) -> "Coded":
        """The texts at some positions; empty where not found."""
        if not len(self.codes):
            return Coded(np.full(len(positions), -1), self.names)
        return Coded(np.where(found, self.codes[np.where(found, positions, 0)], -1), self.names)

    def series(self) -> pd.Series:
        """The texts themselves."""
        return pd.Series(pd.Categorical.from_codes(self.codes, self.names)).astype("str")

    def among(self, names: pd.Index) -> Ints:
        """For each entry, the place of its text in `names`; -1 where it is empty or not among them."""
        place = np.append(names.get_indexer(self.names), -1)
        return place[self.codes].astype(np.int64)


def coded(column: pd.Series) -> Coded:
    """A column of texts, categorical or plain, as codes."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Coded(column.cat.codes.to_numpy(dtype=np.int64), pd.Index(column.cat.categories))
    codes, names = pd.factorize(column)
    return Coded(codes.astype(np.int64), pd.Index(names))


class Ordered:
    """The columns of a table in another order of its rows, each read and ordered when it is first asked for; or a stretch of them."""

    def __init__(self, frame: Any, order: Ints | None, size: int) -> None:
        self._frame, self._order, self._begin, self._end = frame, order, 0, size
        self._kept: dict[str, Any] = {}

    def stretch(self, begin: int, end: int) -> "Ordered":
        """The rows [begin, end) of these, which share what was read."""
        part = copy(self)
        part._begin, part._end = self._begin + begin, self._begin + end
        return part

    def values(self, name: str) -> np.ndarray:
        """A column of numbers, flags or times."""
        if name not in self._kept:
            self._kept[name] = self._sorted(self._frame[name].to_numpy())
        return self._kept[name][self._begin : self._end]

    def texts(self, name: str) -> Coded:
        """A column of texts."""
        if name not in self._kept:
            found = coded(self._frame[name])
            self._kept[name] = Coded(self._sorted(found.codes), found.names)
        found = self._kept[name]
        return Coded(found.codes[self._begin : self._end], found.names)

    def some_texts(self, name: str, at: Ints) -> Coded:
        """The texts at some positions; to be asked where they hardly repeat."""
        at = at + self._begin
        return coded(self._frame[name].iloc[at if self._order is None else self._order[at]])

    def _sorted(self, values: np.ndarray) -> np.ndarray:
        return values if self._order is None else values[self._order]


def in_order(names: pd.Index) -> Ints:
    """The place of each of some different texts when they are sorted."""
    place = np.empty(len(names), dtype=np.int64)
    place[names.argsort()] = np.arange(len(names))
    return place


def seconds(times: pd.Series) -> Ints:
    """Whole seconds since 1970 of a column of times."""
    return times.to_numpy(dtype="datetime64[s]").astype(np.int64)


def order_of(key: Ints, *ties: Callable[[Ints], np.ndarray]) -> Ints | None:
    """The order that sorts `key`, and among equal keys by what each of `ties` tells of some rows; None = in order already.

    A later one of `ties` is asked only about rows that are equal by the earlier ones.
    """
    steps = np.diff(key)
    if (steps > 0).all():
        return None
    order = _sorted_places(key)
    ordered = key[order]
    at = _in_runs(ordered[1:] == ordered[:-1])
    groups = ordered[at]
    for tie in ties:
        if not len(at):
            break
        values = tie(order[at])
        by_value = np.lexsort((values, groups))
        order[at], values = order[at][by_value], values[by_value]
        same = (groups[1:] == groups[:-1]) & (values[1:] == values[:-1])
        still = _in_runs(same)
        starts = np.cumsum(np.append(True, ~same))
        at, groups = at[still], starts[still]
    return order


def _sorted_places(key: Ints) -> Ints:
    """argsort; by sorting key and place as one number where both fit, which is faster."""
    bits = len(key).bit_length()
    if int(key.max()) >= 1 << (63 - bits):
        return np.argsort(key)
    return np.sort((key << bits) | np.arange(len(key))) & ((1 << bits) - 1)


def _in_runs(same_as_next: Flags) -> Ints:
    """The places that are the same as the one before or after them."""
    return np.flatnonzero(np.append(same_as_next, False) | np.append(False, same_as_next))


def ratio(over: Floats, under: Floats) -> Floats:
    """over / under; NaN where under is not positive."""
    return np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)


def expand(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All positions of every slice [start, end): the slice's number, and the position."""
    length = np.maximum(end - start, 0)
    row = np.repeat(np.arange(len(start)), length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return row, np.repeat(start, length) + offset


def working_seconds(instant: Ints) -> Ints:
    """Seconds from Monday to Friday between 1970 and an instant: the difference of two skips the weekends."""
    week, within = np.divmod(instant - MONDAY, WEEK)
    return week * 5 * DAY + np.minimum(within, 5 * DAY)


def running_count(flag: Flags) -> NDArray[np.int32]:
    """How many flags are set before each position, from 0 to the number of facts."""
    answer = np.zeros(len(flag) + 1, dtype=np.int32)
    np.cumsum(flag, out=answer[1:])
    return answer
