"""Scores and win/loss analysis -> advice: phase and role of every open deal, and the sheets."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from dealtriage.changes import changes
from dealtriage.params import Params, Phases
from dealtriage.phases.actions import read_actions, read_answers
from dealtriage.phases.rules import (
    ONLY_AGAIN,
    REDISCOVER,
    THIRD_PARTY,
    WITHDRAW,
    Rule,
    Situation,
    phase,
    role,
)
from dealtriage.phases.situations import situations
from dealtriage.phases.whom import whom_to_ask
from dealtriage.tables import by_deal, parts, read_parquet, replaced_folder, write_parquet
from dealtriage.winloss.causes import CAUSES
from dealtriage.winloss.sheet import sheet
from dealtriage.winloss.stated import CLASSES, KINDS
from dealtriage.workspace import Workspace, read_cutoff

FACTS = ["deal_id", "known_at", "occurred_at", "kind", "is_buyer_signal", "contact_id", "label"]
ASKED = tuple(Situation.__dataclass_fields__)
RECOMMENDED = ["deal_id", "recommended_at", "state", "phase", "step", "is_held_out", "p_revive", "model_version", "horizon_days", "lot"]
NOTHING_MOVES = "of what is recorded and somebody could change, nothing would lower its chance to stall again by much, as past deals went: only the buyer can say what would"
SHEET = ["deal_id", "owner_id", "number", "key", "question", "answer", "evidence", "your_answer"]


def run(params: Params, workspace: Workspace) -> str | None:
    """Write data/advice: advice.parquet (one row per open deal), sheets.parquet (the win/loss sheet, one row per
    question), quarantine.csv (unusable lines of the action log and the answers); and add to data/recommended/log.parquet what was recommended when. Returns how many lines cannot be used, if any."""
    cutoff = pd.Timestamp(read_cutoff(workspace))
    scores = read_parquet(workspace.scores / "scores.parquet")
    deals = read_parquet(workspace.core / "deals.parquet", ["deal_id", "created_at"])
    actions, unusable = read_actions(params.phases.actions, deals["deal_id"], cutoff)
    answers, unanswered = read_answers(params.phases.answers, deals["deal_id"], cutoff)
    facts, proposals = _facts_of(workspace, scores["deal_id"]), read_parquet(workspace.core / "proposals.parquet")
    at = situations(scores["deal_id"], facts, proposals, actions, answers, cutoff, params.phases.withdrawal_subjects, params.cohort.quiet_days)
    whom = whom_to_ask(facts, read_parquet(workspace.core / "contact_roles.parquet"), cutoff)
    advice = scores.merge(read_parquet(workspace.winloss / "deals.parquet"), on="deal_id", how="left", validate="1:1")
    advice = advice.merge(deals, on="deal_id", validate="1:1").merge(at, on="deal_id", validate="1:1").merge(whom, on="deal_id", how="left", validate="1:1").fillna({"whom": "", "whom_evidence": ""})
    since = changes(scores, deals.set_index("deal_id")["created_at"], params.label.horizon_days, _log(workspace), read_parquet(workspace.scores / "outlook.parquet"), facts, cutoff)
    advice = advice.merge(since, on="deal_id", validate="1:1")
    advice = _with_phases(corrected(advice, answers), params.phases)
    quarantine = pd.concat([unusable.assign(file=str(params.phases.actions)), unanswered.assign(file=str(params.phases.answers))], ignore_index=True)
    with replaced_folder(workspace.advice) as folder:
        write_parquet(advice, folder / "advice.parquet")
        write_parquet(_sheets(advice, workspace, answers), folder / "sheets.parquet")
        quarantine[["file", "line", "deal_id", "reason"]].to_csv(folder / "quarantine.csv", index=False, lineterminator="\n")
    _record(workspace, advice, params)
    if quarantine.empty:
        return None
    given = len(quarantine) + len(actions) + len(answers)
    return f"{len(quarantine)} of {given} lines of {params.phases.actions} and {params.phases.answers} cannot be used; {workspace.advice / 'quarantine.csv'} says why"


def _facts_of(workspace: Workspace, deal_ids: pd.Series) -> pd.DataFrame:
    found = [read_parquet(part, FACTS) for part in parts(workspace.timeline)]
    return pd.concat([facts[facts["deal_id"].isin(deal_ids)] for facts in found], ignore_index=True)


def _with_phases(advice: pd.DataFrame, params: Phases) -> pd.DataFrame:
    """phase, step, why_phase, until, role, why_role and is_held_out of each deal; phase_if_silent: of deals of which too little is recorded, the phase if
    the owner says that the buyer is silent indeed (its chance, told from next to no records, does not count)."""
    bounds = {"rest_days": params.rest_days, "give_up_days": params.give_up_days, "talk_works": params.talk_works, "restall_high": params.restall_high,
              "many_stalls": params.many_stalls}
    told = advice.assign(is_large=advice["amount"] >= params.large_deal, **bounds)
    found = []
    for row in told[[*(name for name in ASKED if name in told), "withdrawn_at", "proposal_sent_at", "restall_if"]].to_dict("records"):
        situation = Situation(**{str(name): value for name, value in row.items() if name in ASKED})
        chosen, who = phase(situation), role(situation)
        if_silent = phase(replace(situation, state="stalled")).then if situation.state == "not_enough_evidence" else ""
        found.append((chosen.then, chosen.step, chosen.because, until(chosen, situation, row["withdrawn_at"], row["proposal_sent_at"], row["restall_if"]), who.then, who.because if who.then else "", if_silent))
    table = pd.DataFrame(found, columns=["phase", "step", "why_phase", "until", "role", "why_role", "phase_if_silent"], index=advice.index)
    drawn = held_out(advice["deal_id"], params.experiment.share, params.experiment.salt)
    return pd.concat([advice, table], axis=1).assign(is_held_out=drawn & table["phase"].isin([WITHDRAW, REDISCOVER, THIRD_PARTY, "ask_the_owner"]))


def until(chosen: Rule, situation: Situation, withdrawn_at: pd.Timestamp, sent_at: pd.Timestamp, restall_if: str) -> str:
    """What moves the deal on, as the rule says it, with what is known of the deal: the day on which the rest, or the time to read a proposal, is over; what would have to change (see `whatif.changes`)."""
    if chosen.because == ONLY_AGAIN:
        return f"{chosen.until}; its chance to stall again would be {restall_if}, as past deals went" if restall_if else f"{chosen.until}; {NOTHING_MOVES}"
    for told, at in (("the rest is over", withdrawn_at), ("the time to read it is over", sent_at)):
        if chosen.step == "wait" and told in chosen.until and not pd.isna(at):
            return chosen.until.replace(told, f"it is {at + pd.Timedelta(days=situation.rest_days):%d %B %Y}")
    return chosen.until


def corrected(advice: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """The advice with class, kind and cause as people's answers to the sheet name them: by exactly their names, alone or before or after a colon ("no decision: reorganised"). Other text changes nothing.

    A deal of which too little is recorded takes the state that its owner names in answer to `state`: stalled or dead.
    """
    state = _named(advice["deal_id"], answers, "state", ("stalled", "dead")).where(advice["state"] == "not_enough_evidence", "")
    kind, outcome, cause = (_named(advice["deal_id"], answers, question, names) for question, names in (
        ("outcome", KINDS), ("outcome", CLASSES), ("whose_mistake", (*CAUSES, "unclear"))))
    outcome = outcome.mask(kind != "", "no_decision")
    is_told = outcome != ""
    return advice.assign(
        state=advice["state"].mask(state != "", state), why_no_evidence=advice["why_no_evidence"].mask(state != "", ""),
        outcome_class=advice["outcome_class"].mask(is_told, outcome), kind=advice["kind"].mask(is_told, kind.replace("", "unknown")),
        why_class=advice["why_class"].mask(is_told, "answered on the sheet"), why_kind=advice["why_kind"].mask(is_told, "answered on the sheet"),
        reason_source=advice["reason_source"].mask(is_told, "rep"), cause=advice["cause"].mask(cause != "", cause))


def _named(deal_ids: pd.Series, answers: pd.DataFrame, question: str, names: Iterable[str]) -> pd.Series:
    """Which of the names each deal's answer is, or has before or after a colon; empty where none."""
    given = dict(answers.loc[answers["question"] == question, ["deal_id", "answer"]].to_numpy().tolist())
    parts_of = {deal: [part.strip().casefold().replace(" ", "_") for part in text.split(":")] for deal, text in given.items()}
    return pd.Series([next((name for name in names if name in parts_of.get(deal, ())), "") for deal in deal_ids], index=deal_ids.index, dtype="str")


