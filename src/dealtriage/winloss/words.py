"""The features in which deals are compared, as people say them: what it is, and its value in words."""

from collections.abc import Callable

import numpy as np

from dealtriage.words import days

Told = Callable[[float], str]


def _whole(value: float) -> str:
    return f"{round(value)}"


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _yes(value: float) -> str:
    return "yes" if value >= 0.5 else "no"


COMPARED: dict[str, tuple[str, Told]] = {
    "buyer_signals_30d": ("the buyer's signs in 30 days", _whole), "buyer_signals_90d": ("the buyer's signs in 90 days", _whole),
    "seller_touches_30d": ("our approaches in 30 days", _whole), "seller_touches_90d": ("our approaches in 90 days", _whole),
    "days_since_seller_touch": ("since we last reached out", days), "unanswered_messages": ("messages of ours since their last sign", _whole),
    "buyer_reply_days": ("the buyer's usual time to answer", days), "buyer_reply_days_90d": ("the buyer's time to answer of late", days),
    "seller_reply_days": ("our usual time to answer", days), "inbound_threads_90d": ("mail threads the buyer began in 90 days", _whole),
    "hand_90d": ("who does the work (-1 we, 1 the buyer)", lambda value: f"{value:+.1f}"),
    "contacts_engaged": ("people of the buyer engaged", _whole), "contacts_active_60d": ("people of the buyer heard from in 60 days", _whole),
    "contacts_lost_60d": ("people no longer heard from", _whole), "contacts_new_60d": ("new people of the buyer in 60 days", _whole),
    "champion_share": ("share of their signs from one person", _percent), "champion_silence_days": ("since their most active person was heard from", days),
    "is_champion_gone": ("their most active person gone", _yes), "bounced_90d": ("bounced mails in 90 days", _whole),
    "emails_opened_30d": ("mails of ours opened in 30 days", _whole), "days_since_email_opened": ("since a mail of ours was opened", days),
    "meetings_held_90d": ("meetings held in 90 days", _whole), "meetings_held_total": ("meetings held so far", _whole),
    "days_since_meeting": ("since the last meeting", days), "no_shows_180d": ("meetings the buyer missed in half a year", _whole),
    "meetings_cancelled_90d": ("meetings called off or moved in 90 days", _whole), "next_steps_ahead": ("next steps ahead", _whole),
    "next_steps_missed": ("next steps passed without a word", _whole), "close_date_pushes": ("pushes of the close date", _whole),
    "close_date_pushed_days": ("days the close date was pushed by", _whole), "proposals_sent": ("proposals sent", _whole),
    "proposals_sent_90d": ("proposals sent in 90 days", _whole), "days_since_proposal": ("since the latest proposal", days),
    "price_changes": ("changes of the amount", _whole), "price_change_share": ("the price against its highest", lambda value: f"{value:+.0%}"),
    "messages_since_proposal": ("messages of ours since the proposal", _whole), "signals_since_proposal": ("the buyer's signs since the proposal", _whole),
    "thread_turns_90d": ("mails in 90 days that answered the other side", _whole),
}


def value(feature: str, number: float) -> str:
    """A value of a compared feature in words; a dash where it is not known."""
    return "-" if np.isnan(number) else COMPARED[feature][1](number)


def difference(feature: str, here: float, won: float, died: float) -> str:
    """One difference in words: 'messages of ours since their last sign: 6; of the won 1, of those that did not come back 4'."""
    return f"{COMPARED[feature][0]}: {value(feature, here)}; of the won {value(feature, won)}, of those that did not come back {value(feature, died)}"


def repeated(feature: str, here: float, won: float) -> str:
    """What is not to be repeated: 'messages of ours since the proposal: 13; deals that were won had 5'."""
    return f"{COMPARED[feature][0]}: {value(feature, here)}; deals that were won had {value(feature, won)}"


def is_told(feature: str, here: float, won: float, died: float) -> bool:
    """Whether the difference from the won, and theirs from the dead, can be seen in words."""
    told = value(feature, won)
    return value(feature, here) != told and value(feature, died) != told
