"""The model card: every section, no number that is none, and a page too where little can be told."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.params import load_params
from dealtriage.pipeline import run_stage
from dealtriage.tables import read_json, read_parquet, write_parquet
from dealtriage.tracking.log import _chosen, _numbers
from dealtriage.workspace import Workspace
from tests.company import finished_run

FIRST = ("What it means", "Do the chances come true?", "When do they come back?", "What it cannot tell")
SECOND = ("The gate", "Models against plain rules", "Over silence alone", "By fold", "Reliability", "By stage, size, silence and month", "Gains at capacity",
          "What was tried", "When, and whether won", "Features alone", "Drift", "Learning curve", "Other labels", "Without a group of features",
          "Windows that are not over", "What counts as coming back", "How the dead ended", "Left out of training and tests")


def headings(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"^## (.*)$", text, re.MULTILINE))


def check(folder: Path) -> str:
    """Both parts with all their sections, every figure there, no number that is none."""
    text = (folder / "reports" / "model-card.md").read_text("utf-8")
    first, second = text.split("# For the statistician\n")
    assert headings(first) == FIRST
    assert headings(second) == SECOND
    assert re.findall(r"\b(nan|NaN|None|inf|NaT)\b|\{\{|\{%|<NA>", text) == []
    for name in re.findall(r"\]\((figures/[\w-]+\.png)\)", text):
        assert (folder / "reports" / name).is_file(), name
    assert "\n\n\n" not in text
    return text


def test_the_card_of_the_company_says_all() -> None:
    text = check(finished_run())
    assert set(re.findall(r"figures/([\w-]+)\.png", text)) == {"reliability", "models", "capacity", "learning", "base-rate", "ablation"}
    assert text.count("Too little is known to tell.") <= 1  # the trials may lack later rows
    metrics = read_json(finished_run() / "reports" / "metrics" / "backtest.json")
    assert metrics["choice"]["why"] in text
    low, high = metrics["gain_over_silence"]["ci"]
    assert low <= metrics["gain_over_silence"]["log_loss_gain"] <= high
    assert metrics["brier_skill"] == pytest.approx(1 - metrics["brier"] / metrics["brier_prevalence"], abs=1e-4)
    assert metrics["capacity"]["worked_each_week"] == 10
    assert [one["days"] for one in metrics["when"]["said"]] == [30, 60, 90, 180]
    assert {"learning", "labels", "ablation", "censoring", "running", "base_rate", "drift", "split"} == set(metrics["sensitivity"])


def test_what_mlflow_is_told() -> None:
    metrics = read_json(finished_run() / "reports" / "metrics" / "backtest.json")
    told = _numbers(metrics)
    assert {"auc", "ece", "brier_skill", "calibration_slope", "gain_over_silence", "gain_over_silence_ci_low", "capacity.revived_share"} <= set(told)
    assert told["gain_over_silence"] == metrics["gain_over_silence"]["log_loss_gain"]
    assert all(isinstance(value, float) for value in told.values())
    assert _chosen(metrics)["published"] == metrics["model"]
    assert _chosen({**metrics, "tried": [{"name": "a", "chosen": 1}, {"name": "b", "chosen": 2}]})["chosen_candidate"] == "b"


def test_within_the_horizon_when_says_what_the_metrics_say() -> None:
    metrics = read_json(finished_run() / "reports" / "metrics" / "backtest.json")
    whole = next(one for one in metrics["when"]["said"] if one["days"] == metrics["horizon_days"])
    assert (whole["rows"], whole["deals"]) == (metrics["rows"], metrics["deals"])
    assert whole["came_true_share"] == pytest.approx(metrics["revived_share"], abs=1e-5)


def test_quarters_that_are_over_are_what_kaplan_meier_says() -> None:
    found = read_parquet(finished_run() / "data" / "sensitivity" / "censoring.parquet")
    over = found[found["running_share"] == 0]
    assert len(over) > 2
    pd.testing.assert_series_equal(over["revived_share"], over["expected_share"], check_names=False)
    assert found["revived_share"].isna().any()  # the newest: every window runs


def test_all_labels_are_asked_about_the_same_rows() -> None:
    found = read_parquet(finished_run() / "data" / "sensitivity" / "labels.parquet")
    assert len(found) == 9
    assert set(found["rows"]) == {found["rows"][0]}
    for _, part in found.groupby("horizon_days"):
        assert part["revived_share"].is_monotonic_decreasing  # any signal, progress, won
    for _, part in found.groupby("revival"):
        assert part.sort_values("horizon_days")["revived_share"].is_monotonic_increasing


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """A run whose refits found nothing."""
    for name in ("data", "reports"):
        shutil.copytree(finished_run() / name, tmp_path / name)
    for path in (tmp_path / "data" / "sensitivity").glob("*.parquet"):
        write_parquet(read_parquet(path).iloc[:0], path)
    for name in ("trials", "alone"):
        path = tmp_path / "data" / "predictions" / f"{name}.parquet"
        write_parquet(read_parquet(path).iloc[:0], path)
    return tmp_path


@pytest.mark.parametrize("kept", ["few deals", "one outcome", "one date", "no amounts"])
def test_where_little_can_be_told_the_card_says_so(little: Path, kept: str) -> None:
    path = little / "data" / "predictions" / "backtest.parquet"
    table = read_parquet(path)
    if kept == "few deals":
        table = table[table["deal_id"].isin(table["deal_id"].unique()[:5])]
    elif kept == "one outcome":
        table = table[table["revived"] == 0]
    elif kept == "one date":
        table = table[table["as_of"] == table["as_of"].max()]
    else:
        table = table.assign(amount=float("nan"), stage_position=float("nan"))
    write_parquet(table, path)
    run_stage("evaluate", load_params(finished_run() / "params.yaml"), Workspace(little))
    text = check(little)
    assert "Too little is known to tell." in text
    assert "figures/learning.png" not in text
