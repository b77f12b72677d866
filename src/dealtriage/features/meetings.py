"""Meetings held, missed, called off, and the next one planned."""

import numpy as np

from dealtriage.features.columns import DAY, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature


@feature("count")
def meetings_held_90d(q: Bucket) -> Floats:
    """Meetings held with the buyer that became known in the last 90 days."""
    return q.count(q.is_kind("meeting_held"), 90)


@feature("count")
def meetings_held_total(q: Bucket) -> Floats:
    """Meetings held with the buyer since the deal began."""
    return q.count(q.is_kind("meeting_held"))


@feature("days", missing="no meeting was held")
def days_since_meeting(q: Bucket) -> Floats:
    """Days since a meeting was last held with the buyer."""
    return q.days_since(q.is_kind("meeting_held"))


@feature("count")
def no_shows_180d(q: Bucket) -> Floats:
    """Meetings to which the buyer did not come, known in the last 180 days."""
    return q.count(q.is_kind("meeting_no_show"), 180)


@feature("count")
def meetings_cancelled_90d(q: Bucket) -> Floats:
    """Meetings cancelled or moved in the last 90 days."""
    return q.count(q.is_kind("meeting_cancelled"), 90)


@feature("days", missing="no meeting is planned")
def next_meeting_days(q: Bucket) -> Floats:
    """Days until the meeting planned last, when it still lies ahead and no meeting was cancelled since."""
    plan_or_cancel = q.is_kind("meeting_planned", "meeting_cancelled")
    ahead = (q.last(plan_or_cancel, np.where(q.is_kind("meeting_planned"), q.due, np.nan)) - q.as_of) / DAY
    return np.where(ahead >= 0, ahead, np.nan)
