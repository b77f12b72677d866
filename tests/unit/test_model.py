"""Estimators behave as scikit-learn's do; models on disk come back the same, with the same bytes every time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage.features.registry import by_name
from dealtriage.model.candidates import candidates
from dealtriage.model.fitting import Slice, chance, fit_calibrated, log_odds
from dealtriage.model.rules import rules
from dealtriage.model.store import load_model, save_model
from dealtriage.reasons import contributions

COLUMNS = list(by_name())
EVERY = {**rules(), **candidates(("logistic_splines", "additive_boosting"), COLUMNS, 7)}


def world(rows: int = 600, seed: int = 0) -> Slice:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.gamma(2, 5, (rows, len(COLUMNS))), columns=COLUMNS)
    X = X.mask(rng.random(X.shape) < 0.1)
    X["next_meeting_days"] = np.nan
    silence = X["silence_days"].fillna(10)
    y = (rng.random(rows) < 1 / (1 + np.exp(0.2 * (silence - 10)))).astype(int).to_numpy()
    return Slice(X, y, rng.integers(0, 2, rows))


@pytest.mark.parametrize("name", EVERY)
def test_saved_loaded_and_saved_again(name: str, tmp_path: Path) -> None:
    fitted = fit_calibrated(EVERY[name], world(), world(300, 1))
    save_model(fitted, tmp_path / "a.skops")
    save_model(fit_calibrated(EVERY[name], world(), world(300, 1)), tmp_path / "b.skops")
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    new = world(50, 2).X
    np.testing.assert_array_equal(chance(load_model(tmp_path / "a.skops"), new), chance(fitted, new))


@pytest.mark.parametrize("name", EVERY)
def test_reasons_add_up_to_the_chance(name: str) -> None:
    fitted = fit_calibrated(EVERY[name], world(), world(300, 1))
    rows, typical = world(40, 3).X, world().X.median()
    adds = contributions(fitted, rows, {k: None if np.isnan(v) else v for k, v in typical.items()})
    origin = log_odds(chance(fitted, pd.DataFrame([typical])))[0]
    np.testing.assert_allclose(origin + adds.sum(axis=1), log_odds(chance(fitted, rows)), atol=1e-6)


def test_known_trends_hold_in_the_boosted_model() -> None:
    fitted = fit_calibrated(EVERY["additive_boosting"], world(), world(300, 1))
    base = pd.DataFrame([world().X.median()] * 30)
    for one in by_name().values():
        if one.trend:
            p = chance(fitted, base.assign(**{one.name: np.linspace(0, 60, 30)}))
            assert (np.diff(p) * one.trend >= -1e-12).all(), one.name


def test_calibration_learns_nothing_from_a_thin_slice() -> None:
    fitted = fit_calibrated(EVERY["silence"], world(), world(10, 1))
    assert (fitted.slope, fitted.intercept) == (1.0, 0.0)


def test_silence_rule_falls() -> None:
    fitted = rules()["silence"].fit(world().X, world().y)
    p = chance(fitted, pd.DataFrame({"silence_days": np.arange(0, 60)}))
    assert (np.diff(p) <= 0).all()
    assert p.min() > 0.009
    assert p.max() < 0.991
