"""The trained model on disk: skops, not pickle, so that loading runs no code; the same model gives the same bytes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from dealtriage.errors import BadInput

TRUSTED = (
    "dealtriage.model.alive.StillAlive",
    "dealtriage.model.boosting.CodedBoosting",
    "dealtriage.model.boosting.TrendBoosting",
    "dealtriage.model.cure.Latency",
    "dealtriage.model.cure.MixtureCure",
    "dealtriage.model.fitting.Calibrated",
    "dealtriage.model.rules.FallingWith",
    "dealtriage.model.rules.Rotting",
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.interpolate._interpolate.interp1d",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
EPOCH = (1980, 1, 1, 0, 0, 0)


def save_model(model: BaseEstimator, path: Path) -> None:
    """Write the model; the bytes depend on the model alone, not on memory addresses or the time of day."""
    from skops.io import dumps

    draft = path.with_name(path.name + ".part")
    draft.write_bytes(_settled(dumps(model)))
    draft.replace(path)


def load_model(path: Path) -> BaseEstimator:
    """Read a model written by `save_model`. Raises BadInput for one that holds types outside TRUSTED: of another version, or not ours."""
    from skops.io import load
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return load(path, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise BadInput(f"{path} was not made by this version of dealtriage: {error}.", "Train anew: dvc repro, or dealtriage run.") from error


def _settled(content: bytes) -> bytes:
    """Number objects and files in the order of the schema instead of by their memory addresses; fix the dates."""
    old = zipfile.ZipFile(io.BytesIO(content))
    schema = json.loads(old.read("schema.json"))
    numbers: dict[Any, int] = {}
    files: dict[str, str] = {}
    _renumber(schema, numbers, files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, settled in [*files.items(), ("schema.json", "schema.json")]:
            data = old.read(name) if name != "schema.json" else json.dumps(schema, indent=1).encode()
            info = zipfile.ZipInfo(settled, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, data)
    return out.getvalue()


def _renumber(node: Any, numbers: dict[Any, int], files: dict[str, str]) -> None:
    if isinstance(node, list):
        for item in node:
            _renumber(item, numbers, files)
    if isinstance(node, dict):
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
        if isinstance(node.get("file"), str):
            suffix = Path(node["file"]).suffix
            node["file"] = files.setdefault(node["file"], f"{len(files) + 1}{suffix}")
        for value in node.values():
            _renumber(value, numbers, files)
