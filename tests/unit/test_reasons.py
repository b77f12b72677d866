"""Contributions add up for every kind of model that may be published; reasons have the right sign, sides and evidence."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from dealtriage.features.registry import SUBJECTS, by_name
from dealtriage.lookalikes import Ranges
from dealtriage.model.candidates import CANDIDATES
from dealtriage.model.fitting import Calibrated, chance, log_odds
from dealtriage.model.rules import rules
from dealtriage.reasons import (
    FEATURE_GROUP,
    GROUPS,
    SUBJECT_GROUP,
    Reason,
    added_by_group,
    against_trend,
    contributions,
    found_reasons,
    group_of,
    reasons,
    strongest,
)

COLUMNS = list(by_name())
NAMES = {1: "Discovery", 2: "Proposal"}


def world(rows: int = 500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Values of every feature, a tenth of them missing, and outcomes that two features make together."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.gamma(2, 5, (rows, len(COLUMNS))), columns=COLUMNS).round()
    X = X.mask(rng.random(X.shape) < 0.1)
    silence, signals = X["silence_days"].fillna(10), X["buyer_signals_90d"].fillna(10)
    odds = 0.3 * (10 - silence) + 0.05 * (signals - 10) * (10 - silence)
    return X, (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int).to_numpy()


def typical_of(X: pd.DataFrame) -> dict[str, float | None]:
    return {name: None if name == "next_meeting_days" else float(value) for name, value in X.median().items()}


ROTTEN = {at: 8.0 + at for at in range(1, 30)}
MODELS = {**{name: make(COLUMNS, 7) for name, make in CANDIDATES.items()}, **rules(ROTTEN)}


class ThreeTogether(BaseEstimator):
    """Log-odds that are the product of three features: no pairs explain them."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        p = 1 / (1 + np.exp(-X[COLUMNS[:3]].prod(axis=1)))
        return np.column_stack([1 - p, p])


def distance(model: BaseEstimator, rows: pd.DataFrame, typical: dict[str, float | None]) -> np.ndarray:
    base = pd.DataFrame([typical], columns=rows.columns, dtype=float)
    return log_odds(chance(model, rows)) - log_odds(chance(model, base))[0]


@pytest.mark.parametrize("name", MODELS)
def test_contributions_add_up_to_the_distance_from_the_typical_deal(name: str) -> None:
    X, y = world()
    model = Calibrated(MODELS[name].fit(X, y), 0.8, 0.1)
    rows, typical = world(60, 3)[0], typical_of(X)
    adds = contributions(model, rows, typical)
    assert adds.columns.tolist() == COLUMNS
    np.testing.assert_allclose(adds.sum(axis=1), distance(model, rows, typical), atol=1e-6)
    pd.testing.assert_frame_equal(contributions(model, rows.iloc[[7]], typical), adds.iloc[[7]])


def test_three_features_together_would_not_add_up() -> None:
    rows = pd.DataFrame(np.ones((1, len(COLUMNS))), columns=COLUMNS)
    typical = dict.fromkeys(COLUMNS, 0.0)
    assert distance(ThreeTogether(), rows, typical)[0] == pytest.approx(1)
    assert contributions(ThreeTogether(), rows, typical).sum(axis=1)[0] == pytest.approx(1.5)


def test_in_an_additive_model_a_feature_adds_what_it_changes_alone() -> None:
    X, y = world()
    model = MODELS["additive_boosting"].fit(X, y)
    rows, typical = world(20, 3)[0], typical_of(X)
    alone = pd.DataFrame([typical] * 20, columns=COLUMNS, dtype=float).assign(silence_days=rows["silence_days"])
    np.testing.assert_allclose(contributions(model, rows, typical)["silence_days"], distance(model, alone, typical), atol=1e-9)


def test_a_feature_as_in_the_typical_deal_adds_nothing_and_no_deal_asks_nothing() -> None:
    X, y = world()
    model, typical = MODELS["pairwise_boosting"].fit(X, y), typical_of(X)
    rows = world(20, 3)[0].assign(silence_days=typical["silence_days"], next_meeting_days=np.nan)
    adds = contributions(model, rows, typical)
    assert (adds[["silence_days", "next_meeting_days"]] == 0).all(axis=None)
    assert contributions(model, rows.iloc[:0], typical).shape == (0, len(COLUMNS))


def test_every_subject_belongs_to_one_group() -> None:
    assert sorted(SUBJECT_GROUP) == sorted(SUBJECTS)
    assert {*SUBJECT_GROUP.values(), *FEATURE_GROUP.values()} == {*GROUPS}
    assert set(FEATURE_GROUP) <= set(COLUMNS)
    assert (group_of("buyer_signals_90d"), group_of("seller_touches_90d"), group_of("hand_90d")) == ("buyer", "seller", "communication")