def held_out(deal_ids: Iterable[str], share: float, salt: str) -> np.ndarray:
    """Which deals are drawn to get no recommendation: by their ids alone, so that a deal stays on its side from week to week."""
    drawn = [int.from_bytes(hashlib.sha256(f"{salt}:{one}".encode()).digest()[:8], "big") / 2**64 for one in deal_ids]
    return np.array(drawn) < share


def _record(workspace: Workspace, advice: pd.DataFrame, params: Params) -> None:
    """Add this export's recommendations to the log, in place of those an earlier run made of the same export."""
    log, horizon, drawn = workspace.recommended / "log.parquet", params.label.horizon_days, params.phases.experiment
    lot = f"{drawn.share:g}:{drawn.salt}" if drawn.share else ""
    now = advice.rename(columns={"cutoff": "recommended_at", f"p_revive_{horizon}d": "p_revive"}).assign(horizon_days=horizon, lot=lot)[RECOMMENDED]
    now = now[~now["phase"].isin(["leave_alone"])]
    before = _log(workspace)
    kept = before[before["recommended_at"] != pd.Timestamp(read_cutoff(workspace))]
    both = pd.concat([one for one in (kept, now) if len(one)] or [now], ignore_index=True).sort_values(["recommended_at", "deal_id"], kind="stable")
    write_parquet(both.reset_index(drop=True), log)


