"""The internal win/loss sheet: nine questions, answered from the timeline as far as it goes, with the rep's own answers beside."""

from typing import Any

import pandas as pd

from dealtriage.phases.actions import QUESTIONS
from dealtriage.winloss.causes import CAUSES
from dealtriage.winloss.words import difference
from dealtriage.words import many

YOURS = "yours to say: a line deal_id,lesson,what you say,date in data/answers.csv; this file is written anew by every run, that one never"
ASKED = {
    "state": "Stalled or dead?", "turned": "When did it start to go wrong?", "differs": "How does it differ from deals like it that were won?",
    "against": "What speaks most against it?", "whose_mistake": "Whose mistake does it look like?",
    "on_the_table": "Is it clear what is on and off the table?", "outcome": "What kind of outcome is it?",
    "stated_reason": "What did the rep state as the reason?", "lesson": "What will we not repeat, and what did the buyer need when this began?",
}
CAUSE_TOLD = {"ours": "ours", "theirs": "theirs", "miscommunication": "nobody's alone: miscommunication", "clutter": "clutter: too much was sent", "unclear": "too little speaks against it to say"}
CLOSE = 0.6
TELLING = 0.02  # a smaller rise of the chance is not told
SOURCES = {"rep": "the rep stated so", "buyer": "the buyer's own words", "crm_note": "what we noted in the CRM", "inferred": "inferred from the timeline"}


def sheet(deal: dict[str, Any], story: list[str], differences: list[dict[str, Any]], own: dict[str, str]) -> list[tuple[str, str, str, str, str]]:
    """Key, question, answer, evidence and the rep's own answer, of one stalled or dead deal.

    deal: its row of the advice table; story: its dated lines; differences: its rows of that table; own: the rep's answers by question.
    """
    told = {
        "state": (deal["state"], _odds(deal)), "turned": _turning(deal, story), "differs": _differs(deal, differences),
        "against": (deal["most_against"] or "nothing stands out", ""), "whose_mistake": _whose(deal), "on_the_table": _on_the_table(deal),
        "outcome": _outcome(deal), "stated_reason": _stated(deal), "lesson": ("", YOURS)}
    return [(key, ASKED[key], *told[key], own.get(key, deal["sheet_note"] if key == "lesson" else "")) for key in QUESTIONS]


def _turning(deal: dict[str, Any], story: list[str]) -> tuple[str, str]:
    if pd.isna(deal["turned_at"]):
        return "not visible: the outlook did not fall for good at any time", ""
    fell = f"the chance was still {deal['p_before']:.0%} on {deal['good_until']:%d %B} and is {deal['p_after']:.0%} now"
    since = "the buyer's last sign before the fall" if deal["has_sign"] else "when it began: the buyer never gave a sign"
    return f"after {deal['turned_at']:%d %B %Y}, {since}", "; ".join([fell, *story])


def _odds(deal: dict[str, Any]) -> str:
    return (f"of {deal['band_deals']:,.0f} past deals given a chance of {deal['band_low']:.0%} to {deal['band_high']:.0%}, "
            f"{deal['band_came_true_share']:.0%} of those weeks led to a comeback")


def _differs(deal: dict[str, Any], differences: list[dict[str, Any]]) -> tuple[str, str]:
    if not deal["is_comparable"]:
        return "cannot be compared", (f"too few past deals were like it in stage, amount, age and silence: {deal['won_deals']:.0f} that were won, "
                                      f"{deal['died_deals']:.0f} that did not come back; ten of each are needed")
    closely = "closely" if max(deal["won_distance"], deal["died_distance"]) < CLOSE else "roughly"
    how = f"{deal['won_deals']:.0f} deals that were won and {deal['died_deals']:.0f} that did not come back, {closely} alike in stage, amount, age and silence"
    worse = [one for one in differences if one["p_as_won"] - one["p_now"] >= TELLING and (one["here"] - one["won_median"]) * (one["died_median"] - one["won_median"]) >= 0]
    if not worse:
        return "in nothing that speaks against it", how
    told = [difference(one["feature"], one["here"], one["won_median"], one["died_median"]) for one in worse[:3]]
    first = worse[0]
    return "; ".join(told), f"{how}; with the first as with the won, the chance would be {first['p_as_won']:.0%} instead of {first['p_now']:.0%}"


def _whose(deal: dict[str, Any]) -> tuple[str, str]:
    facts = [f"{name} {deal[f'cause_{name}_share']:.0%}" + (f" ({deal[f'cause_{name}_facts']})" if deal[f"cause_{name}_facts"] else "")
             for name in CAUSES if deal[f"cause_{name}_share"] >= 0.005]
    return CAUSE_TOLD[deal["cause"]], f"of what speaks against it: {'; '.join(facts)}" if facts else "nothing of the kind speaks against it"


def _on_the_table(deal: dict[str, Any]) -> tuple[str, str]:
    sent = f"{many(deal['proposals_sent'], 'proposal')} sent so far"
    if deal["proposal"] == "expired":
        return "unclear: the last proposal ran out, neither accepted nor turned down, and nobody took it off the table", sent
    if deal["proposal"] == "withdrawn":
        return f"nothing is on the table: withdrawn on {deal['withdrawn_at']:%d %B %Y}", sent
    out = deal["proposals_outstanding"]
    return (f"{many(out, 'proposal is', 'proposals are')} out" + (": which one counts?" if out > 1 else "") if out else "nothing is on the table"), sent


def _outcome(deal: dict[str, Any]) -> tuple[str, str]:
    named = [deal[name].replace("_", " ") for name in ("outcome_class", "kind") if deal[name] != "unknown"]
    noted = f"{deal['said_what']}; " if deal["said_what"] else ""
    chances = ", ".join(f"{name.replace('_', ' ')} {deal[f'p_{name}']:.0%}" for name in ("no_decision", "lost_to_competitor", "disqualified"))
    why = "; ".join(part for part in (deal["why_class"], deal["why_kind"] if deal["kind"] != "unknown" else "") if part)
    return ": ".join(named) or "not to be told yet", f"{noted}if it is lost: {chances}" + (f"; {why}" if why else "") + f" (source: {SOURCES[deal['reason_source']]})"


def _stated(deal: dict[str, Any]) -> tuple[str, str]:
    if not isinstance(deal["loss_reason"], str):
        return "nothing so far", ""
    if pd.isna(deal["stated_matched_share"]):
        return deal["loss_reason"], "the CRM's field"
    return deal["loss_reason"], (f"the CRM's field; of {deal['stated_losses']:.0f} reasons stated for this owner's lost deals the timeline, which is no surer, "
                                 f"shows the same in {deal['stated_matched_share']:.0%}")
