"""What came of each quiet deal. The only module that looks past the as-of date.

Features see `known_at < t`; the label looks at what occurred in [t, t + horizon). A fact that occurred before t and
was logged later belongs to neither.
"""

from datetime import datetime

import numpy as np
import pandas as pd

from dealtriage.calendar import last_matured
from dealtriage.features.columns import DAY, Flags, Floats, Ints, seconds
from dealtriage.params import Label

MOVEMENTS = ("proposal_sent", "meeting_held")
ENDINGS = ("won", "lost", "refused")
COLUMNS_READ = ("deal_id", "known_at", "occurred_at", "kind", "fact_id", "actor", "is_buyer_signal", "owner_id", "value")


class Future:
    """The facts of each row's deal that occurred at or after its as-of date, in the order in which they occurred."""

    def __init__(self, facts: pd.DataFrame, rows: pd.DataFrame) -> None:
        key = ["deal_id", "occurred_at", "known_at", "kind", "fact_id"]
        self.facts = facts[facts["deal_id"].isin(rows["deal_id"].unique())].sort_values(key, kind="stable").reset_index(drop=True)
        codes = pd.factorize(pd.concat([rows["deal_id"], self.facts["deal_id"]]), sort=True)[0].astype(np.int64)
        self.row_deal, deal = np.split(codes, [len(rows)])
        occurred, as_of = seconds(self.facts["occurred_at"]), seconds(rows["as_of"])
        start = int(min(occurred.min(initial=0), as_of.min(initial=0)))
        self.span = int(max(occurred.max(initial=0), as_of.max(initial=0)) - start + 1)
        self.start, self.occurred, self.as_of = start, occurred - start, as_of - start
        self.known = np.append(seconds(self.facts["known_at"]) - start, 0)
        self.key = deal * self.span + self.occurred
        self.begin = self._since(self.as_of)
        self.end = np.searchsorted(deal, self.row_deal, side="right")
        self.kind = self.facts["kind"].to_numpy(dtype=str)
        self.furthest = self._furthest_before(deal)

    def first_of(self, flag: Flags, since: Ints | None = None) -> Ints:
        """The position of the first flagged fact at or after the as-of date, or at or after position `since`; the number of facts where there is none."""
        size = len(flag)
        following = np.minimum.accumulate(np.where(flag, np.arange(size), size)[::-1])[::-1]
        at = np.append(following, size)[self.begin if since is None else since]
        return np.where(at < self.end, at, size)

    def days(self, position: Ints) -> Floats:
        """Days from each row's as-of date to the fact at a position; infinite where there is none."""
        missing = position == len(self.occurred)
        at = np.append(self.occurred, 0)[position] - self.as_of
        return np.where(missing, np.inf, at / DAY)

    def known_days(self, position: Ints) -> Floats:
        """Days from each row's as-of date until the fact at a position was known; infinite where there is none."""
        return np.where(position == len(self.occurred), np.inf, (self.known[position] - self.as_of) / DAY)

    def moved(self, signal: Flags) -> Ints:
        """The position of the first forward movement that follows the first flagged fact; the number of facts where there is none."""
        size = len(signal)
        first = self.first_of(signal)
        since = np.where(first < size, self._since(np.append(self.occurred, 0)[first]), size)
        found = self.first_of(np.isin(self.kind, MOVEMENTS), since)
        stage = np.where(self.kind == "stage_changed", self.facts["value"].to_numpy(dtype=float), -np.inf)
        for reached in np.unique(self.furthest):
            rows = self.furthest == reached
            found[rows] = np.minimum(found, self.first_of(stage > reached, since))[rows]
        return found

    def quiet_again(self, position: Ints, signal: Flags, quiet_days: int) -> tuple[Floats, Floats]:
        """Days from the fact at a position until the buyer was silent for `quiet_days` or the deal was lost, whichever was first, and until this was known; infinite where
        there is no such fact, or the deal was won before. The silence counts from the last signal at or before that fact."""
        size = len(signal)
        occurred = np.append(self.occurred, 0)
        ordinal = np.arange(size)
        deal_begin = np.searchsorted(self.key, self.row_deal * self.span, side="left")
        before = np.append(np.maximum.accumulate(np.where(signal, ordinal, -1)), -1)[position]
        start = np.where(before >= deal_begin, before, position)
        ends = self.first_of(self._silenced(signal, quiet_days), start)
        lost, won = (self.first_of(np.isin(self.kind, kinds), position) for kinds in (("lost", "refused"), ("won",)))
        silent, lost_at, won_at = (np.where(found < size, occurred[found] + wait, np.inf) for found, wait in ((ends, quiet_days * DAY), (lost, 0), (won, 0)))
        until = np.minimum(silent, lost_at)
        told = np.where(lost_at < silent, self.known[lost], np.maximum(silent, self.known[ends]))
        never = (position == size) | (won_at <= until)
        again, known = (np.where(never, np.inf, np.maximum(at - occurred[position], 0) / DAY) for at in (until, told))
        return again, known

    def _silenced(self, signal: Flags, quiet_days: int) -> Flags:
        """The signals that no other of the same deal follows within `quiet_days`."""
        where = np.flatnonzero(signal)
        deal = self.key[where] // self.span
        after = np.append(self.occurred[where][1:], 0) - self.occurred[where]
        is_last = np.append(deal[1:] != deal[:-1], True)
        found = np.zeros(len(signal), dtype=bool)
        found[where] = is_last | (after >= quiet_days * DAY)
        return found

    def _since(self, instant: Ints) -> Ints:
        """The position of the first fact of each row's deal at or after an instant."""
        return np.searchsorted(self.key, self.row_deal * self.span + instant, side="left")

    def _furthest_before(self, deal: Ints) -> Floats:
        """The furthest stage reached before the as-of date; 0 where none."""
        stage = np.where(self.kind == "stage_changed", self.facts["value"].fillna(0).to_numpy(dtype=float), 0.0)
        best = np.append(pd.Series(stage).groupby(deal).cummax().to_numpy(dtype=float), 0.0)
        return np.where(self.begin > np.searchsorted(deal, self.row_deal, side="left"), best[self.begin - 1], 0.0)


