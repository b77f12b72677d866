"""How well the deal's owner keeps the CRM: whether silence can be believed. Whole weeks before the as-of date."""

from dealtriage.features.kernel import DAY, Bucket, Floats, ratio
from dealtriage.features.registry import feature

WEEKS = 13


@feature("days", missing="the owner logged nothing by hand in 13 weeks")
def owner_log_lag_days(q: Bucket) -> Floats:
    """How many days after the event the deal's owner logs calls, meetings and tasks, mean of 13 weeks."""
    return ratio(q.owner_total("lag_seconds", WEEKS), q.owner_total("logged", WEEKS)) / DAY


@feature("share", high=1, missing="the owner logged nothing by hand in 13 weeks")
def owner_prompt_share(q: Bucket) -> Floats:
    """Share of the owner's calls, meetings and tasks of 13 weeks that were logged within a day."""
    return ratio(q.owner_total("prompt", WEEKS), q.owner_total("logged", WEEKS))


@feature("share", high=1, missing="the owner had no open deal in 13 weeks")
def owner_logged_share(q: Bucket) -> Floats:
    """Share of the weeks of the owner's open deals, over 13 weeks, in which anything at all was recorded."""
    return ratio(q.owner_total("active_deals", WEEKS), q.owner_total("open_deals", WEEKS))


@feature("count")
def owner_open_deals(q: Bucket) -> Floats:
    """Open deals of the owner at the last Monday: their workload."""
    return q.owner_total("open_deals", 1)
