"""Whatever a deal looks like: contributions of a model of pairs add up, and none is against a known trend."""

from functools import cache

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.features.registry import by_name
from dealtriage.model.boosting import TrendBoosting
from dealtriage.model.fitting import Calibrated, chance, log_odds
from dealtriage.reasons import added_by_group, against_trend, contributions

COLUMNS = ["silence_days", "hand_90d", "buyer_signals_trend", "champion_silence_days", "bounced_90d", "amount", "stage_position"]
TYPICAL: dict[str, float | None] = dict.fromkeys(COLUMNS, 2.0) | {"amount": None}
VALUES = st.one_of(st.none(), st.floats(-1, 6), st.sampled_from([0.0, 2.0, 5.0]))


@cache
def model() -> Calibrated:
    """Trees of pairs, on outcomes that pairs make together and that go against some of the trends."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.uniform(0, 5, (3000, len(COLUMNS))), columns=COLUMNS).mask(rng.random((3000, len(COLUMNS))) < 0.1)
    a, b, c, d, e, f, g = X.fillna(2.5).to_numpy().T
    odds = (2.5 - a) * (b - 1) + (c - 2.5) * (f - 2.5) + 0.5 * (d - 2.5) * (g - 2.5) + 0.3 * (e - 2.5)
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-odds))).astype(int)
    return Calibrated(TrendBoosting(tuple(by_name()[name].trend for name in COLUMNS), "pairs").fit(X, y), 0.9, -0.2)


def test_the_model_holds_pairs() -> None:
    x = pd.DataFrame([TYPICAL], columns=COLUMNS, dtype=float)
    both, one, other, none = (log_odds(chance(model(), x.assign(**change)))[0] for change in (
        {"silence_days": 0.5, "hand_90d": 4.5}, {"silence_days": 0.5}, {"hand_90d": 4.5}, {}))
    assert abs(both - one - other + none) > 0.1


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.lists(st.lists(VALUES, min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=8))
def test_they_add_up_and_keep_to_the_trends(values: list[list[float | None]]) -> None:
    rows = pd.DataFrame(values, columns=COLUMNS, dtype=float)
    adds = contributions(model(), rows, TYPICAL)
    origin = log_odds(chance(model(), pd.DataFrame([TYPICAL], columns=COLUMNS, dtype=float)))[0]
    np.testing.assert_allclose(origin + adds.sum(axis=1), log_odds(chance(model(), rows)), atol=1e-6)
    np.testing.assert_allclose(added_by_group(adds).sum(axis=1), adds.sum(axis=1), atol=1e-9)
    assert not (against_trend(rows, adds, TYPICAL) & (adds.abs() > 1e-9)).any(axis=None)