def _log(workspace: Workspace) -> pd.DataFrame:
    """What was recommended so far, of every export."""
    log = workspace.recommended / "log.parquet"
    if log.is_file():
        return read_parquet(log)
    times, flags = {"recommended_at": "datetime64[us]", "p_revive": "float64", "horizon_days": "int64"}, {"is_held_out": "bool"}
    return pd.DataFrame({name: pd.Series(dtype=(times | flags).get(name, "str")) for name in RECOMMENDED})


def _sheets(advice: pd.DataFrame, workspace: Workspace, answers: pd.DataFrame) -> pd.DataFrame:
    judged = advice[advice["state"].isin(["stalled", "dead"]) & ~advice["is_held_out"]]
    stories = by_deal(read_parquet(workspace.winloss / "stories.parquet"))
    differences = by_deal(read_parquet(workspace.winloss / "differences.parquet"))
    own = answers.groupby("deal_id")[["question", "answer"]].apply(lambda rows: dict(rows.to_numpy().tolist())).to_dict() if len(answers) else {}
    rows = []
    for deal in judged.to_dict("records"):
        lines = [f"{one['at']:%d %B %Y} {one['what']}" for one in stories.get(deal["deal_id"], [])]
        asked = sheet(deal, lines, differences.get(deal["deal_id"], []), own.get(deal["deal_id"], {}))
        rows += [(deal["deal_id"], deal["owner_id"], number, *one) for number, one in enumerate(asked, start=1)]
    return pd.DataFrame(rows, columns=SHEET)
