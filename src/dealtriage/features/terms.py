"""Proposals and price: what is on the table, since when, and how often it changed."""

import numpy as np

from dealtriage.features.columns import Flags, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature

SETTLED = ("proposal_withdrawn", "proposal_accepted", "proposal_rejected", "proposal_expired")


@feature("count")
def proposals_sent(q: Bucket) -> Floats:
    """Proposals sent, every version counted."""
    return q.count(q.is_kind("proposal_sent"))


@feature("0 or 1", high=1)
def is_proposal_outstanding(q: Bucket) -> Floats:
    """1 when a proposal was sent and not withdrawn, accepted, rejected or expired since."""
    return (q.count_since(q.is_kind("proposal_sent"), q.is_kind(*SETTLED)) > 0).astype(np.float64)


@feature("days", missing="no proposal was sent")
def days_since_proposal(q: Bucket) -> Floats:
    """Days since a proposal was last sent."""
    return q.days_since(q.is_kind("proposal_sent"))


@feature("days", missing="no proposal was sent")
def days_since_first_proposal(q: Bucket) -> Floats:
    """Days since the first proposal was sent."""
    return q.days_since_first(q.is_kind("proposal_sent"))


@feature("count")
def price_changes(q: Bucket) -> Floats:
    """How often the deal's amount was changed after it was first set."""
    return q.count(q.is_kind("amount_changed") & ~np.isnan(q.value_before))


@feature("count")
def price_changes_90d(q: Bucket) -> Floats:
    """How often the deal's amount was changed in the last 90 days."""
    return q.count(q.is_kind("amount_changed") & ~np.isnan(q.value_before), 90)


@feature("count")
def proposals_sent_90d(q: Bucket) -> Floats:
    """Proposals sent in the last 90 days, every version counted."""
    return q.count(q.is_kind("proposal_sent"), 90)


@feature("count", missing="no proposal was sent")
def messages_since_proposal(q: Bucket) -> Floats:
    """Seller messages since the latest proposal was sent: what was heaped upon it."""
    return since_proposal(q, q.is_seller_message)


@feature("count", missing="no proposal was sent")
def signals_since_proposal(q: Bucket) -> Floats:
    """Buyer signals since the latest proposal was sent."""
    return since_proposal(q, q.is_signal)


def since_proposal(q: Bucket, flag: Flags) -> Floats:
    """How many flagged facts became known since the latest proposal; NaN without one."""
    return np.where(proposals_sent(q) > 0, q.count_since(flag, q.is_kind("proposal_sent")), np.nan)


@feature("share", low=None, missing="no amount is known")
def price_change_share(q: Bucket) -> Floats:
    """The latest amount against the largest one ever set: -0.2 = a fifth below it."""
    is_amount = q.is_kind("amount_changed")
    latest, largest = q.last(is_amount, q.value), q.largest(is_amount, q.value)
    return np.divide(latest, largest, out=np.full(len(latest), np.nan), where=largest > 0) - 1


@feature("corporate currency", low=None, missing="no amount is known")
def amount(q: Bucket) -> Floats:
    """The deal's amount as known then."""
    return q.last(q.is_kind("amount_changed"), q.value)


@feature("count")
def proposals_withdrawn(q: Bucket) -> Floats:
    """Proposals that the seller withdrew."""
    return q.count(q.is_kind("proposal_withdrawn"))


@feature("count")
def help_sought(q: Bucket) -> Floats:
    """Times discovery was restarted or a third party brought in."""
    return q.count(q.is_kind("discovery_restarted", "third_party_involved"))
