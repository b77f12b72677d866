"""A served model says what the lists say; asked by HTTP, and on a server with PostgreSQL behind it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from signal import SIGTERM
from tempfile import mkdtemp
from threading import Event, Thread
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pytest

from dealtriage.params import load_params
from dealtriage.phases.rules import Situation
from dealtriage.serving import TOLD_BY_CALLER, Answering, pack
from dealtriage.tables import read_json, read_parquet, read_parts
from dealtriage.workspace import Workspace
from tests.company import finished_run
from tests.conftest import ROOT
from tests.postgres import free_port, server, why_not

pytestmark = pytest.mark.xdist_group("serving")


@cache
def _packed() -> Path:
    folder = Path(mkdtemp(prefix="dealtriage-packed-"))
    pack(load_params(finished_run() / "params.yaml"), Workspace(finished_run()), folder)
    return folder


@pytest.fixture(scope="module")
def answering() -> Answering:
    return Answering.load(_packed())


@pytest.fixture(scope="module")
def advice() -> pd.DataFrame:
    return read_parquet(finished_run() / "data/advice/advice.parquet").sort_values("deal_id", ignore_index=True)


def requests(advice: pd.DataFrame) -> pd.DataFrame:
    """The rows of the open deals on the export day, with what the run knows of their proposals."""
    workspace = Workspace(finished_run())
    matrix = read_parts(workspace.features)
    now = matrix.merge(advice[["deal_id", "as_of"]], on=["deal_id", "as_of"]).sort_values("deal_id", ignore_index=True)
    told = advice[list(TOLD_BY_CALLER)].fillna({"cause": "unclear", "kind": "unknown"})
    return now.drop(columns="as_of").join(told)


def test_it_says_what_the_lists_say(answering: Answering, advice: pd.DataFrame) -> None:
    told = answering.answer(requests(advice))
    np.testing.assert_allclose(told["p_revive_90d"], advice["p_revive_90d"], rtol=1e-12)
    np.testing.assert_allclose(told["p_restall"], advice["p_restall"], rtol=1e-12)
    quiet = advice["p_revive_90d"].notna()
    assert quiet.sum() > 20 and (told["state"] == "active").equals(~quiet)
    for name in ("reason_1", "reason_2", "reason_3"):
        assert told.loc[quiet, name].tolist() == advice.loc[quiet, name].tolist()
    same = told["state"] == advice["state"]
    assert (same & quiet).sum() > 20
    for name in ("phase", "step", "why_phase", "role"):
        assert told.loc[same, name].tolist() == advice.loc[same, name].tolist(), name


def test_a_caller_can_tell_all_that_the_phases_ask() -> None:
    known = {"state", "p_restall", "is_large"}  # told by the model
    asked = set(Situation.__dataclass_fields__)
    bounds = read_json(_packed() / "serving.json")["bounds"]
    assert asked == known | set(TOLD_BY_CALLER) | set(bounds)


def test_a_chance_for_every_row_is_there_for_comparisons(answering: Answering, advice: pd.DataFrame) -> None:
    told = answering.answer(requests(advice), with_reasons=False, quiet_only=False)
    assert told["p_revive_90d"].notna().all()


def test_what_a_caller_leaves_out_is_taken_as_not_known(answering: Answering, advice: pd.DataFrame) -> None:
    rows = requests(advice)
    bare = answering.answer(rows[answering.card["features"]], with_reasons=False)
    assert "deal_id" not in bare and "reason_1" not in bare
    stalled = bare[bare["state"] == "stalled"]
    assert set(stalled["why_phase"]) == {"the win/loss sheet is not filled"}
    out = answering.answer(rows[answering.card["features"]].assign(proposal="outstanding"))
    assert set(out.loc[out["state"] == "stalled", "why_phase"]) == {"a proposal is outstanding"}


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[None]:
    """A server as long as it is needed; it is up when it says so."""
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    said: list[str] = []
    is_up = Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "Application startup complete" in line:
                is_up.set()
        is_up.set()

    listener = Thread(target=listen)
    listener.start()
    try:
        assert is_up.wait(120) and process.poll() is None, "".join(said)
        yield
    finally:
        os.killpg(process.pid, SIGTERM)
        process.wait(60)
        listener.join(60)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_champion_on_a_server_with_postgresql_answers_a_request(tmp_path: Path, advice: pd.DataFrame) -> None:
    """As docs/mlflow.md tells it: a tracking server with PostgreSQL and a folder of artifacts, a run logged and promoted by HTTP, and its model served."""
    mlflow, dealtriage = (str(Path(sys.executable).with_name(name)) for name in ("mlflow", "dealtriage"))
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "OMP_NUM_THREADS": "1"}
    run = ["--params", str(finished_run() / "params.yaml"), "--out", str(finished_run())]
    with server() as url:
        store, served = free_port(), free_port()
        tracking = [mlflow, "server", "--backend-store-uri", url.replace("postgresql://", "postgresql+psycopg://"), "--artifacts-destination", str(tmp_path / "artifacts"),
                  "--host", "127.0.0.1", "--port", str(store), "--workers", "1"]
        with running(tracking, tmp_path, **quiet):
            at = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{store}"}
            for command in ("track", "promote"):
                done = subprocess.run([dealtriage, command, *run], cwd=ROOT, env={**os.environ, **quiet, **at}, capture_output=True, text=True, check=False, timeout=120)
                assert done.returncode == 0, done.stderr
            assert "champion of dealtriage: version 1" in done.stdout and list((tmp_path / "artifacts").rglob("model.skops"))
            serve = [mlflow, "models", "serve", "-m", "models:/dealtriage@champion", "--env-manager", "local", "-h", "127.0.0.1", "-p", str(served)]
            with running(serve, tmp_path, **quiet, **at, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"):
                features = read_json(finished_run() / "models" / "card.json")["features"]
                asked = requests(advice)[["deal_id", *features]].assign(proposal="outstanding")
                body = json.dumps({"dataframe_records": json.loads(asked.to_json(orient="records"))}).encode()
                with urlopen(Request(f"http://127.0.0.1:{served}/invocations", body, {"Content-Type": "application/json"}), timeout=60) as answer:
                    told = json.loads(answer.read(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))["predictions"]
    assert [one["deal_id"] for one in told] == advice["deal_id"].tolist()
    assert [one["reason_1"] for one in told if one["state"] != "active"] == advice.loc[advice["p_revive_90d"].notna(), "reason_1"].tolist()
    assert {one["why_phase"] for one in told if one["state"] == "stalled"} == {"a proposal is outstanding"}
