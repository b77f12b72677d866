"""Whose mistake it looks like: shares of what speaks against a deal, by the model's exact contributions, each with its facts."""

from typing import Any

import numpy as np
import pandas as pd

from dealtriage.lookalikes import Ranges, fared, supports
from dealtriage.sentences import say

CAUSES = {
    "ours": ("seller_touches_7d", "seller_touches_14d", "seller_touches_30d", "seller_touches_90d", "seller_touches_trend",
             "days_since_seller_touch", "seller_reply_days", "unanswered_messages", "price_change_share", "proposals_withdrawn",
             "waiting_days", "waiting_over_usual", "next_steps_missed", "next_steps_kept_share"),
    "theirs": ("contacts_engaged", "contacts_new_60d", "contacts_active_60d", "contacts_lost_60d", "bounced_90d",
               "buyer_reply_days", "buyer_reply_days_90d", "emails_opened_30d", "days_since_email_opened",
               "inbound_threads_90d", "buyer_signals_trend", "champion_share", "champion_silence_days", "is_champion_gone",
               "seniority_reached", "contacts_vs_won", "buyer_reply_working_days", "signals_since_proposal"),
    "miscommunication": ("no_shows_180d", "meetings_cancelled_90d", "meetings_held_90d", "meetings_held_total",
                         "days_since_meeting", "close_date_pushes", "close_date_pushes_90d", "close_date_pushed_days", "hand_90d"),
    "clutter": ("messages_since_proposal", "proposals_sent", "proposals_sent_90d", "price_changes", "price_changes_90d", "next_steps_set",
                "days_since_proposal", "days_since_first_proposal", "close_date_overdue_days"),
}
CLEAR_SHARE = 0.5
CLEAR_WEIGHT = 0.15
MOST_FACTS = 3
SMALLEST = 0.02


def causes(adds: pd.DataFrame) -> pd.DataFrame:
    """cause, and cause_<name>_share of what speaks against a deal, for ours, theirs, miscommunication and clutter.

    Shares of the negative contributions (log-odds) among the features that belong to a cause. The cause is `unclear`
    where none makes up half of them, or where they weigh less than 0.15 together.
    """
    against = pd.DataFrame({cause: adds[[n for n in names if n in adds]].clip(upper=0).sum(axis=1).abs()
                            for cause, names in CAUSES.items()})
    weight = against.sum(axis=1)
    shares = against.div(weight.where(weight > 0), axis=0).fillna(0.0)
    clear = (shares.max(axis=1) >= CLEAR_SHARE) & (weight >= CLEAR_WEIGHT)
    named = shares.idxmax(axis=1).where(clear, "unclear")
    return shares.add_prefix("cause_").add_suffix("_share").assign(cause=named)


def cause_facts(row: dict[str, Any], adds: dict[str, float], lookalikes: Ranges) -> dict[str, str]:
    """The strongest facts behind each cause of one deal, as sentences; empty where nothing speaks for it.

    row: all features, stage_name and furthest_name; adds: their contributions (log-odds). Only what past deals alike in it bear out is told, as with reasons.
    """
    told = {}
    for cause, names in CAUSES.items():
        against = sorted((name for name in names if adds.get(name, 0.0) <= -SMALLEST and supports(-1.0, fared(row, name, lookalikes), lookalikes)), key=lambda name: adds[name])
        sentences = [sentence for name in against if (sentence := say(name, row, adds[name]))]
        told[cause] = "; ".join(list(dict.fromkeys(sentences))[:MOST_FACTS])
    return told


def of_one(adds: pd.Series) -> dict[str, float]:
    """The contributions of one deal as numbers; those that are missing add nothing."""
    return {str(name): 0.0 if np.isnan(value) else float(value) for name, value in adds.items()}
