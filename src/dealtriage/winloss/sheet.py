"""The internal win/loss sheet: nine questions, answered from the timeline as far as it goes."""

from typing import Any

import pandas as pd

FORTNIGHT = pd.Timedelta(days=14)
TOLD = {
    "email_out": "mails of ours", "email_in": "mails of the buyer", "email_bounced": "bounced mails",
    "call_answered": "calls answered", "call_unanswered": "calls not answered", "call_in": "calls of the buyer",
    "meeting_held": "meetings held", "meeting_no_show": "meetings missed", "meeting_cancelled": "meetings called off",
    "proposal_sent": "proposals sent", "proposal_withdrawn": "proposals withdrawn",
    "proposal_rejected": "proposals rejected", "amount_changed": "price changes",
    "close_date_changed": "moves of the close date", "stage_changed": "stage changes",
    "owner_changed": "changes of owner", "document_in": "documents returned",
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
        told.setdefault(deal_id, []).append(f"{number} {TOLD[kind]}")
    return {deal_id: ", ".join(parts) for deal_id, parts in told.items()}


def sheet(deal: dict[str, Any], happened: str) -> list[tuple[str, str, str]]:
    """Question, answer, evidence for one stalled or dead deal; `deal` is its row of the advice table."""
    turned = deal["turned_at"]
    when = "not visible: the outlook did not fall in a single week" if pd.isna(turned) else f"the week before {turned:%d %B %Y}"
    fell = "" if pd.isna(turned) else f"chance fell from {deal['p_before']:.0%} to {deal['p_after']:.0%}; {happened or 'nothing recorded'}"
    outstanding = f"{deal['proposals_outstanding']:.0f} proposals are out" if deal["proposals_outstanding"] else "nothing is on the table"
    shares = (f"of what speaks against it: ours {deal['cause_ours_share']:.0%}, theirs {deal['cause_theirs_share']:.0%}, "
              f"miscommunication {deal['cause_miscommunication_share']:.0%}")
    return [
        ("Stalled or dead?", deal["state"], deal["reason_1"]),
        ("When did it start to go wrong?", when, fell),
        ("What speaks most against it?", deal["reason_1"] or "nothing stands out", deal["reason_2"]),
        ("Whose mistake does it look like?", CAUSE_TOLD[deal["cause"]], shares),
        ("Is it clear what is on and off the table?", outstanding, f"{deal['proposals_sent']:.0f} versions sent so far"),
        ("What kind of no decision is it?", deal["kind"], f"{deal['why_kind']} (inferred)"),
        ("What did the rep write as the reason?", deal["loss_reason"] or "nothing", "the CRM's field: an opinion"),
        ("What will we not repeat?", "", "for the rep to fill in"),
        ("What did the buyer need when this began?", "", "for the rep to fill in"),
    ]
