"""The model in use: the choice of the backtest, fitted on everything known at the cutoff, and its card."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from dealtriage.backtest import drawn, known_at
from dealtriage.calendar import WEEK, fold
from dealtriage.errors import BadInput
from dealtriage.lookalikes import ranges
from dealtriage.matrix import feature_columns, read_labelled, read_rotten_days
from dealtriage.model.after import farthest, fit_win
from dealtriage.model.candidates import candidates
from dealtriage.model.fitting import Known, Slice
from dealtriage.model.restall import comebacks, fit_restall, levers
from dealtriage.model.rules import rules
from dealtriage.model.selection import Choice, choose, fit_choice, plain_choice
from dealtriage.model.store import save_model
from dealtriage.model.when import fit_when
from dealtriage.params import Params
from dealtriage.peers import past
from dealtriage.tables import read_json, write_json, write_parquet
from dealtriage.workspace import Workspace, read_cutoff


def run(params: Params, workspace: Workspace) -> str:
    """Write models/: model.skops, win.skops, restall.skops, lookalikes.parquet, past.parquet and card.json. Returns one line that names the model."""
    matrix = read_labelled(workspace)
    columns, cutoff, plain = feature_columns(matrix), read_cutoff(workspace), rules(read_rotten_days(workspace))
    name = str(read_json(workspace.reports / "metrics" / "backtest.json")["model"])
    now = fold(0, cutoff, cutoff + WEEK, params.label.horizon_days, params.backtest.calibration_weeks)
    known = known_at(matrix, columns, now, np.ones(len(matrix), dtype=bool), params.label)
    rows = known.finished
    if rows.fewest == 0:
        raise BadInput("All deals to train on had the same outcome.", "Export a longer history.")
    choice = _choice(name, plain, params, columns, known)
    fitted = fit_choice(choice, known)
    typical = rows.X.median().where(rows.X.notna().mean() >= 0.5)
    when, win = fit_when(known, farthest(params.label)), fit_win(known, farthest(params.label))
    back = comebacks(known, when)
    workspace.model.mkdir(parents=True, exist_ok=True)
    save_model(fitted, workspace.model / "model.skops")
    save_model(win, workspace.model / "win.skops")
    save_model(fit_restall(back), workspace.model / "restall.skops")
    write_parquet(past(drawn(matrix, params.backtest.most_deals), columns), workspace.model / "past.parquet")
    write_parquet(ranges(rows.X, rows.y, rows.deal, params.publish.min_band_deals), workspace.model / "lookalikes.parquet")
    version = hashlib.sha256((workspace.model / "model.skops").read_bytes()).hexdigest()[:12]
    write_json(workspace.model / "card.json", {
        "model": choice.name, "is_rule": choice.is_rule, "version": version, "features": columns,
        "horizon_days": params.label.horizon_days, "revival": params.label.revival, "when_days": list(params.label.when_days),
        "cutoff": f"{cutoff:%Y-%m-%d %H:%M:%S}", "line": {"slope": choice.slope, "intercept": choice.intercept},
        "trials": choice.trials.to_dict("records"), "when": when.to_json(), "restall_levers": levers(back),
        "trained_on": _about(matrix, rows), "calibrated_on": _about(matrix, known.later), "running_windows": int(len(known.everything.y) - len(rows.y)),
        "typical_deal": {c: None if np.isnan(v) else float(v) for c, v in typical.items()}})
    return f"{choice.name}, version {version}, learnt from {len(rows.y):,} deal-weeks whose windows are over and {len(known.everything.y) - len(rows.y):,} still running\n"


def _choice(name: str, plain: dict[str, BaseEstimator], params: Params, columns: list[str], known: Known) -> Choice:
    """The rule that the gate left, or what selection makes of the newest data."""
    if name in plain:
        return plain_choice(name, plain[name])
    return choose(plain, candidates(params.model.candidates, columns, params.model.seed), known, params.model.search_seconds)


def _about(matrix: pd.DataFrame, rows: Slice) -> dict[str, Any]:
    part = matrix.loc[rows.X.index]
    if part.empty:
        return {"rows": 0, "deals": 0}
    return {"rows": len(part), "deals": int(part["deal_id"].nunique()),
            "first_as_of": f"{part['as_of'].min():%Y-%m-%d}", "last_as_of": f"{part['as_of'].max():%Y-%m-%d}",
            "revived_share": round(float(part["revived"].astype(float).mean()), 6)}
