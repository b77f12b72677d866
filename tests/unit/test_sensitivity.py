"""What refits, the check of censoring and drift say, against what can be worked out by hand."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dealtriage.calendar import fold
from dealtriage.labels import COLUMNS_READ, label
from dealtriage.matrix import read_labelled
from dealtriage.model.base import TwoClasses
from dealtriage.params import Label, load_params
from dealtriage.sensitivity import refits
from dealtriage.sensitivity.build import REVIVALS
from dealtriage.sensitivity.censoring import by_quarter, kaplan_meier, running
from dealtriage.sensitivity.drift import base_rate, moved_features, stability_index
from dealtriage.sensitivity.refits import Refit, Without, nested, relabelled
from dealtriage.sensitivity.tables import ablation, extrapolated, label_rows, learning_curve
from dealtriage.tables import read_parts
from dealtriage.workspace import Workspace, read_cutoff
from tests.company import finished_run

DEALS = pd.Series([f"d{n}" for n in range(4000)])


def test_kaplan_meier_by_hand() -> None:
    days, is_event = np.array([1.0, 2, 3, 3, 4]), np.array([True, False, True, False, False])
    assert kaplan_meier(days, is_event) == pytest.approx(1 - (4 / 5) * (2 / 3))
    twice = kaplan_meier(np.repeat(days, 2), np.repeat(is_event, 2))
    assert kaplan_meier(days, is_event, np.full(5, 2.0)) == pytest.approx(twice) == pytest.approx(kaplan_meier(days, is_event))
    assert kaplan_meier(days, is_event, np.array([0.0, 1, 1, 1, 1])) == pytest.approx(1 / 3)


def test_kaplan_meier_of_windows_that_are_over_is_the_share() -> None:
    days = np.array([10.0, 90, 90, 20, 90])
    assert kaplan_meier(days, days < 90) == pytest.approx(0.4)


def quarter_rows(cutoff: datetime) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    back = np.where(rng.random(4000) < 0.5, rng.uniform(0, 90, 4000), np.nan)
    as_of = [cutoff - timedelta(days=float(days)) for days in rng.uniform(1, 180, 4000)]
    rows = pd.DataFrame({"deal_id": DEALS, "as_of": pd.to_datetime(as_of), "is_in_gap": False, "ended_by": "open", "ended_after_days": np.nan})
    followed = (cutoff - rows["as_of"]).dt.total_seconds() / 86400
    for name in REVIVALS:
        rows[f"days_until_{name}"] = np.where(back <= followed, back, np.nan)
    return rows


def test_running_windows_are_completed_not_counted_as_dead() -> None:
    cutoff, asked = datetime(2024, 6, 30), Label(horizon_days=90, revival="won")
    rows = relabelled(quarter_rows(cutoff), asked, cutoff)
    found = by_quarter(rows, asked, cutoff, 50).set_index("quarter")
    newest = found.loc["2024Q2"]
    running_rows = rows[rows["as_of"] > cutoff - timedelta(days=90)]
    assert running_rows["days_until_won"].notna().mean() < 0.3  # so far
    assert newest["expected_share"] == pytest.approx(0.5, abs=0.04)
    assert newest["ci_low"] < 0.5 < newest["ci_high"]
    over = found.loc["2024Q1"]
    assert over["revived_share"] == pytest.approx(over["expected_share"], abs=1e-9)
    assert found.loc["all", "rows"] == 4000


def test_what_should_be_back_is_set_against_what_is() -> None:
    cutoff = datetime(2024, 6, 30)
    as_of = pd.Timestamp(cutoff) - pd.Timedelta(days=30)
    found = pd.DataFrame({"deal_id": DEALS[:1000], "as_of": as_of, "revived": np.nan, "p": 0.4, "expected": 0.3,
                          "days_until_won": np.where(np.arange(1000) < 200, 5.0, np.nan)})
    one = running(found, Label(horizon_days=90, revival="won"), cutoff, 100).set_index("month").loc["all"]
    assert (one["said_share"], one["expected_share"], one["seen_share"]) == pytest.approx((0.4, 0.3, 0.2))
    assert one["difference"] == pytest.approx(-0.1)
    assert one["ci_low"] < -0.1 < one["ci_high"] < 0
    young = found.assign(as_of=pd.Timestamp(cutoff) - pd.Timedelta(days=3))
    assert running(young, Label(horizon_days=90, revival="won"), cutoff, 100).empty


def test_stability_index_by_hand() -> None:
    before, newest = np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], [25, 75])
    assert stability_index(before, newest) == pytest.approx(0.25 * np.log(3))
    assert stability_index(before, before) == 0
    half = np.where(np.arange(100) % 2 == 0, np.nan, before)
    was, now = np.array([0.5, 0.5, 1e-4]), np.array([0.25, 0.25, 0.5])
    assert stability_index(before, half) == pytest.approx(((now - was) * np.log(now / was)).sum())
    assert stability_index(np.full(9, np.nan), np.full(9, np.nan)) == 0


def test_the_feature_that_moved_leads() -> None:
    rng = np.random.default_rng(5)
    before = pd.DataFrame({"deal_id": DEALS[:1000], "still": rng.normal(size=1000), "moved": rng.normal(size=1000)})
    newest = pd.DataFrame({"deal_id": DEALS[:1000], "still": rng.normal(size=1000), "moved": rng.normal(1, 1, 1000)})
    found = moved_features(before, newest, ["still", "moved"]).set_index("feature")
    assert found.index[0] == "moved"
    assert found.loc["moved", "stability_index"] > 0.25
    assert found.loc["still", "stability_index"] < 3 * found.loc["still", "by_chance"]
    assert moved_features(before.iloc[:0], newest, ["still"]).empty


def test_base_rate_counts_known_outcomes_alone() -> None:
    rows = pd.DataFrame({"deal_id": ["a", "b", "c", "d"], "as_of": pd.to_datetime(["2024-01-01", "2024-02-05", "2024-03-04", "2024-04-01"]),
                         "revived": [1.0, 0.0, np.nan, 1.0]})
    assert base_rate(rows)["middle"].tolist() == [pd.Timestamp("2024-01-18"), pd.Timestamp("2024-04-01")]
    assert base_rate(rows)[["quarter", "rows", "revived_share"]].to_numpy().tolist() == [["2024Q1", 2, 0.5], ["2024Q2", 1, 1.0]]


def test_shares_of_the_deals_are_nested() -> None:
    drawn = [set(DEALS[nested(DEALS, share)]) for share in (0.125, 0.25, 0.5, 1.0)]
    assert all(small < large for small, large in pairwise(drawn))
    assert [len(one) / 4000 for one in drawn] == pytest.approx([0.125, 0.25, 0.5, 1.0], abs=0.03)
    twice = pd.Series(["d7", "d7", "d8"])
    assert nested(twice, 0.5)[0] == nested(twice, 0.5)[1]


@pytest.mark.parametrize("horizon_days", [45, 90, 180])
@pytest.mark.parametrize("revival", REVIVALS)
@pytest.mark.parametrize("refusals", ["dead", "exclude"])
def test_another_label_is_that_of_labels(revival: Any, horizon_days: int, refusals: Any) -> None:
    workspace, asked = Workspace(finished_run()), Label(revival=revival, horizon_days=horizon_days, seller_refusal=refusals)
    matrix, cutoff = read_labelled(workspace), read_cutoff(workspace)
    truth = label(read_parts(workspace.timeline, list(COLUMNS_READ)), matrix[["deal_id", "as_of", "is_in_gap"]], cutoff, asked)
    found = relabelled(matrix, asked, cutoff)
    assert (found["is_matured"].to_numpy() == truth["is_matured"].to_numpy()).all()
    assert (found["left_out"].to_numpy() == truth["left_out"].to_numpy()).all()
    np.testing.assert_array_equal(found["revived"].to_numpy(dtype=float), truth["revived"].astype("float64").to_numpy(dtype=float))


class Echo(TwoClasses):
    """Says the sum of all columns, as far as it fits into a chance."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Echo":
        self._learn(X, y)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        p = self._look(X).sum(axis=1)
        return np.column_stack([1 - p, p])


