"""The rows of every list: one per open deal, in its owner's order of what to do first, in plain words."""

from urllib.parse import quote

import numpy as np
import pandas as pd

from dealtriage.params import Publish
from dealtriage.publish.playbooks import ROLES
from dealtriage.words import day_ahead, days

VERBS = {
    "1_withdraw": "withdraw the proposal", "2_rediscover": "rediscover the buyer's needs",
    "3_third_party": "bring in a third party", "close_out": "admit it and close it as lost",
    "ask_the_owner": "say whether you have heard from the buyer", "leave_alone": "carry on: nothing from this list",
}
WITHOUT_PROPOSAL = "fill in the win/loss sheet before writing again"
EXPIRED = "tell the buyer that the proposal that ran out is off the table"
WAITING = {"1_withdraw": "give the buyer time to read the proposal", "2_rediscover": "leave the buyer in peace for now", "3_third_party": "leave it to the third party"}
AS_USUAL = "go on as you would without this list"
DRAWN = "drawn for the experiment"
INTERVIEW = ", ask for a win/loss interview"
STILL_OUT = {"outstanding": "withdraw the proposal, ", "expired": "tell the buyer that the proposal that ran out is off the table, "}
ORDER = {"stalled": 0, "dead": 1, "not_enough_evidence": 2, "active": 3}
CHASING = -0.33
RECENT = 30  # days; of a longer silence nobody would say that both sides write
TOLD = ("stalled", "dead")  # states of which chances are told
WHO = {name: who for name, (who, _) in ROLES.items()}


def list_rows(advice: pd.DataFrame, params: Publish, horizon_days: int, names: dict[str, str]) -> pd.DataFrame:
    """Every open deal as a row of its owner's list, in the owner's order. Texts are made safe where they are written.

    Chances are told of stalled and dead deals alone: of a deal of which too little is recorded they would be told from next to nothing. rank counts per owner, deals to wait for after those with something to do; do_this_week marks the first `publish.capacity` rows with something to do.
    """
    ranked = _ranked(advice.assign(p=advice[f"p_revive_{horizon_days}d"]))
    is_work = (ranked["phase"] != "leave_alone") & ~ranked["is_waiting"]
    is_this_week = is_work & (is_work.groupby(ranked["owner_id"]).cumsum() <= params.capacity)
    return pd.DataFrame({
        "rank": ranked.groupby("owner_id").cumcount() + 1,
        "do_this_week": np.where(is_this_week, "yes", ""),
        "do_next": _verbs(ranked), "deal": ranked["deal_name"], "account": ranked["account_name"],
        "amount": ranked["amount"].round(), "state": ranked["state"].str.replace("_", " "),
        f"chance_to_revive_{horizon_days}d": ranked["p"].map(lambda p: "" if np.isnan(p) else f"{p:.0%}"),
        "how_often_true": [_band(row) for row in ranked.itertuples()],
        "silence": [_silence(row) for row in ranked.itertuples()],
        "silence_days": np.floor(ranked["silence_days"] + 1e-9),
        "since_last_list": ranked["changed"],
        "reason_1": ranked["reason_1"], "reason_2": ranked["reason_2"], "reason_3": ranked["reason_3"],
        "who_chases": [_hand(row.hand_90d, row.silence_days) for row in ranked.itertuples()],
        "why_this_phase": _whys(ranked, params.dead_below), "phase": ranked["phase"].str.replace("_", " ").mask(ranked["is_held_out"], ""),
        "third_party": ranked["role"].map(WHO).mask(ranked["is_held_out"], ""),
        "value_at_stake": ranked["value_at_stake"].round(), "when": ranked["wait_days_if_revived"].map(_when), "stage": ranked["stage"],
        "recorded_until": ranked["data_until"].dt.strftime("%Y-%m-%d"),
        "computed_from_export_of": ranked["cutoff"].dt.strftime("%Y-%m-%d %H:%M UTC"),
        "model_version": ranked["model_version"], "crm_link": [params.deal_url.replace("{deal_id}", quote(str(one), safe="")) if params.deal_url else "" for one in ranked["deal_id"]],
        "deal_id": ranked["deal_id"], "owner_id": ranked["owner_id"],
        "owner": ranked["owner_id"].map(names).fillna(ranked["owner_id"])})


