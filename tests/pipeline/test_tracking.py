"""MLflow: one run per state, the model registered and loadable, the champion moved on command."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from dealtriage.errors import BadInput
from dealtriage.matrix import read_labelled
from dealtriage.model.boosting import TrendBoosting
from dealtriage.model.store import save_model
from dealtriage.params import Params, load_params
from dealtriage.serving import Answering, pack
from dealtriage.tables import read_json, read_parts, write_json
from dealtriage.tracking import promote, track
from dealtriage.tracking.lock import dvc_hashes
from dealtriage.tracking.store import store_home
from dealtriage.workspace import Workspace
from tests.company import finished_run

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"),
              pytest.mark.filterwarnings("ignore::FutureWarning"), pytest.mark.filterwarnings("ignore::UserWarning"),
              pytest.mark.filterwarnings("ignore::ResourceWarning"),
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of its own, with the experiment chosen."""
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_experiment("dealtriage")


def test_track_promote_and_load(tmp_path: Path, store: None) -> None:
    import mlflow

    workspace = Workspace(finished_run())
    params, text = load_params(finished_run() / "params.yaml"), (finished_run() / "params.yaml").read_text()
    with pytest.raises(BadInput, match="no candidate"):
        promote(params, workspace)

    assert track(params, workspace, text).startswith("tracked: run")
    assert track(params, workspace, text).startswith("already tracked")
    runs = mlflow.search_runs(experiment_names=["dealtriage"], output_format="list")
    main = [run for run in runs if "state" in run.data.tags]
    assert len(main) == 1
    metrics = read_json(workspace.reports / "metrics" / "backtest.json")
    assert main[0].data.metrics["auc"] == metrics["auc"]
    assert main[0].data.params["cohort.quiet_days"] == "14"
    assert len(main[0].data.tags["sha256.features"]) == 64
    assert len(runs) - 1 == 2  # a nested run per fold

    assert promote(params, workspace) == "champion of dealtriage: version 1\n"
    champion = mlflow.pyfunc.load_model("models:/dealtriage@champion")
    card = read_json(workspace.model / "card.json")
    rows = read_parts(workspace.features)[card["features"]].head(20)
    told = champion.predict(rows)
    assert len(told) == 20 and set(told["state"]) <= {"active", "stalled", "dead"}
    np.testing.assert_allclose(told["p_revive_90d"].astype(float), Answering.load(packed(params, workspace, tmp_path)).answer(rows)["p_revive_90d"])

    registered = mlflow.MlflowClient().get_model_version_by_alias("dealtriage", "champion")
    assert registered.description.startswith("# ") and "stalled deals from dead ones" in mlflow.MlflowClient().get_registered_model("dealtriage").description
    info = mlflow.models.get_model_info("models:/dealtriage@champion")
    assert {one.name for one in info.signature.inputs if one.required} == set(card["features"]) and info.saved_input_example_info is not None
    assert main[0].data.tags["mlflow.note.content"] == registered.description and "![" not in registered.description
    assert {one.dataset.name for one in main[0].inputs.dataset_inputs} == {"raw", "features", "predictions"}

    changed = text + "# another state\n"
    assert "version 2" in track(params, workspace, changed)
    assert promote(params, workspace).startswith("champion of dealtriage: version 2, before it version 1; no comparison: fewer than 30 deals")


def test_the_digests_of_the_datasets_are_those_of_dvc(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    assert dvc_hashes(lock) == {}
    lock.write_text("schema: '2.0'\nstages:\n  clean:\n    cmd: x\n    deps:\n    - path: data/raw/a\n      md5: 1f.dir\n    - path: src\n      hash: md5\n    outs:\n    - path: data/core\n      md5: 2e.dir\n")
    assert dvc_hashes(lock) == {"data/raw/a": "1f.dir", "data/core": "2e.dir"}


def packed(params: Params, workspace: Workspace, folder: Path) -> Path:
    pack(params, workspace, folder / "packed")
    return folder / "packed"


def test_a_candidate_that_does_worse_than_the_champion_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A champion that claims to be older than what it learnt from knows the outcomes: nobody beats it."""
    import mlflow

    shutil.copytree(finished_run(), tmp_path / "old", ignore=shutil.ignore_patterns("raw", "core.part"))
    old, new = Workspace(tmp_path / "old"), Workspace(finished_run())
    params, text = load_params(finished_run() / "params.yaml"), (finished_run() / "params.yaml").read_text()
    labelled = read_labelled(new)
    labelled = labelled[labelled["revived"].notna()]
    card = read_json(old.model / "card.json")
    knowing = TrendBoosting(interactions="pairs", leaves=30, trees_per_root=8.0).fit(labelled[card["features"]], labelled["revived"].astype(int))
    save_model(knowing, old.model / "model.skops")
    write_json(old.model / "card.json", card | {"cutoff": "2025-06-01 00:00:00"})
    track(params, old, text)
    assert promote(params, old) == "champion of dealtriage: version 1\n"
    assert "version 2" in track(params, new, text + "# newer\n")
    with pytest.raises(BadInput, match=r"not promoted: on .* which neither had seen, its log loss is -0"):
        promote(params, new)
    assert str(mlflow.MlflowClient().get_model_version_by_alias("dealtriage", "champion").version) == "1"


def test_a_champion_of_an_older_version_is_replaced_without_comparison(tmp_path: Path, store: None) -> None:
    import mlflow
    from mlflow import sklearn as flavour
    from mlflow.models import infer_signature
    from sklearn.dummy import DummyClassifier

    workspace = Workspace(finished_run())
    params, text = load_params(finished_run() / "params.yaml"), (finished_run() / "params.yaml").read_text()
    with mlflow.start_run():
        mlflow.log_artifact(str(workspace.model / "card.json"), "model-card")
        x = np.zeros((2, 1))
        flavour.log_model(DummyClassifier().fit(x, [0, 1]), name="model", signature=infer_signature(x, x), pip_requirements=[], registered_model_name="dealtriage")
    mlflow.MlflowClient().set_registered_model_alias("dealtriage", "champion", "1")
    track(params, workspace, text)
    assert promote(params, workspace) == "champion of dealtriage: version 2, before it version 1; no comparison: the champion was registered by an older version, and answers otherwise\n"


def test_experiments_of_dvc_log_to_the_project() -> None:
    assert store_home(Path("/srv/deals/.dvc/tmp/exps/tmpx1")) == Path("/srv/deals")
    assert store_home(Path("/srv/deals")) == Path("/srv/deals")
