"""What was recommended, what was done and what followed, one row per quiet deal-week whose outcome is known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from dealtriage.features.columns import DAY
from dealtriage.params import Params
from dealtriage.phases.actions import read_actions
from dealtriage.phases.withdrawals import withdrawals
from dealtriage.tables import column_names, parts, read_parquet
from dealtriage.workspace import Workspace, read_cutoff

KEY = ["deal_id", "as_of"]
PHASES = ("1_withdraw", "2_rediscover", "3_third_party")
OF_ACTION = {"rediscovery_started": "2_rediscover", "third_party_involved": "3_third_party"}
OF_KIND = {"discovery_restarted": "2_rediscover", "third_party_involved": "3_third_party"}
ENTERED_WITHIN_DAYS = 2
OWNERS = ("deal_created", "owner_changed")
OUTSTANDING = "is_proposal_outstanding"
WEEK_DAYS = 7


def evidence(params: Params, workspace: Workspace, log: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The evidence of each part: deal_id, as_of, then

    owner_id: who had the deal then. revived: whether the deal came back within the horizon. still_days: days from as_of during which neither the buyer stirred nor the deal
    ended; infinite if neither happened. recommended, is_held_out: the newest line of the log in the week before as_of, and at it; empty if none.
    For each phase, can_<phase>: it was possible and had not been done before; <phase>_after_days: days from as_of until it was done for
    the first time, by the CRM (a task that tells of a withdrawal counts) or the action log, if in the week that follows; empty if not.
    """
    known_deals = read_parquet(workspace.core / "deals.parquet", ["deal_id"])["deal_id"]
    actions = read_actions(params.phases.actions, known_deals, pd.Timestamp(read_cutoff(workspace)))[0]
    actions = actions[actions["done_at"] < read_cutoff(workspace)]
    for timeline, labels, features in zip(parts(workspace.timeline), parts(workspace.cohort / "labels"), parts(workspace.features), strict=True):
        facts = read_parquet(timeline, ["deal_id", "occurred_at", "known_at", "kind", "label", "is_seller_touch", "owner_id"])
        owners = facts.loc[facts["kind"].isin(OWNERS), ["deal_id", "occurred_at", "owner_id"]]
        done = what_was_done(facts, actions, params.phases.withdrawal_subjects)
        yield rows_of(_finished(read_parquet(labels)), _outstanding(features), begun(done, facts[facts["is_seller_touch"]]), owners, log)


def what_was_done(facts: pd.DataFrame, actions: pd.DataFrame, withdrawal_subjects: str) -> pd.DataFrame:
    """deal_id, occurred_at, phase: each time that a phase was done, by the CRM or the action log."""
    withdrawn = withdrawals(facts, actions, withdrawal_subjects).assign(phase="1_withdraw")
    entered = facts.assign(phase=facts["kind"].map(OF_KIND))
    told = actions.assign(phase=actions["action"].map(OF_ACTION)).rename(columns={"done_at": "occurred_at"})
    return pd.concat([one.dropna(subset=["phase"])[["deal_id", "occurred_at", "phase"]] for one in (withdrawn, entered, told)], ignore_index=True)


def begun(done: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    """What was done (deal_id, occurred_at, phase) at the seller's first touch in the two days before it was entered as done, where there is one.

    The message that goes with an act is often entered as an act later, and the buyer may have answered by then.
    """
    done = done.sort_values("occurred_at", kind="stable")
    at = touches[["deal_id", "occurred_at"]].sort_values("occurred_at", kind="stable").assign(touched_at=lambda rows: rows["occurred_at"])
    since = done.assign(occurred_at=done["occurred_at"] - pd.Timedelta(days=ENTERED_WITHIN_DAYS))
    touched = pd.merge_asof(since, at, on="occurred_at", by="deal_id", direction="forward",
                            tolerance=pd.Timedelta(days=ENTERED_WITHIN_DAYS))["touched_at"]
    return done.assign(occurred_at=touched.fillna(done["occurred_at"].reset_index(drop=True)).to_numpy())


def rows_of(labels: pd.DataFrame, outstanding: pd.DataFrame, done: pd.DataFrame, owners: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """The evidence of some labelled rows. outstanding: deal_id, as_of, is_proposal_outstanding; done: deal_id, occurred_at, phase; owners: deal_id, occurred_at,
    owner_id, whenever a deal got one; log: see `experiment`."""
    rows = labels.merge(outstanding, on=KEY, how="left", validate="1:1")
    still = rows[["days_until_any_signal", "ended_after_days"]].min(axis=1).fillna(np.inf)
    table = rows[KEY].assign(revived=rows["revived"].astype("int8"), still_days=still)
    for phase in PHASES:
        first = done[done["phase"] == phase].groupby("deal_id")["occurred_at"].min().astype("datetime64[us]")
        after = (first.reindex(rows["deal_id"]).set_axis(rows.index) - rows["as_of"]).dt.total_seconds() / DAY
        is_possible = (rows[OUTSTANDING] == 1) if phase == "1_withdraw" else pd.Series(True, index=rows.index)
        table[f"can_{phase}"] = is_possible & ~(after < 0)
        table[f"{phase}_after_days"] = after.where(table[f"can_{phase}"] & (after < WEEK_DAYS))
    newest = owners.rename(columns={"occurred_at": "as_of"}).sort_values("as_of", kind="stable")
    owned = pd.merge_asof(table.sort_values("as_of", kind="stable"), newest, on="as_of", by="deal_id")
    return recommended_then(owned, log).sort_values(KEY, kind="stable").reset_index(drop=True)


def recommended_then(rows: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """The rows with what was recommended in the week before their as-of date, or at it: columns recommended and is_held_out, empty where nothing was."""
    newest = log[["deal_id", "recommended_at", "phase", "is_held_out"]].sort_values("recommended_at", kind="stable")
    found = pd.merge_asof(rows.sort_values("as_of", kind="stable"), newest.rename(columns={"phase": "recommended"}), left_on="as_of",
                          right_on="recommended_at", by="deal_id", tolerance=pd.Timedelta(days=WEEK_DAYS))
    return found.drop(columns="recommended_at").astype({"recommended": "str", "is_held_out": "boolean"})


def _finished(labels: pd.DataFrame) -> pd.DataFrame:
    return labels.loc[labels["left_out"] == "", [*KEY, "revived", "days_until_any_signal", "ended_after_days"]]


def _outstanding(path: Path) -> pd.DataFrame:
    if OUTSTANDING in column_names(path):
        return read_parquet(path, [*KEY, OUTSTANDING])
    return read_parquet(path, KEY).assign(**{OUTSTANDING: np.nan})
