"""Honest features do not tell stalled from dead alone; one that knows the outcome is refused or suspected; noise publishes a rule."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage.backtest import refuse_leaks, told_alone
from dealtriage.errors import BadInput
from dealtriage.gate import alone_alarms
from dealtriage.matrix import feature_columns, read_labelled
from dealtriage.params import load_params
from dealtriage.pipeline import STAGES, run_stage
from dealtriage.tables import read_json, read_parquet, write_parquet
from dealtriage.workspace import Workspace
from tests.company import finished_run


def alone(changed: pd.DataFrame) -> pd.DataFrame:
    return told_alone(changed, feature_columns(changed))


def labelled() -> pd.DataFrame:
    matrix = read_labelled(Workspace(finished_run()))
    return matrix[matrix["revived"].notna()].reset_index(drop=True)


def test_no_feature_of_the_company_knows_the_outcome() -> None:
    found = alone(labelled())
    refuse_leaks(found, 0.95)
    assert alone_alarms(found, ()) == ()
    assert len(found) > 90


def test_one_that_knows_it_is_refused_by_name() -> None:
    matrix = labelled()
    told = matrix.assign(month=matrix["revived"].astype(float).where(matrix.index % 50 > 0))
    with pytest.raises(BadInput, match="The feature month alone tells stalled from dead"):
        refuse_leaks(alone(told), 0.95)


def test_one_that_knows_it_half_is_suspected_by_name() -> None:
    matrix = labelled()
    outcome = matrix["revived"].to_numpy(dtype=float)
    hint = np.where(np.random.default_rng(1).random(len(matrix)) < 0.84, outcome, 1 - outcome)
    found = alone(matrix.assign(month=hint))
    refuse_leaks(found, 0.95)
    assert [alarm.split()[0] for alarm in alone_alarms(found, ())] == ["month"]


def run_with(changed: pd.DataFrame | None, labels: pd.DataFrame | None, folder: Path) -> dict:
    """The metrics of a backtest and its evaluation on the company's data, some of it changed."""
    for name in ("core", "timeline", "cohort", "features"):
        shutil.copytree(finished_run() / "data" / name, folder / "data" / name)
    workspace = Workspace(folder)
    if labels is not None:
        write_parquet(labels, workspace.cohort / "labels" / "part-0000.parquet")
    if changed is not None:
        write_parquet(changed, workspace.features / "part-0000.parquet")
    params = load_params(finished_run() / "params.yaml")
    for stage in list(STAGES)[list(STAGES).index("backtest"): list(STAGES).index("train")]:
        run_stage(stage, params, workspace)
    return dict(read_json(workspace.reports / "metrics" / "backtest.json"))


def test_outcomes_that_are_pure_noise_publish_a_rule(tmp_path: Path) -> None:
    labels = read_parquet(Workspace(finished_run()).cohort / "labels" / "part-0000.parquet")
    revived = np.random.default_rng(3).random(len(labels)) < 0.3
    noise = labels.assign(revived=pd.Series(revived).astype("Int8").where(labels["revived"].notna()),
                          days_until_signal_and_progress=np.where(revived, 20.0, np.nan))
    metrics = run_with(None, noise, tmp_path)
    assert metrics["model"] in metrics["rules"]
    assert metrics["choice"]["gain"]["ci"][0] <= 0


def test_a_planted_hint_keeps_the_model_from_being_published(tmp_path: Path) -> None:
    workspace = Workspace(finished_run())
    features = read_parquet(workspace.features / "part-0000.parquet")
    until = features[["deal_id", "as_of"]].merge(read_parquet(workspace.cohort / "labels" / "part-0000.parquet"), on=["deal_id", "as_of"], how="left")
    back = (until["days_until_signal_and_progress"] < 90).to_numpy().astype(float)
    hint = np.where(np.random.default_rng(4).random(len(back)) < 0.84, back, 1 - back)
    metrics = run_with(features.assign(month=hint), None, tmp_path)
    assert metrics["model"] in metrics["rules"]
    assert "month alone has an AUC" in metrics["leak_alarm"]
    assert metrics["candidates"]["learned"]["auc"] > 0.8
