"""Estimators behave as scikit-learn's do; models on disk come back the same, with the same bytes every time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from dealtriage.features.registry import by_name
from dealtriage.model.alive import COLUMNS as HISTORY
from dealtriage.model.alive import StillAlive, alive_chance
from dealtriage.model.boosting import CodedBoosting, TrendBoosting
from dealtriage.model.candidates import CANDIDATES, candidates
from dealtriage.model.cure import Latency, MixtureCure, Watched, _reopened, fit_latency
from dealtriage.model.fitting import Calibrated, Known, Slice, calibration_line, chance, log_odds
from dealtriage.model.rules import FallingWith, Rotting, rules
from dealtriage.model.selection import choose, fit_choice, plain_choice
from dealtriage.model.store import load_model, save_model
from dealtriage.reasons import contributions

COLUMNS = list(by_name())
RULES = rules({1: 20.0, 2: 5.0})
OFFERED = candidates(tuple(CANDIDATES), COLUMNS, 7)
HORIZON = 90


def rows(count: int = 600, seed: int = 0, effect: float = 0.2) -> Slice:
    """Rows whose chance to revive falls with silence alone; two to a deal."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.gamma(2, 5, (count, len(COLUMNS))), columns=COLUMNS)
    X = X.mask(rng.random(X.shape) < 0.1)
    X["next_meeting_days"] = np.nan
    silence = X["silence_days"].fillna(10)
    y = (rng.random(count) < 1 / (1 + np.exp(effect * (silence - 10)))).astype(int).to_numpy()
    deal = np.arange(count) // 2
    return Slice(X, y, deal, deal % 2)


def watched(of: Slice, followed: float = HORIZON) -> Watched:
    never = np.full(len(of.y), np.inf)
    return Watched(np.full(len(of.y), float(followed)), np.where(of.y == 1, 20.0, np.inf), never, never, never)


