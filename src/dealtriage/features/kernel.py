"""Questions asked of one bucket of deals: sorted arrays in, one number per as-of row out.

Facts are sorted by (deal, known_at), as-of rows by (deal, as_of). Of every row only the facts of its deal with
`known_at < as_of` exist: they lie at positions [lo, hi). Every answer is made from that slice alone, so no feature
can see further. All times are whole seconds since the bucket's first instant.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import pandas as pd

from dealtriage.features.columns import (
    DAY,
    MONDAY,
    WEEK,
    Coded,
    Flags,
    Floats,
    Ints,
    coded,
    expand,
    in_order,
    order_of,
    ratio,
    running_count,
    seconds,
)
from dealtriage.features.facts import Facts
from dealtriage.features.weeks import Weeks
from dealtriage.tables import PartColumns

EXACT = 2**24
PIECE = 100_000


class Bucket(Facts):
    """The facts and as-of rows of some deals, and the questions that features ask of them.

    `facts`: a timeline (schemas.FACTS). `rows`: deal_id, as_of. `weeks`: what is known of other deals, see
    `features.weeks`. Both are sorted here; answers come in the order of `rows` sorted by (deal_id, as_of), see `rows`.
    """

    def __init__(self, facts: pd.DataFrame | PartColumns, rows: pd.DataFrame, weeks: Weeks | None = None, fiscal_year_start: int = 1) -> None:
        names, row_deals = coded(facts["deal_id"]).names, coded(rows["deal_id"])
        names = names.append(row_deals.names[names.get_indexer(row_deals.names) < 0])
        number = in_order(names)
        as_of, row_deal = seconds(rows["as_of"]), number[row_deals.among(names)]
        self.place(facts, number, as_of)
        order = order_of(row_deal * self.span + as_of - self.start)
        if order is not None:
            rows, row_deal, as_of = rows.iloc[order], row_deal[order], as_of[order]
        self.weeks, self.fiscal_year_start = weeks or Weeks({}), fiscal_year_start
        self._ask(rows[["deal_id", "as_of"]].reset_index(drop=True), row_deal, as_of - self.start)

    def _ask(self, rows: pd.DataFrame, row_deal: Ints, as_of: Ints) -> None:
        self.rows, self.row_deal, self.as_of = rows, row_deal, as_of
        self.row_key = row_deal * self.span + as_of
        self.lo = self.begins[row_deal]
        self.hi = np.searchsorted(self.key, self.row_key, side="left")
        self._windows: dict[float, Ints] = {}
        self._places: dict[tuple[str, int, int | None], tuple[Coded | Ints | None, Ints, Ints, Flags]] = {}

    def pieces(self, facts: int = PIECE) -> Iterator["Bucket"]:
        """The bucket in pieces of about so many facts, by deals: they bound the memory, and fit the processor's cache better."""
        deals, count = len(self.begins) - 1, max(1, round(len(self.deal) / facts))
        for piece in range(count):
            yield self._piece(deals * piece // count, deals * (piece + 1) // count)

    def _piece(self, first: int, end: int) -> "Bucket":
        begin, stop = self.begins[first], self.begins[end]
        rows = slice(*np.searchsorted(self.row_deal, [first, end]))
        part = Bucket.__new__(Bucket)
        part.hold(self.columns.stretch(begin, stop), self.deal[begin:stop] - first, self.known[begin:stop], self.occurred[begin:stop],
                  self.start, self.span, end - first)
        part.weeks, part.fiscal_year_start = self.weeks, self.fiscal_year_start
        part._ask(self.rows.iloc[rows].reset_index(drop=True), self.row_deal[rows] - first, self.as_of[rows])
        return part

    # Counts and sums up to the as-of date, or in the days before it (by known_at)

    def count(self, flag: Flags, days: float | None = None) -> Floats:
        """How many flagged facts were known, ever or in the last `days` days [as_of - days, as_of)."""
        running = running_count(flag)
        return (running[self.hi] - running[self.window(days)]).astype(np.float64)

    def total(self, values: Floats, days: float | None = None) -> Floats:
        """The sum of a measure over the known facts; NaN counts as 0. For durations and the like, not for money."""
        return self._sum_and_number(values, days)[0]

    def mean(self, values: Floats, days: float | None = None) -> Floats:
        """The mean of a measure over the facts that have one; NaN where none has."""
        return ratio(*self._sum_and_number(values, days))

    def _sum_and_number(self, values: Floats, days: float | None) -> tuple[Floats, Floats]:
        has = ~np.isnan(values)
        running, sums = running_count(has), exact_cumsum(values[has])
        begin, end = running[self.window(days)], running[self.hi]
        return (sums[end] - sums[begin]) / EXACT, (end - begin).astype(np.float64)

    def typical(self, durations: Floats, days: float | None = None) -> Floats:
        """The typical duration (geometric mean of 1 + x, less 1): like a median, but summable."""
        return np.expm1(self.mean(log1p(durations), days))

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
        return np.bincount(row[values[at[place]] < most[row]], minlength=len(self.rows)).astype(np.float64)

    def distinct(self, codes: Ints, flag: Flags, days: float) -> Floats:
        """How many different codes the flagged facts of the last `days` days have."""
        before, start = self.previous_same(codes, flag), self.window(days)
        row, fact = expand(start, self.hi)
        counted = (flag & (codes >= 0))[fact] & (before[fact] < start[row])
        return np.bincount(row[counted], minlength=len(self.rows)).astype(np.float64)

    def window(self, days: float | None) -> Ints:
        """The position of the first fact known in the last `days` days; of the deal's first fact where None."""
        if days is None:
            return self.lo
        if days not in self._windows:
            self._windows[days] = np.maximum(np.searchsorted(self.key, self.row_key - int(days * DAY), side="left"), self.lo)
        return self._windows[days]

    # The latest, the largest, the first

    def last_position(self, flag: Flags) -> Ints:
        """The position of the flagged fact that became known last; smaller than `lo` where there is none."""
        return self.latest(flag)[self.hi]

    def last(self, flag: Flags, values: Floats) -> Floats:
        """The measure of the flagged fact that became known last; NaN where there is none."""
        at = self.last_position(flag)
        found = at >= self.lo
        return np.where(found, values[np.where(found, at, 0)] if len(values) else np.nan, np.nan)

    def last_text(self, flag: Flags, texts: Coded) -> Coded:
        """The text of the flagged fact that became known last."""
        at = self.last_position(flag)
        return texts.at(at, at >= self.lo)

    def largest(self, flag: Flags, values: Floats) -> Floats:
        """The largest measure of the flagged facts known; NaN where there is none."""
        chosen = flag & ~np.isnan(values)
        at, running = np.flatnonzero(chosen), running_count(chosen)
        best = pd.Series(values[at]).groupby(self.deal[at], sort=False).cummax().to_numpy(dtype=np.float64)
        known = running[self.hi]
        return np.where(known > running[self.lo], np.append(best, np.nan)[known - 1], np.nan)

    def days_since(self, flag: Flags) -> Floats:
        """Days from the latest occurrence of a flagged fact to the as-of date; NaN where none is known."""
        return (self.as_of - self._newest(np.where(flag, self.base + self.occurred, -1))) / DAY

    def days_since_first(self, flag: Flags) -> Floats:
        """Days from the earliest occurrence of a flagged fact to the as-of date; NaN where none is known."""
        last = self.span - 1
        return (self.as_of - (last - self._newest(np.where(flag, self.base + last - self.occurred, -1)))) / DAY

    def _newest(self, marks: Ints) -> Floats:
        """The largest of the marks (deal * span + something below span; -1 = none) known of each row's deal, less deal * span."""
        if not len(marks):
            return np.full(len(self.rows), np.nan)
        best = np.maximum.accumulate(marks, out=marks)[np.maximum(self.hi - 1, 0)] - self.row_deal * self.span
        return np.where((best >= 0) & (self.hi > self.lo), best, np.nan)

    # One of several: the person with the most signals, the thread of the latest mail

    def leader(self, codes: Ints, flag: Flags) -> tuple[Ints, Floats]:
        """The code that most known flagged facts have, -1 where none has one, and how many. Of equals, who was first to have as many."""
        number = self.number_of_same(codes, flag)
        most = self.largest(number > 0, number.astype(np.float64))
        at = np.flatnonzero(number > 0)
        running = pd.Series(number[at]).groupby(self.deal[at], sort=False)
        is_new = np.zeros(len(codes), dtype=bool)
        is_new[at] = number[at] > running.cummax().groupby(self.deal[at], sort=False).shift(fill_value=0).to_numpy()
        place = self.last_position(is_new)
        return np.where(place >= self.lo, np.append(codes, -1)[place], -1), np.nan_to_num(most)

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


def log1p(values: Floats) -> Floats:
    """log(1 + x) of those that are not NaN, which are few."""
    return np.log1p(values, out=np.full(len(values), np.nan), where=~np.isnan(values))


def exact_cumsum(values: Floats) -> Ints:
    """The running sum, starting with 0, in whole units of 2**-24 (6e-8).

    Whole numbers add up exactly, so a deal's sum does not depend on which deals stand before it in the bucket.
    Raises OverflowError when the sum leaves +-5e11.
    """
    if np.abs(values).sum() >= 2**63 / EXACT:
        raise OverflowError("a measure is too large to be added up exactly; ask for its last or largest value")
    return np.concatenate([[0], np.cumsum(np.round(values * EXACT).astype(np.int64))])
