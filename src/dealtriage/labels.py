"""What came of each quiet deal. The only module that looks past the as-of date.

Features see `known_at < t`; the label looks at what occurred in [t, t + horizon). A fact that occurred before t and
was logged later belongs to neither.
"""

from datetime import datetime

import numpy as np
import pandas as pd

from dealtriage.calendar import last_matured
from dealtriage.features.columns import DAY, Flags, Floats, Ints, expand, seconds
from dealtriage.params import Label

MOVEMENTS = ("stage_changed", "proposal_sent", "meeting_held")
ENDINGS = ("won", "lost", "refused")
COLUMNS_READ = ("deal_id", "known_at", "occurred_at", "kind", "fact_id", "actor", "is_buyer_signal", "owner_id", "value")


class Future:
    """The facts that occurred in the window after each row, sorted by (deal, occurred_at)."""

    def __init__(self, facts: pd.DataFrame, rows: pd.DataFrame, horizon_days: int) -> None:
        key = ["deal_id", "occurred_at", "known_at", "kind", "fact_id"]
        self.facts = facts[facts["deal_id"].isin(rows["deal_id"].unique())].sort_values(key, kind="stable").reset_index(drop=True)
        codes = pd.factorize(pd.concat([rows["deal_id"], self.facts["deal_id"]]), sort=True)[0].astype(np.int64)
        row_deal, self.deal = np.split(codes, [len(rows)])
        occurred, as_of = seconds(self.facts["occurred_at"]), seconds(rows["as_of"])
        start = int(min(occurred.min(initial=0), as_of.min(initial=0)))
        self.occurred = occurred - start
        self.span = int(max(occurred.max(initial=0), as_of.max(initial=0)) - start + horizon_days * DAY + 1)
        self.key = self.deal * self.span + self.occurred
        at = row_deal * self.span + as_of - start
        self.first = np.searchsorted(self.deal, row_deal, side="left")
        self.lo = np.searchsorted(self.key, at, side="left")
        self.hi = np.searchsorted(self.key, at + horizon_days * DAY, side="left")
        self.kind = self.facts["kind"].to_numpy(dtype=str)

    def any_of(self, flag: Flags) -> Flags:
        """Rows in whose window a flagged fact occurred."""
        running = np.concatenate([[0], np.cumsum(flag)])
        return running[self.hi] > running[self.lo]

    def first_of(self, flag: Flags) -> Ints:
        """The position of the first flagged fact of the window; the number of facts where there is none."""
        size = len(flag)
        following = np.minimum.accumulate(np.where(flag, np.arange(size), size)[::-1])[::-1]
        at = np.append(following, size)[self.lo]
        return np.where(at < self.hi, at, size)

    def furthest_before(self) -> Floats:
        """The furthest stage reached before the as-of date; 0 where none."""
        stage = np.where(self.kind == "stage_changed", self.facts["value"].fillna(0).to_numpy(dtype=float), 0.0)
        best = pd.Series(stage).groupby(self.deal).cummax().to_numpy(dtype=float)
        found = self.lo > self.first
        return np.where(found, best[np.where(found, self.lo - 1, 0)] if len(best) else 0.0, 0.0)


def label(facts: pd.DataFrame, rows: pd.DataFrame, cutoff: datetime, params: Label) -> pd.DataFrame:
    """The label of each row of a cohort, in its order.

    rows: deal_id, as_of, is_in_gap. Columns: deal_id, as_of, is_matured; left_out (why the row is kept out of training and
    metrics: not_matured, in_gap, refused; empty = it is not); revived (1 stalled, 0 dead, empty = unknown) by the strictness chosen in
    params; revived_any_signal, revived_signal_and_progress, revived_won; ended_by (won, lost, lost_by_rule, refused,
    or open at the end of the window) and ended_by_whom.
    """
    future = Future(facts, rows, params.horizon_days)
    signal = future.facts["is_buyer_signal"].to_numpy(dtype=bool)
    won = future.any_of(future.kind == "won")
    answers = {"any_signal": won | future.any_of(signal), "signal_and_progress": won | _moved(future, signal), "won": won}
    ended = _ended_by(future)
    matured = (rows["as_of"] <= last_matured(cutoff, params.horizon_days)).to_numpy()
    refused = (ended == "refused") & ~answers[params.revival] & (params.seller_refusal == "exclude")
    left_out = np.select([~matured, rows["is_in_gap"], refused], ["not_matured", "in_gap", "refused"], "")
    table = pd.DataFrame({"deal_id": rows["deal_id"].to_numpy(), "as_of": rows["as_of"].to_numpy(),
                          "is_matured": matured, "left_out": left_out})
    table["revived"] = _nullable(answers[params.revival], left_out == "")
    for name, answer in answers.items():
        table[f"revived_{name}"] = _nullable(answer, left_out == "")
    table["ended_by"] = ended
    table["ended_by_whom"] = _ended_by_whom(future)
    return table


def _nullable(answer: Flags, known: Flags) -> pd.Series:
    return pd.Series(answer).astype("Int8").where(pd.Series(known))


def _moved(future: Future, signal: Flags) -> Flags:
    """Rows with a buyer signal that is followed, inside the window, by forward movement."""
    is_movement = np.isin(future.kind, MOVEMENTS)
    at = np.flatnonzero(is_movement)
    row, position = expand(np.searchsorted(at, future.lo), np.searchsorted(at, future.hi))
    fact = at[position]
    further = future.facts["value"].to_numpy(dtype=float)[fact] > future.furthest_before()[row]
    forward = (future.kind[fact] != "stage_changed") | further
    first = np.append(future.occurred, np.iinfo(np.int64).max)[future.first_of(signal)]
    after_signal = future.occurred[fact] >= first[row]
    return np.bincount(row[forward & after_signal], minlength=len(future.lo)) > 0


def _ended_by_whom(future: Future) -> pd.Series:
    names = [*future.facts["owner_id"].astype(object), None]
    return pd.Series([names[at] for at in future.first_of(np.isin(future.kind, ENDINGS))], dtype="str")


def _ended_by(future: Future) -> np.ndarray:
    by_rule = (future.kind == "lost") & (future.facts["actor"].to_numpy(dtype=str) == "system")
    names = np.append(np.where(by_rule, "lost_by_rule", future.kind), "open")
    return names[future.first_of(np.isin(future.kind, ENDINGS))].astype(object)
