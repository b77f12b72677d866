"""The package's own models, through its own interface. Nothing else here knows how they are called."""

import time
from datetime import timedelta

import pandas as pd
from benchmarks.accuracy.task import Answer, Task
from sklearn.base import BaseEstimator, clone

from dealtriage.calendar import fold
from dealtriage.matrix import deal_group, feature_columns, read_labelled
from dealtriage.model.candidates import CANDIDATES, AdditiveBoosting, candidates, logistic_splines
from dealtriage.model.fitting import Slice, chance, fit_calibrated
from dealtriage.model.rules import rules
from dealtriage.params import Params
from dealtriage.workspace import Workspace

BASELINE = "silence"


def labelled(workspace: Workspace) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a finished run whose outcome is known, and the names of their features."""
    matrix = read_labelled(workspace)
    matrix = matrix[matrix["revived"].notna()].reset_index(drop=True)
    return matrix, feature_columns(matrix)


def models(columns: list[str], params: Params) -> dict[str, BaseEstimator]:
    """Every rule and every candidate there is, unfitted."""
    return {**rules(), **candidates(tuple(CANDIDATES), columns, params.model.seed)}


def plain(task: Task, model: BaseEstimator) -> Answer:
    """The model fitted on all training rows, as it is."""
    started = time.monotonic()
    fitted = clone(model).fit(task.split.train[task.columns], task.learnt)
    return Answer(chance(fitted, task.split.test[task.columns]), time.monotonic() - started)


def calibrated(task: Task, model: BaseEstimator) -> Answer:
    """The model fitted on the earlier training rows and put straight on those of the last `backtest.calibration_weeks`."""
    started = time.monotonic()
    rows, last = task.split.train, task.split.cut
    one = fold(0, last, last + timedelta(days=1), task.params.label.horizon_days, task.params.backtest.calibration_weeks)
    everything = Slice(rows[task.columns], task.learnt, deal_group(rows["deal_id"], 2, "half"))
    is_later = (rows["as_of"] >= one.calibration_start).to_numpy()
    fitted = fit_calibrated(model, everything.of(~is_later), everything.of(is_later))
    return Answer(chance(fitted, task.split.test[task.columns]), time.monotonic() - started)


def candidates_only(task: Task) -> dict[str, BaseEstimator]:
    """Every candidate, unfitted."""
    return candidates(tuple(CANDIDATES), task.columns, task.params.model.seed)


def of_any_columns(columns: list[str], seed: int) -> dict[str, BaseEstimator]:
    """Our estimators for a matrix that does not hold our features: no trend is known of any column."""
    return {"logistic_splines": logistic_splines(columns, seed), "additive_boosting": AdditiveBoosting((0,) * len(columns), seed)}