def test_what_is_left_out_is_not_seen() -> None:
    X = pd.DataFrame({"kept": [0.1, 0.2], "left_out": [0.3, 0.4]})
    model = Without(Echo(), ("kept",)).fit(X, [0, 1])
    assert model.predict_proba(X)[:, 1].tolist() == [0.1, 0.2]
    assert model.predict_proba(X.assign(left_out=9.0))[:, 1].tolist() == [0.1, 0.2]


def test_no_refit_learns_from_a_deal_that_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, params = Workspace(finished_run()), load_params(finished_run() / "params.yaml")
    matrix, cutoff = read_labelled(workspace), read_cutoff(workspace)
    seen: list[set[str]] = []

    def noted(choice: Any, known: Any) -> Any:
        seen.append(set(matrix.loc[known.everything.X.index, "deal_id"]))
        assert (matrix.loc[known.everything.X.index, "as_of"] < one.test_start).all()
        return Echo().fit(known.finished.X, known.finished.y)

    one = fold(0, cutoff - timedelta(days=150), cutoff - timedelta(days=90), 90, 13)
    monkeypatch.setattr(refits, "fit_choice", noted)
    found = refits.said(matrix, ["silence_days", *_some(matrix)], params, cutoff, Refit(one, params.label, 3, 0.5))
    assert found is not None and len(seen) == 3
    assert found["revived"].notna().all() and found["as_of"].between(one.test_start, one.test_end, inclusive="left").all()
    group = refits.deal_group(found["deal_id"], 3, "sensitivity")
    for tested in range(3):
        assert not seen[tested] & set(found.loc[group == tested, "deal_id"])
        assert nested(pd.Series(sorted(seen[tested])), 0.5).all()


