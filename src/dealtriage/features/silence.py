"""How long the buyer has been silent, and how long is usual: for this deal, and for deals in its stage."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Flags, Floats, Ints, ratio
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature, weekly
from dealtriage.features.weeks import next_monday, sums

QUIET_DAYS = 14
EDGES = (1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180)  # days; a silence is compared at the edge it has passed


def signal_gaps(q: Bucket) -> Floats:
    """For each buyer signal, the days since the buyer signal before it."""
    return q.days_after(q.is_signal, q.is_signal)


def comebacks(q: Bucket) -> Flags:
    """The buyer signals that ended a silence of 14 days or more."""
    return signal_gaps(q) >= QUIET_DAYS


def stage_of_facts(q: Bucket) -> Ints:
    """The place of the deal's stage in the stage order just before each fact; 0 where unknown."""
    at = q.previous(q.is_kind("stage_changed"))
    return np.where(at >= 0, np.append(np.nan_to_num(q.value), 0.0)[at], 0.0).astype(np.int64)


@feature("days", trend=-1)
def silence_days(q: Bucket) -> Floats:
    """Days since the last buyer signal, or since the deal was created if there was none."""
    since = q.days_since(q.is_signal)
    return np.where(np.isnan(since), q.days_since_first(q.is_kind("deal_created")), since)


@feature("days", missing="fewer than two buyer signals")
def usual_gap_days(q: Bucket) -> Floats:
    """The gap that is usual between two buyer signals of this deal (geometric mean)."""
    return q.typical(signal_gaps(q))


@feature("ratio", trend=-1)
def silence_over_usual_gap(q: Bucket) -> Floats:
    """Silence over the deal's usual gap, both plus one day; a deal without a gap is given one of seven days."""
    usual = usual_gap_days(q)
    return (silence_days(q) + 1) / (np.where(np.isnan(usual), 7.0, usual) + 1)


@feature("days", missing="fewer than two buyer signals")
def longest_gap_days(q: Bucket) -> Floats:
    """The longest gap between two buyer signals that this deal came back from."""
    return q.largest(q.is_signal, signal_gaps(q))


@feature("share", high=1, trend=-1, missing="fewer than two buyer signals")
def silence_own_share(q: Bucket) -> Floats:
    """Share of this deal's gaps between buyer signals that were shorter than its silence now: 1 = never silent for so long."""
    gaps = signal_gaps(q)
    known = q.count(~np.isnan(gaps))
    return ratio(q.count_below(gaps, silence_days(q)), known)


@weekly
def stage_gaps(q: Bucket) -> pd.DataFrame:
    """Gaps between buyer signals by the deal's stage when they ended: how many, and how many were shorter than each edge."""
    gaps = signal_gaps(q)
    shorter = {f"under_{edge}d": gaps < edge for edge in EDGES}
    return sums(stage_of_facts(q), next_monday(q.known + q.start), ~np.isnan(gaps), under_0d=0, **shorter, gaps=1)


@feature("share", high=1, trend=-1, missing="no gap of a deal in this stage is known")
def silence_stage_share(q: Bucket) -> Floats:
    """Share of all deals' gaps between buyer signals, in this stage and ended by the last Monday, that were shorter than the
    silence now (rounded down to 1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120 or 180 days). Deals without a stage are compared
    with each other."""
    stage = np.maximum(q.stage, 0)
    passed = np.searchsorted(np.array(EDGES), silence_days(q), side="right")
    known = q.by_then("stage_gaps", "gaps", stage)
    return ratio(q.by_then("stage_gaps", passed, stage), known)


@feature("count")
def quiet_spells_survived(q: Bucket) -> Floats:
    """How often the buyer was silent for 14 days or more and then came back."""
    return q.count(comebacks(q))


@feature("count")
def buyer_signals_total(q: Bucket) -> Floats:
    """Buyer signals since the deal began."""
    return q.count(q.is_signal)