def test_groups_sum_to_the_whole_and_stay_empty_where_there_is_nothing_to_explain() -> None:
    adds = pd.DataFrame({"silence_days": [0.5, np.nan], "hand_90d": [-0.2, np.nan], "month": [0.1, np.nan]})
    found = added_by_group(adds)
    assert found.columns.tolist() == ["buyer_adds", "seller_adds", "communication_adds", "terms_adds", "context_adds"]
    assert found.iloc[0].tolist() == [0.5, 0.0, -0.2, 0.0, 0.1]
    assert found.iloc[1].isna().all()


TYPICAL = dict.fromkeys(COLUMNS, 5.0)


def deal(**values: float) -> dict:
    return {**dict.fromkeys(COLUMNS, np.nan), "stage_name": "Proposal", "furthest_name": "Proposal", **values}


def told(values: dict[str, float], adds: dict[str, float], lookalikes: Ranges | None = None) -> list[str]:
    rows = pd.DataFrame([{**dict.fromkeys(COLUMNS, np.nan), "silence_days": 20.0, "buyer_signals_total": 3.0, **values}])
    return reasons(rows, pd.DataFrame([adds]), TYPICAL, NAMES, lookalikes).iloc[0].tolist()


def found(values: dict[str, float], adds: dict[str, float], lookalikes: Ranges | None = None) -> list[Reason]:
    return found_reasons(deal(**values), adds, adds, lookalikes or {})


def test_a_reason_is_told_with_how_look_alikes_fared() -> None:
    alike = {"": [(-np.inf, np.inf, 1000, 0.25)], "unanswered_messages": [(-np.inf, 2.0, 200, 0.3), (2.0, np.inf, 1412, 0.184)]}
    first, *_, against = told({"unanswered_messages": 3}, {"unanswered_messages": -0.4}, alike)
    assert first == ("speaks against it: 3 messages of ours since their last sign, none answered "
                     "(1,412 past deals stood like this; 18% of those weeks led to a comeback)")
    assert against == "3 messages of ours since their last sign, none answered"
    assert told({"unanswered_messages": 3}, {"unanswered_messages": -0.4})[0].endswith("none answered")


def test_what_look_alikes_do_not_support_is_not_told() -> None:
    alike = {"": [(-np.inf, np.inf, 1000, 0.25)], "unanswered_messages": [(-np.inf, np.inf, 412, 0.35)]}
    assert found({"unanswered_messages": 3}, {"unanswered_messages": 0.4}, alike)
    assert not found({"unanswered_messages": 3}, {"unanswered_messages": -0.4}, alike)


def test_an_effect_against_a_known_trend_is_not_told() -> None:
    rows = pd.DataFrame([{**dict.fromkeys(COLUMNS, np.nan), "silence_days": days, "buyer_signals_total": 3.0} for days in (2.0, 5.0, 8.0, np.nan)])
    adds = pd.DataFrame({"silence_days": [0.4] * 4})
    assert against_trend(rows, adds, TYPICAL)["silence_days"].tolist() == [False, False, True, False]
    assert told({"silence_days": 8.0}, {"silence_days": 0.4})[0].startswith("speaks neither way")
    assert told({"silence_days": 2.0}, {"silence_days": 0.4})[0].startswith("speaks for it: heard from the buyer only 2 days ago")


def test_a_missing_value_is_told_only_where_the_absence_says_something() -> None:
    assert not found({}, {"seniority_reached": -0.5, "silence_own_share": -0.5, "stage_age_days": 0.5})
    assert [one.sentence for one in found({}, {"days_since_meeting": -0.5})] == ["no meeting held so far"]


def test_a_subject_speaks_with_the_sign_of_its_sum_and_of_the_feature_it_tells() -> None:
    one, = found({"meetings_held_total": 4, "days_since_meeting": 30, "next_meeting_days": 6},
                 {"meetings_held_total": 0.1, "days_since_meeting": -0.3, "next_meeting_days": 0.6})
    assert (one.feature, one.strength) == ("next_meeting_days", pytest.approx(0.4))
    one, = found({"meetings_held_total": 4, "days_since_meeting": 30, "no_shows_180d": 0},
                 {"meetings_held_total": 0.1, "days_since_meeting": -0.07, "no_shows_180d": -0.5})
    assert (one.feature, one.strength) == ("days_since_meeting", pytest.approx(-0.07))


def test_of_the_three_at_most_two_are_of_one_group() -> None:
    every = [Reason(0.9, "buyer", "a", ""), Reason(-0.8, "buyer", "b", ""), Reason(0.7, "buyer", "c", ""), Reason(0.6, "terms", "d", ""),
             Reason(0.5, "context", "e", "")]
    assert [one.feature for one in strongest(every)] == ["a", "b", "d"]


def test_small_effects_are_no_reasons_and_deals_without_contributions_have_none() -> None:
    assert told({"amount": 9.0}, {"amount": 0.01}) == ["speaks neither way: last heard from the buyer 20 days ago", "", "", ""]
    assert told({}, {"amount": np.nan}) == [""] * 4
