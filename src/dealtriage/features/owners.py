"""The deal's owner: how many deals they carry, and what became of those they had. About the deal's chances, not about the person."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Coded, Floats, ratio
from dealtriage.features.kernel import Bucket
from dealtriage.features.outcomes import endings, shrunk_share
from dealtriage.features.registry import feature, weekly
from dealtriage.features.silence import QUIET_DAYS, silence_days
from dealtriage.features.weeks import next_monday, sums
from dealtriage.kinds import BACKGROUND

UNKNOWN = "the owner is not known"


def owner_of_facts(q: Bucket) -> Coded:
    """The deal's owner as known just before each fact."""
    at = q.previous(q.is_kind("deal_created", "owner_changed"))
    return q.author.at(at, at >= 0)


@weekly
def owner_endings(q: Bucket) -> pd.DataFrame:
    """Deals closed and quiet spells ended, by owner: see `outcomes.endings`."""
    return endings(q, owner_of_facts(q))


@weekly
def owner_deals(q: Bucket) -> pd.DataFrame:
    """Open deals at each Monday, by owner: all, those with something recorded in the week, and the quiet ones."""
    recorded = q.count(~q.is_kind(*BACKGROUND), 7) > 0
    return sums(q.owner, q.as_of + q.start, np.ones(len(q.as_of), dtype=bool), open_deals=1, active_deals=recorded,
                quiet_deals=silence_days(q) >= QUIET_DAYS)


@weekly
def owner_touches(q: Bucket) -> pd.DataFrame:
    """Times the seller reached out or worked with a buyer, by the deal's owner."""
    return sums(owner_of_facts(q), next_monday(q.known + q.start), q.is_touch, touches=1)


@feature("count", missing=UNKNOWN)
def owner_open_deals(q: Bucket) -> Floats:
    """Open deals of the owner at the last Monday: their workload."""
    return q.by_then("owner_deals", "open_deals", q.owner, weeks=1)


@feature("share", high=1, missing="the owner had no open deal at the last Monday")
def owner_quiet_share(q: Bucket) -> Floats:
    """Share of the owner's open deals at the last Monday whose buyer had been silent for 14 days or more."""
    return ratio(q.by_then("owner_deals", "quiet_deals", q.owner, weeks=1), owner_open_deals(q))


@feature("count per deal and week", missing="the owner had no open deal in 4 weeks")
def owner_touches_per_deal_4w(q: Bucket) -> Floats:
    """How often in 4 weeks the seller reached out per week and open deal of the owner."""
    return ratio(q.by_then("owner_touches", "touches", q.owner, weeks=4), q.by_then("owner_deals", "open_deals", q.owner, weeks=4))


@feature("count", missing=UNKNOWN)
def owner_deals_closed(q: Bucket) -> Floats:
    """How often deals of the owner were won or lost by the last Monday (one that was reopened counts again): their experience here."""
    return q.by_then("owner_endings", "closed", q.owner)


@feature("share", high=1, missing=UNKNOWN)
def owner_win_share(q: Bucket) -> Floats:
    """Share of the closings of the owner's deals that were won, shrunk towards the share of all owners by ten deals."""
    return shrunk_share(q, "owner_endings", "won", "closed", q.owner)


@feature("share", high=1, missing=UNKNOWN)
def owner_comeback_share(q: Bucket) -> Floats:
    """Share of the quiet spells of the owner's deals, over by the last Monday, that ended with a sign of the buyer and not with the deal
    lost; shrunk towards the share of all owners by ten spells. A silence since the deal's creation is a spell too."""
    return shrunk_share(q, "owner_endings", "comebacks", "spells", q.owner)
