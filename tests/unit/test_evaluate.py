import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from dealtriage.evaluate import bands, expected_calibration_error, gain, metrics, weighted_auc


def table(rng: np.random.Generator, p: np.ndarray, truth: np.ndarray, model: str = "m", is_rule: bool = False) -> pd.DataFrame:
    return pd.DataFrame({"deal_id": [f"d{n // 3}" for n in range(len(p))], "model": model, "is_rule": is_rule, "p": p,
                         "revived": (rng.random(len(p)) < truth).astype(int)})


@settings(derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 3)), min_size=4, max_size=40))
def test_weighted_auc_is_the_librarys(rows: list[tuple[int, int, int]]) -> None:
    y, p, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    if not (weight[y == 1].sum() and weight[y == 0].sum()):
        assert weighted_auc(y, p, weight) is None
    else:
        assert weighted_auc(y, p, weight) == pytest.approx(roc_auc_score(y, p, sample_weight=weight))


def test_probabilities_that_mean_what_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.05, 0.95, 6000)
    honest = metrics(table(rng, truth, truth), 50)
    assert honest["calibration_slope"] == pytest.approx(1, abs=0.1)
    assert honest["ece"] < 0.03
    assert honest["auc_ci"][0] < honest["auc"] < honest["auc_ci"][1]
    odds = np.log(truth / (1 - truth)) * 2
    boastful = metrics(table(rng, 1 / (1 + np.exp(-odds)), truth), 50)
    assert boastful["calibration_slope"] == pytest.approx(0.5, abs=0.1)
    assert boastful["ece"] > 0.05


def test_calibration_error_of_one_number() -> None:
    assert expected_calibration_error(np.array([0, 0, 1, 1]), np.full(4, 0.75)) == pytest.approx(0.25)


def test_gain_of_a_model_over_itself_is_nothing() -> None:
    rng = np.random.default_rng(2)
    same = table(rng, np.full(300, 0.5), rng.uniform(0.05, 0.95, 300))
    assert gain(same, same, 100) == {"log_loss_gain": 0.0, "ci": [0.0, 0.0]}


def test_a_thin_band_joins_its_neighbour() -> None:
    rng = np.random.default_rng(3)
    p = np.concatenate([np.full(300, 0.3), np.full(3, 0.05), np.full(300, 0.8)])
    found = bands(table(rng, p, p), (0.1, 0.5), fewest_deals=30)
    assert found[["low", "high"]].to_numpy().tolist() == [[0.0, 0.5], [0.5, 1.0]]
    assert found["rows"].sum() == len(p)
    assert found["said_share"].round(3).tolist() == [round((300 * 0.3 + 3 * 0.05) / 303, 3), 0.8]
    assert (found["ci_low"] <= found["came_true_share"]).all()
