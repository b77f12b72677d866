"""How well the CRM is kept: whether silence can be believed. What owners log counts in whole weeks before the as-of date."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import DAY, Flags, Floats, ratio
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature, weekly
from dealtriage.features.weeks import next_monday, sums

WEEKS = 13
BY_HAND = ("call_in", "call_answered", "call_unanswered", "meeting_held", "meeting_no_show", "task_done", "note")
NOTHING_LOGGED = "the owner logged nothing by hand in 13 weeks"


def by_hand(q: Bucket) -> Flags:
    """Facts that a person entered: calls, meetings, tasks, notes."""
    return q.is_kind(*BY_HAND) & ~q.is_by_system


@weekly
def owner_logging(q: Bucket) -> pd.DataFrame:
    """Facts entered by hand, by whoever entered them: how many, their delays added up, and those entered within a day."""
    lag = q.known - q.occurred
    return sums(q.author, next_monday(q.known + q.start), by_hand(q), logged=1, lag_seconds=lag, prompt=lag <= DAY)


@feature("days", missing=NOTHING_LOGGED)
def owner_log_lag_days(q: Bucket) -> Floats:
    """How many days after the event the deal's owner logs calls, meetings, tasks and notes, mean of 13 weeks."""
    return ratio(q.by_then("owner_logging", "lag_seconds", q.owner, WEEKS), q.by_then("owner_logging", "logged", q.owner, WEEKS)) / DAY


@feature("share", high=1, missing=NOTHING_LOGGED)
def owner_prompt_share(q: Bucket) -> Floats:
    """Share of the owner's calls, meetings, tasks and notes of 13 weeks that were logged within a day."""
    return ratio(q.by_then("owner_logging", "prompt", q.owner, WEEKS), q.by_then("owner_logging", "logged", q.owner, WEEKS))


@feature("share", high=1, missing="the owner had no open deal in 13 weeks")
def owner_logged_share(q: Bucket) -> Floats:
    """Share of the weeks of the owner's open deals, over 13 weeks, in which anything at all was recorded."""
    return ratio(q.by_then("owner_deals", "active_deals", q.owner, WEEKS), q.by_then("owner_deals", "open_deals", q.owner, WEEKS))


@feature("days", missing="nothing was logged by hand in 180 days")
def deal_log_lag_days_180d(q: Bucket) -> Floats:
    """How many days after the event this deal's calls, meetings, tasks and notes of 180 days were logged, mean."""
    lag = (q.known - q.occurred) / DAY
    return q.mean(np.where(by_hand(q), lag, np.nan), 180)
