"""The sample company's rates lie near published ones, and its problem is neither easy nor hopeless."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.sample import write_sample
from dealtriage.sample.measure import QUIET_DAYS, auc, closed_deals, mondays

DEALS = 1500


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rates")
    at = datetime(2026, 6, 29, 6, tzinfo=UTC)
    write_sample(folder / "raw", folder / "truth", deals=DEALS, seed=7, months=30, exported_at=at)
    return folder


@pytest.fixture(scope="module")
def deals(export: Path) -> pd.DataFrame:
    return closed_deals(export / "raw", export / "truth")


@pytest.fixture(scope="module")
def quiet(export: Path) -> pd.DataFrame:
    rows = mondays(export / "raw", export / "truth")
    return rows[rows["silence"] >= QUIET_DAYS]


def test_share_of_closed_deals_won(deals: pd.DataFrame) -> None:
    assert 0.20 <= (deals.loc[deals["IsClosed"] == "1", "IsWon"] == "1").mean() <= 0.32


def test_share_of_lost_deals_without_decision(deals: pd.DataFrame) -> None:
    lost = deals[(deals["IsClosed"] == "1") & (deals["IsWon"] == "0")]
    assert 0.38 <= (lost["true_outcome_class"] == "no_decision").mean() <= 0.60


def test_share_still_open(deals: pd.DataFrame) -> None:
    assert 0.13 <= (deals["IsClosed"] == "0").mean() <= 0.25


def test_length_of_won_deals_grows_with_size(deals: pd.DataFrame) -> None:
    won = deals[deals["IsWon"] == "1"]
    assert 60 <= won["length_days"].median() <= 105
    large = pd.to_numeric(won["Amount"], errors="coerce") > 40_000
    assert won.loc[large, "length_days"].median() > won.loc[~large, "length_days"].median()


def test_share_of_quiet_mondays_that_revive(quiet: pd.DataFrame) -> None:
    assert 0.23 <= quiet["revived"].mean() <= 0.40


def test_truth_knows_more_than_silence_but_not_all(quiet: pd.DataFrame) -> None:
    assert 0.58 <= auc(-quiet["silence"], quiet["revived"]) <= 0.71
    assert 0.80 <= auc(quiet["p_revive_90d"], quiet["revived"]) <= 0.90


def test_true_probabilities_are_calibrated(quiet: pd.DataFrame) -> None:
    bands = quiet.groupby(pd.cut(quiet["p_revive_90d"], [0, 0.1, 0.3, 0.5, 0.7, 1.0]))
    gap = (bands["p_revive_90d"].mean() - bands["revived"].mean()).abs()
    assert gap.max() < 0.10


def test_states_part_the_stalled_from_the_dead(quiet: pd.DataFrame) -> None:
    share = quiet.groupby("hidden_state")["revived"].mean()
    assert share[["engaged", "waiting_on_others", "undecided", "budget_frozen"]].min() > 0.2
    assert share[["status_quo", "chose_competitor", "champion_gone"]].max() < 0.2
