"""Look-alikes: ranges that cover every value once, hold enough deals, and are counted as an independent count says."""

import numpy as np
import pandas as pd
import pytest

from dealtriage.lookalikes import ALL, MOST, by_feature, fared, ranges, supports


def rows(count: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"even": rng.random(count), "counted": rng.poisson(1.2, count).astype(float), "both_signs": rng.normal(0, 1, count).round(),
                      "gaps": np.where(rng.random(count) < 0.3, np.nan, rng.random(count)), "same": 1.0, "never": np.nan, "flag": rng.integers(0, 2, count)})
    return X, rng.integers(0, 2, count), rng.integers(0, 150, count)


def test_every_row_is_in_one_range_and_the_numbers_are_those_of_its_range() -> None:
    X, revived, deals = rows()
    table = ranges(X, revived, deals, 30)
    assert table["deals"].min() >= 30
    for name, part in table[table["feature"] != ALL].groupby("feature"):
        value = X[name].to_numpy()[:, None]
        inside = (part["low"].to_numpy() <= value) & (value < part["high"].to_numpy()) | (np.isnan(value) & part["low"].isna().to_numpy())
        assert (inside.sum(axis=1) == 1).all(), name
        assert part["low"].notna().sum() <= MOST
        for chosen, one in zip(inside.T, part.itertuples(), strict=True):
            assert (one.deals, one.revived_share) == (len(set(deals[chosen])), pytest.approx(revived[chosen].mean()))


def test_zero_and_missing_stand_apart_where_they_are_common() -> None:
    X, revived, deals = rows()
    table = ranges(X, revived, deals, 30).set_index("feature")
    look = by_feature(table.reset_index())
    assert fared({"counted": 0.0}, "counted", look) == (len(set(deals[X["counted"] == 0])), pytest.approx(revived[X["counted"] == 0].mean()))
    assert fared({"both_signs": 0.0}, "both_signs", look)[0] == len(set(deals[X["both_signs"] == 0]))
    assert fared({"gaps": np.nan}, "gaps", look)[0] == len(set(deals[X["gaps"].isna()]))
    assert table.loc["gaps", "low"].isna().sum() == 1
    assert len(table.loc["flag"]) == 2


def test_what_does_not_tell_deals_apart_is_left_out_and_what_is_unknown_is_none() -> None:
    X, revived, deals = rows()
    table = ranges(X, revived, deals, 30)
    assert not {"same", "never"} & {*table["feature"]}
    look = by_feature(table)
    assert fared({"same": 1.0}, "same", look) is None
    assert fared({"even": np.nan}, "even", look) is None
    assert fared({"even": 99.0}, "even", look) == fared({"even": 0.9999}, "even", look)
    assert fared({"even": 0.5}, "even", {}) is None


def test_ranges_with_few_deals_join_a_neighbour() -> None:
    X = pd.DataFrame({"a": [1.0] * 50 + [2.0] * 5 + [3.0] * 20})
    table = ranges(X, [1] * 50 + [0] * 25, range(75), 10)
    part = table[table["feature"] == "a"]
    assert part["deals"].tolist() == [50, 25]
    assert part["revived_share"].tolist() == [1.0, 0.0]
    one_deal = ranges(X, [1] * 50 + [0] * 25, [7] * 75, 10)
    assert one_deal["feature"].tolist() == [ALL]


def test_a_deal_counts_once_however_many_weeks_it_was_quiet() -> None:
    table = ranges(pd.DataFrame({"a": [1.0, 1.0, 2.0, 2.0]}), [1, 0, 0, 0], ["x", "x", "x", "y"], 1)
    assert table[["feature", "deals", "revived_share"]].to_numpy().tolist() == [[ALL, 2, 0.25], ["a", 1, 0.5], ["a", 2, 0.0]]


def test_look_alikes_support_a_reason_when_they_fared_clearly_so() -> None:
    look = {ALL: [(-np.inf, np.inf, 900, 0.25)]}
    assert supports(0.4, (100, 0.28), look)
    assert supports(-0.4, (100, 0.2), look)
    assert not supports(0.4, (100, 0.26), look)
    assert not supports(-0.4, (100, 0.25), look)
    assert not supports(-0.4, (100, 0.3), look)
    assert supports(0.4, None, look)
    assert supports(0.4, (100, 0.1), {})
