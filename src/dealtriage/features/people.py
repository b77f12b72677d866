"""Who takes part on the buyer's side."""

from dealtriage.features.kernel import Bucket, Floats
from dealtriage.features.registry import feature

RECENT_DAYS = 60


@feature("count")
def contacts_engaged(q: Bucket) -> Floats:
    """Different people of the buyer who have given a signal."""
    return q.count(q.is_first_of(q.codes("contact_id"), q.is_signal))


@feature("count")
def contacts_new_60d(q: Bucket) -> Floats:
    """People of the buyer whose first signal became known in the last 60 days."""
    return q.count(q.is_first_of(q.codes("contact_id"), q.is_signal), RECENT_DAYS)


@feature("count")
def contacts_active_60d(q: Bucket) -> Floats:
    """Different people of the buyer who gave a signal in the last 60 days."""
    return q.distinct(q.codes("contact_id"), q.is_signal, RECENT_DAYS)


@feature("count")
def contacts_lost_60d(q: Bucket) -> Floats:
    """People of the buyer who had given signals and gave none in the last 60 days."""
    return contacts_engaged(q) - contacts_active_60d(q)


@feature("count")
def contact_roles_total(q: Bucket) -> Floats:
    """Contacts that the seller attached to the deal in the CRM."""
    return q.count(q.is_kind("contact_added"))


@feature("count", trend=-1)
def bounced_90d(q: Bucket) -> Floats:
    """Mails that bounced in the last 90 days: somebody may have left."""
    return q.count(q.is_kind("email_bounced"), 90)


@feature("count")
def emails_opened_30d(q: Bucket) -> Floats:
    """Seller mails first opened in the last 30 days."""
    return q.count(q.is_kind("email_opened"), 30)


@feature("days", missing="no mail was seen to be opened")
def days_since_email_opened(q: Bucket) -> Floats:
    """Days since a seller mail was last first opened."""
    return q.days_since(q.is_kind("email_opened"))
