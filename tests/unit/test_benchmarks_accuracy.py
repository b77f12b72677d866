"""The benchmark of accuracy: its split and its encodings do not look ahead, its own models are what they say, its figures have the right sign."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.accuracy import bgnbd, ceiling, data, outcomes, table
from benchmarks.accuracy.bgnbd import BgNbd
from benchmarks.accuracy.challengers import signs
from benchmarks.accuracy.history import known_before
from benchmarks.accuracy.outcomes import by_start, mean_auc, prefixes, with_outcome
from benchmarks.accuracy.prefix import Events, encode, encode_rows, of_timeline, vocabulary, words_before
from benchmarks.accuracy.score import figures, with_shares
from benchmarks.accuracy.split import Split, split
from benchmarks.accuracy.task import Answer, Task
from scipy.integrate import quad
from scipy.stats import beta, gamma

from dealtriage.params import load_params
from dealtriage.tables import write_parquet
from dealtriage.workspace import Workspace

MONDAYS = pd.date_range("2026-01-05", periods=20, freq="W-MON", unit="us")
HORIZON = 30
T_0 = pd.Timestamp("2026-01-01")


def weekly(deals: int = 40) -> pd.DataFrame:
    """Deals that are quiet for some weeks, each from another Monday on."""
    rng = np.random.default_rng(5)
    spans = zip(rng.integers(0, 18, deals), rng.integers(1, 9, deals), strict=True)
    rows = [(f"d{deal:02}", when) for deal, (first, weeks) in enumerate(spans) for when in MONDAYS[first:first + weeks]]
    return pd.DataFrame(rows, columns=["deal_id", "as_of"]).assign(revived=lambda frame: rng.integers(0, 2, len(frame)))


def timeline(deals: int = 30) -> pd.DataFrame:
    """Facts of a few deals: many on the as-of dates themselves, some known days after they happened."""
    rng = np.random.default_rng(8)
    count = deals * 25
    occurred = T_0 + pd.to_timedelta(rng.integers(0, 140, count), unit="D")
    frame = pd.DataFrame({
        "deal_id": [f"d{number:02}" for number in rng.integers(0, deals, count)], "occurred_at": occurred,
        "known_at": occurred + pd.to_timedelta(rng.choice([0, 0, 3], count), unit="D"),
        "kind": rng.choice(["email_in", "email_out", "stage_changed", "amount_changed"], count), "label": rng.choice(["Offer", "Talks"], count),
        "owner_id": pd.Series(rng.choice(["ann", "bob", ""], count), dtype="str").replace("", None),
        "value": np.where(rng.random(count) < 0.6, rng.normal(1e5, 3e4, count).round(2), np.nan)})
    return frame.assign(is_buyer_signal=frame["kind"].eq("email_in")).sort_values(["deal_id", "known_at"], kind="stable").reset_index(drop=True)


def stored(facts: pd.DataFrame, folder: Path) -> Workspace:
    workspace = Workspace(folder)
    half = facts["deal_id"] < "d15"
    for number, part in enumerate((facts[half], facts[~half])):
        write_parquet(part.reset_index(drop=True), workspace.timeline / f"part-{number:04d}.parquet")
    return workspace


def test_no_deal_is_on_both_sides_and_every_training_label_had_matured() -> None:
    rows = weekly()
    made = split(rows, HORIZON)
    assert len(made.train) and len(made.test) and made.dropped
    assert not set(made.train["deal_id"]) & set(made.test["deal_id"])
    assert (made.train["as_of"] + pd.Timedelta(days=HORIZON)).max() <= made.test["as_of"].min() == made.cut
    assert len(made.test) + made.dropped == (rows["as_of"] >= made.cut).sum()


def test_the_last_thirty_percent_of_the_dates_test_and_nothing_that_may_train_is_left_out() -> None:
    rows = pd.DataFrame({"deal_id": [f"d{n}" for n in range(20)], "as_of": MONDAYS, "revived": 1})
    made = split(rows, HORIZON)
    assert list(made.test["as_of"]) == list(MONDAYS[14:])
    assert list(made.train["as_of"]) == [when for when in MONDAYS if (MONDAYS[14] - when).days >= HORIZON]


def test_the_label_of_a_row_that_matures_on_the_cut_trains_and_one_day_later_does_not() -> None:
    rows = pd.DataFrame({"deal_id": [f"d{n}" for n in range(20)], "as_of": MONDAYS, "revived": 1})
    assert split(rows, 28).train["as_of"].max() == MONDAYS[10]
    assert split(rows, 29).train["as_of"].max() == MONDAYS[9]


def test_facts_known_at_the_as_of_date_or_later_are_not_in_a_history() -> None:
    facts = pd.DataFrame({"deal_id": ["a"] * 4 + ["b"], "known_at": pd.to_datetime(["2026-01-01", "2026-01-05", "2026-01-06", "2026-01-20", "2026-01-01"])})
    rows = pd.DataFrame({"deal_id": ["b", "a", "a", "a"], "as_of": pd.to_datetime(["2026-01-01", "2026-01-05", "2026-01-06", "2026-02-01"])})
    found = known_before(facts, rows, np.arange(4))
    assert list(found.hi - found.lo) == [0, 1, 2, 4]


def test_the_aggregation_encoding_is_the_same_without_all_that_was_known_later(tmp_path: Path) -> None:
    facts = timeline()
    rows = pd.DataFrame([(deal, when) for deal in facts["deal_id"].unique() for when in MONDAYS[[4, 9, 15]]], columns=["deal_id", "as_of"])
    full = stored(facts, tmp_path / "full")
    words = words_before(full, rows)
    whole = encode_rows(full, rows, words)
    for when, some in rows.groupby("as_of"):
        cut = stored(facts[facts["known_at"] < when], tmp_path / str(when.date()))
        pd.testing.assert_frame_equal(encode_rows(cut, some.reset_index(drop=True), words), whole.loc[some.index].reset_index(drop=True), check_exact=True)
    assert (facts["known_at"] == MONDAYS[9]).any() and whole["events"].nunique() > 10


def test_the_aggregation_encoding_counts_and_sums_what_a_plain_computation_finds(tmp_path: Path) -> None:
    facts, when = timeline(), MONDAYS[12]
    rows = pd.DataFrame({"deal_id": facts["deal_id"].unique()[::-1], "as_of": when})
    found = encode_rows(stored(facts, tmp_path), rows, words_before(Workspace(tmp_path), rows))
    for place in (0, 7, 29):
        known = facts[(facts["deal_id"] == rows["deal_id"][place]) & (facts["known_at"] < when)]
        row, values = found.loc[place], known["value"].dropna()
        assert row["events"] == len(known) and row["activity_email_in"] == (known["kind"] == "email_in").sum()
        assert row["activity_stage_changed Offer"] == ((known["kind"] == "stage_changed") & (known["label"] == "Offer")).sum()
        assert row["resource_ann"] == (known["owner_id"] == "ann").sum() and row["resource_nobody"] == known["owner_id"].isna().sum()
        assert row[["value_mean", "value_min", "value_max", "value_sum"]].tolist() == pytest.approx([values.mean(), values.min(), values.max(), values.sum()], rel=1e-5)
        assert row["value_std"] == pytest.approx(values.std(ddof=0), rel=1e-4)
        assert row["since_start_hours_max"] == pytest.approx((known["known_at"].max() - known["known_at"].min()) / pd.Timedelta(hours=1))
        assert row["since_last_event_days"] == (when - known["known_at"].max()).days


def test_the_vocabulary_is_that_of_the_training_prefixes_alone(tmp_path: Path) -> None:
    facts = timeline()
    late = facts["known_at"] >= MONDAYS[6]
    facts.loc[late, "owner_id"] = "late"
    facts.loc[facts["deal_id"] == "d29", "owner_id"] = "not asked"
    train = pd.DataFrame({"deal_id": [name for name in facts["deal_id"].unique() if name != "d29"], "as_of": MONDAYS[6]})
    assert words_before(stored(facts, tmp_path), train).resources == ("ann", "bob", "nobody")


def test_an_empty_prefix_has_no_numbers() -> None:
    events = Events(np.array([0, 0]), np.array([10, 20]), pd.Series(["x", "x"]), pd.Series(["r", "r"]), {})
    found = encode(events, np.array([0]), np.array([0]), vocabulary(pd.Series(["x"] * 10), pd.Series(["r"] * 9)))
    assert found["events"][0] == found["activity_x"][0] == 0 and np.isnan(found["month_mean"][0]) and "resource_r" not in found


def test_stages_are_activities_by_their_name() -> None:
    facts = pd.DataFrame({"deal_id": ["a", "a"], "known_at": [T_0, T_0], "kind": ["stage_changed", "email_in"], "label": ["Offer", "Offer"],
                          "owner_id": ["x", None], "value": [1.0, np.nan]})
    events = of_timeline(known_before(facts, pd.DataFrame({"deal_id": ["a"], "as_of": [T_0]}), np.arange(1)))
    assert list(events.activity) == ["stage_changed Offer", "email_in"] and list(events.resource) == ["x", "nobody"]


def test_bg_nbd_has_the_likelihood_and_the_chance_to_be_alive_that_integration_finds() -> None:
    model = BgNbd(0.8, 4.0, 1.3, 2.5)

    def mean_rate(x: int, until: float) -> float:
        return float(quad(lambda rate: rate ** x * np.exp(-rate * until) * gamma.pdf(rate, model.r, scale=1 / model.alpha), 0, np.inf)[0])

    def mean_death(died: int, survived: int) -> float:
        return float(quad(lambda p: p ** died * (1 - p) ** survived * beta.pdf(p, model.a, model.b), 0, 1)[0])

    for x, t_x, T in ((0, 0.0, 10.0), (1, 3.0, 10.0), (3, 8.0, 12.0)):
        alive = mean_death(0, x) * mean_rate(x, T)
        expected = alive + (mean_death(1, x - 1) * mean_rate(x, t_x) if x else 0.0)
        seen = np.array([x], dtype=float), np.array([t_x]), np.array([T])
        assert bgnbd.log_likelihood(model, *seen)[0] == pytest.approx(np.log(expected), abs=1e-6)
        assert bgnbd.p_alive(model, *seen)[0] == pytest.approx(alive / expected, abs=1e-6)


def test_bg_nbd_finds_the_parameters_it_was_simulated_with_and_who_is_alive() -> None:
    truth, size, T = BgNbd(1.0, 3.0, 1.0, 3.0), 4_000, 40.0
    rng = np.random.default_rng(2)
    rates, deaths = rng.gamma(truth.r, 1 / truth.alpha, size), rng.beta(truth.a, truth.b, size)
    x, t_x, alive = np.zeros(size), np.zeros(size), np.ones(size, dtype=bool)
    for one in range(size):
        at = rng.exponential(1 / rates[one])
        while alive[one] and at < T:
            x[one], t_x[one] = x[one] + 1, at
            alive[one] = rng.random() >= deaths[one]
            at += rng.exponential(1 / rates[one])
    found = bgnbd.fit(x, t_x, np.full(size, T))
    assert [found.r / found.alpha, found.a / (found.a + found.b)] == pytest.approx([truth.r / truth.alpha, truth.a / (truth.a + truth.b)], rel=0.12)
    p = bgnbd.p_alive(found, x, t_x, np.full(size, T))
    assert p.mean() == pytest.approx(alive.mean(), abs=0.03) and p[alive].mean() > p[~alive].mean() + 0.3
    assert (p[x == 0] == 1).all()


def made_task(tmp_path: Path, rows: pd.DataFrame, test: pd.DataFrame) -> Task:
    return Task("made", load_params(data.ROOT / "params.yaml"), Workspace(tmp_path), [], Split(rows, test, MONDAYS[14], 0))


def test_days_with_signs_are_counted_before_the_as_of_date_and_timed_from_the_first_fact(tmp_path: Path) -> None:
    facts = pd.DataFrame({
        "deal_id": "d00", "known_at": pd.to_datetime(["2026-01-01", "2026-01-08", "2026-01-15", "2026-01-16", "2026-01-22"]),
        "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-08", "2026-01-13", "2026-01-13T12:00", "2026-01-22"], format="ISO8601"),
        "is_buyer_signal": [False, True, True, True, True]})
    write_parquet(facts, Workspace(tmp_path).timeline / "part-0000.parquet")
    rows = pd.DataFrame({"deal_id": "d00", "as_of": pd.to_datetime(["2026-01-08", "2026-01-22", "2026-01-29"])})
    x, t_x, T = signs(made_task(tmp_path, rows, rows), rows)
    assert list(x) == [0, 2, 3] and list(t_x * 7) == pytest.approx([0, 12.5, 21]) and list(T * 7) == pytest.approx([7, 21, 28])


def test_the_gain_is_positive_for_who_knows_more_and_negative_for_who_is_wrong(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 400)
    test = pd.DataFrame({"deal_id": [f"d{n}" for n in range(400)], "as_of": MONDAYS[15], "revived": pd.array(y, dtype="Int8")})
    task, plain = made_task(tmp_path, test, test), Answer(np.full(400, 0.5), 0.0)
    knows = figures(task, Answer(np.where(y == 1, 0.8, 0.2), 0.0), plain, 50)
    wrong = figures(task, Answer(np.where(y == 1, 0.2, 0.8), 0.0), plain, 50)
    assert knows["gain_over_silence"]["log_loss_gain"] == pytest.approx(np.log(0.8 / 0.5), abs=1e-6) and knows["gain_over_silence"]["ci"][0] > 0
    assert wrong["gain_over_silence"]["ci"][1] < 0 and knows["brier_skill"] > 0 > wrong["brier_skill"] and knows["auc"] == 1
    some = np.arange(0, 400, 2)
    vague_on_even = Answer(np.where(np.arange(400) % 2, 0.9, 0.5), 0.0)
    part = figures(task, Answer(np.where(y[some] == 1, 0.8, 0.2), 0.0, some), vague_on_even, 50)
    assert part["rows"] == 200 and part["gain_over_silence"]["log_loss_gain"] == pytest.approx(np.log(0.8 / 0.5), abs=1e-6)


def test_the_share_of_the_ceiling_is_measured_from_chance() -> None:
    shared = with_shares({"half": {"auc": 0.7}, "none": {"auc": 0.5}, "out": {"skipped": "why"}}, 0.9)
    assert shared["half"]["share_of_ceiling"] == 0.5 and shared["none"]["share_of_ceiling"] == 0 and shared["out"] == {"skipped": "why"}


def test_the_truth_is_joined_by_deal_and_date_in_the_order_of_the_rows() -> None:
    states = pd.DataFrame({"deal_id": ["a", "a", "b"], "as_of": pd.DatetimeIndex([MONDAYS[0], MONDAYS[1], MONDAYS[0]]).tz_localize("UTC"), "p_revive_90d": [0.1, 0.2, 0.3]})
    rows = pd.DataFrame({"deal_id": ["b", "a", "c"], "as_of": [MONDAYS[0], MONDAYS[1], MONDAYS[0]]})
    assert list(ceiling.joined(rows, states)[:2]) == [0.3, 0.2] and np.isnan(ceiling.joined(rows, states)[2])
    params = load_params(data.ROOT / "params.yaml")
    assert ceiling.is_of(params) and not ceiling.is_of(params.model_copy(update={"label": params.label.model_copy(update={"revival": "won"})}))


def log(cases: int = 10, events: int = 6) -> pd.DataFrame:
    """Cases that start a day apart and last longer, so that early ones overlap the start of late ones."""
    ends = list(outcomes.TASKS.values())
    rows = [(f"c{case:02}", ends[case % 3] if number == events - 1 else f"A_{number}", T_0 + pd.Timedelta(days=case + number * 2), "r", 100.0 + case)
            for case in range(cases) for number in range(events)]
    return pd.DataFrame(rows, columns=["case_id", "activity", "time", "resource", "amount"])


def test_the_outcome_is_the_last_offer_event_and_other_cases_are_left_out() -> None:
    extra = pd.DataFrame({"case_id": "open", "activity": ["O_CANCELLED-COMPLETE", "O_SENT-COMPLETE"], "time": [T_0, T_0 + pd.Timedelta(days=1)], "resource": "r", "amount": 1.0})
    found = with_outcome(pd.concat([log(), extra]).sample(frac=1, random_state=3))
    assert "open" not in set(found["case_id"]) and found["time"].groupby(found["case_id"]).is_monotonic_increasing.all()
    assert found.groupby("case_id")["outcome"].first()["c01"] == "O_DECLINED-COMPLETE"


def test_training_events_after_the_first_test_case_started_are_dropped() -> None:
    train, test = by_start(with_outcome(log()))
    assert set(test["case_id"]) == {"c08", "c09"} and not set(train["case_id"]) & set(test["case_id"])
    assert train["time"].max() < test["time"].min() == T_0 + pd.Timedelta(days=8)
    assert train.groupby("case_id").size().to_dict() == {"c00": 4, "c01": 4, "c02": 3, "c03": 3, "c04": 2, "c05": 2, "c06": 1, "c07": 1}
    assert len(test) == 12


def test_every_prefix_is_an_example_that_sees_none_of_the_events_that_follow() -> None:
    train, test = by_start(with_outcome(log(cases=40, events=12)))
    _, made = prefixes(train, test)
    assert list(made.length[:12]) == list(range(1, 13)) and list(made.matrix["events"]) == list(made.length)
    shortened = prefixes(train, test.groupby("case_id").head(5).reset_index(drop=True))[1]
    pd.testing.assert_frame_equal(shortened.matrix, made.matrix[made.length <= 5].reset_index(drop=True))
    long = with_outcome(log(cases=2, events=60))
    assert prefixes(long, long)[0].length.max() == outcomes.LONGEST


def test_the_auc_is_weighted_by_the_prefixes_of_each_length() -> None:
    y = np.array([0, 1, 0, 1, 1, 0, 1])
    p = np.array([0.1, 0.9, 0.8, 0.2, 0.2, 0.7, 0.5])
    length = np.array([1, 1, 2, 2, 2, 2, 3])
    assert mean_auc(y, p, length) == pytest.approx((2 * 1.0 + 4 * 0.0) / 6)


def test_a_table_says_who_did_not_take_part() -> None:
    one = {"auc": 0.7, "auc_ci": [0.6, 0.8], "average_precision": 0.5, "log_loss": 0.6, "brier_skill": 0.1, "ece": 0.02, "calibration_slope": None, "rows": 5,
           "gain_over_silence": {"log_loss_gain": 0.01, "ci": [-0.01, 0.03]}, "fit_seconds": 1.0}
    result = {"name": "x", "cut": "2026-01-05", "horizon_days": 30, "dropped": 1, "train_rows": 10, "train_deals": 4, "test_rows": 9, "test_deals": 3, "revived_share": 0.4,
              "models": {"silence": one, "LightGBM": {"skipped": "lightgbm is not installed"}}}
    said = table.of_models(result)
    assert "| silence (5 rows) | 0.700 (0.600 to 0.800) |" in said and "* LightGBM: lightgbm is not installed" in said
    assert len({line.count("|") for line in said.splitlines() if line.startswith("|")}) == 1
