"""The package's own models, through its own interface. Nothing else here knows how they are called."""

import time
from datetime import timedelta

import pandas as pd
from benchmarks.accuracy.task import Answer, Task
from sklearn.base import BaseEstimator, clone

from dealtriage.backtest import known_at
from dealtriage.calendar import fold
from dealtriage.matrix import feature_columns, read_labelled
from dealtriage.model.boosting import TrendBoosting
from dealtriage.model.candidates import CANDIDATES, candidates, logistic_splines
from dealtriage.model.fitting import chance
from dealtriage.model.rules import rules
from dealtriage.model.selection import choose, fit_choice
from dealtriage.params import Params
from dealtriage.workspace import Workspace

BASELINE = "silence"
LEARNED = "**learned**, as published"


def quiet(workspace: Workspace) -> tuple[pd.DataFrame, list[str]]:
    """The quiet rows of a finished run, whether their outcome is known or not, and the names of their features."""
    matrix = read_labelled(workspace)
    return matrix, feature_columns(matrix)


def labelled(workspace: Workspace) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a finished run whose outcome is known, and the names of their features."""
    matrix, columns = quiet(workspace)
    return matrix[matrix["revived"].notna()].reset_index(drop=True), columns


def models(columns: list[str], params: Params) -> dict[str, BaseEstimator]:
    """Every rule and every candidate there is, unfitted."""
    return {**rules(), **candidates(tuple(CANDIDATES), columns, params.model.seed)}


def plain(task: Task, model: BaseEstimator) -> Answer:
    """The model fitted on all training rows, as it is."""
    started = time.monotonic()
    fitted = clone(model).fit(task.split.train[task.columns], task.learnt)
    return Answer(chance(fitted, task.split.test[task.columns]), time.monotonic() - started)


def learned(task: Task) -> Answer:
    """What the pipeline would publish at the cut: chosen, and calibrated on later rows; but learnt from windows that are over alone.

    The windows still running at the cut belong for the most part to deals that are tested. Those that remain were left by deals that ended before it,
    which is no fair sample, so that this split cannot show what running windows are worth; the backtest, which tests deals by groups, can.
    """
    started = time.monotonic()
    assert task.quiet is not None, "a task that was made from a run holds its quiet rows"
    cut, label = task.split.cut, task.params.label
    one = fold(0, cut, cut + timedelta(days=1), label.horizon_days, task.params.backtest.calibration_weeks)
    is_over = (task.quiet["as_of"] + timedelta(days=label.horizon_days) <= cut).to_numpy()
    kept = is_over & ~task.quiet["deal_id"].isin(task.split.test["deal_id"]).to_numpy()
    known = known_at(task.quiet, task.columns, one, kept, label)
    model = task.params.model
    choice = choose(rules(), candidates(model.candidates, task.columns, model.seed), known, model.search_seconds)
    return Answer(chance(fit_choice(choice, known), task.split.test[task.columns]), time.monotonic() - started)


def candidates_only(task: Task) -> dict[str, BaseEstimator]:
    """Every candidate, unfitted."""
    return candidates(tuple(CANDIDATES), task.columns, task.params.model.seed)


def of_any_columns(columns: list[str], seed: int) -> dict[str, BaseEstimator]:
    """Our estimators for a matrix that does not hold our features: no trend is known of any column."""
    return {"logistic_splines": logistic_splines(columns, seed), "additive_boosting": TrendBoosting(seed=seed),
            "pairwise_boosting": TrendBoosting(interactions="pairs", leaves=8, trees_per_root=1.2, seed=seed)}
