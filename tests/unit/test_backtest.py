"""What the backtest lets a model see: recomputed from the rows that it was given."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dealtriage import backtest
from dealtriage.backtest import LABELS, known_at, planned_folds, predictions
from dealtriage.model.fitting import Known
from dealtriage.model.rules import columns_needed, rules
from dealtriage.params import Params, load_params
from tests.conftest import ROOT

CUTOFF = datetime(2024, 7, 1)
HORIZON = timedelta(days=30)
Seen = list[tuple[pd.DataFrame, Known, pd.DataFrame]]


def parameters() -> Params:
    params = load_params(ROOT / "params.yaml")
    return params.model_copy(update={
        "label": params.label.model_copy(update={"horizon_days": HORIZON.days, "when_days": (10, 30, 60)}),
        "backtest": params.backtest.model_copy(update={"folds": 2, "test_weeks": 4, "calibration_weeks": 4, "deal_groups": 3})})


@pytest.fixture(scope="module")
def seen() -> Seen:
    """For every fold and group: all rows, what was known, and the rows tested."""
    columns, matrix = sorted(columns_needed()), some_rows()
    found: list[Known] = []

    def noted(*given: Any) -> Known:
        found.append(known_at(*given))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "known_at", noted)
        patch.setattr(backtest, "Parallel", lambda n_jobs: list)
        patch.setattr(backtest, "delayed", lambda work: work)
        tables = predictions(matrix, columns, parameters(), CUTOFF, rules())
    table = tables["backtest"]
    assert len(found) == 2 * 3
    assert set(tables["trials"]["name"]) == {"pairwise_boosting", "additive_boosting", "silence", "five_feature_logistic"}
    assert set(table["model"]) == {*rules(), "learned"}
    group = backtest.deal_group(table["deal_id"], 3)
    parts = [table[(table["fold"] == fold) & (group == number)] for fold in range(2) for number in range(3)]
    return list(zip([matrix] * 6, found, parts, strict=True))


def some_rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    weeks = pd.date_range("2024-01-01", "2024-06-24", freq="7D", unit="us")
    matrix = pd.DataFrame([(f"d{deal}", week) for week in weeks for deal in range(40)], columns=["deal_id", "as_of"])
    for name in columns_needed():
        matrix[name] = rng.uniform(0, 50, len(matrix))
    for name in LABELS:
        if name.startswith("days_until"):
            matrix[name] = np.where(rng.random(len(matrix)) < 0.6, rng.uniform(0, 80, len(matrix)), np.nan)
            matrix[f"{name}_known"] = matrix[name] + rng.choice([0.0, 9.0], len(matrix))
    matured = matrix["as_of"] + HORIZON <= CUTOFF
    revived = (matrix["days_until_signal_and_progress"] < HORIZON.days).astype("Int8").where(matured)
    lost = np.where(rng.random(len(matrix)) < 0.3, rng.uniform(0, HORIZON.days, len(matrix)), np.nan)
    again = np.where(rng.random(len(matrix)) < 0.6, rng.uniform(0, 60, len(matrix)), np.nan)
    return matrix.assign(revived=revived, left_out=np.where(matured, "", "not_matured"), is_in_gap=False, ended_by_whom="",
                         ended_by=np.where(np.isnan(lost), "open", "lost"), ended_after_days=lost, quiet_again_after_days=again, quiet_again_after_days_known=again + rng.choice([0.0, 9.0], len(matrix)))


def test_no_deal_is_on_two_sides_of_a_split(seen: Seen) -> None:
    for matrix, known, test in seen:
        assert len(test)
        assert not set(test["deal_id"]) & set(matrix.loc[known.everything.X.index, "deal_id"])


def test_every_outcome_used_was_known_when_the_test_starts(seen: Seen) -> None:
    for matrix, known, test in seen:
        start = test["as_of"].min()
        for rows in (known.train, known.later, known.finished):
            assert (matrix.loc[rows.X.index, "as_of"] + HORIZON).max() <= start
        asked = matrix.loc[known.everything.X.index, "as_of"]
        for days in (known.watched.back, known.watched.lost, known.watched.won):
            told = np.isfinite(days)
            assert told.any()
            assert (asked[told] + pd.to_timedelta(days[told], unit="D")).max() <= start


def test_windows_still_running_are_among_what_is_known(seen: Seen) -> None:
    for matrix, known, test in seen:
        running = matrix.loc[known.everything.X.index[known.watched.followed < HORIZON.days], "as_of"]
        assert len(running) > 40
        assert running.max() < test["as_of"].min() < running.min() + HORIZON


def test_a_comeback_that_was_logged_later_is_not_known_yet(seen: Seen) -> None:
    happened = told = 0
    for matrix, known, _ in seen:
        running = known.watched.followed < HORIZON.days
        rows, followed = matrix.loc[known.everything.X.index[running]], known.watched.followed[running]
        np.testing.assert_array_equal(np.isfinite(known.watched.back[running]), rows["days_until_signal_and_progress_known"] <= followed)
        happened += int((rows["days_until_signal_and_progress"] <= followed).sum())
        told += int(np.isfinite(known.watched.back[running]).sum())
    assert happened > told > 0


def test_a_silence_that_was_known_later_is_not_known_yet(seen: Seen) -> None:
    happened = told = 0
    for matrix, known, _ in seen:
        rows, watched = matrix.loc[known.everything.X.index], known.watched
        since = watched.followed - watched.back
        np.testing.assert_array_equal(np.isfinite(watched.again), rows["quiet_again_after_days_known"] <= since)
        happened += int((rows["quiet_again_after_days"] <= since).sum())
        told += int(np.isfinite(watched.again).sum())
    assert happened > told > 0


def test_calibration_comes_after_training(seen: Seen) -> None:
    for matrix, known, _ in seen:
        assert matrix.loc[known.train.X.index, "as_of"].max() < matrix.loc[known.later.X.index, "as_of"].min()


def test_a_refusal_counts_only_from_the_day_it_was_known() -> None:
    matrix = some_rows().query("as_of >= '2024-04-08'").reset_index(drop=True)
    matrix = matrix.assign(days_until_signal_and_progress=np.nan, ended_by="refused", ended_after_days=10.0, left_out="not_matured")
    params = parameters()
    label = params.label.model_copy(update={"seller_refusal": "exclude"})
    fold = planned_folds(params, CUTOFF)[-1]
    known = known_at(matrix, sorted(columns_needed()), fold, np.ones(len(matrix), dtype=bool), label)
    asked = matrix.loc[known.everything.X.index, "as_of"]
    assert len(asked)
    assert (asked + timedelta(days=10) > fold.test_start).all()
    back_first = matrix.assign(days_until_signal_and_progress=5.0, days_until_signal_and_progress_known=5.0)
    kept = known_at(back_first, sorted(columns_needed()), fold, np.ones(len(matrix), dtype=bool), label)
    assert set(matrix.loc[kept.everything.X.index, "as_of"]) > set(asked)
    assert asked.min() + timedelta(days=17) > fold.test_start


def test_large_data_is_judged_on_whole_deals_drawn_by_their_ids() -> None:
    matrix = pd.DataFrame({"deal_id": np.repeat([f"d{n}" for n in range(5000)], 3), "as_of": CUTOFF})
    some = backtest.drawn(matrix, 1000)
    assert 850 < some["deal_id"].nunique() < 1150
    assert (some.groupby("deal_id").size() == 3).all()
    assert backtest.drawn(matrix, 5000) is matrix
