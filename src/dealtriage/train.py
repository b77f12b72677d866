"""The model in use: the choice of the backtest, fitted on everything known at the cutoff, and its card."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.backtest import slices
from dealtriage.calendar import WEEK, fold
from dealtriage.errors import BadInput
from dealtriage.matrix import feature_columns, read_labelled
from dealtriage.model.candidates import candidates
from dealtriage.model.fitting import Slice, fit_calibrated
from dealtriage.model.rules import rules
from dealtriage.model.store import save_model
from dealtriage.params import Params
from dealtriage.tables import read_json, write_json
from dealtriage.workspace import Workspace, read_cutoff


def run(params: Params, workspace: Workspace) -> str:
    """Write models/model.skops and models/card.json. Returns one line that names the model."""
    matrix = read_labelled(workspace)
    matrix = matrix[matrix["revived"].notna()].reset_index(drop=True)
    columns, cutoff = feature_columns(matrix), read_cutoff(workspace)
    name = str(read_json(workspace.reports / "metrics" / "backtest.json")["model"])
    model = {**rules(), **candidates(params.model.candidates, columns, params.model.seed)}[name]
    now = fold(0, cutoff, cutoff + WEEK, params.label.horizon_days, params.backtest.calibration_weeks)
    train, later = slices(matrix, columns, now, np.ones(len(matrix), dtype=bool))
    if np.bincount(train.y, minlength=2).min() == 0:
        raise BadInput("All deals to train on had the same outcome.", "Export a longer history.")
    fitted = fit_calibrated(model, train, later)
    typical = train.X.median().where(train.X.notna().mean() >= 0.5)
    workspace.model.mkdir(parents=True, exist_ok=True)
    save_model(fitted, workspace.model / "model.skops")
    version = hashlib.sha256((workspace.model / "model.skops").read_bytes()).hexdigest()[:12]
    write_json(workspace.model / "card.json", {
        "model": name, "is_rule": name in rules(), "version": version, "features": columns,
        "horizon_days": params.label.horizon_days, "revival": params.label.revival,
        "cutoff": f"{cutoff:%Y-%m-%d %H:%M:%S}",
        "trained_on": _about(matrix, train), "calibrated_on": _about(matrix, later),
        "typical_deal": {c: None if np.isnan(v) else float(v) for c, v in typical.items()}})
    return f"{name}, version {version}, trained on {len(train.y):,} and calibrated on {len(later.y):,} deal-weeks\n"


def _about(matrix: pd.DataFrame, rows: Slice) -> dict[str, Any]:
    part = matrix.loc[rows.X.index]
    if part.empty:
        return {"rows": 0, "deals": 0}
    return {"rows": len(part), "deals": int(part["deal_id"].nunique()),
            "first_as_of": f"{part['as_of'].min():%Y-%m-%d}", "last_as_of": f"{part['as_of'].max():%Y-%m-%d}",
            "revived_share": round(float(part["revived"].astype(float).mean()), 6)}
