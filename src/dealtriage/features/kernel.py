"""Questions asked of one bucket of deals: sorted arrays in, one number per as-of row out.

Facts are sorted by (deal, known_at), as-of rows by (deal, as_of). Of every row only the facts of its deal with
`known_at < as_of` exist: they lie at positions [lo, hi). Every answer is made from that slice alone, so no feature
can see further. All times are whole seconds since the bucket's first instant.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from dealtriage.features.columns import (
    DAY,
    MONDAY,
    WEEK,
    Coded,
    Columns,
    Flags,
    Floats,
    Ints,
    Ordered,
    coded,
    columns_of,
    expand,
    in_order,
    ratio,
    running_count,
    running_largest,
    seconds,
)
from dealtriage.features.facts import Facts
from dealtriage.features.known import Known
from dealtriage.features.weeks import Weeks

EXACT = 2**24
PIECE = 100_000
REMEMBERED = 16


class Bucket(Facts):
    """The facts and as-of rows of some deals, and the questions that features ask of them.

    `facts`: a timeline (schemas.FACTS). `rows`: deal_id, as_of. `weeks`: what is known of other deals, see
    `features.weeks`. Both are sorted here; answers come in the order of `rows` sorted by (deal_id, as_of), see `rows`.
    """

    def __init__(self, facts: pd.DataFrame | Columns, rows: pd.DataFrame | Columns, weeks: Weeks | None = None, fiscal_year_start: int = 1) -> None:
        facts, rows = columns_of(facts), columns_of(rows)
        deals, as_of = coded(facts["deal_id"], rows["deal_id"]).in_order(), seconds(rows["as_of"].to_numpy())
        deal, row_deal = np.split(deals.codes, [len(facts["deal_id"])])
        self.place(facts, deal, len(deals.words), as_of)
        row_key, order = in_order(row_deal, as_of - self.start, self.span)
        self.weeks, self.fiscal_year_start = weeks or Weeks({}), fiscal_year_start
        self._ask(deals.words, Ordered(rows, order, len(as_of)), row_key, np.bincount(row_deal, minlength=len(deals.words)))

    def _ask(self, ids: pa.Array, columns: Ordered, row_key: Ints, rows: Ints) -> None:
        """Take as-of rows that are sorted. `ids`: of the deals. `rows`: how many each deal has."""
        self._ids, self._row_columns, self.row_key = ids, columns, row_key
        self._row_begins = np.append(0, np.cumsum(rows))
        self._windows: dict[float, Ints] = {}
        self._known: dict[int, Known] = {}
        self._places: dict[tuple[str, int, int | None], tuple[Coded | Ints | None, Ints, Ints, Flags]] = {}

    @cached_property
    def row_deal(self) -> Ints:
        """The deal of each row."""
        return np.repeat(np.arange(len(self._ids)), np.diff(self._row_begins))

    @cached_property
    def row_base(self) -> Ints:
        """What `key` is of the deal of each row at the start."""
        return self.row_deal * self.span

    @cached_property
    def as_of(self) -> Ints:
        """The as-of date of each row."""
        return self.row_key - self.row_base

    @cached_property
    def lo(self) -> Ints:
        """The position of the first fact of each row's deal."""
        return self.begins[self.row_deal]

    @cached_property
    def hi(self) -> Ints:
        """The position behind the last fact that each row knows."""
        return np.searchsorted(self.key, self.row_key, side="left")

    @cached_property
    def keys(self) -> pa.Table:
        """deal_id and as_of, in the order of the answers."""
        return pa.table({"deal_id": self._ids.take(pa.array(self.row_deal)), "as_of": pa.array(self._row_columns.values("as_of"))})

    @cached_property
    def rows(self) -> pd.DataFrame:
        """deal_id and as_of, in the order of the answers."""
        return self.keys.to_pandas()

    def pieces(self, facts: int = PIECE) -> Iterator["Bucket"]:
        """The bucket in pieces of about so many facts, by deals: they bound the memory, and fit the processor's cache better."""
        deals, count = len(self._ids), max(1, round(len(self.key) / facts))
        for piece in range(count):
            yield self._piece(deals * piece // count, deals * (piece + 1) // count)

    def _piece(self, first: int, end: int) -> "Bucket":
        part = Bucket.__new__(Bucket)
        part.weeks, part.fiscal_year_start, part.start, part.span = self.weeks, self.fiscal_year_start, self.start, self.span
        facts, rows = (slice(begins[first], begins[end]) for begins in (self.begins, self._row_begins))
        part.hold(self.columns.stretch(facts), self.key[facts] - first * self.span, self.occurred[facts], np.diff(self.begins[first : end + 1]))
        part._ask(self._ids.slice(first, end - first), self._row_columns.stretch(rows), self.row_key[rows] - first * self.span,
                  np.diff(self._row_begins[first : end + 1]))
        return part

    # Counts and sums up to the as-of date, or in the days before it (by known_at)

    def known_of(self, flag: Flags) -> Known:
        """Which of the flagged facts each row knows; of the flags asked about last it is remembered."""
        if id(flag) not in self._known:
            if len(self._known) == REMEMBERED:
                self._known.pop(next(iter(self._known)))
            flag.setflags(write=False)  # what is remembered of it must stay true
            self._known[id(flag)] = Known(flag, running_count(flag), self.lo, self.hi)
        return self._known[id(flag)]

    def count(self, flag: Flags, days: float | None = None) -> Floats:
        """How many flagged facts were known, ever or in the last `days` days [as_of - days, as_of)."""
        known = self.known_of(flag)
        return (known.end - (known.begin if days is None else known.running[self.window(days)])).astype(np.float64)

    def total(self, values: Floats, days: float | None = None) -> Floats:
        """The sum of a measure over the known facts; NaN counts as 0. For durations and the like, not for money."""
        return self._sum_and_number(values, days)[0]

    def mean(self, values: Floats, days: float | None = None) -> Floats:
        """The mean of a measure over the facts that have one; NaN where none has."""
        return ratio(*self._sum_and_number(values, days))

    def typical(self, durations: Floats, days: float | None = None) -> Floats:
        """The typical duration (geometric mean of 1 + x, less 1): like a median, but summable."""
        return np.expm1(ratio(*self._sum_and_number(durations, days, np.log1p)))

    def _sum_and_number(self, values: Floats, days: float | None, of: Callable[[Floats], Floats] = np.asarray) -> tuple[Floats, Floats]:
        has = ~np.isnan(values)
        running, sums = running_count(has), exact_cumsum(of(values[has]))
        begin, end = running[self.window(days)], running[self.hi]
        return (sums[end] - sums[begin]) / EXACT, (end - begin).astype(np.float64)

    def spread(self, values: Floats) -> Floats:
        """The standard deviation of a measure over the facts that have one; NaN where fewer than two have."""
        known = self.count(~np.isnan(values))
        variance = self.mean(values * values) - self.mean(values) ** 2
        return np.where(known >= 2, np.sqrt(np.maximum(variance, 0.0)), np.nan)

    def count_since(self, flag: Flags, since: Flags) -> Floats:
        """How many flagged facts became known after the latest `since` fact; all of them when there is none."""
        running = running_count(flag)
        start = np.maximum(self.latest(since)[self.hi] + 1, self.lo)
        return (running[self.hi] - running[start]).astype(np.float64)

    def count_when(self, flag: Flags, instant: Floats) -> Floats:
        """How many flagged facts have a moment of their own before the as-of date: a due date that passed, say.

        `instant`: seconds since `start`, one per fact; NaN = never. A fact counts only once it is known.
        """
        at = np.flatnonzero(flag & ~np.isnan(instant))
        moments = np.maximum(instant[at].astype(np.int64), self.known[at])
        at, moments = at[moments < self.span], moments[moments < self.span]
        keys = np.sort(self.deal[at] * self.span + moments)
        return (np.searchsorted(keys, self.row_key) - np.searchsorted(keys, self.row_deal * self.span)).astype(np.float64)

    def count_below(self, values: Floats, most: Floats) -> Floats:
        """How many known facts have a measure smaller than the row's `most`."""
        at = np.flatnonzero(~np.isnan(values))
        row, place = expand(np.searchsorted(at, self.lo), np.searchsorted(at, self.hi))
        return np.bincount(row[values[at[place]] < most[row]], minlength=len(self.as_of)).astype(np.float64)

    def distinct(self, codes: Ints, flag: Flags, days: float) -> Floats:
        """How many different codes the flagged facts of the last `days` days have."""
        before, start = self.previous_same(codes, flag), self.window(days)
        row, fact = expand(start, self.hi)
        counted = (flag & (codes >= 0))[fact] & (before[fact] < start[row])
        return np.bincount(row[counted], minlength=len(self.as_of)).astype(np.float64)

    def window(self, days: float | None) -> Ints:
        """The position of the first fact known in the last `days` days; of the deal's first fact where None."""
        if days is None:
            return self.lo
        if days not in self._windows:
            self._windows[days] = np.maximum(np.searchsorted(self.key, self.row_key - int(days * DAY), side="left"), self.lo)
        return self._windows[days]

    # The latest, the largest, the first

    def last_position(self, flag: Flags) -> Ints:
        """The position of the flagged fact that became known last; -1 where there is none."""
        known = self.known_of(flag)
        return known.newest(known.at, -1)

    def last(self, flag: Flags, values: Floats) -> Floats:
        """The measure of the flagged fact that became known last; NaN where there is none."""
        known = self.known_of(flag)
        return known.newest(values[known.at], np.nan)

    def last_text(self, flag: Flags, texts: Coded) -> Coded:
        """The text of the flagged fact that became known last."""
        at = self.last_position(flag)
        return texts.at(at, at >= 0)

    def largest(self, flag: Flags, values: Floats) -> Floats:
        """The largest measure of the flagged facts known; NaN where there is none."""
        known = self.known_of(flag & ~np.isnan(values))
        return known.newest(running_largest(self.deal[known.at], values[known.at]), np.nan)

    def days_since(self, flag: Flags) -> Floats:
        """Days from the latest occurrence of a flagged fact to the as-of date; NaN where none is known."""
        known = self.known_of(flag)
        latest = np.maximum.accumulate(self.base[known.at] + self.occurred[known.at])
        return (self.row_key - known.newest(latest, np.nan)) / DAY

    def days_since_first(self, flag: Flags) -> Floats:
        """Days from the earliest occurrence of a flagged fact to the as-of date; NaN where none is known."""
        known = self.known_of(flag)
        ahead = np.maximum.accumulate(self.base[known.at] + (self.span - self.occurred[known.at]))
        return (known.newest(ahead, np.nan) - (self.row_base + (self.span - self.as_of))) / DAY

    # One of several: the person with the most signals, the thread of the latest mail

    def leader(self, codes: Ints, flag: Flags) -> tuple[Ints, Floats]:
        """The code that most known flagged facts have, -1 where none has one, and how many. Of equals, who was first to have as many."""
        number = self.number_of_same(codes, flag)
        most = self.largest(number > 0, number.astype(np.float64))
        at = np.flatnonzero(number > 0)
        running = pd.Series(number[at]).groupby(self.deal[at], sort=False)
        is_new = np.zeros(len(codes), dtype=bool)
        is_new[at] = number[at] > running.cummax().groupby(self.deal[at], sort=False).shift(fill_value=0).to_numpy()
        known = self.known_of(is_new)
        return known.newest(codes[known.at], -1), np.nan_to_num(most)

    def days_since_code(self, codes: Ints, flag: Flags, wanted: Ints) -> Floats:
        """Days from the latest occurrence of a flagged fact with the row's code to the as-of date; NaN where none is known."""
        at = np.flatnonzero(flag & (codes >= 0))
        size = int(max(codes.max(initial=0), wanted.max(initial=0))) + 1
        group = self.deal[at] * size + codes[at]
        order = np.argsort(group, kind="stable")
        keys = group[order] * (len(codes) + 1) + at[order]
        newest = np.maximum.accumulate(group[order] * self.span + self.occurred[at[order]])
        asked = (self.row_deal * size + wanted) * (len(codes) + 1)
        place = np.searchsorted(keys, asked + self.hi) - 1
        found = (wanted >= 0) & (place >= 0) & (np.append(keys, -1)[place] >= asked)
        return np.where(found, (self.as_of - np.append(newest, 0)[place] % self.span) / DAY, np.nan)

    # The calendar, the deal's owner and account, other deals

    def instant(self) -> pd.Series:
        """The as-of dates."""
        return self.rows["as_of"]

    @cached_property
    def owner(self) -> Coded:
        """The deal's owner as known at each row."""
        return self.last_text(self.is_kind("deal_created", "owner_changed"), self.author)

    @cached_property
    def account(self) -> Coded:
        """The deal's account as known at each row."""
        return self.last_text(self.is_kind("account_changed"), self.texts("label"))

    @cached_property
    def stage(self) -> Ints:
        """The place of the deal's stage in the stage order as known at each row; -1 where unknown."""
        return np.nan_to_num(self.last(self.is_kind("stage_changed"), self.value), nan=-1.0).astype(np.int64)

    @cached_property
    def monday(self) -> Ints:
        """The last Monday 00:00 UTC at or before each row, in seconds since 1970."""
        return (self.as_of + self.start - MONDAY) // WEEK * WEEK + MONDAY

    def by_then(self, table: str, measure: str | Ints, key: Coded | Ints | None = None, weeks: int | None = None) -> Floats:
        """A weekly sum of other deals (`features.weeks`) added up over all whole weeks before the as-of date, or the last `weeks`.

        `key`: whose, one per row (None = everybody's); NaN where the key is unknown. `measure`: its name, or its number for each row.
        """
        asked = (table, id(key), weeks)
        if asked not in self._places:
            self._places[asked] = (key, *self.weeks.place(table, key, self.monday, weeks))
        _, begin, end, known = self._places[asked]
        return np.where(known, self.weeks.between(table, measure, key, begin, end), np.nan)

    def known_until(self, flag: Flags) -> pd.Series:
        """When the newest flagged fact of each row became known; empty where there is none."""
        newest = self.last(flag, self.known.astype(np.float64) + self.start)
        return pd.Series(np.nan_to_num(newest).astype(np.int64).astype("datetime64[s]").astype("datetime64[us]")).where(~np.isnan(newest))

    def ask(self, question: Callable[["Bucket"], Floats]) -> Floats:
        """The answer of one feature, one number per row of `rows`."""
        return np.asarray(question(self), dtype=np.float64)


def exact_cumsum(values: Floats) -> Ints:
    """The running sum, starting with 0, in whole units of 2**-24 (6e-8).

    Whole numbers add up exactly, so a deal's sum does not depend on which deals stand before it in the bucket.
    Raises OverflowError when the sum leaves +-5e11.
    """
    if np.abs(values).sum() >= 2**63 / EXACT:
        raise OverflowError("a measure is too large to be added up exactly; ask for its last or largest value")
    return np.concatenate([[0], np.cumsum(np.round(values * EXACT).astype(np.int64))])
