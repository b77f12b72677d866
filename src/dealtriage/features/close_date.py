"""The close date that the seller promises, and how it moves."""

import numpy as np

from dealtriage.features.columns import DAY, Flags, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature


def pushes(q: Bucket) -> Flags:
    """Changes that moved the close date to later."""
    return q.is_kind("close_date_changed") & (q.value > 0)


@feature("count")
def close_date_pushes(q: Bucket) -> Floats:
    """How often the close date was moved to later."""
    return q.count(pushes(q))


@feature("count")
def close_date_pushes_90d(q: Bucket) -> Floats:
    """How often the close date was moved to later in the last 90 days."""
    return q.count(pushes(q), 90)


@feature("days")
def close_date_pushed_days(q: Bucket) -> Floats:
    """By how many days the close date was moved to later, all moves together."""
    return q.total(np.where(pushes(q), q.value, 0.0))


@feature("days", low=None, missing="no close date is set")
def close_date_overdue_days(q: Bucket) -> Floats:
    """Days by which the close date has passed; negative while it lies ahead."""
    return (q.as_of - q.last(q.is_kind("close_date_changed"), q.due)) / DAY
