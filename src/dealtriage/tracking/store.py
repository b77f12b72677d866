"""Where runs and models are kept: the project's own SQLite store, or the server that MLFLOW_TRACKING_URI names."""

import os
from pathlib import Path
from typing import Any

from dealtriage.params import Params
from dealtriage.workspace import Workspace


def connect(params: Params, workspace: Workspace) -> Any:
    """The mlflow module, its store and the experiment chosen."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
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


def aliased(client: Any, name: str, alias: str) -> str | None:
    """The version of a registered model that has the alias; None where none has."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException:
        return None
