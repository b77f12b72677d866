"""What all deals together showed, week by week: the one thing about a deal that lies outside of it.

A weekly table has sums per key (an owner, an account, a stage) and week. Weeks end on Mondays 00:00 UTC and hold only what
was known before that instant, so a feature that adds up whole weeks before its as-of date sees no further than that date.
Sums of buckets add up, and sums of weeks that are over never change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dealtriage.features.columns import MONDAY, WEEK, Coded, Flags, Floats, Ints, seconds

KEY = ["key", "week_end"]


def sums(key: Coded | Ints, week_end: Ints, chosen: Flags, **measures: Any) -> pd.DataFrame:
    """key, week_end and the measures (whole numbers), added up over the chosen entries that have a key."""
    if ((week_end - MONDAY) % WEEK).any():
        raise ValueError("weeks end on Mondays 00:00 UTC: give next_monday(q.known + q.start) for facts, q.as_of + q.start for Monday rows")
    codes = key.codes if isinstance(key, Coded) else key
    kept = chosen & (codes >= 0)
    frame = pd.DataFrame({"key": codes[kept], "week_end": week_end[kept],
                          **{name: np.broadcast_to(values, len(codes))[kept].astype(np.int64) for name, values in measures.items()}})
    added = frame.groupby(KEY, as_index=False, sort=True).sum()
    names = pd.Series(key.names[added["key"]], dtype="str") if isinstance(key, Coded) else added["key"]
    return added.assign(key=names, week_end=added["week_end"].to_numpy().astype("datetime64[s]").astype("datetime64[us]"))


def total(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Add up the sums of several buckets; one row per key and week, in order."""
    added = pd.concat(tables, ignore_index=True).groupby(KEY, as_index=False, sort=True).sum()
    return added.sort_values(KEY, kind="stable").reset_index(drop=True)


def next_monday(seconds_since_1970: Ints) -> Ints:
    """The first Monday 00:00 UTC after each instant: from when on a fact known at that instant counts."""
    return (seconds_since_1970 - MONDAY) // WEEK * WEEK + MONDAY + WEEK


@dataclass(frozen=True)
class _Sums:
    """Running sums of one table, sorted by key and week."""

    names: pd.Index
    codes: Ints
    ends: Ints
    measures: dict[str, int]
    running: np.ndarray

    @cached_property
    def words(self) -> pa.Array:
        return pa.array(self.names, pa.string())

    @cached_property
    def span(self) -> int:
        return int(self.ends.max(initial=0)) + 1

    @cached_property
    def keys(self) -> Ints:
        return self.codes * self.span + self.ends

    def position(self, who: Ints, until: Ints) -> Ints:
        """How many rows lie before and in the week that ends at `until`, for each key."""
        return np.searchsorted(self.keys, who * self.span + np.clip(until, 0, self.span - 1), side="right")


def _running(table: pd.DataFrame) -> _Sums:
    measures = [name for name in table.columns if name not in KEY]
    codes, names = pd.factorize(table["key"])
    values = table[measures].to_numpy(dtype=np.int64)
    running = np.concatenate([np.zeros((1, len(measures)), dtype=np.int64), np.cumsum(values, axis=0)])
    return _Sums(pd.Index(names), codes.astype(np.int64), seconds(table["week_end"]), {n: i for i, n in enumerate(measures)}, running)


class Weeks:
    """The weekly tables, each in order of key and week, ready to be asked."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._by_key = {name: _running(table) for name, table in tables.items()}
        self._of_all = {name: _running(total([table.assign(key=0)])) for name, table in tables.items()}

    def place(self, table: str, key: Coded | Ints | None, monday: Ints, weeks: int | None) -> tuple[Ints, Ints, Flags]:
        """Where the whole weeks before each Monday begin and end in a table, and whose key is known."""
        if table not in self._by_key:
            if self._by_key:
                raise ValueError(f"no weekly table is called {table}; there are {', '.join(self._by_key)}")
            nothing = np.zeros(len(monday), dtype=np.int64)
            return nothing, nothing, np.zeros(len(monday), dtype=bool)
        found = self._sums(table, key)
        who, known = _whose(key, found, len(monday))
        asked = np.maximum(who, 0)
        end = found.position(asked, monday)
        begin = found.position(asked, np.full(len(monday), -1) if weeks is None else monday - weeks * WEEK)
        return np.where(who < 0, end, begin), end, known

    def between(self, table: str, measure: str | Ints, key: Coded | Ints | None, begin: Ints, end: Ints) -> Floats:
        """A measure added up over the rows [begin, end) of a table; `measure`: its name, or its number for each entry."""
        if table not in self._by_key:
            return np.full(len(begin), np.nan)
        found = self._sums(table, key)
        if isinstance(measure, str) and measure not in found.measures:
            raise ValueError(f"{table} has no measure {measure}; it has {', '.join(found.measures)}")
        which = found.measures[measure] if isinstance(measure, str) else measure
        return (found.running[end, which] - found.running[begin, which]).astype(np.float64)

    def _sums(self, table: str, key: Coded | Ints | None) -> _Sums:
        return (self._of_all if key is None else self._by_key)[table]


def _whose(key: Coded | Ints | None, of: _Sums, size: int) -> tuple[Ints, Flags]:
    """The place of each entry's key among a table's keys (-1 = it has no sums), and whether the entry has a key."""
    if key is None:
        return np.zeros(size, dtype=np.int64), np.ones(size, dtype=bool)
    if isinstance(key, Coded):
        return key.among(of.words), key.codes >= 0
    return of.names.get_indexer(pd.Index(key)).astype(np.int64), key >= 0