def label(facts: pd.DataFrame, rows: pd.DataFrame, cutoff: datetime, params: Label, quiet_days: int = 14) -> pd.DataFrame:
    """The label of each row of a cohort, in its order.

    rows: deal_id, as_of, is_in_gap. Columns: deal_id, as_of, is_matured; left_out (why the row is kept out of training and
    metrics: not_matured, in_gap, refused; empty = it is not); revived (1 stalled, 0 dead, empty = unknown) by the strictness chosen in
    params; days_until_any_signal, days_until_signal_and_progress, days_until_won: days from the as-of date until the deal came back, by each
    strictness, as far as the export reaches (empty = not so far); the same with _known at the end: until this was known; ended_by (won, lost, lost_by_rule, refused, or open at the end of the window),
    ended_by_whom and ended_after_days; quiet_again_after_days: days from coming back until the buyer was silent for `quiet_days` again or the deal was lost (empty = it did not come back, was won, or this lies after the export), and with _known at the end until this was known.
    """
    future = Future(facts, rows)
    signal = future.facts["is_buyer_signal"].to_numpy(dtype=bool)
    won = future.first_of(future.kind == "won")
    came_back = {"any_signal": np.minimum(won, future.first_of(signal)), "signal_and_progress": np.minimum(won, future.moved(signal)), "won": won}
    revived = future.days(came_back[params.revival]) < params.horizon_days
    back = came_back[params.revival]
    again, told = future.quiet_again(back, signal, quiet_days)
    again = _seen(again, future.days(back), rows["as_of"], cutoff)
    ending = future.first_of(np.isin(future.kind, ENDINGS))
    ending = np.where(future.days(ending) < params.horizon_days, ending, len(future.kind))
    ended = _ended_by(future)[ending]
    matured = (rows["as_of"] <= last_matured(cutoff, params.horizon_days)).to_numpy()
    refused = (ended == "refused") & ~revived & (params.seller_refusal == "exclude")
    left_out = np.select([~matured, rows["is_in_gap"], refused], ["not_matured", "in_gap", "refused"], "")
    table = pd.DataFrame({"deal_id": rows["deal_id"].to_numpy(), "as_of": rows["as_of"].to_numpy(),
                          "is_matured": matured, "left_out": left_out})
    table["revived"] = pd.Series(revived).astype("Int8").where(pd.Series(left_out == ""))
    for name, position in came_back.items():
        table[f"days_until_{name}"] = _finite(future.days(position))
        table[f"days_until_{name}_known"] = _finite(future.known_days(position))
    names = [*future.facts["owner_id"].astype(object), None]
    return table.assign(ended_by=ended, ended_by_whom=pd.Series([names[at] for at in ending], dtype="str"),
                        ended_after_days=_finite(future.days(ending)), quiet_again_after_days=_finite(again), quiet_again_after_days_known=_finite(np.where(np.isfinite(again), told, np.inf)))


def _seen(again: Floats, back: Floats, as_of: pd.Series, cutoff: datetime) -> Floats:
    """What of `again` (days from coming back) lies before the export."""
    left = (cutoff - as_of).dt.total_seconds().to_numpy() / DAY - back
    return np.where(again <= left, again, np.inf)


def _finite(days: Floats) -> Floats:
    return np.where(np.isfinite(days), days, np.nan)


def _ended_by(future: Future) -> np.ndarray:
    by_rule = (future.kind == "lost") & (future.facts["actor"].to_numpy(dtype=str) == "system")
    return np.append(np.where(by_rule, "lost_by_rule", future.kind), "open").astype(object)
