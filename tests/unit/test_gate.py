"""The gate: who passes, who does not, and what is said."""

import numpy as np
import pandas as pd
import pytest

from dealtriage.evaluate import by_segment, capacity_gain, error_of_noise, gain, slope_interval
from dealtriage.gate import Gate, _certainly_worse, alone_alarms, decide

GATE = Gate(capacity=5, resamples=200, fewest_deals=100)
DEALS, WEEKS = 600, 5


def predictions(told: np.ndarray, chance: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """A rule that says the mean and a learned model that says `told`, of deals whose true chance is `chance`."""
    rng = np.random.default_rng(seed)
    luck = np.repeat(rng.random(DEALS), WEEKS)
    rows = pd.DataFrame({
        "fold": 0, "deal_id": [f"d{n:03d}" for n in np.repeat(np.arange(DEALS), WEEKS)],
        "as_of": np.tile(pd.date_range("2026-01-05", periods=WEEKS, freq="7D"), DEALS), "revived": (luck < chance).astype(int),
        "stage_position": np.repeat(np.arange(DEALS) % 3, WEEKS).astype(float), "amount": np.repeat(rng.gamma(2, 1000, DEALS), WEEKS),
        "silence_days": np.tile(np.arange(WEEKS) * 30.0 + 15, DEALS)})
    rule = rows.assign(model="plain", is_rule=True, p=chance.mean())
    return pd.concat([rule, rows.assign(model="learned", is_rule=False, p=np.clip(told, 0.01, 0.99))], ignore_index=True)


def chances(seed: int = 1) -> np.ndarray:
    return np.repeat(np.random.default_rng(seed).beta(1, 2, DEALS), WEEKS)


def failed(found: dict[str, object]) -> list[str]:
    return [check["name"].split(":")[0] for check in found["checks"] if not check["passed"]]  # type: ignore[attr-defined]


def test_an_honest_model_that_knows_more_is_published() -> None:
    found = decide(predictions(chances(), chances()), GATE)
    assert found["chosen"] == "learned"
    assert failed(found) == []
    assert found["gain"]["ci"][0] > 0  # type: ignore[index]
    assert "beats the best rule, plain" in str(found["why"])


def test_noise_publishes_the_rule() -> None:
    noise = np.repeat(np.random.default_rng(5).beta(4, 8, DEALS), WEEKS)
    found = decide(predictions(noise, np.full(DEALS * WEEKS, 0.33)), GATE)
    assert found["chosen"] == "plain"
    assert "lower log loss than the best rule, certainly" in failed(found)
    assert "does not beat" in str(found["why"])


def test_a_model_that_boasts_is_not_published_though_it_gains() -> None:
    truth = chances()
    odds = 2.2 * np.log(truth / (1 - truth))
    found = decide(predictions(1 / (1 + np.exp(-odds)), truth), GATE)
    assert found["gain"]["ci"][0] > 0  # type: ignore[index]
    assert found["chosen"] == "plain"
    assert failed(found) == ["calibrated"]


def test_a_model_too_good_to_be_true_is_not_published() -> None:
    truth = np.repeat((np.random.default_rng(2).random(DEALS) < 0.4) * 0.98 + 0.01, WEEKS)
    found = decide(predictions(truth, truth), GATE)
    assert failed(found) == ["no alarm of a leak"]
    assert "too good to be true" in str(found["why"])


def test_an_alarm_that_rang_before_keeps_the_model_back() -> None:
    found = decide(predictions(chances(), chances()), Gate(5, 200, 100, ("spy alone has an AUC of 0.900",)))
    assert found["chosen"] == "plain"
    assert "spy alone" in str(found["why"])


def test_a_large_segment_that_fares_worse_keeps_the_model_back() -> None:
    truth = chances()
    wrong = np.where(np.repeat(np.arange(DEALS) % 3, WEEKS) == 1, np.clip(0.67 - truth, 0.02, 0.9), truth)
    found = decide(predictions(wrong, truth), GATE)
    assert "not worse in a segment of 100 deals or more" in failed(found)
    assert "stage 1" in str(found["why"])
    rare = decide(predictions(wrong, truth), Gate(5, 200, 10_000))
    assert "not worse in a segment of 10000 deals or more" not in failed(rare)


def test_a_segment_that_is_worse_by_chance_among_many_keeps_nobody_back() -> None:
    table = pd.DataFrame({"log_loss_gain": [-0.011, *[0.01] * 19], "gain_low": [-0.021, *[0.0] * 19], "gain_high": [-0.001, *[0.02] * 19]})
    assert not _certainly_worse(table).any()
    assert _certainly_worse(table.iloc[:1]).all()


def test_without_a_learned_model_the_best_rule_is_used() -> None:
    table = predictions(chances(), chances()).query("is_rule")
    found = decide(table, GATE)
    assert (found["chosen"], found["learned"]) == ("plain", None)


def test_a_feature_that_tells_suspiciously_much_alone_rings() -> None:
    alone = pd.DataFrame({"feature": ["silence_days", "silence_ratio", "amount", "spy"], "subject": ["silence", "silence", "terms", "people"],
                          "auc": [0.70, 0.69, 0.55, 0.846]})
    assert [alarm.split()[0] for alarm in alone_alarms(alone, ())] == ["spy"]
    assert alone_alarms(alone, ("spy",)) == ()
    assert alone_alarms(alone.assign(auc=[0.78, 0.77, 0.70, 0.79]), ()) == ()
    assert alone_alarms(alone.iloc[:0], ()) == ()


def test_gain_at_capacity_is_counted_among_the_best_of_each_week() -> None:
    table = predictions(chances(), chances())
    model, rule = (table[table["model"] == name].reset_index(drop=True) for name in ("learned", "plain"))
    top = model.sort_values(["as_of", "p", "deal_id"], ascending=[True, False, True]).groupby("as_of").head(5)
    first = rule.sort_values(["as_of", "deal_id"]).groupby("as_of").head(5)
    found = capacity_gain(model, rule, 5, 200)
    assert found["revived_share"] == pytest.approx(top["revived"].mean())
    assert found["rule_revived_share"] == pytest.approx(first["revived"].mean())
    assert found["gain"] == pytest.approx(top["revived"].mean() - first["revived"].mean())
    assert found["ci"][0] <= found["gain"] <= found["ci"][1]  # type: ignore[index]


def test_segments_split_all_rows_and_their_gains_add_up() -> None:
    table = predictions(chances(), chances())
    model, rule = (table[table["model"] == name].reset_index(drop=True) for name in ("learned", "plain"))
    found = by_segment(model, rule, 60)
    whole = gain(model, rule, 60)["log_loss_gain"]
    for kind, part in found.groupby("kind"):
        assert part["rows"].sum() == len(model), kind
        assert (part["log_loss_gain"] * part["rows"]).sum() / len(model) == pytest.approx(whole, abs=1e-5)
    assert set(found["kind"]) == {"stage", "size", "silence", "month"}


def test_segments_of_what_is_not_known_are_left_out() -> None:
    table = predictions(chances(), chances()).assign(stage_position=np.nan, amount=np.nan)
    model = table[table["model"] == "learned"].reset_index(drop=True)
    assert set(by_segment(model, model, 60)["kind"]) == {"silence", "month"}


def test_the_slopes_interval_holds_the_true_slope_and_grows_with_fewer_deals() -> None:
    table = predictions(chances(), chances())
    model = table[table["model"] == "learned"]
    low, high = slope_interval(model)  # type: ignore[misc]
    assert low < 1 < high
    few = slope_interval(model[model["deal_id"] < "d060"])
    assert few is not None and few[1] - few[0] > 2 * (high - low)


def test_the_error_that_chance_explains_shrinks_with_more_deals() -> None:
    table = predictions(chances(), chances()).query("model == 'learned'")
    many, few = error_of_noise(table, 100), error_of_noise(table[table["deal_id"] < "d060"], 100)
    assert 0 < many < few
