"""What the backtest lets a model see: recomputed from the rows that it was given."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dealtriage import backtest
from dealtriage.backtest import LABELS, planned_folds, predictions
from dealtriage.model.fitting import Slice, fit_calibrated
from dealtriage.model.rules import columns_needed
from dealtriage.params import load_params
from tests.conftest import ROOT

CUTOFF = datetime(2024, 7, 1)
HORIZON = timedelta(days=30)


@pytest.fixture(scope="module")
def seen() -> list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """For every model fitted: the rows it learnt from, those it was calibrated on, those it was tested on."""
    columns, matrix = sorted(columns_needed()), some_rows()
    params = load_params(ROOT / "params.yaml")
    params = params.model_copy(update={
        "label": params.label.model_copy(update={"horizon_days": HORIZON.days}),
        "backtest": params.backtest.model_copy(update={"folds": 2, "test_weeks": 4, "calibration_weeks": 4, "deal_groups": 3}),
        "model": params.model.model_copy(update={"candidates": ()})})
    found: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]] = []

    def noted(model: Any, train: Slice, later: Slice) -> Any:
        found.append((matrix.loc[train.X.index], matrix.loc[later.X.index], matrix.iloc[:0]))
        return fit_calibrated(model, train, later)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "fit_calibrated", noted)
        patch.setattr(backtest, "Parallel", lambda n_jobs: list)
        patch.setattr(backtest, "delayed", lambda work: lambda *given: _of_one(found, matrix, work, given))
        table = predictions(matrix, columns, params, CUTOFF)
    assert len(table) and len(found) == 2 * 3 * table["model"].nunique()
    assert len(planned_folds(params, CUTOFF)) == 2
    return found


def _of_one(found: list[tuple[pd.DataFrame, ...]], matrix: pd.DataFrame, work: Any, given: tuple[Any, ...]) -> pd.DataFrame | None:
    before, part = len(found), work(*given)
    for at in range(before, len(found)):
        found[at] = (*found[at][:2], part)
    return part


def some_rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    weeks = pd.date_range("2024-01-01", "2024-06-24", freq="7D", unit="us")
    matrix = pd.DataFrame([(f"d{deal}", week) for week in weeks for deal in range(40)], columns=["deal_id", "as_of"])
    for name in columns_needed():
        matrix[name] = rng.uniform(0, 50, len(matrix))
    for name in LABELS:
        matrix[name] = rng.integers(0, 2, len(matrix)) if name.startswith("revived") else "open"
    return matrix[matrix["as_of"] + HORIZON <= CUTOFF].reset_index(drop=True)


def test_no_deal_is_on_two_sides_of_a_split(seen: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]) -> None:
    for train, later, test in seen:
        assert not set(test["deal_id"]) & {*train["deal_id"], *later["deal_id"]}


def test_every_label_was_known_when_the_test_starts(seen: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]) -> None:
    for train, later, test in seen:
        assert max(train["as_of"].max(), later["as_of"].max()) + HORIZON <= test["as_of"].min()


def test_calibration_comes_after_training(seen: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]) -> None:
    assert all(train["as_of"].max() < later["as_of"].min() for train, later, _ in seen)

