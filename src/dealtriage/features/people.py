"""Who takes part on the buyer's side: how many, how senior, and whether the one who carried it is still there."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Floats, Ints, ratio, running_count
from dealtriage.features.kernel import EXACT, Bucket
from dealtriage.features.registry import feature, weekly
from dealtriage.features.weeks import next_monday, sums

RECENT_DAYS = 60
CHAMPION_SIGNALS = 3
FEWEST_WON = 5


@feature("count")
def contacts_engaged(q: Bucket) -> Floats:
    """Different people of the buyer who have given a signal."""
    return q.count(q.is_first_of(q.contact.codes, q.is_signal))


@feature("count")
def contacts_new_60d(q: Bucket) -> Floats:
    """People of the buyer whose first signal became known in the last 60 days."""
    return q.count(q.is_first_of(q.contact.codes, q.is_signal), RECENT_DAYS)


@feature("count")
def contacts_active_60d(q: Bucket) -> Floats:
    """Different people of the buyer who gave a signal in the last 60 days."""
    return q.distinct(q.contact.codes, q.is_signal, RECENT_DAYS)


@feature("count")
def contacts_lost_60d(q: Bucket) -> Floats:
    """People of the buyer who had given signals and gave none in the last 60 days."""
    return contacts_engaged(q) - contacts_active_60d(q)


@feature("count")
def contact_roles_total(q: Bucket) -> Floats:
    """Contacts that the seller attached to the deal in the CRM."""
    return q.count(q.is_kind("contact_added"))


def champion(q: Bucket) -> tuple[Ints, Floats, Floats]:
    """The person with the most buyer signals in each row's deal, how many these are, and the days since the latest (NaN: nobody)."""
    who, number = q.leader(q.contact.codes, q.is_signal)
    return who, number, q.days_since_code(q.contact.codes, q.is_signal, who)


@feature("share", high=1, missing="no person of the buyer has given a signal")
def champion_share(q: Bucket) -> Floats:
    """Share of the signals whose person is known that came from one, the one with the most: how much hangs on them."""
    _, number, _ = champion(q)
    return ratio(number, q.count(q.is_signal & (q.contact.codes >= 0)))


@feature("days", missing="no person of the buyer has given a signal", trend=-1)
def champion_silence_days(q: Bucket) -> Floats:
    """Days since the latest signal of the person who gave the most signals."""
    return champion(q)[2]


@feature("0 or 1", high=1, trend=-1)
def is_champion_gone(q: Bucket) -> Floats:
    """1 when the person who gave the most signals, three or more, gave none in 60 days, or mail to them bounced since their latest."""
    who, number, silent = champion(q)
    gone = (silent > RECENT_DAYS) | (q.days_since_code(q.contact.codes, q.is_kind("email_bounced"), who) < silent)
    return ((number >= CHAMPION_SIGNALS) & gone).astype(np.float64)


@feature("level", low=1, high=4, missing="the title of nobody who gave a signal is known")
def seniority_reached(q: Bucket) -> Floats:
    """The highest level among the people of the buyer who gave a signal, by the titles they had when they did or since: 1 staff,
    2 manager, 3 head, director or vice president, 4 board or owner."""
    told, contact = q.is_kind("title_known"), q.contact.codes
    title, spoken = q.previous_same(contact, told, q.is_signal), q.previous_same(contact, q.is_signal, told)
    level = np.where(told, q.value, np.append(q.value, np.nan)[title])
    return q.largest((q.is_signal & (title >= 0)) | (told & (spoken >= 0)), level)


@weekly
def won_breadth(q: Bucket) -> pd.DataFrame:
    """Deals won, by each stage they had reached, with the people engaged when they first reached it."""
    moves = q.is_kind("stage_changed")
    won = np.flatnonzero(q.is_kind("won"))
    first = q.is_first_of(np.where(moves, np.nan_to_num(q.value), -1).astype(np.int64), moves)
    people = running_count(q.is_first_of(q.contact.codes, q.is_signal))
    last, place = q.earlier(first, won)
    engaged = people[place] - people[q.first[place]]
    return sums(q.value[place].astype(np.int64), next_monday(q.known[last] + q.start), np.ones(len(place), dtype=bool),
                deals=1, log_people=np.round(np.log1p(engaged) * EXACT))


@feature("log ratio", low=None, missing="the stage is not known, or fewer than five won deals are known that had reached it")
def contacts_vs_won(q: Bucket) -> Floats:
    """People engaged so far against those whom deals won by the last Monday had engaged when they first reached this deal's stage
    (geometric mean), one added to both, as a logarithm. -0.7 = half as many."""
    won = q.by_then("won_breadth", "deals", q.stage)
    usual = ratio(q.by_then("won_breadth", "log_people", q.stage), won) / EXACT
    return np.where(won >= FEWEST_WON, np.log1p(contacts_engaged(q)) - usual, np.nan)


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
