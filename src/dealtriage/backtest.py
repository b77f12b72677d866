"""Rolling origin: at each fold learn from what was known, calibrate later, predict the next weeks.

Deals are split into groups by their id; each group is tested in turn by models that saw none of its deals. Calibration
crosses the remaining deals in two halves (see model.fitting), so that no deal stands on two sides of a split.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dealtriage.calendar import Fold, broken_rule, folds
from dealtriage.errors import BadInput
from dealtriage.matrix import deal_group, feature_columns, read_labelled
from dealtriage.model.candidates import candidates
from dealtriage.model.fitting import Slice, chance, fit_calibrated
from dealtriage.model.rules import rules
from dealtriage.params import Params
from dealtriage.tables import write_parquet
from dealtriage.workspace import Workspace, read_cutoff

FEWEST_ROWS = 40
FEWEST_OF_EACH = 5
ALARM_ROWS = 200
LABELS = ["revived", "days_until_any_signal", "days_until_signal_and_progress", "days_until_won", "ended_by", "ended_by_whom"]


def run(params: Params, workspace: Workspace) -> None:
    """Write data/predictions: backtest.parquet, one row per tested deal, as-of date and model; left_out.parquet, how many
    rows (quiet deal-weeks) and deals were neither learnt from nor tested, by reason (see `labels.label`)."""
    matrix = read_labelled(workspace)
    left_out = matrix[matrix["revived"].isna()].groupby("left_out", as_index=False).agg(rows=("deal_id", "size"), deals=("deal_id", "nunique"))
    matrix = matrix[matrix["revived"].notna()].reset_index(drop=True)
    columns = feature_columns(matrix)
    refuse_leaks(matrix, columns, params.model.leak_auc)
    table = predictions(matrix, columns, params, read_cutoff(workspace))
    write_parquet(table, workspace.predictions / "backtest.parquet")
    write_parquet(left_out, workspace.predictions / "left_out.parquet")


def predictions(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime) -> pd.DataFrame:
    """fold, deal_id, as_of, model, is_rule, p, and the labels: every test row under every rule and candidate.

    Raises BadInput when the history is too short to test anything.
    """
    group = deal_group(matrix["deal_id"], params.backtest.deal_groups)
    jobs = [(one, number) for one in planned_folds(params, cutoff) for number in range(params.backtest.deal_groups)]
    parts = Parallel(n_jobs=-1)(delayed(_predict)(matrix, columns, group, one, number, params) for one, number in jobs)
    found = [part for part in parts if part is not None]
    if not found:
        raise BadInput(
            f"The history is too short to learn from: {len(matrix)} quiet deal-weeks whose outcome is known, "
            f"{int(matrix['revived'].sum())} of them revived, and no fold has {FEWEST_ROWS} to train on.",
            "Export a longer history, or lower label.horizon_days, backtest.folds, test_weeks or calibration_weeks.")
    return pd.concat(found, ignore_index=True).sort_values(["fold", "as_of", "deal_id", "model"], kind="stable")


def planned_folds(params: Params, cutoff: datetime) -> list[Fold]:
    """The folds, each checked by a validator that recomputes its dates."""
    planned = folds(cutoff, params.label.horizon_days, params.backtest.folds, params.backtest.test_weeks,
                    params.backtest.calibration_weeks)
    for one in planned:
        if wrong := broken_rule(one, params.label.horizon_days):
            raise AssertionError(f"fold {one.number}: {wrong}")
    return planned


def slices(matrix: pd.DataFrame, columns: list[str], one: Fold,
           kept: NDArray[np.bool_]) -> tuple[Slice, Slice]:
    """The rows of the `kept` deals that train and that calibrate at a fold."""
    everything = Slice(matrix[columns], matrix["revived"].to_numpy(dtype=np.int64), deal_group(matrix["deal_id"], 2, "half"))
    as_of = matrix["as_of"]
    train = (as_of < one.train_end).to_numpy() & kept
    later = as_of.between(one.calibration_start, one.calibration_end, inclusive="left").to_numpy() & kept
    return everything.of(train), everything.of(later)


def _predict(matrix: pd.DataFrame, columns: list[str], group: NDArray[np.int64], one: Fold, tested: int,
             params: Params) -> pd.DataFrame | None:
    train, later = slices(matrix, columns, one, group != tested)
    test = matrix["as_of"].between(one.test_start, one.test_end, inclusive="left").to_numpy() & (group == tested)
    if len(train.y) < FEWEST_ROWS or np.bincount(train.y, minlength=2).min() < FEWEST_OF_EACH or not test.any():
        return None
    found = []
    models = {**rules(), **candidates(params.model.candidates, columns, params.model.seed)}
    for name, model in models.items():
        with threadpool_limits(1):
            fitted = fit_calibrated(model, train, later)
        found.append(matrix.loc[test, ["deal_id", "as_of", *LABELS]].assign(
            fold=one.number, model=name, is_rule=name in rules(), p=chance(fitted, matrix.loc[test, columns])))
    return pd.concat(found)[["fold", "deal_id", "as_of", "model", "is_rule", "p", *LABELS]]


def refuse_leaks(matrix: pd.DataFrame, columns: list[str], most: float) -> None:
    """Raise BadInput when one feature alone tells the classes apart better than AUC `most`: it knows the outcome."""
    from sklearn.metrics import roc_auc_score

    y = matrix["revived"].to_numpy(dtype=np.int64)
    if len(y) < ALARM_ROWS or np.bincount(y, minlength=2).min() < ALARM_ROWS // 10:
        return
    for name in columns:
        auc = roc_auc_score(y, matrix[name].fillna(matrix[name].min() - 1).fillna(0))
        if max(auc, 1 - auc) > most:
            raise BadInput(f"The feature {name} alone tells stalled from dead with an AUC of {max(auc, 1 - auc):.3f}. "
                           "It probably knows the outcome.",
                           f"Look at where its facts come from; to go on without it: features.exclude: [{name}]")
