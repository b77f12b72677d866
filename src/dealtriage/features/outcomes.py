"""How deals and quiet spells ended, added up for those who share something: an owner, an account."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import DAY, Coded, Floats, Ints
from dealtriage.features.kernel import Bucket
from dealtriage.features.silence import QUIET_DAYS
from dealtriage.features.weeks import next_monday, sums

SHRINK = 10.0


def endings(q: Bucket, key: Coded) -> pd.DataFrame:
    """Weekly sums per key (one per fact): closings and those won, quiet spells over, and comebacks among them.

    A quiet spell, since the latest signal or the deal's creation, is over when the buyer gives a signal after 14 days or more, or when
    the deal is lost in it.
    """
    won, lost = q.is_kind("won"), q.is_kind("lost", "refused")
    is_long = quiet_days(q) >= QUIET_DAYS
    back, lost_in_spell = q.is_signal & is_long, lost & is_long
    return sums(key, next_monday(q.known + q.start), won | lost | back, closed=won | lost, won=won,
                spells=back | lost_in_spell, comebacks=back)


def quiet_days(q: Bucket) -> Floats:
    """For each fact, the days since the latest buyer signal known before it, or else since the deal was created."""
    heard, created = q.previous(q.is_signal), q.previous(q.is_kind("deal_created"))
    since = np.where(heard >= 0, _at(q.latest_occurrence(q.is_signal), heard), _at(q.occurred, created))
    return np.where((heard >= 0) | (created >= 0), (q.occurred - since) / DAY, 0.0)


def _at(values: Ints, positions: Ints) -> Ints:
    return np.append(values, 0)[positions]


def shrunk_share(q: Bucket, table: str, part: str, whole: str, key: Coded) -> Floats:
    """part / whole of a weekly table for each row's key, shrunk towards the table's share over all keys (one and two added) as if by ten more."""
    overall = (q.by_then(table, part) + 1) / (q.by_then(table, whole) + 2)
    return (q.by_then(table, part, key) + SHRINK * overall) / (q.by_then(table, whole, key) + SHRINK)
