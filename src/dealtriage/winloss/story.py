"""What happened in the fortnights around the turn, told as a short dated story."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.words import many

FORTNIGHT = pd.Timedelta(days=14)
MOST_LINES = 8
CHASING = ("email_out", "call_unanswered")
RUN = 3
WEEK = pd.Timedelta(days=7)
SIGNS = {"email_in": "a mail", "document_in": "a document", "call_in": "a call", "call_answered": "an answered call", "meeting_held": "a meeting",
         "proposal_opened": "they opened the proposal", "proposal_countered": "a counter-offer", "proposal_accepted": "they accepted"}

TOLD: dict[str, Callable[[Any], str | None]] = {
    "proposal_sent": lambda fact: "we sent a proposal",
    "proposal_withdrawn": lambda fact: "we withdrew a proposal",
    "proposal_rejected": lambda fact: "the buyer turned a proposal down",
    "proposal_expired": lambda fact: "a proposal ran out",
    "amount_changed": lambda fact: _price(fact),
    "close_date_changed": lambda fact: f"close date moved by {fact.value:+.0f} days" if fact.value and abs(fact.value) >= 1 else None,
    "stage_changed": lambda fact: None if not fact.value_before > 0 else f"put back to {fact.label}" if fact.value < fact.value_before else f"moved on to {fact.label}",
    "meeting_held": lambda fact: "we met",
    "meeting_no_show": lambda fact: "the buyer missed a meeting",
    "meeting_cancelled": lambda fact: "a meeting was called off or moved",
    "email_bounced": lambda fact: "a mail of ours came back as undeliverable",
    "document_in": lambda fact: "the buyer sent a document",
    "call_in": lambda fact: "the buyer called",
    "call_answered": lambda fact: "the buyer took a call",
    "owner_changed": lambda fact: "the deal got another owner",
    "put_on_hold": lambda fact: "put on hold",
    "discovery_restarted": lambda fact: "discovery was started anew",
    "third_party_involved": lambda fact: "a third party was brought in",
    "lost": lambda fact: "closed as lost", "reopened": lambda fact: "reopened",
}
WEIGHT = {"call_answered": 1, "meeting_held": 1, "call_in": 1, "stage_changed": 1, "close_date_changed": 1, "owner_changed": 0}


def stories(facts: pd.DataFrame, turned: pd.DataFrame) -> pd.DataFrame:
    """deal_id, at, what: at most eight lines per deal, in order of time.

    facts: the timeline of the deals; turned: deal_id, turned_at. Told are single events, a sign of the buyer (the last one, where it was the last), and runs of three messages or more that
    a week of silence followed, from a fortnight before the turn to a fortnight after.
    """
    ordered = facts[facts["deal_id"].isin(turned["deal_id"])].sort_values(["deal_id", "occurred_at", "fact_id"], kind="stable")
    champions, at = _champions(facts), turned.set_index("deal_id")["turned_at"]
    rows = [(deal, when, what) for deal, own in ordered.groupby("deal_id", sort=True) for when, what in story(own, at[deal], champions.get(str(deal)))]
    return pd.DataFrame(rows, columns=["deal_id", "at", "what"]).astype({"deal_id": "str", "at": "datetime64[us]", "what": "str"})


def story(facts: pd.DataFrame, turned_at: pd.Timestamp, champion: str | None) -> list[tuple[pd.Timestamp, str]]:
    """What is told of one deal: (when, what), in order of time. facts: all of the deal, in order; champion: the contact of most buyer signals."""
    near = facts[(facts["occurred_at"] - turned_at).abs() <= FORTNIGHT]
    told = []
    for fact in near.itertuples():
        what = TOLD[fact.kind](fact) if fact.kind in TOLD else None
        if what:
            told.append((WEIGHT.get(fact.kind, 2), fact.occurred_at, what))
    signals = near[near["is_buyer_signal"]]
    if len(signals):
        sign = signals.iloc[-1]
        told = [one for one in told if one[1] != sign["occurred_at"]]
        told.append((3, sign["occurred_at"], _sign(sign, facts, champion)))
    told += [(3, at, what) for at, what in _runs(facts) if abs(at - turned_at) <= FORTNIGHT]
    kept = sorted(told, key=lambda one: (-one[0], one[1]))[:MOST_LINES]
    return sorted(((at, what) for _, at, what in kept), key=lambda one: one[0])


def _runs(facts: pd.DataFrame) -> list[tuple[pd.Timestamp, str]]:
    """Three or more messages and calls of ours in a row without a sign of the buyer in between, nor in the week after the last."""
    is_signal, is_ours = facts["is_buyer_signal"].to_numpy(), facts["kind"].isin(CHASING).to_numpy()
    signals, ours, found = facts["occurred_at"][is_signal].to_list(), facts["occurred_at"][is_ours].to_list(), []
    rounds, begins, counts = np.unique(is_signal.cumsum()[is_ours], return_index=True, return_counts=True)
    for number, begin, count in zip(rounds, begins, counts, strict=True):
        until = ours[begin + count - 1]
        if count >= RUN and (number >= len(signals) or signals[number] - until > WEEK):
            found.append((ours[begin], f"from here to {until:%d %B} {many(count, 'message or call', 'messages and calls')} of ours, none answered"))
    return found


def _sign(sign: pd.Series, facts: pd.DataFrame, champion: str | None) -> str:
    signals = facts[facts["is_buyer_signal"]]
    is_champion = champion is not None and sign["contact_id"] == champion
    later = signals[signals["occurred_at"] > sign["occurred_at"]]
    if later.empty:
        who, which = "the buyer's most active person" if is_champion else "the buyer", "last sign"
    elif is_champion and champion not in set(later["contact_id"]):
        who, which = "the buyer's most active person", "last sign"
    else:
        who, which = "the buyer", "a sign"
    return f"{which} of {who}: {SIGNS[sign['kind']]}"


def _champions(facts: pd.DataFrame) -> dict[str, str]:
    signals = facts[facts["is_buyer_signal"] & facts["contact_id"].notna()]
    counts = signals.groupby(["deal_id", "contact_id"]).size().reset_index(name="n").sort_values(["deal_id", "n", "contact_id"], ascending=[True, False, True])
    return dict(counts.drop_duplicates("deal_id")[["deal_id", "contact_id"]].itertuples(index=False))


def _price(fact: Any) -> str | None:
    before, after = fact.value_before, fact.value
    if not before > 0 or not after > 0 or after == before:
        return None
    return f"the amount was {'cut' if after < before else 'raised'} from {before:,.0f} to {after:,.0f}"
