"""The whole way: the same bytes twice, by DVC or not; clear ends for bad input; nothing of another rep in a list."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from dealtriage.params import load_params
from dealtriage.pipeline import STAGES, run_stage
from dealtriage.tables import read_json, read_parquet
from dealtriage.workspace import Workspace
from tests.company import finished_run, log_of_finished_cases, raw_export, write_params
from tests.conftest import ROOT

BIN = Path(sys.executable).parent
OUTPUTS = ("data/core", "data/timeline", "data/cohort", "data/weeks", "data/features", "data/predictions", "data/scores",
           "data/advice", "data/lists", "models", "reports")


def dealtriage(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / "dealtriage"), *words], cwd=cwd, capture_output=True, text=True, check=False)


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for top in OUTPUTS for p in sorted((root / top).rglob("*"))
            if p.is_file() and p.name not in (".gitignore", "README.md")}


def test_dvc_and_run_write_the_same_bytes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "data").mkdir()
    shutil.copytree(ROOT / "playbooks", project / "playbooks")
    for name in ("actions.csv", "answers.csv"):
        shutil.copyfile(ROOT / "data" / name, project / "data" / name)
    write_params(project / "params.yaml", raw_export())
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    YAML().dump({"stages": {name: stages[name] for name in stages if name not in ("sample", "track")}}, project / "dvc.yaml")
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}
    dvc = str(BIN / "dvc")
    subprocess.run([dvc, "init", "--no-scm", "-q"], cwd=project, env=env, check=True, capture_output=True)
    done = subprocess.run([dvc, "repro"], cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(project) == files(finished_run())
    again = subprocess.run([dvc, "repro"], cwd=project, env=env, capture_output=True, text=True, check=False)
    assert "Running stage" not in again.stdout


def test_bad_input_ends_with_code_2_a_message_and_the_old_outputs(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(raw_export(), raw)
    (raw / "Task.csv").unlink()
    params = write_params(tmp_path / "params.yaml", raw)
    out = tmp_path / "out"
    shutil.copytree(finished_run() / "data" / "core", out / "data" / "core")
    before = files(out)
    done = dealtriage("run", "--params", str(params), "--out", str(out), "--no-track")
    assert done.returncode == 2
    assert "lacks Task" in done.stderr
    assert "What to do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert files(out) == before


def test_a_stage_before_its_time_says_what_to_run(tmp_path: Path) -> None:
    params = write_params(tmp_path / "params.yaml", raw_export())
    done = dealtriage("timeline", "--params", str(params), "--out", str(tmp_path / "out"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "Run the stages before this one" in done.stderr


def test_a_history_too_short_to_learn_from_is_said(tmp_path: Path) -> None:
    params = write_params(tmp_path / "params.yaml", raw_export(), label={"horizon_days": 700})
    done = dealtriage("run", "--params", str(params), "--out", str(tmp_path / "out"), "--no-track")
    assert done.returncode == 2
    assert "too short to learn from" in done.stderr


def test_a_log_of_finished_cases_is_judged_and_lists_nothing(tmp_path: Path) -> None:
    params = log_of_finished_cases(tmp_path)
    done = dealtriage("run", "--params", str(params), "--out", str(tmp_path / "out"), "--no-track")
    assert done.returncode == 0, done.stderr
    assert "No deal was open" in done.stdout
    assert (tmp_path / "out" / "reports" / "metrics" / "backtest.json").is_file()
    assert read_parquet(tmp_path / "out" / "data" / "scores" / "scores.parquet").empty


def test_subjects_can_be_left_out_and_optional_ones_added(tmp_path: Path) -> None:
    for name in ("core", "timeline", "cohort"):
        shutil.copytree(finished_run() / "data" / name, tmp_path / "data" / name)
    chosen = {"exclude": ["people", "meetings", "terms", "owners", "logging", "hand_90d"], "include": ["text"]}
    params = load_params(write_params(tmp_path / "params.yaml", raw_export(), features=chosen))
    for stage in list(STAGES)[3:]:
        run_stage(stage, params, Workspace(tmp_path))
    columns = set(read_json(Workspace(tmp_path).model / "card.json")["features"])
    assert {"text_price_180d", "silence_days"} <= columns
    assert not columns & {"contacts_engaged", "meetings_held_total", "amount", "owner_open_deals", "owner_logged_share", "hand_90d"}
    assert len(list((tmp_path / "data" / "lists").glob("*.csv"))) > 5
    states = read_parquet(Workspace(tmp_path).scores / "scores.parquet")["state"]
    assert {"stalled", "dead"} <= set(states)


def test_no_deal_stands_on_two_sides_and_every_test_row_comes_after_what_was_learnt() -> None:
    from dealtriage.backtest import known_at, planned_folds
    from dealtriage.matrix import deal_group, feature_columns, read_labelled
    from dealtriage.workspace import Workspace, read_cutoff

    params = load_params(finished_run() / "params.yaml")
    workspace = Workspace(finished_run())
    matrix = read_labelled(workspace)
    group = deal_group(matrix["deal_id"], params.backtest.deal_groups)
    tested = read_parquet(workspace.predictions / "backtest.parquet")
    for fold in planned_folds(params, read_cutoff(workspace)):
        for number in range(params.backtest.deal_groups):
            known = known_at(matrix, feature_columns(matrix), fold, group != number, params.label)
            learnt = matrix.loc[known.everything.X.index]
            test = tested[(tested["fold"] == fold.number)
                          & (deal_group(tested["deal_id"], params.backtest.deal_groups) == number)]
            assert not set(learnt["deal_id"]) & set(test["deal_id"])
            horizon = pd.Timedelta(days=params.label.horizon_days)
            finished = matrix.loc[known.finished.X.index]
            assert test.empty or (finished["as_of"] + horizon).max() <= test["as_of"].min()
            assert not (set(matrix.loc[known.train.X.index[known.train.half == 0], "deal_id"])
                        & set(matrix.loc[known.later.X.index[known.later.half == 1], "deal_id"]))


def test_the_promised_files() -> None:
    import json

    out = finished_run()
    metrics = json.loads((out / "reports" / "metrics" / "backtest.json").read_text())
    keys = {"auc", "auc_ci", "brier", "brier_prevalence", "ece", "calibration_slope", "rows", "deals", "revived_share"}
    assert keys <= set(metrics)
    assert all(keys <= set(rule) for rule in metrics["rules"].values())
    assert {"prevalence", "silence", "silence_over_usual_gap", "still_alive", "five_feature_logistic"} == set(metrics["rules"])
    scores = read_parquet(out / "data" / "scores" / "scores.parquet")
    deals = read_parquet(out / "data" / "core" / "deals.parquet")
    assert sorted(scores["deal_id"]) == sorted(deals.loc[~deals["is_closed_now"], "deal_id"])
    assert scores["p_revive_90d"].dropna().between(0, 1).all()
    quiet = scores[scores["p_revive_90d"].notna()]
    assert (quiet["p_revive_30d"] < quiet["p_revive_60d"]).all()
    assert (quiet["p_revive_60d"] < quiet["p_revive_90d"]).all()
    assert (quiet["p_revive_90d"] <= quiet["p_revive_180d"]).all()
    assert quiet["wait_days_if_revived"].between(0, 90).all()
    np.testing.assert_allclose(quiet["value_at_stake"], quiet["p_revive_90d"] * quiet["p_win_if_revived"] * quiet["amount"])
    assert set(scores["state"]) <= {"active", "stalled", "dead", "not_enough_evidence"}


def test_each_open_deal_is_on_its_owners_list_and_on_no_other() -> None:
    out = finished_run()
    scores = read_parquet(out / "data" / "scores" / "scores.parquet").set_index("deal_id")
    seen: list[str] = []
    for path in (out / "data" / "lists").glob("rep-*.csv"):
        ids = pd.read_csv(path)["deal_id"].tolist()
        assert len(set(scores.loc[ids, "owner_id"])) == 1
        sheets = pd.read_csv(out / "data" / "lists" / "winloss" / path.name)
        assert set(sheets["deal_id"]) <= set(ids)
        seen += ids
    assert sorted(seen) == sorted(scores.index)


def test_lists_rank_stalled_first_by_value_and_stop_at_capacity() -> None:
    from dealtriage.publish.lists import fullest_list
    from dealtriage.workspace import Workspace

    path = fullest_list(Workspace(finished_run()))
    assert path is not None
    rows = pd.read_csv(path)
    assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
    order = rows["state"].map({"stalled": 0, "dead": 1, "not enough evidence": 2, "active": 3})
    assert order.is_monotonic_increasing
    assert rows.loc[rows["state"] == "stalled", "value_at_stake"].fillna(0).is_monotonic_decreasing
    assert (rows["do_this_week"] == "yes").sum() <= 10
    assert rows.loc[rows["state"].isin(["stalled", "dead"]), "reason_1"].notna().all()
    assert rows.loc[rows["state"] == "active", "reason_1"].isna().all()


def test_hostile_names_reach_no_cell_and_no_path(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(raw_export(), raw)
    _rename(raw / "Opportunity.csv", "Name", lambda name: name if name.startswith("TEST") else "=cmd|' /C calc'!A0")
    _rename(raw / "User.csv", "Name", lambda name: "../../x")
    params = write_params(tmp_path / "params.yaml", raw)
    done = dealtriage("run", "--params", str(params), "--out", str(tmp_path / "deep" / "out"), "--no-track")
    assert done.returncode == 0, done.stderr
    lists = tmp_path / "deep" / "out" / "data" / "lists"
    found = sorted(lists.glob("rep-x*.csv"))
    assert len(found) > 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep", "params.yaml", "raw"]
    for path in found:
        for row in csv.reader(path.read_text("utf-8").splitlines()):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def _rename(path: Path, column: str, change: object) -> None:
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    frame[column] = frame[column].map(change)
    frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL)


def test_the_tenth_of_a_bucket_gives_the_same_lists(tmp_path: Path) -> None:
    """Buckets bound the memory and change nothing."""
    params = write_params(tmp_path / "params.yaml", raw_export(), timeline={"bucket_deals": 60})
    done = dealtriage("run", "--params", str(params), "--out", str(tmp_path / "out"), "--no-track")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out" / "data" / "timeline").glob("part-*.parquet"))) > 5
    lists = {name: text for name, text in files(tmp_path / "out").items() if name.startswith("data/lists")}
    assert lists == {name: text for name, text in files(finished_run()).items() if name.startswith("data/lists")}
