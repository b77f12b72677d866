"""How long the buyer has been silent, and how long is usual for this deal."""

import numpy as np

from dealtriage.features.kernel import Bucket, Floats
from dealtriage.features.registry import feature

QUIET_DAYS = 14


def signal_gaps(q: Bucket) -> Floats:
    """For each buyer signal, the days since the buyer signal before it."""
    return q.days_after(q.is_signal, q.is_signal)


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


@feature("count")
def quiet_spells_survived(q: Bucket) -> Floats:
    """How often the buyer was silent for 14 days or more and then came back."""
    return q.count(signal_gaps(q) >= QUIET_DAYS)


@feature("count")
def buyer_signals_total(q: Bucket) -> Floats:
    """Buyer signals since the deal began."""
    return q.count(q.is_signal)
