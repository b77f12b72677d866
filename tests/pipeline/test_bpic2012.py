"""A real two-party log, where it is at hand: BPI Challenge 2012 (doi 10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f)."""

import json
from pathlib import Path

import pytest

from dealtriage.params import load_params
from dealtriage.pipeline import STAGES, run_stage
from dealtriage.tables import read_json, read_parquet, read_parts
from dealtriage.workspace import Workspace
from tests.conftest import ROOT, SHARED

LOG = SHARED / "bpic2012.xes.gz"
pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="the BPI 2012 log is not at hand (shared/data/bpic2012.xes.gz)")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    params = load_params(ROOT / "examples" / "bpic2012" / "params.yaml")
    params = params.model_copy(update={"source": params.source.model_copy(update={"path": LOG})})
    found = Workspace(tmp_path_factory.mktemp("bpic"))
    for stage in STAGES:
        run_stage(stage, params, found)
    return found


def test_nothing_of_the_log_is_lost(workspace: Workspace) -> None:
    export = read_json(workspace.core / "export.json")
    assert (export["rows_read"], export["deals"], export["rows_quarantined"]) == (262_200, 13_087, 0)
    facts = read_parts(workspace.timeline)
    assert (facts["kind"] == "proposal_sent").sum() == 7_030
    assert facts.loc[facts["kind"] == "proposal_sent", "deal_id"].nunique() == 5_015
    assert (facts["kind"] == "document_in").sum() == 3_454


def test_the_cohort_has_an_offer_and_seven_quiet_days(workspace: Workspace) -> None:
    rows = read_parts(workspace.cohort / "rows")
    facts = read_parts(workspace.timeline)
    first_offer = facts[facts["kind"] == "proposal_sent"].groupby("deal_id")["known_at"].min()
    quiet = rows[rows["is_quiet"]]
    assert ((quiet["as_of"] - quiet["deal_id"].map(first_offer)).dt.total_seconds() >= 7 * 86400).all()
    assert (quiet["silence_days"] >= 7).all()
    labels = read_parts(workspace.cohort / "labels")
    assert 0.35 < labels["revived"].mean() < 0.6
    refused = labels[labels["ended_by"] == "refused"]
    assert refused["revived"].isna().any()  # kept apart, not counted as silence


def test_the_report_names_the_rules_and_the_expiry(workspace: Workspace) -> None:
    metrics = json.loads((workspace.reports / "metrics" / "backtest.json").read_text())
    assert 0.6 < metrics["rules"]["silence"]["auc"] < 0.75
    assert 0.6 < metrics["auc"] < 0.8
    assert metrics["ece"] < 0.08
    assert metrics["dead_by"]["lost_by_rule"] > 0.3
    page = (Path(workspace.reports) / "model-card.md").read_text()
    assert "closed by a rule of the system" in page
    assert len(read_parquet(workspace.scores / "scores.parquet")) > 300