def world(count: int = 600, effect: float = 0.2) -> Known:
    train, later = rows(count, 0, effect), rows(count // 2, 1, effect)
    everything = Slice(pd.concat([train.X, later.X], ignore_index=True), np.concatenate([train.y, later.y]),
                       np.concatenate([train.deal, later.deal + count]), np.concatenate([train.half, later.half]))
    return Known(train, later, everything, watched(everything), HORIZON)


def fitted(name: str) -> BaseEstimator:
    known = world()
    if name in RULES:
        return fit_choice(plain_choice(name, RULES[name]), known)
    choice = choose(RULES, {name: OFFERED[name]}, known)
    return fit_choice(choice, known)


@parametrize_with_checks([TrendBoosting(), TrendBoosting(interactions="pairs"), MixtureCure(), StillAlive(), FallingWith(), Rotting(((0, 1.0),))])
def test_what_is_ours_keeps_scikit_learns_rules(estimator: BaseEstimator, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.mark.parametrize("name", [*RULES, *OFFERED])
def test_saved_loaded_and_saved_again(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    save_model(model, tmp_path / "a.skops")
    save_model(fitted(name), tmp_path / "b.skops")
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    new = rows(50, 2).X
    np.testing.assert_array_equal(chance(load_model(tmp_path / "a.skops"), new), chance(model, new))


@pytest.mark.parametrize("name", [*RULES, *OFFERED])
def test_reasons_add_up_to_the_chance(name: str) -> None:
    model, asked, typical = fitted(name), rows(40, 3).X, rows().X.median()
    adds = contributions(model, asked, {k: None if np.isnan(v) else v for k, v in typical.items()})
    origin = log_odds(chance(model, pd.DataFrame([typical])))[0]
    np.testing.assert_allclose(origin + adds.sum(axis=1), log_odds(chance(model, asked)), atol=1e-6)


@pytest.mark.parametrize("name", ["additive_boosting", "pairwise_boosting"])
def test_known_trends_hold_in_the_boosted_models(name: str) -> None:
    model = fitted(name)
    base = pd.DataFrame([rows().X.median()] * 30)
    for one in by_name().values():
        if one.trend:
            p = chance(model, base.assign(**{one.name: np.linspace(0, 60, 30)}))
            assert (np.diff(p) * one.trend >= -1e-12).all(), one.name


def test_more_rows_carry_more_trees() -> None:
    sizes = [TrendBoosting(trees_per_root=0.8).fit(part.X, part.y).model_.n_iter_ for part in (rows(100), rows(400), rows(1600))]
    assert sizes == [8, 16, 32]


def test_bins_hold_what_the_model_sees() -> None:
    """A value between two that were learnt from is judged like one of them; weights of one change nothing."""
    part = rows(900)
    model, weighed = (TrendBoosting(interactions="pairs").fit(part.X, part.y, weight) for weight in (None, np.ones(900)))
    np.testing.assert_allclose(model.predict_proba(part.X), weighed.predict_proba(part.X))
    p = model.predict_proba(pd.DataFrame([rows().X.median()] * 400).assign(silence_days=np.linspace(0, 60, 400)))[:, 1]
    assert len(np.unique(p)) < 120


@pytest.mark.parametrize("weighs", [False, True])
def test_bins_found_from_each_number_once_are_those_of_the_library(weighs: bool) -> None:
    rng = np.random.default_rng(4)
    X = rng.integers(0, [1, 2, 30, 200, 255], (900, 5)).astype(float)
    X[rng.random(X.shape) < 0.1] = np.nan
    y, weight = rng.integers(0, 2, 900), rng.choice([0.0, 0.3, 1.0], 900) if weighs else None
    with threadpool_limits(1):
        ours, theirs = (kind(max_iter=20, early_stopping=False, random_state=3).fit(X, y, sample_weight=weight).predict_proba(X)
                        for kind in (CodedBoosting, HistGradientBoostingClassifier))
    assert (ours == theirs).all()


def test_silence_rule_falls() -> None:
    part = rows()
    p = chance(RULES["silence"].fit(part.X, part.y), pd.DataFrame([rows().X.median()] * 60).assign(silence_days=np.arange(60)))
    assert (np.diff(p) <= 0).all()
    assert p.min() > 0.009
    assert p.max() < 0.991


def test_a_deal_rots_after_the_days_its_stage_allows() -> None:
    rule = Rotting(((1, 20.0), (2, 5.0)), ("stage", "silence", "touch"))
    X = pd.DataFrame({"stage": [1, 1, 2, 2, 3] * 20, "silence": [30.0, 10, 30, 3, 300] * 20, "touch": [25.0, 9, np.nan, 30, 300] * 20})
    y = [0, 1, 0, 1, 1] * 20
    p = rule.fit(X, y).predict_proba(X)[:5, 1]
    np.testing.assert_allclose(p, [1 / 42, 61 / 62, 1 / 42, 61 / 62, 61 / 62])


def test_the_shape_of_lives_is_found_again_and_nobody_is_surely_alive() -> None:
    rng = np.random.default_rng(4)
    count, age = 3000, 200.0
    x, last = np.zeros(count), np.zeros(count)
    for deal in range(count):
        rate, gone = rng.gamma(2.0) / 20, rng.beta(1.0, 4.0)
        at = 0.0
        while rng.random() >= gone and (at := at + rng.exponential(1 / rate)) < age:
            x[deal], last[deal] = x[deal] + 1, at
    X = pd.DataFrame({"buyer_signals_total": x, "silence_days": age - last, "deal_age_days": age})
    shape = StillAlive(HISTORY).fit(X, rng.integers(0, 2, count)).shape_
    assert shape[0] / shape[1] == pytest.approx(0.1, rel=0.15)
    assert shape[2] / (shape[2] + shape[3]) == pytest.approx(0.2, abs=0.05)
    p = alive_chance(shape, np.array([0.0, 5, 5]), np.array([0.0, 40, 195]), np.array([200.0, 200, 200]))
    assert p[0] < 0.5
    assert p[1] < p[2]


def test_a_latency_is_found_again() -> None:
    rng = np.random.default_rng(5)
    covariates = rng.uniform(2, 5, (4000, 1))
    days = np.exp(0.5 + 0.8 * covariates[:, 0]) * rng.weibull(1.3, 4000)
    inside = days < 180
    found = fit_latency(days[inside], covariates[inside], 180.0)
    assert found.shape == pytest.approx(1.3, abs=0.1)
    assert found.coefficients == pytest.approx((0.5, 0.8), abs=0.15)
    assert found.share(180.0, covariates) == pytest.approx(1.0)
    assert (np.diff([found.share(d, covariates[:50]) for d in (10, 30, 90)], axis=0) > 0).all()


def test_too_few_to_time_are_spread_evenly() -> None:
    found = fit_latency(np.array([3.0, 5.0]), np.zeros((2, 1)), 90.0)
    assert found.share(45.0, np.zeros((1, 1))) == pytest.approx(0.5, abs=0.01)


def test_windows_that_still_run_teach_what_finished_ones_do_not_tell() -> None:
    """Of the newest deals nearly all that will come back have; a model that throws them away keeps the old share."""
    rng = np.random.default_rng(6)
    old, new = rows(800, 7), rows(800, 8)
    share = np.where(np.arange(1600) < 800, 0.2, 0.6)
    y = (rng.random(1600) < share).astype(int)
    X = pd.concat([old.X, new.X], ignore_index=True).assign(month=(np.arange(1600) >= 800) * 1.0)
    back = np.where(y == 1, rng.uniform(0, 90, 1600), np.inf)
    followed = np.where(np.arange(1600) < 800, 90.0, 80.0)
    never = np.full(1600, np.inf)
    known = Watched(followed, np.where(back <= followed, back, np.inf), never, never, never)
    model = MixtureCure(TrendBoosting(trees_per_root=4.0), 90.0, "silence_days", rounds=4).fit(X, (known.back < 90).astype(int), known)
    p = model.predict_proba(X)[:, 1]
    assert p[:800].mean() == pytest.approx(0.2, abs=0.05)
    assert 0.5 < p[800:].mean() < 0.65


def test_a_window_that_has_just_begun_tells_nothing() -> None:
    part = rows(800, 9)
    both = Slice(pd.concat([part.X, part.X], ignore_index=True), np.concatenate([part.y, np.zeros(800, dtype=int)]), part.deal, part.half)
    never = np.full(1600, np.inf)
    known = Watched(np.repeat([90.0, 0.01], 800), np.where(both.y == 1, 20.0, np.inf), never, never, never)
    alone = MixtureCure(TrendBoosting(), 90.0, "silence_days").fit(part.X, part.y, watched(part))
    beside = MixtureCure(TrendBoosting(), 90.0, "silence_days").fit(both.X, both.y, known)
    assert chance(beside, part.X).mean() == pytest.approx(chance(alone, part.X).mean(), abs=0.03)


def test_a_lost_deal_hardly_counts_as_stalled() -> None:
    part = rows(800, 10)
    never, lost = np.full(800, np.inf), np.where(np.arange(800) < 400, np.inf, 5.0)
    followed = np.where(np.arange(800) < 400, 90.0, 10.0)
    back = np.where((part.y == 1) & (np.arange(800) < 400), 20.0, np.inf)
    X = part.X.assign(deal_age_days=(np.arange(800) >= 400) * 100.0)
    model = MixtureCure(TrendBoosting(trees_per_root=4.0), 90.0, "silence_days").fit(X, (back < 90).astype(int), Watched(followed, back, lost, never, never))
    assert chance(model, X)[400:].mean() < 0.1


def test_where_lost_deals_come_back_all_the_same_this_is_learnt() -> None:
    back, lost = np.where(np.arange(1000) < 200, 60.0, np.inf), np.full(1000, 10.0)
    never, days = np.full(1000, np.inf), np.full(1000, 90.0)
    assert _reopened(Watched(days, back, lost, never, never), 90.0, np.array([20.0, 30.0])) == pytest.approx(201 / 1100)
    assert _reopened(Watched(days, never, never, never, never), 90.0, np.array([20.0])) == pytest.approx(0.01)
    assert _reopened(Watched(days, never, never, never, never), 90.0, np.empty(0)) == 0.01


def test_the_line_is_drawn_towards_none_where_deals_are_few() -> None:
    rng = np.random.default_rng(11)
    odds = rng.normal(0, 2, 40_000)
    y = (rng.random(40_000) < 1 / (1 + np.exp(-(0.5 * odds - 1)))).astype(int)
    many, few = (calibration_line(odds[:n], y[:n], np.arange(n)) for n in (40_000, 30))
    assert many == pytest.approx((0.5, -1.0), abs=0.12)
    assert few[0] > 0.7
    assert -0.5 < few[1] < 0
    shuffled = [calibration_line(odds[at : at + 30], y[at : at + 30], np.arange(30))[0] for at in range(0, 900, 30)]
    assert np.ptp(shuffled) < 0.4
    assert calibration_line(odds[:0], y[:0], np.arange(0)) == (1.0, 0.0)


def test_rows_of_one_deal_count_once() -> None:
    odds, y = np.tile([2.0, -2.0], 200), np.tile([0, 1], 200)
    assert calibration_line(odds, y, np.zeros(400, dtype=int))[0] > calibration_line(odds, y, np.arange(400))[0]


def test_calibrating_puts_a_boastful_model_straight() -> None:
    part, new = rows(2000, 12), rows(8000, 13)
    model = TrendBoosting().fit(part.X, part.y)
    boastful = Calibrated(model, 3.0)
    line = calibration_line(log_odds(chance(boastful, new.X)), new.y, new.deal)
    assert line[0] < 0.65
    test = rows(2000, 14)
    assert log_loss(test.y, chance(Calibrated(boastful, *line), test.X)) < log_loss(test.y, chance(boastful, test.X)) - 0.04


class Guess(FallingWith):
    """Draws its chances; what it says has nothing to do with the deal."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        p = np.random.default_rng(0).uniform(0.02, 0.98, len(X))
        return np.column_stack([1 - p, p])


def test_the_first_candidate_is_left_only_on_evidence() -> None:
    boosted, guess = OFFERED["pairwise_boosting"], Guess("silence_days")
    known, poor = world(1200), {"silence": guess, "five_feature_logistic": guess}
    kept = choose(poor, {"boosted": boosted, "guess": guess}, known)
    assert (kept.name, kept.is_rule) == ("boosted", False)
    left = choose(poor, {"guess": guess, "boosted": boosted}, known)
    assert (left.name, left.is_rule) == ("boosted", False)
    assert choose(RULES, {"guess": guess}, known).name == "silence"
    row = left.trials[left.trials["is_chosen"]].iloc[0]
    assert row["better_by"] > 2 * row["standard_error"] > 0
    assert left.trials["name"].tolist() == ["guess", "boosted", "silence", "five_feature_logistic"]


def test_without_later_rows_to_judge_by_the_first_candidate_is_taken_as_it_is() -> None:
    known = world(600)
    thin = Known(known.train, rows(10, 1), known.everything, known.watched, HORIZON)
    choice = choose(RULES, {"boosted": clone(OFFERED["pairwise_boosting"])}, thin)
    assert (choice.name, choice.slope, choice.intercept, len(choice.trials)) == ("boosted", 1.0, 0.0, 0)


def test_a_rule_is_fitted_on_finished_windows_alone() -> None:
    known = world(600)
    running = Watched(np.where(np.arange(900) < 600, 90.0, 10.0), known.watched.back, known.watched.lost, known.watched.won, known.watched.again)
    some = Known(known.train, known.later, known.everything, running, HORIZON)
    got = fit_choice(plain_choice("silence", RULES["silence"]), some)
    alone = clone(RULES["silence"]).fit(known.train.X, known.train.y)
    np.testing.assert_allclose(chance(got, known.later.X), chance(alone, known.later.X))


def test_latency_of_a_table_is_what_it_says() -> None:
    even = Latency(90.0, 1.0, (12.0, 0.0))
    assert even.share(30.0, np.zeros((1, 1))) == pytest.approx(1 / 3, abs=0.01)
