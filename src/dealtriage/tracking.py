"""What a run was, kept in MLflow: a sink at the end of the pipeline. The only importer of mlflow."""

import hashlib
import os
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.errors import BadInput
from dealtriage.model.store import TRUSTED, load_model
from dealtriage.params import Params
from dealtriage.promotion import against_champion
from dealtriage.tables import column_names, parts, read_json, read_parquet
from dealtriage.workspace import Workspace

HASHED = {"raw": None, "core": "core", "timeline": "timeline", "cohort": "cohort", "features": "features",
          "predictions": "predictions", "scores": "scores"}
REQUIREMENTS = ("scikit-learn", "skops", "numpy", "pandas", "scipy")


def track(params: Params, workspace: Workspace, params_text: str) -> str:
    """Log the current state as one run, unless it is logged already. Returns a line that says which run it is.

    The state is named by a fingerprint of the parameters, the metrics, the model and the scores. The model is
    registered and takes the alias `candidate`.
    """
    mlflow = _connect(params, workspace)
    state = fingerprint(workspace, params_text)
    known = mlflow.search_runs(experiment_names=[params.track.experiment], filter_string=f"tags.state = '{state}'",
                               output_format="list")
    if known:
        return f"already tracked: run {known[0].info.run_id} of state {state}\n"
    card = read_json(workspace.model / "card.json")
    metrics = read_json(workspace.reports / "metrics" / "backtest.json")
    with mlflow.start_run(run_name=f"{card['model']} {card['cutoff'][:10]}") as run:
        mlflow.set_tags({"state": state, "model_version": card["version"], "git_commit": _git_commit(), **_chosen(metrics), **_data_hashes(params, workspace)})
        mlflow.log_params(_flat(params.model_dump(mode="json", exclude={"sample"})))
        mlflow.log_metrics(_numbers(metrics))
        mlflow.log_artifacts(str(workspace.reports), "reports")
        mlflow.log_artifact(str(workspace.model / "card.json"), "model-card")
        mlflow.log_text(params_text, "params.yaml")
        if Path("dvc.lock").is_file():
            mlflow.log_artifact("dvc.lock")
        mlflow.log_table(_phases(workspace), "states.json")
        _log_folds(mlflow, workspace, card["model"])
        registered = _log_model(params, workspace, card)
        mlflow.MlflowClient().set_registered_model_alias(params.track.model_name, "candidate", registered)
        return f"tracked: run {run.info.run_id}, model {params.track.model_name} version {registered} (candidate)\n"


def promote(params: Params, workspace: Workspace) -> str:
    """Give the candidate the alias `champion`. Raises BadInput when there is no candidate, its alarm rang, or the champion does better (see `promotion`)."""
    mlflow = _connect(params, workspace)
    client, name = mlflow.MlflowClient(), params.track.model_name
    candidate = _aliased(client, name, "candidate")
    if candidate is None:
        raise BadInput(f"There is no candidate of the model {name}.", "Run the pipeline first: dvc repro.")
    if alarm := read_json(workspace.reports / "metrics" / "backtest.json")["leak_alarm"]:
        raise BadInput(f"The candidate is not promoted: {alarm}", "Find the leak, exclude it, run again.")
    before = _aliased(client, name, "champion")
    if before == candidate:
        return f"champion of {name}: version {candidate}, as before\n"
    told = _compared(mlflow, client, params, workspace, before) if before else ""
    client.set_registered_model_alias(name, "champion", candidate)
    return f"champion of {name}: version {candidate}" + (f", before it version {before}; {told}\n" if before else "\n")


def _compared(mlflow: Any, client: Any, params: Params, workspace: Workspace, champion: str) -> str:
    """What the comparison with the champion says. Raises BadInput when it speaks against the candidate."""
    version = client.get_model_version(params.track.model_name, champion)
    card = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/model-card/card.json")
    if missing := sorted(set(card["features"]) - set(column_names(parts(workspace.features)[0]))):
        return f"no comparison: this run holds no {', '.join(missing)}, which the champion needs"
    model = mlflow.pyfunc.load_model(f"models:/{params.track.model_name}/{champion}")
    good, told = against_champion(lambda rows: np.asarray(model.predict(rows.astype("float64")))[:, 1], card["features"],
                                  datetime.fromisoformat(card["cutoff"]), workspace, params.backtest.bootstrap)
    if not good:
        raise BadInput(f"The candidate is not promoted: {told}.", "Keep the champion, or find out what got worse: reports/ of both runs are in MLflow.")
    return told