def _some(matrix: pd.DataFrame) -> list[str]:
    return ["deal_age_days", "buyer_signals_total"]


def table(loss: float, rows: int = 60) -> pd.DataFrame:
    """Every row revived and was given a chance with this log loss."""
    return pd.DataFrame({"deal_id": DEALS[:rows], "revived": 1.0, "p": np.exp(-loss)})


def test_the_extrapolation_is_the_line_it_says_it_is() -> None:
    learnt, gain = np.array([100.0, 200, 400]), lambda n: 0.05 - 0.3 / np.sqrt(n)
    said = [table(1 - gain(n)) for n in learnt]
    all_deals, twice = extrapolated(said, table(1.0), learnt, (1.5, 3.0), 20)
    assert (all_deals["learnt_deals"], twice["learnt_deals"]) == (600, 1200)
    assert all_deals["log_loss_gain"] == pytest.approx(gain(600))
    assert (twice["log_loss_gain"], twice["gain_low"], twice["gain_high"]) == pytest.approx((gain(1200),) * 3)
    assert (all_deals["more"], twice["more"]) == pytest.approx((gain(600) - gain(400), gain(1200) - gain(600)))


def mixed(p: float, learnt: int = 0) -> pd.DataFrame:
    """Half of the rows revived, and were given the chance p; the others 1 - p. Silence says 0.5."""
    y = np.arange(200) % 2
    return pd.DataFrame({"deal_id": DEALS[:200], "revived": y.astype(float), "p": np.where(y == 1, p, 1 - p), "p_silence": 0.5, "learnt_deals": learnt})


def test_the_learning_curve_is_measured_and_then_drawn_on() -> None:
    found = learning_curve({1.0: mixed(0.8, 400), 0.5: mixed(0.7, 200), 0.25: mixed(0.6, 100)}, 1.5, 20)
    assert found["is_measured"].tolist() == [True] * 3 + [False] * 2
    assert found["learnt_deals"].tolist() == [100, 200, 400, 600, 1200]
    assert found["log_loss_gain"][:3].tolist() == pytest.approx([np.log(p / 0.5) for p in (0.6, 0.7, 0.8)], abs=1e-5)
    assert found["more"][2] == pytest.approx(np.log(0.8 / 0.7), abs=1e-5)
    assert found["auc"][:3].tolist() == [1.0] * 3
    assert learning_curve({}, 1.5, 20).empty
    assert len(learning_curve({1.0: mixed(0.8, 400)}, 1.5, 20)) == 1


def test_without_a_group_the_loss_rises_by_the_difference() -> None:
    found = ablation({"": mixed(0.8), "seller": mixed(0.79), "buyer": mixed(0.6)}, ["silence_days", "owner_open_deals", "amount"], 20)
    assert found["left_out"].tolist() == ["buyer", "seller"]
    assert found["features"].tolist() == [1, 1]
    assert found["log_loss_rise"].tolist() == pytest.approx([np.log(0.8 / 0.6), np.log(0.8 / 0.79)], abs=1e-5)
    assert ablation({}, [], 20).empty


def test_a_label_has_its_own_share_and_gain() -> None:
    one = label_rows({("won", 45): mixed(0.8)}, 20).iloc[0]
    assert (one["revival"], one["horizon_days"], one["revived_share"], one["auc"], one["silence_auc"]) == ("won", 45, 0.5, 1.0, 0.5)
    assert one["log_loss_gain"] == pytest.approx(np.log(1.6), abs=1e-5)
