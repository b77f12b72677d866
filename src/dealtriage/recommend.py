"""Scores -> advice: win/loss analysis, phase and role of every open deal."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage.features.build import read_features
from dealtriage.params import Params
from dealtriage.phases.actions import read_actions
from dealtriage.phases.rules import Situation, phase, role
from dealtriage.tables import parts, read_parquet, replaced_folder, write_parquet
from dealtriage.winloss.causes import causes, no_decision_kind, outcome_class, turning_points
from dealtriage.winloss.sheet import around, sheet
from dealtriage.workspace import Workspace, read_cutoff

SETTLED = ("withdrawn", "accepted", "rejected", "expired")


def run(params: Params, workspace: Workspace) -> str | None:
    """Write data/advice: advice.parquet (one row per open deal), sheets.parquet (the win/loss sheet, one row per
    question), actions_quarantine.csv (unusable lines of the action log). Returns how many of these there are, if any."""
    cutoff = pd.Timestamp(read_cutoff(workspace))
    scores = read_parquet(workspace.scores / "scores.parquet")
    known_deals = read_parquet(workspace.core / "deals.parquet", ["deal_id"])["deal_id"]
    actions, unusable = read_actions(params.phases.actions, known_deals)
    facts = _facts_of(workspace, scores["deal_id"])
    advice = scores.merge(_winloss(workspace, scores), on="deal_id", how="left", validate="1:1")
    advice = advice.merge(situations(scores["deal_id"], facts, _proposals(workspace), actions, cutoff), on="deal_id",
                          validate="1:1")
    advice = pd.concat([advice, _phases(advice, params.phases.large_deal)], axis=1)
    with replaced_folder(workspace.advice) as folder:
        write_parquet(advice, folder / "advice.parquet")
        write_parquet(_sheets(advice, facts), folder / "sheets.parquet")
        unusable.to_csv(folder / "actions_quarantine.csv", index=False, lineterminator="\n")
    if unusable.empty:
        return None
    return (f"{len(unusable)} of {len(unusable) + len(actions)} lines of {params.phases.actions} cannot be used; "
            f"{workspace.advice / 'actions_quarantine.csv'} says why")


def situations(deal_ids: pd.Series, facts: pd.DataFrame, proposals: pd.DataFrame, actions: pd.DataFrame,
               cutoff: pd.Timestamp) -> pd.DataFrame:
    """What the phase rules ask of each deal on the export day.

    deal_id, proposals_sent, proposals_outstanding, proposals_expired, is_proposal_withdrawn, has_sheet, sheet_note,
    signals_since_withdrawal, are_needs_restated. Without a withdrawal, signals and needs count from the day the sheet was filled.
    """
    frame = pd.DataFrame({"deal_id": deal_ids.to_numpy()}).set_index("deal_id")
    withdrawn_in_crm = facts[facts["kind"] == "proposal_withdrawn"].groupby("deal_id")["known_at"].max()
    told = actions[actions["action"] == "proposal_withdrawn"].groupby("deal_id")["done_at"].max()
    withdrawn = pd.concat([withdrawn_in_crm, told]).groupby(level=0).max()
    sheet_at = actions[actions["action"] == "sheet_filled"].groupby("deal_id")["done_at"].max()
    since = withdrawn.combine_first(sheet_at)
    filled = actions[(actions["action"] == "sheet_filled") & (actions["note"] != "")].sort_values("done_at", kind="stable")
    frame["sheet_note"] = filled.groupby("deal_id")["note"].last().reindex(frame.index).fillna("")
    frame["proposals_sent"] = _count(facts[facts["kind"] == "proposal_sent"], frame)
    unsettled = _unsettled(proposals, told)
    is_expired = unsettled["expires_on_now"] < cutoff
    frame["proposals_outstanding"] = _count(unsettled[~is_expired], frame)
    frame["proposals_expired"] = _count(unsettled[is_expired], frame)
    frame["is_proposal_withdrawn"] = frame.index.isin(withdrawn.index)
    frame["has_sheet"] = frame.index.isin(sheet_at.index)
    later = facts[facts["occurred_at"] > _times(since, facts["deal_id"])]
    frame["signals_since_withdrawal"] = _count(later[later["is_buyer_signal"]], frame)
    told_restated = actions[(actions["action"] == "needs_restated")
                            & (actions["done_at"] >= _times(since, actions["deal_id"]))]
    restated = {*later.loc[later["kind"] == "discovery_restarted", "deal_id"], *told_restated["deal_id"]}
    frame["are_needs_restated"] = frame.index.isin(restated)
    return frame.reset_index()


def _unsettled(proposals: pd.DataFrame, told: pd.Series) -> pd.DataFrame:
    """Sent, no longer a draft, not settled, and not withdrawn by the action log since."""
    settled = set(proposals.loc[proposals["event"].isin(SETTLED), "proposal_id"])
    sent = proposals[(proposals["event"] == "sent") & ~proposals["is_draft_now"]]
    gone = sent["proposal_id"].isin(settled)
    for times in (told, _settles_what_came_before(proposals)):
        gone |= sent["occurred_at"] <= _times(times, sent["deal_id"])
    return sent[~gone]


def _settles_what_came_before(proposals: pd.DataFrame) -> pd.Series:
    """Logs without proposal ids: an event that settles whatever was sent before it. Its newest time by deal."""
    ids = set(proposals.loc[proposals["event"] == "sent", "proposal_id"])
    loose = proposals[proposals["event"].isin(SETTLED) & ~proposals["proposal_id"].isin(ids)]
    return loose.groupby("deal_id")["occurred_at"].max()


def _times(by_deal: pd.Series, deal_ids: pd.Series) -> NDArray[np.datetime64]:
    """The time of each deal, in the order of `deal_ids`; not-a-time where it has none."""
    return by_deal.astype("datetime64[us]").reindex(deal_ids).to_numpy()


def _count(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    return rows.groupby("deal_id").size().reindex(frame.index, fill_value=0)


def _facts_of(workspace: Workspace, deal_ids: pd.Series) -> pd.DataFrame:
    columns = ["deal_id", "known_at", "occurred_at", "kind", "is_buyer_signal"]
    found = [read_parquet(part, columns) for part in parts(workspace.timeline)]
    return pd.concat([facts[facts["deal_id"].isin(deal_ids)] for facts in found], ignore_index=True)


def _proposals(workspace: Workspace) -> pd.DataFrame:
    return read_parquet(workspace.core / "proposals.parquet")


def _winloss(workspace: Workspace, scores: pd.DataFrame) -> pd.DataFrame:
    features = pd.concat([found[found["as_of"].isin(scores["as_of"])] for found in map(read_features, parts(workspace.features))])
    now = scores[["deal_id", "as_of"]].merge(features, on=["deal_id", "as_of"], validate="1:1")
    adds = read_parquet(workspace.scores / "contributions.parquet").set_index("deal_id").loc[now["deal_id"]].reset_index(drop=True)
    told = pd.concat([now[["deal_id"]], causes(adds), no_decision_kind(now)], axis=1)
    reasons = scores.set_index("deal_id")["loss_reason"].reindex(now["deal_id"])
    told = told.join(outcome_class(told["kind"], reasons.reset_index(drop=True)))
    turned = turning_points(read_parquet(workspace.scores / "outlook.parquet"))
    return told.merge(turned, on="deal_id", how="left")


def _phases(advice: pd.DataFrame, large_deal: float) -> pd.DataFrame:
    found = []
    for row in advice.itertuples():
        situation = Situation(
            row.state, row.proposals_outstanding > 0, row.has_sheet,
            row.signals_since_withdrawal, row.are_needs_restated, row.amount >= large_deal, row.cause, row.kind)
        chosen, who = phase(situation), role(situation)
        found.append((chosen.then, chosen.because, who.then, who.because if who.then else ""))
    return pd.DataFrame(found, columns=["phase", "why_phase", "role", "why_role"], index=advice.index)


def _sheets(advice: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    judged = advice[advice["state"].isin(["stalled", "dead"])]
    happened = around(facts, judged[judged["turned_at"].notna()])
    rows = []
    for deal in judged.to_dict("records"):
        for number, (question, answer, evidence) in enumerate(sheet(deal, happened.get(deal["deal_id"], "")), start=1):
            rows.append((deal["deal_id"], deal["owner_id"], number, question, answer, evidence))
    return pd.DataFrame(rows, columns=["deal_id", "owner_id", "number", "question", "answer", "evidence"])