def _ranked(advice: pd.DataFrame) -> pd.DataFrame:
    """The deals in the order of their owners' lists, their names never missing; what depends on a chance is empty where none is told."""
    names = {name: advice[name].fillna("").astype("str") for name in ("deal_name", "account_name", "stage")}
    chances = {name: advice[name].where(advice["state"].isin(TOLD)) for name in ("p", "value_at_stake", "wait_days_if_revived", "band_deals")}
    ranked = advice.assign(**names, **chances)
    ranked = ranked.assign(order=ranked["state"].map(ORDER), is_waiting=(ranked["step"] == "wait") | ranked["is_held_out"],
                           worth=ranked["value_at_stake"].where(ranked["state"] == "stalled", ranked["amount"]).fillna(0.0))
    return ranked.sort_values(["owner_id", "order", "is_waiting", "worth", "p", "deal_id"],
                              ascending=[True, True, True, False, False, True], kind="stable").reset_index(drop=True)


def _verbs(ranked: pd.DataFrame) -> pd.Series:
    verbs = _of_phase(ranked["phase"], ranked["proposal"])
    is_interview = ranked["role"] == "win_loss_interview"
    verbs = verbs.where((ranked["role"] == "") | is_interview, verbs + ": " + ranked["role"].map(WHO))
    verbs = verbs.mask(is_interview, verbs + INTERVIEW)
    for proposal, first in STILL_OUT.items():
        verbs = verbs.mask((ranked["phase"] == "close_out") & (ranked["proposal"] == proposal), first + verbs)
    if_silent = _of_phase(ranked["phase_if_silent"], ranked["proposal"])
    verbs = verbs.mask(if_silent.notna(), verbs + "; if not: " + if_silent)
    verbs = verbs.mask(ranked["step"] == "wait", ranked["phase"].map(WAITING))
    verbs = verbs.mask(ranked["is_held_out"], AS_USUAL)
    meeting = pd.Series([f"keep the meeting on {on}; " if (on := day_ahead(row.cutoff, row.next_meeting_days)) else "" for row in ranked.itertuples()], index=ranked.index)
    return verbs.where(~ranked["state"].isin(["stalled", "dead"]), meeting + verbs)


def _of_phase(phase: pd.Series, proposal: pd.Series) -> pd.Series:
    """The verb of each phase; that of the first depends on what is on the table."""
    verbs, is_first = phase.map(VERBS), phase == "1_withdraw"
    return verbs.mask(is_first & proposal.isin(["none", "withdrawn"]), WITHOUT_PROPOSAL).mask(is_first & (proposal == "expired"), EXPIRED)


def _whys(ranked: pd.DataFrame, dead_below: float) -> pd.Series:
    why = ranked["why_phase"].where(ranked["why_no_evidence"] == "", ranked["why_no_evidence"]).mask(ranked["is_held_out"], DRAWN)
    is_kept = (ranked["state"] == "stalled") & (ranked["p"] < dead_below) | (ranked["state"] == "dead") & (ranked["p"] >= dead_below)
    return why.where(~is_kept, why + f"; so close to the line of {dead_below:.0%} that it keeps last week's state")


def _band(row: object) -> str:
    low, high, share, deals = (getattr(row, f"band_{name}") for name in ("low", "high", "came_true_share", "deals"))
    if np.isnan(deals) or np.isnan(share) or not deals:
        return ""
    return f"{deals:,.0f} past deals were given {low:.0%} to {high:.0%}; {share:.0%} of those weeks led to a comeback"


def _hand(hand: float, silence_days: float) -> str:
    if np.isnan(hand):
        return ""
    if abs(hand) <= -CHASING:
        return "both sides write" if silence_days < RECENT else ""
    return "we chase" if hand < CHASING else "the buyer chases"


def _when(wait: float) -> str:
    return "" if np.isnan(wait) else f"if it comes back, after about {days(max(wait, 1))}"


def _silence(row: object) -> str:
    silence, usual = row.silence_days, row.usual_gap_days  # type: ignore[attr-defined]
    return days(silence) if np.isnan(usual) else f"{days(silence)}, usual gap {days(max(usual, 1))}"
