"""The columns of a bucket as NumPy arrays: texts as whole numbers, times as whole seconds, rows in one order."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

DAY = 86_400
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05 was a Monday


DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Coded:
    """Texts as whole numbers: the text of entry i is `words[codes[i]]`; -1 = empty."""

    codes: Ints
    words: pa.Array

    @property
    def names(self) -> pd.Index:
        """The words, for pandas."""
        return pd.Index(self.words.to_pandas(), dtype="str")

    def in_order(self) -> "Coded":
        """The same with the words in order."""
        order = pc.array_sort_indices(self.words)
        place = np.full(len(order) + 1, -1)
        place[order.to_numpy()] = np.arange(len(order))
        return Coded(place[self.codes], self.words.take(order))

    def at(self, positions: Ints, found: Flags) -> "Coded":
        """The texts at some positions; empty where not found."""
        if not len(self.codes):
            return Coded(np.full(len(positions), -1), self.words)
        return Coded(np.where(found, self.codes[np.where(found, positions, 0)], -1), self.words)

    def series(self) -> pd.Series:
        """The texts themselves."""
        return pd.Series(pd.Categorical.from_codes(self.codes, self.names)).astype("str")

    def is_any(self, *texts: str) -> Flags:
        """The entries that are one of some texts; to be asked where there are few words."""
        found = np.zeros(len(self.codes), dtype=bool)
        for code, word in enumerate(self.words.to_pylist()):
            if word in texts:
                found |= self.codes == code
        return found

    def among(self, words: pa.Array) -> Ints:
        """For each entry, the place of its text in `words`; -1 where it is empty or not among them."""
        place = pc.index_in(self.words, words.cast(self.words.type)).fill_null(-1).to_numpy(zero_copy_only=False)
        return np.append(place, -1).astype(np.int64)[self.codes]


class Columns(Protocol):
    """Columns by name, as Arrow keeps them: a pyarrow.Table, or a tables.PartColumns."""

    def __getitem__(self, name: str, /) -> pa.ChunkedArray: ...


def columns_of(frame: pd.DataFrame | Columns) -> Columns:
    """The columns of a frame."""
    return pa.Table.from_pandas(frame, preserve_index=False) if isinstance(frame, pd.DataFrame) else frame


def coded(*columns: pa.ChunkedArray) -> Coded:
    """One or more columns of texts, one after the other, as codes of one list of words."""
    together = pa.chunked_array([_dictionary(chunk) for column in columns for chunk in column.chunks], DICTIONARY).unify_dictionaries()
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in together.chunks]
    words = together.chunk(0).dictionary if codes else pa.array([], DICTIONARY.value_type)
    return Coded(np.concatenate(codes) if codes else np.zeros(0, dtype=np.int32), words)


def _dictionary(texts: pa.Array) -> pa.DictionaryArray:
    found = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    return pa.DictionaryArray.from_arrays(found.indices.cast(DICTIONARY.index_type), found.dictionary.cast(DICTIONARY.value_type))


class Ordered:
    """The columns of a table in another order of its rows, each read and ordered when it is first asked for; or a stretch of them."""

    def __init__(self, columns: Columns, order: Ints | None, size: int) -> None:
        self._columns, self._order, self._begin, self._end = columns, order, 0, size
        self._kept: dict[str, Any] = {}

    def stretch(self, rows: slice) -> "Ordered":
        """Some of these rows, which share what was read."""
        part = copy(self)
        part._begin, part._end = self._begin + rows.start, self._begin + rows.stop
        return part

    def values(self, name: str) -> np.ndarray:
        """A column of numbers, flags or times."""
        if name not in self._kept:
            self._kept[name] = self._sorted(self._columns[name].to_numpy())
        return self._kept[name][self._begin : self._end]

    def texts(self, name: str) -> Coded:
        """A column of texts."""
        if name not in self._kept:
            found = coded(self._columns[name])
            self._kept[name] = Coded(self._sorted(found.codes), found.words)
        found = self._kept[name]
        return Coded(found.codes[self._begin : self._end].astype(np.int64), found.words)

    def some_texts(self, name: str, at: Ints) -> Coded:
        """The texts at some positions; to be asked where they hardly repeat."""
        at = at + self._begin
        return coded(self._columns[name].take(pa.array(at if self._order is None else self._order[at])))

    def _sorted(self, values: np.ndarray) -> np.ndarray:
        return values if self._order is None else values[self._order]


def seconds(times: pd.Series | NDArray[np.datetime64]) -> Ints:
    """Whole seconds since 1970 of some times."""
    return np.asarray(times, dtype="datetime64[us]").view(np.int64) // 1_000_000


def in_order(deal: Ints, time: Ints, span: int, *ties: Callable[[Ints], Ints]) -> tuple[Ints, Ints | None]:
    """deal * span + time (below `span`), sorted; and the order that sorts it, None = in order already.

    Among equal ones by what each of `ties` tells of some rows (whole numbers from 0); it is asked only about rows that are
    equal by the earlier ones.
    """
    key = deal * span + time
    if (np.diff(key) > 0).all():
        return key, None
    key, order = _sorted_with_places(key, deal)
    at = _in_runs(key[1:] == key[:-1])
    group = np.cumsum(np.append(True, np.diff(key[at]) > 0))
    for tie in ties:
        if not len(at):
            break
        values = tie(order[at])
        both = group * (int(values.max()) + 1) + values
        by_both = np.argsort(both, kind="stable")
        order[at], both = order[at][by_both], both[by_both]
        same = both[1:] == both[:-1]
        still = _in_runs(same)
        at, group = at[still], np.cumsum(np.append(True, ~same))[still]
    return key, order


def _sorted_with_places(key: Ints, deal: Ints) -> tuple[Ints, Ints]:
    """The key sorted, and its argsort. First by deal, whose small numbers are quickly sorted; then there is little left to do.

    Key and place are sorted as one number where both fit, which is faster.
    """
    by_deal = np.argsort(deal.astype(np.min_scalar_type(deal.max())), kind="stable")
    bits = len(key).bit_length()
    if int(key.max()) >= 1 << (63 - bits):
        order = by_deal[np.argsort(key[by_deal], kind="stable")]
        return key[order], order
    both = np.sort((key[by_deal] << bits) | by_deal, kind="stable")
    return both >> bits, both & ((1 << bits) - 1)


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
    answer = np.empty(len(flag) + 1, dtype=np.int32)
    answer[0] = 0
    answer[1:] = flag  # added up in their own type, so that other threads may work meanwhile
    return np.cumsum(answer, out=answer)


def running_largest(deal: Ints, values: Floats) -> Floats:
    """For each entry, the largest value of its deal so far; `deal` ascends."""
    by_value = np.argsort(values, kind="stable")
    mark = np.empty(len(values), dtype=np.int64)
    mark[by_value] = np.arange(len(values))
    base = deal * len(values)
    return values[by_value[np.maximum.accumulate(base + mark) - base]]
