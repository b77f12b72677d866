"""Whose mistake it looks like, and what kind of no decision: from the model's contributions and the timeline."""

import numpy as np
import pandas as pd

CAUSES = {
    "ours": ("seller_touches_7d", "seller_touches_14d", "seller_touches_30d", "seller_touches_90d",
             "days_since_seller_touch", "seller_reply_days", "unanswered_messages", "proposals_sent",
             "price_changes", "price_change_share", "proposals_withdrawn", "seller_touches_trend", "price_changes_90d",
             "proposals_sent_90d", "messages_since_proposal", "next_steps_missed", "next_steps_kept_share"),
    "theirs": ("contacts_engaged", "contacts_new_60d", "contacts_active_60d", "contacts_lost_60d", "bounced_90d",
               "buyer_reply_days", "buyer_reply_days_90d", "emails_opened_30d", "days_since_email_opened",
               "inbound_threads_90d", "buyer_signals_trend", "champion_share", "champion_silence_days", "is_champion_gone",
               "seniority_reached", "contacts_vs_won", "buyer_reply_working_days", "waiting_over_usual", "signals_since_proposal"),
    "miscommunication": ("no_shows_180d", "meetings_cancelled_90d", "meetings_held_90d", "meetings_held_total",
                         "days_since_meeting", "close_date_pushes", "close_date_pushes_90d", "close_date_pushed_days",
                         "hand_90d"),
}
SMALLEST_FALL = 0.05
CLEAR_SHARE = 0.5
CLEAR_WEIGHT = 0.15


def causes(adds: pd.DataFrame) -> pd.DataFrame:
    """cause, and cause_ours_share, cause_theirs_share, cause_miscommunication_share of what speaks against a deal.

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


def no_decision_kind(now: pd.DataFrame) -> pd.DataFrame:
    """kind and why_kind of each quiet deal: a rule of thumb each, the first that fits.

    status_quo and indecision need opposite treatment: more pressure of need against less choice.
    """
    rules = [
        ("champion_left", (now["bounced_90d"] >= 1) & (now["contacts_active_60d"] == 0),
         "mail bounced and nobody engaged is left"),
        ("indecision", (now["meetings_cancelled_90d"] >= 2) | ((now["emails_opened_30d"] >= 2) & (now["silence_days"] < 45)),
         "the buyer still opens mail or keeps moving meetings, but does not answer"),
        ("status_quo", (now["buyer_reply_days_90d"] > 1.5 * now["buyer_reply_days"]) & (now["contacts_lost_60d"] >= 1),
         "answers became slower and people dropped out"),
        ("timing", (now["close_date_pushes"] >= 2) & (now["quiet_spells_survived"] >= 2),
         "the deal came back from quiet spells before while its close date moved"),
    ]
    kind, why = pd.Series("unknown", index=now.index), pd.Series("the timeline does not tell", index=now.index)
    for name, holds, because in reversed(rules):
        kind, why = kind.mask(holds, name), why.mask(holds, because)
    return pd.DataFrame({"kind": kind, "why_kind": why})


def outcome_class(kind: pd.Series, loss_reason: pd.Series) -> pd.DataFrame:
    """outcome_class and reason_source: what the rep once wrote, where it names a competitor or a misfit; else inferred.

    The CRM's loss reason is the rep's opinion, so its source is `rep`.
    """
    text = loss_reason.fillna("").str.casefold()
    competitor, misfit = text.str.contains("compet"), text.str.contains(r"fit|disqualif")
    inferred = pd.Series("no_decision", index=kind.index).where(kind != "unknown", "unknown")
    named = inferred.mask(misfit, "disqualified").mask(competitor, "lost_to_competitor")
    source = pd.Series("inferred", index=kind.index).mask(misfit | competitor, "rep")
    return pd.DataFrame({"outcome_class": named, "reason_source": source})


def turning_points(outlook: pd.DataFrame) -> pd.DataFrame:
    """turned_at, p_before, p_after: the week in which each deal's outlook fell most (log-odds), by its own past.

    `outlook`: deal_id, as_of, p of the quiet weeks. Deals without a fall of at least 5 points in a week are left out.
    """
    ordered = outlook.sort_values(["deal_id", "as_of"], kind="stable")
    odds = np.log(ordered["p"] / (1 - ordered["p"]))
    same = ordered["deal_id"].eq(ordered["deal_id"].shift())
    steps = ordered.assign(fall=(odds.shift() - odds).where(same), p_before=ordered["p"].shift())
    is_visible = steps["fall"].notna() & (steps["p_before"] - steps["p"] >= SMALLEST_FALL)
    falls = steps[is_visible].sort_values(["deal_id", "fall", "as_of"], ascending=[True, False, True], kind="stable")
    first = falls.drop_duplicates("deal_id")
    return pd.DataFrame({"deal_id": first["deal_id"], "turned_at": first["as_of"], "p_before": first["p_before"],
                         "p_after": first["p"]}).reset_index(drop=True)
