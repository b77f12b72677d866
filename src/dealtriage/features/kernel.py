"""Questions asked of one bucket of deals: sorted arrays in, one number per as-of row out.

Facts are sorted by (deal, known_at), as-of rows by (deal, as_of). Of every row only the facts of its deal with
`known_at < as_of` exist: they lie at positions [lo, hi). Every answer is made from that slice alone, so no feature
can see further. All times are whole seconds since the bucket's first instant.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

DAY = 86_400
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05 was a Monday
EXACT = 2**24
NEVER = np.iinfo(np.int64).min // 4


class Bucket:
    """The facts and as-of rows of some deals, and the questions that features ask of them.

    `facts`: a timeline (schemas.FACTS). `rows`: deal_id, as_of. `owner_weeks`: see features.owner_weeks.
    Both are sorted here; answers come in the order of `rows` sorted by (deal_id, as_of), see `rows`.
    """

    def __init__(self, facts: pd.DataFrame, rows: pd.DataFrame, owner_weeks: pd.DataFrame | None = None) -> None:
        self.rows = rows[["deal_id", "as_of"]].sort_values(["deal_id", "as_of"], kind="stable").reset_index(drop=True)
        self.owner_weeks = owner_weeks
        kept = facts[facts["deal_id"].isin(self.rows["deal_id"])]
        key = ["deal_id", "known_at", "occurred_at", "kind", "fact_id"]
        self.facts = kept.sort_values(key, kind="stable").reset_index(drop=True)
        codes, names = pd.factorize(pd.concat([self.rows["deal_id"], self.facts["deal_id"]]), sort=True)
        self.row_deal, self.deal = np.split(codes.astype(np.int64), [len(self.rows)])
        self.deals = len(names)
        self._place_in_time()

    def _place_in_time(self) -> None:
        known, occurred = seconds(self.facts["known_at"]), seconds(self.facts["occurred_at"])
        as_of = seconds(self.rows["as_of"])
        self.start = int(min(known.min(initial=0), occurred.min(initial=0), as_of.min(initial=0)))
        self.known, self.occurred, self.as_of = known - self.start, occurred - self.start, as_of - self.start
        self.span = int(max(self.known.max(initial=0), self.as_of.max(initial=0))) + 1
        self.key = self.deal * self.span + self.known
        self.row_key = self.row_deal * self.span + self.as_of
        self.lo = np.searchsorted(self.deal, self.row_deal, side="left")
        self.hi = np.searchsorted(self.key, self.row_key, side="left")

    # What a fact is

    @cached_property
    def kind(self) -> NDArray[np.object_]:
        return self.facts["kind"].to_numpy(dtype=object)

    def is_kind(self, *kinds: str) -> Flags:
        """Facts of any of these kinds."""
        return np.isin(self.kind.astype(str), kinds)

    @cached_property
    def is_signal(self) -> Flags:
        """Facts that are buyer signals."""
        return self.facts["is_buyer_signal"].to_numpy(dtype=bool)

    @cached_property
    def is_touch(self) -> Flags:
        """Facts in which the seller reached out or worked with the buyer."""
        return self.facts["is_seller_touch"].to_numpy(dtype=bool)

    @cached_property
    def is_seller_message(self) -> Flags:
        """Mail out and calls that nobody answered: the seller spoke, an answer is awaited."""
        return self.is_kind("email_out", "call_unanswered")

    @cached_property
    def value(self) -> Floats:
        return self.facts["value"].to_numpy(dtype=np.float64)

    @cached_property
    def value_before(self) -> Floats:
        return self.facts["value_before"].to_numpy(dtype=np.float64)

    def codes(self, column: str) -> Ints:
        """Whole numbers for the texts of a fact column; -1 where empty."""
        return pd.factorize(self.facts[column])[0].astype(np.int64)

    # Counts and sums up to the as-of date, or in the days before it (by known_at)

    def count(self, flag: Flags, days: float | None = None) -> Floats:
        """How many flagged facts were known, ever or in the last `days` days [as_of - days, as_of)."""
        running = np.concatenate([[0], np.cumsum(flag)])
        return (running[self.hi] - running[self._window(days)]).astype(np.float64)

    def total(self, values: Floats, days: float | None = None) -> Floats:
        """The sum of a measure over the known facts; NaN counts as 0. For durations and the like, not for money."""
        running = exact_cumsum(values)
        return (running[self.hi] - running[self._window(days)]) / EXACT

    def mean(self, values: Floats, days: float | None = None) -> Floats:
        """The mean of a measure over the facts that have one; NaN where none has."""
        return ratio(self.total(values, days), self.count(~np.isnan(values), days))

    def typical(self, durations: Floats, days: float | None = None) -> Floats:
        """The typical duration (geometric mean of 1 + x, less 1): like a median, but summable."""
        return np.expm1(self.mean(np.log1p(durations), days))

    def count_since(self, flag: Flags, since: Flags) -> Floats:
        """How many flagged facts became known after the latest `since` fact; all of them when there is none."""
        running = np.concatenate([[0.0], np.cumsum(flag)])
        start = np.where(self._last_position(since) >= self.lo, self._last_position(since) + 1, self.lo)
        return running[self.hi] - running[np.minimum(start, self.hi)]

    def _window(self, days: float | None) -> Ints:
        if days is None:
            return self.lo
        return np.maximum(np.searchsorted(self.key, self.row_key - int(days * DAY), side="left"), self.lo)

    # The latest, the largest, the first

    def last(self, flag: Flags, values: Floats) -> Floats:
        """The measure of the flagged fact that became known last; NaN where there is none."""
        at = self._last_position(flag)
        found = at >= self.lo
        return np.where(found, values[np.where(found, at, 0)] if len(values) else np.nan, np.nan)

    def largest(self, flag: Flags, values: Floats) -> Floats:
        """The largest measure of the flagged facts known; NaN where there is none."""
        if not len(values):
            return np.full(len(self.rows), np.nan)
        best = _running_max(np.where(flag & ~np.isnan(values), values, -np.inf), self.deal)
        found = self.hi > self.lo
        answer = np.where(found, best[np.where(found, self.hi - 1, 0)], -np.inf)
        return np.where(np.isneginf(answer), np.nan, answer)

    def days_since(self, flag: Flags) -> Floats:
        """Days from the latest occurrence of a flagged fact to the as-of date; NaN where none is known."""
        return (self.as_of - self.largest(flag, self.occurred.astype(np.float64))) / DAY

    def days_since_first(self, flag: Flags) -> Floats:
        """Days from the earliest occurrence of a flagged fact to the as-of date; NaN where none is known."""
        return (self.as_of + self.largest(flag, -self.occurred.astype(np.float64))) / DAY

    def _last_position(self, flag: Flags) -> Ints:
        latest = np.concatenate([[-1], np.maximum.accumulate(np.where(flag, np.arange(len(flag)), -1))])
        return latest[self.hi]

    # What one fact knows of those before it (in the order they became known)

    def previous(self, flag: Flags) -> Ints:
        """For each fact, the position of the latest flagged fact of its deal known before it; -1 where none."""
        latest = np.concatenate([[-1], np.maximum.accumulate(np.where(flag, np.arange(len(flag)), -1))[:-1]])
        latest = latest[: len(flag)]
        first = np.searchsorted(self.deal, self.deal, side="left")
        return np.where(latest >= first, latest, -1)

    def days_after(self, flag: Flags, before: Flags) -> Floats:
        """For each flagged fact, the days since the latest occurrence of `before` facts known before it."""
        past = _running_max(np.where(before, self.occurred, NEVER).astype(np.float64), self.deal)
        at = self.previous(before)
        gap = (self.occurred - past[np.where(at >= 0, at, 0)]) / DAY if len(past) else np.empty(0)
        return np.where(flag & (at >= 0), np.maximum(gap, 0.0), np.nan)

    def is_first_of(self, codes: Ints, flag: Flags) -> Flags:
        """Flagged facts whose code (a person, say) had not appeared among this deal's flagged facts before."""
        return self._previous_same(codes, flag) == -1

    def _previous_same(self, codes: Ints, flag: Flags) -> Ints:
        """For flagged facts, the position of the deal's flagged fact with the same code before it; -1 none, -2 n/a."""
        answer = np.full(len(codes), -2, dtype=np.int64)
        at = np.flatnonzero(flag & (codes >= 0))
        order = at[np.lexsort((at, codes[at], self.deal[at]))]
        same = (self.deal[order][1:] == self.deal[order][:-1]) & (codes[order][1:] == codes[order][:-1])
        answer[order[:1]] = -1
        answer[order[1:]] = np.where(same, order[:-1], -1)
        return answer

    def distinct(self, codes: Ints, flag: Flags, days: float) -> Floats:
        """How many different codes the flagged facts of the last `days` days have."""
        before, start = self._previous_same(codes, flag), self._window(days)
        row, fact = expand(start, self.hi)
        counted = (before[fact] != -2) & (before[fact] < start[row])
        return np.bincount(row[counted], minlength=len(self.rows)).astype(np.float64)

    # The calendar, and the owner

    def instant(self) -> pd.Series:
        """The as-of dates."""
        return self.rows["as_of"]

    @cached_property
    def owner(self) -> NDArray[np.object_]:
        """The deal's owner as known at each row; None where unknown."""
        at = self._last_position(self.is_kind("deal_created", "owner_changed"))
        names = self.facts["owner_id"].to_numpy(dtype=object)
        found = at >= self.lo
        return np.asarray(np.where(found, names[np.where(found, at, 0)] if len(names) else None, None), dtype=object)

    def owner_total(self, column: str, weeks: int) -> Floats:
        """A measure of the row's owner, summed over the last `weeks` whole weeks before the as-of date."""
        if self.owner_weeks is None or self.owner_weeks.empty:
            return np.full(len(self.rows), np.nan)
        table = self.owner_weeks.sort_values(["owner_id", "week_end"], kind="stable")
        codes, names = pd.factorize(table["owner_id"], sort=True)
        ends = seconds(table["week_end"])
        span = int(max(ends.max(), (self.as_of + self.start).max())) + 10 * WEEK * weeks
        key = codes.astype(np.int64) * span + ends
        who = pd.Index(names).get_indexer(pd.Series(self.owner, dtype="str"))
        monday = (self.as_of + self.start - MONDAY) // WEEK * WEEK + MONDAY
        running = np.concatenate([[0], np.cumsum(table[column].to_numpy(dtype=np.int64))])
        end = np.searchsorted(key, who * span + monday, side="right")
        begin = np.searchsorted(key, who * span + monday - weeks * WEEK, side="right")
        return np.where(who >= 0, (running[end] - running[begin]).astype(np.float64), np.nan)

    def known_until(self) -> pd.Series:
        """When the newest known fact of each row became known; empty where there is none."""
        at = np.where(self.hi > self.lo, self.hi - 1, 0)
        newest = self.facts["known_at"].iloc[at].reset_index(drop=True) if len(self.facts) else pd.Series(
            pd.NaT, index=self.rows.index)
        return newest.where(pd.Series(self.hi > self.lo))

    def ask(self, question: Callable[["Bucket"], Floats]) -> Floats:
        """The answer of one feature, one number per row of `rows`."""
        return np.asarray(question(self), dtype=np.float64)


def exact_cumsum(values: Floats) -> Ints:
    """The running sum, starting with 0, in whole units of 2**-24 (6e-8); NaN counts as 0.

    Whole numbers add up exactly, so a deal's sum does not depend on which deals stand before it in the bucket.
    Raises OverflowError when the sum leaves +-5e11.
    """
    plain = np.nan_to_num(values)
    if np.abs(plain).sum() >= 2**63 / EXACT:
        raise OverflowError("a measure is too large to be added up exactly; ask for its last or largest value")
    return np.concatenate([[0], np.cumsum(np.round(plain * EXACT).astype(np.int64))])


def seconds(times: pd.Series) -> Ints:
    """Whole seconds since 1970 of a column of times."""
    return times.to_numpy(dtype="datetime64[s]").astype(np.int64)


def ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)


def _running_max(values: Floats, group: Ints) -> Floats:
    """The running maximum within each group; groups are ascending and contiguous."""
    return pd.Series(values).groupby(group, sort=False).cummax().to_numpy(dtype=np.float64)


def expand(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All positions of every slice [start, end): the slice's number, and the position."""
    length = np.maximum(end - start, 0)
    row = np.repeat(np.arange(len(start)), length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return row, np.repeat(start, length) + offset
