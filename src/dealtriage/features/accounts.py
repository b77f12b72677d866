"""What became of the same buyer's other deals, as known by then."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Coded, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.outcomes import endings, shrunk_share
from dealtriage.features.registry import feature, weekly
from dealtriage.features.weeks import sums

UNKNOWN = "the deal's account was not known then"


def account_of_facts(q: Bucket) -> Coded:
    """The deal's account as known just before each fact."""
    at = q.previous(q.is_kind("account_changed"))
    return q.texts("label").at(at, at >= 0)


@weekly
def account_endings(q: Bucket) -> pd.DataFrame:
    """Deals closed and quiet spells ended, by account: see `outcomes.endings`."""
    return endings(q, account_of_facts(q))


@weekly
def account_open(q: Bucket) -> pd.DataFrame:
    """Open deals at each Monday, by account."""
    return sums(q.account, q.as_of + q.start, np.ones(len(q.as_of), dtype=bool), open_deals=1)


@feature("count", missing=UNKNOWN)
def account_deals_closed(q: Bucket) -> Floats:
    """How often deals of the same account were won or lost by the last Monday (one that was reopened counts again)."""
    return q.by_then("account_endings", "closed", q.account)


@feature("share", high=1, missing=UNKNOWN)
def account_win_share(q: Bucket) -> Floats:
    """Share of the closings of the account's deals that were won, shrunk towards the share of all known accounts by ten deals."""
    return shrunk_share(q, "account_endings", "won", "closed", q.account)


@feature("share", high=1, missing=UNKNOWN)
def account_comeback_share(q: Bucket) -> Floats:
    """Share of the quiet spells of the account's deals, over by the last Monday, that ended with a sign of the buyer and not with the
    deal lost; shrunk towards the share of all known accounts by ten spells. A silence since the deal's creation is a spell too."""
    return shrunk_share(q, "account_endings", "comebacks", "spells", q.account)


@feature("count", missing=UNKNOWN)
def account_open_deals(q: Bucket) -> Floats:
    """Open deals of the same account at the last Monday, this one included."""
    return q.by_then("account_open", "open_deals", q.account, weeks=1)
