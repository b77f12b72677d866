"""The internal win/loss sheet: eight questions, answered from the timeline as far as it goes."""

from typing import Any

import pandas as pd

from dealtriage.words import many

YOURS = "yours to say: as the note of a sheet_filled line in data/actions.csv; this file is written anew by every run"
FORTNIGHT = pd.Timedelta(days=14)
TOLD = {
    "email_out": ("mail of ours", "mails of ours"), "email_in": ("mail of the buyer", "mails of the buyer"),
    "email_bounced": ("bounced mail", "bounced mails"), "call_answered": ("call answered", "calls answered"),
    "call_unanswered": ("call not answered", "calls not answered"), "call_in": ("call of the buyer", "calls of the buyer"),
    "meeting_held": ("meeting held", "meetings held"), "meeting_no_show": ("meeting missed", "meetings missed"),
    "meeting_cancelled": ("meeting called off", "meetings called off"),
    "proposal_sent": ("proposal sent", "proposals sent"),
    "proposal_withdrawn": ("proposal withdrawn", "proposals withdrawn"),
    "proposal_rejected": ("proposal rejected", "proposals rejected"), "amount_changed": ("price change", "price changes"),
    "close_date_changed": ("move of the close date", "moves of the close date"),
    "stage_changed": ("stage change", "stage changes"), "owner_changed": ("change of owner", "changes of owner"),
    "document_in": ("document returned", "documents returned"), "put_on_hold": ("time put on hold", "times put on hold"),
}
CAUSE_TOLD = {
    "ours": "ours: answers, chasing, versions or price", "theirs": "theirs: people lost, slower answers",
    "miscommunication": "miscommunication: meetings missed or moved, dates pushed", "unclear": "not clear from the data",
}


def around(facts: pd.DataFrame, turned: pd.DataFrame) -> dict[str, str]:
    """What happened to each deal in the fortnight on either side of its turning point, as counts in words."""
    joined = facts.merge(turned[["deal_id", "turned_at"]], on="deal_id")
    near = joined[((joined["occurred_at"] - joined["turned_at"]).abs() <= FORTNIGHT) & joined["kind"].isin(TOLD)]
    counts = near.groupby(["deal_id", "kind"]).size().sort_values(ascending=False, kind="stable")
    told: dict[str, list[str]] = {}
    for (deal_id, kind), number in counts.items():
        told.setdefault(deal_id, []).append(many(number, *TOLD[kind]))
    return {deal_id: ", ".join(parts) for deal_id, parts in told.items()}


def sheet(deal: dict[str, Any], happened: str) -> list[tuple[str, str, str]]:
    """Question, answer, evidence for one stalled or dead deal; `deal` is its row of the advice table."""
    shares = "" if deal["cause"] == "unclear" else (f"of what speaks against it: ours {deal['cause_ours_share']:.0%}, theirs {deal['cause_theirs_share']:.0%}, "
              f"miscommunication {deal['cause_miscommunication_share']:.0%}")
    wrote = isinstance(deal["loss_reason"], str)
    return [
        ("Stalled or dead?", deal["state"], _odds(deal)),
        ("When did it start to go wrong?", *_turning(deal, happened)),
        ("What speaks most against it?", deal["most_against"] or "nothing stands out", ""),
        ("Whose mistake does it look like?", CAUSE_TOLD[deal["cause"]], shares),
        ("Is it clear what is on and off the table?", _on_the_table(deal),
         f"{many(deal['proposals_sent'], 'proposal')} sent so far"),
        ("What kind of outcome is it?", _outcome(deal), f"{deal['why_kind']} (source: {deal['reason_source']})"),
        ("What did the rep write as the reason?", deal["loss_reason"] if wrote else "nothing",
         "the CRM's field: an opinion" if wrote else ""),
        ("What will we not repeat, and what did the buyer need when this began?", deal["sheet_note"], YOURS),
    ]


def _turning(deal: dict[str, Any], happened: str) -> tuple[str, str]:
    if pd.isna(deal["turned_at"]):
        return "not visible: the outlook did not fall in a single week", ""
    fell = f"the chance fell from {deal['p_before']:.0%} to {deal['p_after']:.0%}"
    return f"the week before {deal['turned_at']:%d %B %Y}", f"{fell}; in the fortnights around it: {happened or 'nothing recorded'}"


def _odds(deal: dict[str, Any]) -> str:
    return (f"of {deal['band_deals']:,.0f} past deals given a chance of {deal['band_low']:.0%} to {deal['band_high']:.0%}, "
            f"{deal['band_came_true_share']:.0%} came back")


def _on_the_table(deal: dict[str, Any]) -> str:
    if deal["proposals_expired"] and not deal["proposals_outstanding"]:
        return "unclear: the last proposal expired without an answer and was not withdrawn"
    out = many(deal["proposals_outstanding"], "proposal is", "proposals are")
    return f"{out} out" if deal["proposals_outstanding"] else "nothing is on the table"


def _outcome(deal: dict[str, Any]) -> str:
    named = [deal[name].replace("_", " ") for name in ("outcome_class", "kind") if deal[name] != "unknown"]
    return ": ".join(named) or "not clear yet"
