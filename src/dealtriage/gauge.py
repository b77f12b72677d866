"""The communication gauge: one measure of whether talking works, from what was known at a date."""

import numpy as np
import pandas as pd

GAUGED = ("buyer_signals_30d", "seller_touches_30d", "buyer_reply_days", "buyer_reply_days_90d", "waiting_days", "meetings_held_90d",
          "meetings_cancelled_90d", "no_shows_180d", "contacts_active_60d", "contacts_engaged")
TERMS = ("answered", "prompt", "kept", "broad")


def gauge_terms(rows: pd.DataFrame) -> pd.DataFrame:
    """The four parts of the gauge, each from 0 (does not work) to 1 (works as well as it can); empty where nothing is known of it.

    answered: the buyer's signs of 30 days against our approaches; prompt: how soon they answer now (within 90 days, or the wait of our
    message that is still unanswered, if longer) against what is usual for them; kept: meetings held of all that came up, one added to both; broad: the share of the people once
    engaged who were heard from within 60 days.
    """
    signals, touches = rows["buyer_signals_30d"], rows["seller_touches_30d"]
    usual, lately = rows["buyer_reply_days"], np.fmax(rows["buyer_reply_days_90d"], rows["waiting_days"])
    held = rows["meetings_held_90d"]
    came_up = held + rows["meetings_cancelled_90d"] + rows["no_shows_180d"]
    return pd.DataFrame({
        "answered": (signals / np.maximum(touches, 1)).clip(upper=1.0),
        "prompt": ((usual + 1) / (lately + 1)).clip(upper=1.0),
        "kept": ((held + 1) / (came_up + 1)).where(came_up > 0),
        "broad": (rows["contacts_active_60d"] / rows["contacts_engaged"]).where(rows["contacts_engaged"] > 0).clip(upper=1.0)})


def gauge(rows: pd.DataFrame) -> pd.Series:
    """The mean of the parts that are known, from 0 to 1; half of it where the buyer was not heard from in 30 days. rows: the features in GAUGED; those that were left out are missing."""
    terms = gauge_terms(rows.reindex(columns=list(GAUGED)))
    return terms.mean(axis=1) * np.where(terms["answered"] == 0, 0.5, 1.0)
