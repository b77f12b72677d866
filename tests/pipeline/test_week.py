"""A new week scored on an earlier run's tables is what the whole way on the new export gives, and only new dates are worked on."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from dealtriage.cli import app
from dealtriage.errors import BadInput
from dealtriage.model.store import load_model
from dealtriage.params import load_params
from dealtriage.pipeline import run_stage
from dealtriage.tables import read_parquet, read_parts
from dealtriage.workspace import Workspace, read_cutoff
from tests.company import finished_run, raw_export, write_params
from tests.cut import MONDAY, cut_run


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the export cut at a past Monday, with its deals scored by the model of the whole export."""
    root = tmp_path_factory.mktemp("earlier")
    shutil.copytree(cut_run() / "data", root / "data")
    for name in ("models", "reports"):
        shutil.copytree(finished_run() / name, root / name)
    run_stage("score", load_params(cut_run() / "params.yaml"), Workspace(root))
    return root


@pytest.fixture(scope="module")
def week(earlier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("week")
    said = CliRunner().invoke(app, ["week", "--params", str(write_params(root / "params.yaml", raw_export())), "--since", str(earlier), "--out", str(root)])
    assert said.exit_code == 0, said.output
    assert "dates after 2025-10-13 00:00" in said.output
    assert "the first ten lines of" in said.output
    return root


def test_only_new_dates_are_worked_on(week: Path) -> None:
    for name in ("cohort/rows", "cohort/open", "features"):
        assert read_parts(week / "data" / name, ["as_of"])["as_of"].min() > MONDAY


def test_the_weekly_sums_are_those_of_the_whole_way(week: Path) -> None:
    names = sorted(path.name for path in (finished_run() / "data" / "weeks").iterdir())
    assert len(names) > 8
    for name in names:
        pd.testing.assert_frame_equal(read_parquet(week / "data" / "weeks" / name), read_parquet(finished_run() / "data" / "weeks" / name), obj=name)


def test_the_features_are_those_of_the_whole_way(week: Path) -> None:
    found, whole = read_parts(week / "data" / "features"), read_parts(finished_run() / "data" / "features")
    pd.testing.assert_frame_equal(found, whole[whole["as_of"] > MONDAY].reset_index(drop=True))


def test_the_scores_are_those_of_the_whole_way(week: Path) -> None:
    found, whole = (read_parquet(root / "data" / "scores" / "scores.parquet") for root in (week, finished_run()))
    pd.testing.assert_frame_equal(found, whole)


def test_the_outlook_of_deals_open_at_both_exports_is_that_of_the_whole_way(week: Path, earlier: Path) -> None:
    found, whole = (read_parquet(root / "data" / "scores" / "outlook.parquet") for root in (week, finished_run()))
    assert (found["as_of"] <= MONDAY).sum() > 20
    open_then = read_parquet(earlier / "data" / "scores" / "scores.parquet")["deal_id"]
    known = whole["deal_id"].isin(open_then) | (whole["as_of"] > MONDAY)
    pd.testing.assert_frame_equal(found, whole[known].reset_index(drop=True))


def test_an_export_that_is_not_newer_is_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["week", "--params", str(write_params(tmp_path / "params.yaml", raw_export())), "--since", str(finished_run()),
                                    "--out", str(tmp_path)])
    assert "not after that of" in str(said.exception)
    assert read_cutoff(Workspace(finished_run())) == read_cutoff(Workspace(tmp_path))


def test_a_model_that_needs_other_features_is_refused(earlier: Path, tmp_path: Path) -> None:
    params = write_params(tmp_path / "params.yaml", raw_export(), features={"exclude": ["month"]})
    said = CliRunner().invoke(app, ["week", "--params", str(params), "--since", str(earlier), "--out", str(tmp_path)])
    assert "needs the features month, which" in str(said.exception)


def test_a_model_of_another_version_is_refused(tmp_path: Path) -> None:
    from skops.io import dump

    dump({"other": Path}, tmp_path / "model.skops")
    with pytest.raises(BadInput, match="was not made by this version"):
        load_model(tmp_path / "model.skops")


def test_a_run_without_a_model_is_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["week", "--params", str(write_params(tmp_path / "params.yaml", raw_export())), "--since", str(cut_run()),
                                    "--out", str(tmp_path)])
    assert "model.skops" in str(said.exception)
    assert not (tmp_path / "data").exists()
