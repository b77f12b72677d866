"""The registered models: what is logged of one, and which is the champion."""

import warnings
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import dealtriage
from dealtriage.errors import BadInput
from dealtriage.features.registry import by_name
from dealtriage.params import Params
from dealtriage.promotion import against_champion
from dealtriage.serving import TOLD_BY_CALLER, Answering, pack
from dealtriage.tables import column_names, parts, read_json, read_parquet
from dealtriage.tracking.store import aliased, connect
from dealtriage.workspace import Workspace

REQUIREMENTS = ("mlflow", "scikit-learn", "skops", "numpy", "pandas", "scipy", "pyarrow", "pydantic", "ruamel.yaml", "tzdata")
DESCRIPTION = "Tells stalled deals from dead ones. A request holds rows of data/features; the answer has the chance to come back, the state, the next phase and the reasons."
EXAMPLES = 2


def log_model(mlflow: Any, params: Params, workspace: Workspace, card: dict[str, Any], told: str) -> str:
    """Log and register the model of this state, which answers as the lists do; told: its description. Returns its version."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    example = _example(workspace)
    with TemporaryDirectory(prefix="dealtriage-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow's own, about the package it copies
        pack(params, workspace, Path(scratch) / "answering")
        answer = Answering.load(Path(scratch) / "answering").answer(example)
        signature = ModelSignature(_request(ColSpec, Schema, example, card["features"]), _answer(ColSpec, Schema, answer),
                                   ParamSchema([ParamSpec("with_reasons", "boolean", True), ParamSpec("quiet_only", "boolean", True)]))
        logged = mlflow.pyfunc.log_model(
            name="model", python_model=str(Path(__file__).with_name("served.py")), artifacts={"answering": str(Path(scratch) / "answering")},
            code_paths=[str(Path(dealtriage.__file__).parent)], signature=signature, input_example=example,
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS], registered_model_name=params.track.model_name)
    client, registered = mlflow.MlflowClient(), str(logged.registered_model_version)
    client.update_registered_model(params.track.model_name, DESCRIPTION)
    client.update_model_version(params.track.model_name, registered, told)
    return registered


def _example(workspace: Workspace) -> pd.DataFrame:
    """Two rows as a request holds them, of deals that are quiet if there are any, with what a caller may tell beside the features."""
    part = parts(workspace.features)[0]
    rows = read_parquet(part, [name for name in column_names(part) if name in by_name()])
    quiet = rows[rows["silence_days"] >= rows["silence_days"].median()].tail(EXAMPLES)
    told = {name: TOLD_BY_CALLER[name] for name in ("proposal", "has_sheet")}
    return quiet.astype("float64").assign(deal_id=[f"deal {number}" for number in range(1, len(quiet) + 1)], **told).reset_index(drop=True)


def _request(ColSpec: Any, Schema: Any, example: pd.DataFrame, needed: list[str]) -> Any:
    """The columns of a request: the model's features are needed, the others may be left out."""
    kinds = {**dict.fromkeys(example.select_dtypes("number"), "double"), "deal_id": "string"}
    kinds |= {name: "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "double" for name, value in TOLD_BY_CALLER.items()}
    return Schema([ColSpec(kind, name, required=name in needed) for name, kind in kinds.items()])


def _answer(ColSpec: Any, Schema: Any, answer: pd.DataFrame) -> Any:
    numbers = set(answer.select_dtypes("number").columns)
    return Schema([ColSpec("double" if name in numbers else "string", name) for name in answer.columns])


def promote(params: Params, workspace: Workspace) -> str:
    """Give the candidate the alias `champion`. Raises BadInput when there is no candidate, its alarm rang, or the champion does better (see `promotion`)."""
    mlflow = connect(params, workspace)
    client, name = mlflow.MlflowClient(), params.track.model_name
    candidate = aliased(client, name, "candidate")
    if candidate is None:
        raise BadInput(f"There is no candidate of the model {name}.", "Run the pipeline first: dvc repro.")
    if alarm := read_json(workspace.reports / "metrics" / "backtest.json")["leak_alarm"]:
        raise BadInput(f"The candidate is not promoted: {alarm}", "Find the leak, exclude it, run again.")
    before = aliased(client, name, "champion")
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
    if not model.metadata.signature.params:
        return "no comparison: the champion was registered by an older version, and answers otherwise"
    good, told = against_champion(lambda rows: _chances(model, rows, card["horizon_days"]), card["features"],
                                  datetime.fromisoformat(card["cutoff"]), workspace, params.backtest.bootstrap)
    if not good:
        raise BadInput(f"The candidate is not promoted: {told}.", "Keep the champion, or find out what got worse: reports/ of both runs are in MLflow.")
    return told


def _chances(model: Any, rows: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """The champion's chance of each row, quiet or not."""
    told = model.predict(rows.astype("float64"), params={"with_reasons": False, "quiet_only": False})
    return told[f"p_revive_{horizon_days}d"].to_numpy(dtype=float)
