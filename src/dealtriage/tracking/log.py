"""One run per state of the pipeline: parameters, metrics, figures, the page as its note, the data it came from, a nested run per fold."""

import hashlib
import re
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

import dealtriage
from dealtriage.params import Params
from dealtriage.serving import BANDS, MODELS
from dealtriage.tables import read_json, read_parquet
from dealtriage.tracking.lock import dvc_hashes
from dealtriage.tracking.registry import log_model
from dealtriage.tracking.store import connect
from dealtriage.workspace import Workspace

HASHED = {"raw": None, "core": "core", "timeline": "timeline", "cohort": "cohort", "features": "features",
          "predictions": "predictions", "scores": "scores"}
INPUTS = {"raw": "source", "features": "training", "predictions": "evaluation"}
LONGEST_NOTE = 4900  # PostgreSQL holds 5,000 signs of a description


def track(params: Params, workspace: Workspace, params_text: str) -> str:
    """Log the current state as one run, unless it is logged already. Returns a line that says which run it is.

    The state is named by a fingerprint of the parameters, the metrics, the model and the scores. The model is
    registered and takes the alias `candidate`.
    """
    mlflow = connect(params, workspace)
    state = fingerprint(workspace, params_text)
    known = mlflow.search_runs(experiment_names=[params.track.experiment], filter_string=f"tags.state = '{state}'",
                               output_format="list")
    if known:
        return f"already tracked: run {known[0].info.run_id} of state {state}\n"
    card = read_json(workspace.model / "card.json")
    metrics = read_json(workspace.reports / "metrics" / "backtest.json")
    note = _note(workspace)
    with mlflow.start_run(run_name=f"{card['model']} {card['cutoff'][:10]}") as run:
        mlflow.set_tags({"state": state, "model_version": card["version"], "git_commit": _git_commit(), "mlflow.note.content": note, **_chosen(metrics), **_data_hashes(params, workspace)})
        _log_inputs(mlflow, params, workspace)
        mlflow.log_params(_flat(params.model_dump(mode="json", exclude={"sample"})))
        mlflow.log_metrics(_numbers(metrics))
        mlflow.log_artifacts(str(workspace.reports), "reports")
        mlflow.log_artifact(str(workspace.model / "card.json"), "model-card")
        mlflow.log_text(params_text, "params.yaml")
        if Path("dvc.lock").is_file():
            mlflow.log_artifact("dvc.lock")
        mlflow.log_table(_phases(workspace), "states.json")
        _log_folds(mlflow, workspace, card["model"])
        registered = log_model(mlflow, params, workspace, card, note)
        mlflow.MlflowClient().set_registered_model_alias(params.track.model_name, "candidate", registered)
        return f"tracked: run {run.info.run_id}, model {params.track.model_name} version {registered} (candidate)\n"


def fingerprint(workspace: Workspace, params_text: str) -> str:
    """Sixteen hexadecimal digits that name the state of the pipeline."""
    digest = hashlib.sha256(params_text.encode())
    code = sorted(Path(dealtriage.__file__).parent.rglob("*.py"))  # it is logged with the model
    models = [workspace.model / name for name in MODELS]
    for path in (workspace.reports / "metrics" / "backtest.json", workspace.reports / "tables" / BANDS, workspace.scores / "scores.parquet", *models, *code):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _note(workspace: Workspace) -> str:
    """The model card as MLflow shows it beside the run: without its pictures, which lie in reports/figures, and cut where it is too long."""
    text = (workspace.reports / "model-card.md").read_text("utf-8")
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"^!\[.*$\n?", "", text, flags=re.MULTILINE))
    return text if len(text) <= LONGEST_NOTE else f"{text[:LONGEST_NOTE].rsplit(chr(10), 1)[0]}\n\nThe rest is in the artifact reports/model-card.md."


def _log_inputs(mlflow: Any, params: Params, workspace: Workspace) -> None:
    """What the run came from, as MLflow's datasets; the digest is DVC's hash where DVC made it."""
    from mlflow.data.dataset_source_registry import resolve_dataset_source
    from mlflow.data.meta_dataset import MetaDataset

    hashes = dvc_hashes(Path("dvc.lock"))
    warnings.filterwarnings("ignore", message="The specified dataset source can be interpreted in multiple ways")  # twice the same one
    for name, context in INPUTS.items():
        path = params.source.path if HASHED[name] is None else getattr(workspace, name)
        digest = hashes.get(path.as_posix()) or _hash(path)[:36]
        mlflow.log_input(MetaDataset(resolve_dataset_source(path.as_posix()), name=name, digest=digest), context=context)


def _log_folds(mlflow: Any, workspace: Workspace, model: str) -> None:
    folds = pd.read_csv(workspace.reports / "tables" / "folds.csv")
    for row in folds[folds["model"] == model].itertuples():
        with mlflow.start_run(run_name=f"fold {row.fold}", nested=True):
            mlflow.log_params({"fold": row.fold, "first_as_of": row.first_as_of, "model": model})
            mlflow.log_metrics({name: float(getattr(row, name)) for name in ("rows", "revived_share", "auc", "log_loss")
                                if pd.notna(getattr(row, name))})


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
