"""The numbers behind the model card, on tables whose answers are known."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage import evaluate
from dealtriage.params import Label
from dealtriage.report import figures, numbers, page, words
from dealtriage.report.build import plain

LABEL = Label(horizon_days=90, revival="signal_and_progress", when_days=(30, 90, 180))
CUTOFF = datetime(2024, 7, 1)


def asked(count: int, as_of: str = "2024-01-01", **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"fold": 0, "deal_id": [f"d{n}" for n in range(count)], "as_of": pd.Timestamp(as_of), **columns})


def test_the_chance_to_be_back_after_so_many_days() -> None:
    back = np.where(np.arange(100) < 20, 10.0, np.where(np.arange(100) < 50, 60.0, np.where(np.arange(100) < 60, 150.0, np.nan)))
    chosen = pd.concat([asked(100, p=0.5, revived=(back < 90).astype(float), days_until_signal_and_progress=back),
                        asked(10, "2024-03-25", p=0.5, revived=0.0, days_until_signal_and_progress=np.nan)])
    when = chosen[["fold", "deal_id", "as_of"]].assign(share_30d=0.4, share_90d=1.0, share_180d=3.0)
    found = numbers.when_said(chosen, when, LABEL, CUTOFF).set_index("days")
    assert found["rows"].tolist() == [110, 110, 100]  # 10 were not followed for 180 days
    assert found["said_share"].tolist() == pytest.approx([0.2, 0.5, 1.0])  # a chance is at most 1
    assert found["came_true_share"].tolist() == pytest.approx([20 / 110, 50 / 110, 0.6])


def test_the_chance_to_win_is_asked_of_those_that_came_back_and_were_followed() -> None:
    won = np.where(np.arange(60) < 15, 100.0, np.where(np.arange(60) < 20, 181.0, np.nan))
    chosen = pd.concat([asked(60, revived=(np.arange(60) < 30).astype(float), days_until_won=won),
                        asked(5, "2024-03-25", revived=1.0, days_until_won=np.nan)])
    when = chosen[["fold", "deal_id", "as_of"]].assign(p_win=np.linspace(0.1, 0.9, 65))
    found = numbers.win_said(chosen, when, LABEL, CUTOFF).set_index("part")
    assert found.loc["all", ["rows", "came_true_share"]].tolist() == [30, 0.5]
    assert found["rows"].tolist() == [30, 10, 10, 10]
    assert found.loc["lowest third", "said_share"] < found.loc["highest third", "said_share"]
    assert numbers.win_said(chosen.assign(revived=0.0), when, LABEL, CUTOFF).empty


def said(p: np.ndarray, y: np.ndarray, model: str, is_rule: bool = False) -> pd.DataFrame:
    return asked(len(p), p=p, revived=y.astype(float), model=model, is_rule=is_rule)


def test_gains_at_capacity() -> None:
    y = np.r_[np.ones(10), np.zeros(40)]
    right, wrong = np.linspace(0.9, 0.1, 50), np.linspace(0.1, 0.9, 50)
    table = pd.concat([said(right, y, "learned"), said(wrong, y, "silence", True)])
    found = numbers.capacities(table, "learned", "silence", 5, 50)
    assert found["worked_each_week"].tolist() == [5, 10, 25]
    assert found["revived_share"].tolist() == [1.0, 1.0, 0.4]
    assert found["silence_revived_share"].tolist() == found["rule_revived_share"].tolist() == [0.0, 0.0, 0.0]
    assert found["blind_revived_share"].tolist() == [0.2] * 3
    assert found["more_than_silence"].tolist() == [1.0, 1.0, 0.4]
    assert found["share_of_all_revivals"].tolist() == [0.5, 1.0, 1.0]
    curve = numbers.caught(numbers.of(table, "learned"), steps=10)
    assert curve["revived_share"].tolist() == [0.0, 0.5, *[1.0] * 9]
    assert numbers.caught(numbers.of(table, "silence"), steps=10)["revived_share"].tolist() == [*[0.0] * 9, 0.5, 1.0]


def test_a_log_loss_that_rises_is_seen_to_rise() -> None:
    weeks = pd.date_range("2024-01-01", periods=30, freq="7D")
    table = pd.DataFrame({"deal_id": [f"d{n}" for n in range(600)], "as_of": np.repeat(weeks, 20), "revived": 1.0})
    months = (table["as_of"] - weeks[0]).dt.days / numbers.MONTH_DAYS
    rising = numbers.loss_trend(table.assign(p=np.exp(-(0.5 + 0.1 * months))), 50)
    assert rising["log_loss_a_month"] == pytest.approx(0.1, abs=1e-4)
    assert rising["ci"][0] > 0
    assert numbers.loss_trend(table.assign(p=0.6), 50)["log_loss_a_month"] == pytest.approx(0, abs=1e-9)
    assert numbers.loss_trend(table[:20].assign(p=0.6), 50)["ci"] is None


def test_brier_skill_of_the_share_itself_is_nothing_and_of_certainty_all() -> None:
    y = np.r_[np.ones(30), np.zeros(70)]
    assert evaluate.brier_skill(said(np.full(100, 0.3), y, "m"), 50)["brier_skill"] == pytest.approx(0)
    sure = evaluate.brier_skill(said(np.where(y == 1, 0.999999, 0.000001), y, "m"), 50)
    assert sure["brier_skill"] == pytest.approx(1, abs=1e-4)
    assert evaluate.brier_skill(said(np.full(5, 0.3), np.zeros(5), "m"), 50) == {"brier_skill": None, "ci": None}


def test_intervals_of_reliability_hold_what_is_true() -> None:
    rng = np.random.default_rng(6)
    truth = rng.uniform(0.05, 0.95, 4000)
    table = said(truth, rng.random(4000) < truth, "m")
    (slope_low, slope_high), (low, high) = evaluate.line_intervals(table)  # type: ignore[misc]
    assert slope_low < 1 < slope_high
    assert low < 0 < high
    error_low, error_high = evaluate.error_interval(table, 100)
    assert 0 <= error_low <= error_high < 0.05
    off = said(np.clip(truth + 0.2, 0, 0.99), table["revived"].to_numpy(), "m")
    assert evaluate.error_interval(off, 100)[0] > 0.1


def test_resampled_means_are_those_of_deals() -> None:
    deals = pd.Series(["a", "a", "b", "c"])
    means = evaluate.resampled_means(deals, np.array([[1.0, 1], [1, 1], [0, 1], [0, 1]]), 200)
    assert (means[:, 1] == 1).all()
    assert set(np.round(means[:, 0], 6)) <= {0.0, 0.5, 0.8, 1.0}  # a drawn 0, 1, 2 or 3 times of 3, with its two rows


def test_months_and_trials() -> None:
    table = pd.concat([asked(4, "2024-01-01", p=0.5, revived=1.0), asked(2, "2024-02-05", p=0.25, revived=0.0)], ignore_index=True)
    found = numbers.by_month(table, table.assign(p=0.1))
    assert found["month"].tolist() == ["2024-01", "2024-02"]
    assert found["log_loss"].tolist() == pytest.approx([np.log(2), -np.log(0.75)])
    trials = pd.DataFrame({"name": ["a", "b"] * 3, "log_loss": [0.5, 0.4] * 3, "better_by": [0, 0.1] * 3, "standard_error": 0.01,
                           "is_chosen": [False, True] * 2 + [True, False]})
    assert numbers.tried(trials)[["name", "trials", "chosen"]].to_numpy().tolist() == [["b", 3, 2], ["a", 3, 1]]
    assert numbers.tried(trials[:0]).empty


def test_what_cannot_be_told_is_a_dash() -> None:
    assert [page.percent(None), page.number(np.nan), page.signed(None), page.whole(np.nan), page.of_ten(None), page.span(None),
            page.span((np.nan, 1.0))] == ["-"] * 7
    assert page.markdown(("a",), []) == "Too little is known to tell."
    assert page.markdown(("a", "b"), [("x|y", "1")]) == "| a | b |\n| --- | --- |\n| x/y | 1 |"
    assert (page.percent(0.254), page.signed(0.0331), page.span((0.1, 0.2), as_percent=True)) == ("25%", "+0.033", "10% to 20%")


def test_json_holds_no_number_that_is_none() -> None:
    assert plain({1: [np.float64("nan"), np.int64(3), np.bool_(True), 0.12345678, None, "x"]}) == {"1": [None, 3, True, 0.123457, None, "x"]}


@pytest.mark.parametrize(("low", "high", "verdict"), [(-0.08, -0.01, "too high"), (0.01, 0.08, "too low"), (-0.02, 0.01, "as expected"), (None, None, "not known")])
def test_the_newest_chances_are_judged_as_the_page_says(low: float | None, high: float | None, verdict: str) -> None:
    rows = [{"month": "2026-05", "ci_low": -1.0, "ci_high": -0.5}] + ([] if low is None else [{"month": "all", "seen_share": 0.2, "expected_share": 0.24, "ci_low": low, "ci_high": high}])
    table = pd.DataFrame(rows)
    assert numbers.newest_chances(table) == verdict
    assert (f"may be {verdict} at present" in words._running(table)) == (verdict in ("too high", "too low"))


def test_names_with_dollar_signs_are_no_formulas(tmp_path: Path) -> None:
    table = pd.DataFrame({"label": [r"too dear by $\foo$ (30)", "all"], "a": [0.5, 0.2]})
    figures.stacked(table, {"a": "$a$"}, r"$\bar", tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
