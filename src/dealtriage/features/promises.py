"""Next steps that were set with a date, and what became of them."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Flags, Floats, ratio
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature

PLAN = "#plan"  # the fact of an activity's plan is named after the fact of what became of it
PLANNED = ("task_planned", "meeting_planned")
KEPT = ("task_done", "discovery_restarted", "third_party_involved", "meeting_held")
OVER = (*KEPT, "meeting_no_show", "meeting_cancelled")


def plans(q: Bucket) -> Flags:
    """Tasks and meetings planned ahead, with a date."""
    return q.is_kind(*PLANNED) & ~np.isnan(q.due)


def settled(q: Bucket, *kinds: str) -> Floats:
    """For each plan, when it became known that it came to one of these kinds; NaN for never and for other facts.

    The moment lies after the plan: use it in `Bucket.count_when` alone, which waits until it has passed.
    """
    chosen = np.flatnonzero(plans(q) | q.is_kind(*kinds))
    activity = q.texts("fact_id", chosen)
    codes = pd.factorize(activity.names.str.removesuffix(PLAN))[0][activity.codes]
    group = q.deal[chosen] * len(chosen) + codes
    is_plan = plans(q)[chosen]
    first = pd.Series(q.known[chosen][~is_plan], index=group[~is_plan]).groupby(level=0).min()
    answer = np.full(len(q.deal), np.nan)
    answer[chosen[is_plan]] = first.reindex(group[is_plan]).to_numpy(dtype=np.float64)
    return answer


@feature("count")
def next_steps_set(q: Bucket) -> Floats:
    """Tasks and meetings that were planned ahead with a date."""
    return q.count(plans(q))


@feature("days", missing="no next step was ever set")
def days_since_next_step_set(q: Bucket) -> Floats:
    """Days since a task or meeting was last planned ahead."""
    return q.days_since(plans(q))


@feature("count")
def next_steps_ahead(q: Bucket) -> Floats:
    """Planned tasks and meetings whose date lies ahead and that were neither done nor called off."""
    over = np.fmin(q.due, settled(q, *OVER))
    return q.count(plans(q)) - q.count_when(plans(q), over)


@feature("count")
def next_steps_missed(q: Bucket) -> Floats:
    """Planned tasks and meetings whose date has passed without a word of what became of them."""
    return q.count_when(plans(q), q.due) - q.count_when(plans(q), np.maximum(q.due, settled(q, *OVER)))


@feature("share", high=1, missing="no next step was due yet")
def next_steps_kept_share(q: Bucket) -> Floats:
    """Share of the planned tasks and meetings whose date has passed that were done or held."""
    return ratio(q.count_when(plans(q), np.maximum(q.due, settled(q, *KEPT))), q.count_when(plans(q), q.due))
