"""Earlier quiet spells of 14 days or more: who broke the silence, and whether anything came of it."""

import numpy as np

from dealtriage.features.columns import DAY, Flags, Floats, ratio
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature
from dealtriage.features.silence import comebacks

UNPROMPTED_DAYS = 7


def unprompted(q: Bucket) -> Flags:
    """The comebacks that are no answer to a call of ours or a meeting, and before which the seller had not reached out for 7 days."""
    back = comebacks(q)
    at = np.flatnonzero(back)
    comeback, touch = q.earlier(q.is_touch, at)
    before = q.occurred[comeback] - q.occurred[touch]
    prompted = q.is_touch.copy()
    prompted[comeback[(before >= 0) & (before < UNPROMPTED_DAYS * DAY)]] = True
    return back & ~prompted


@feature("0 or 1", high=1, missing="no quiet spell has ended")
def was_silence_broken_by_buyer(q: Bucket) -> Floats:
    """1 when the buyer ended the latest quiet spell on their own: the seller had not reached out for 7 days, and it was no call of ours
    that they took nor a meeting; else 0."""
    return q.last(comebacks(q), unprompted(q).astype(np.float64))


@feature("count")
def spells_broken_by_buyer(q: Bucket) -> Floats:
    """Quiet spells that the buyer ended on their own: the seller had not reached out for 7 days, and it was no call of ours that they
    took nor a meeting."""
    return q.count(unprompted(q))


@feature("share", high=1, missing="no quiet spell has ended")
def spells_ended_well_share(q: Bucket) -> Floats:
    """Share of the ended quiet spells after which, and before the next one ended, the deal moved on: to a later stage, with a
    proposal, or with a meeting held."""
    back = comebacks(q)
    return ratio(q.count(first_moves(q, back)), q.count(back))


def first_moves(q: Bucket, back: Flags) -> Flags:
    """The forward movements that are the first after the latest comeback, or are the comeback."""
    moved = q.is_kind("proposal_sent", "meeting_held") | (q.is_kind("stage_changed") & (q.value > q.value_before))
    came_back, moved_before = q.previous(back), q.previous(moved)
    return moved & (back | ((came_back >= 0) & (moved_before < came_back)))