def fingerprint(workspace: Workspace, params_text: str) -> str:
    """Sixteen hexadecimal digits that name the state of the pipeline."""
    digest = hashlib.sha256(params_text.encode())
    for path in (workspace.reports / "metrics" / "backtest.json", workspace.model / "model.skops",
                 workspace.scores / "scores.parquet"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _connect(params: Params, workspace: Workspace) -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    home = store_home(workspace.root.absolute())
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow.set_tracking_uri(f"sqlite:///{home / 'mlflow.db'}")
        if mlflow.get_experiment_by_name(params.track.experiment) is None:
            mlflow.create_experiment(params.track.experiment, artifact_location=(home / "mlruns").as_uri())
    mlflow.set_experiment(params.track.experiment)
    return mlflow


def store_home(root: Path) -> Path:
    """Where the SQLite store lies: the run's folder, or the project when DVC runs an experiment in a copy of it."""
    parts = root.parts
    for at in range(len(parts) - 2):
        if parts[at: at + 3] == (".dvc", "tmp", "exps"):
            return Path(*parts[:at])
    return root


def _log_model(params: Params, workspace: Workspace, card: dict[str, Any]) -> str:
    from mlflow import sklearn as flavour
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    signature = ModelSignature(Schema([ColSpec("double", name) for name in card["features"]]),
                               Schema([TensorSpec(np.dtype("float64"), (-1, 2))]))
    logged = flavour.log_model(
        load_model(workspace.model / "model.skops"), name="model", signature=signature,
        serialization_format="skops", skops_trusted_types=list(TRUSTED), pyfunc_predict_fn="predict_proba",
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        registered_model_name=params.track.model_name)
    return str(logged.registered_model_version)


def _log_folds(mlflow: Any, workspace: Workspace, model: str) -> None:
    folds = pd.read_csv(workspace.reports / "tables" / "folds.csv")
    for row in folds[folds["model"] == model].itertuples():
        with mlflow.start_run(run_name=f"fold {row.fold}", nested=True):
            mlflow.log_params({"fold": row.fold, "first_as_of": row.first_as_of, "model": model})
            mlflow.log_metrics({name: float(getattr(row, name)) for name in ("rows", "revived_share", "auc", "log_loss")
                                if pd.notna(getattr(row, name))})


def _aliased(client: Any, name: str, alias: str) -> str | None:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException:
        return None


def _phases(workspace: Workspace) -> pd.DataFrame:
    advice = read_parquet(workspace.advice / "advice.parquet", ["state", "phase", "role"])
    return advice.value_counts(sort=False).rename("deals").reset_index()


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and key not in ("columns", "event_log"):
            found |= _flat(value, f"{name}.")
        else:
            found[name] = str(value)[:500]
    return found


def _chosen(metrics: dict[str, Any]) -> dict[str, str]:
    """What is published, and which candidate was chosen most often at the folds."""
    tried = sorted(metrics["tried"], key=lambda one: -one["chosen"])
    return {"published": metrics["model"], "best_rule": metrics["choice"]["best_rule"], "chosen_candidate": tried[0]["name"] if tried else "none was tried"}


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    plain = {k: float(v) for k, v in metrics.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    for name in ("auc", "brier_skill", "ece", "calibration_slope"):
        if metrics[f"{name}_ci"]:
            plain[f"{name}_ci_low"], plain[f"{name}_ci_high"] = metrics[f"{name}_ci"]
    gain, capacity = metrics["gain_over_silence"], metrics["capacity"]
    plain |= {"gain_over_silence": gain["log_loss_gain"], "gain_over_silence_ci_low": gain["ci"][0], "gain_over_silence_ci_high": gain["ci"][1]}
    plain |= {f"capacity.{key}": capacity[key] for key in ("revived_share", "silence_revived_share", "share_of_all_revivals") if capacity[key] is not None}
    for name, rule in metrics["rules"].items():
        plain |= {f"rules.{name}.{key}": rule[key] for key in ("auc", "log_loss", "brier") if rule[key] is not None}
    return plain


def _data_hashes(params: Params, workspace: Workspace) -> dict[str, str]:
    folders = {name: params.source.path if attribute is None else getattr(workspace, attribute)
               for name, attribute in HASHED.items()}
    return {f"sha256.{name}": _hash(folder) for name, folder in folders.items()}


def _hash(path: Path) -> str:
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "not under git"
