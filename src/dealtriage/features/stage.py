"""The deal's age and its way through the stages, as the history tells it."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Floats, ratio
from dealtriage.features.kernel import EXACT, Bucket
from dealtriage.features.registry import feature, weekly
from dealtriage.features.silence import stage_of_facts
from dealtriage.features.weeks import next_monday, sums


@feature("days")
def deal_age_days(q: Bucket) -> Floats:
    """Days since the deal was created."""
    return q.days_since_first(q.is_kind("deal_created"))


@feature("days", missing="the stage history is empty")
def stage_age_days(q: Bucket) -> Floats:
    """Days since the stage last changed or the deal was reopened."""
    return q.days_since(q.is_kind("stage_changed", "reopened"))


@weekly
def stage_stays(q: Bucket) -> pd.DataFrame:
    """Stays in a stage that ended with another stage, by its place in the order: how many, and the log of the days they took. A stay in which
    the deal was closed is none."""
    moves = q.is_kind("stage_changed")
    goes_on = (q.value != stage_of_facts(q)) & (q.previous(q.is_kind("reopened")) < q.previous(moves))
    stayed = q.days_after(moves & goes_on, moves)
    log_days = np.round(np.log1p(np.nan_to_num(stayed)) * EXACT)
    return sums(stage_of_facts(q), next_monday(q.known + q.start), ~np.isnan(stayed), stays=1, log_days=log_days)


@feature("ratio", missing="the stage is not known, or no deal has left it yet")
def stage_age_over_usual(q: Bucket) -> Floats:
    """Days since the stage last changed or the deal was reopened, over the days that deals usually spent in this stage before they moved to another, as known by
    the last Monday (geometric mean), both plus one."""
    stage = np.maximum(q.stage, 0)
    usual = np.expm1(ratio(q.by_then("stage_stays", "log_days", stage), q.by_then("stage_stays", "stays", stage)) / EXACT)
    return np.where(q.stage >= 0, (stage_age_days(q) + 1) / (usual + 1), np.nan)


@feature("place in the stage order", low=1, missing="the stage is not known")
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
