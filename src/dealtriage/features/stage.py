"""The deal's age and its way through the stages, as the history tells it."""

import numpy as np

from dealtriage.features.kernel import Bucket, Floats
from dealtriage.features.registry import feature


@feature("days")
def deal_age_days(q: Bucket) -> Floats:
    """Days since the deal was created."""
    return q.days_since_first(q.is_kind("deal_created"))


@feature("days", missing="the stage history is empty")
def stage_age_days(q: Bucket) -> Floats:
    """Days since the stage last changed."""
    return q.days_since(q.is_kind("stage_changed", "reopened"))


@feature("place in the stage order", missing="the stage is not known")
def stage_position(q: Bucket) -> Floats:
    """The place of the deal's stage in the company's stage order, 1 = first."""
    return q.last(q.is_kind("stage_changed"), q.value)


@feature("place in the stage order", missing="the stage is not known")
def stage_furthest(q: Bucket) -> Floats:
    """The furthest stage the deal has reached."""
    return q.largest(q.is_kind("stage_changed"), q.value)


@feature("count")
def stage_moves_back(q: Bucket) -> Floats:
    """How often the deal was put back to an earlier stage."""
    return q.count(q.is_kind("stage_changed") & (q.value < q.value_before))


@feature("count")
def times_reopened(q: Bucket) -> Floats:
    """How often the deal was reopened after it was closed."""
    return q.count(q.is_kind("reopened"))


@feature("count per 30 days")
def stage_pace(q: Bucket) -> Floats:
    """Stage changes per 30 days of the deal's life, its first day counted as a whole one."""
    return q.count(q.is_kind("stage_changed")) * 30 / np.maximum(deal_age_days(q), 1)
