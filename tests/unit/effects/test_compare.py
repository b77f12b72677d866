"""Rows with and without a phase are held to the same silence."""

import numpy as np
import pandas as pd

from dealtriage.effects import compare
from dealtriage.effects.compare import comparable, compared, habit, prepared

PHASE = "2_rediscover"


def evidence(rows: int, seed: int = 0, done_share: float = 0.1) -> pd.DataFrame:
    """Deal-weeks in which the phase does nothing, but is done only while the buyer is silent: those who stir early are never among the done."""
    rng = np.random.default_rng(seed)
    still = rng.exponential(8, rows)
    after = np.where(rng.random(rows) < done_share, rng.uniform(0, 7, rows), np.nan)
    after = np.where(after < still, after, np.nan)
    return pd.DataFrame({"deal_id": [f"d{number:05d}" for number in range(rows)], "as_of": pd.Timestamp("2025-03-03"), "owner_id": "o1", "revived": (still < 20).astype("int8"),
                         "still_days": still, f"can_{PHASE}": True, f"{PHASE}_after_days": after})


def test_a_phase_that_does_nothing_does_not_seem_to_hurt(monkeypatch) -> None:
    monkeypatch.setattr(compare, "MOST_UNDONE", 60_000)
    table = evidence(60_000)
    done = table[f"{PHASE}_after_days"].notna()
    assert table[done]["revived"].mean() < table[~done]["revived"].mean() - 0.02, "the trap is set"
    rows = comparable(table, PHASE)
    share = rows.groupby("done")["revived"].mean()
    assert abs(share[1] - share[0]) < 0.02


def test_an_act_after_the_buyer_stirred_is_left_out() -> None:
    table = evidence(50)
    table.loc[:1, [f"{PHASE}_after_days", "still_days"]] = [[3.0, 2.9], [3.0, 3.1]]
    rows = comparable(table, PHASE).set_index("deal_id")
    assert "d00000" not in rows.index and rows.loc["d00001", "done"] == 1


def test_rows_in_which_it_could_not_be_done_are_left_out() -> None:
    assert comparable(evidence(50).assign(**{f"can_{PHASE}": False}), PHASE).empty


def test_all_rows_with_the_phase_and_a_part_of_the_others_are_kept(monkeypatch) -> None:
    monkeypatch.setattr(compare, "MOST_UNDONE", 500)
    table = evidence(6000)
    rows = comparable(table, PHASE)
    assert rows["done"].sum() == table[f"{PHASE}_after_days"].notna().sum()
    assert 400 < (rows["done"] == 0).sum() < 600


def test_what_is_missing_is_a_column_of_its_own_and_nothing_is_empty() -> None:
    table = prepared(pd.DataFrame({"amount": [10.0, 100.0, np.nan], "same": [1.0, 1.0, 1.0], "hand_90d": [-1.0, 0.0, 1.0]}))
    assert list(table) == ["amount", "hand_90d", "amount_missing"]
    assert not table.isna().any(axis=None)
    assert np.allclose(table.mean(), 0) and np.allclose(table.std(ddof=0), 1)


def test_rows_and_covariates_meet_by_deal_and_date_and_folds_keep_deals_whole() -> None:
    rows = pd.DataFrame({"deal_id": ["a", "a", "b", "c"], "as_of": pd.to_datetime(["2025-03-03", "2025-03-10", "2025-03-03", "2025-03-03"]), "done": [1, 0, 0, 1], "revived": [1, 0, 0, 1], "owner_habit": 1.0})
    covariates = rows[["deal_id", "as_of"]].assign(amount=[1.0, 2.0, 3.0, 4.0], quiet_spells_survived=[2, 0, 0, 3]).iloc[::-1]
    found = compared(rows, covariates, 3)
    assert found.X["amount"].is_monotonic_increasing
    assert found.before.tolist() == [1, 0, 0, 1] and found.deals_done == 2 and found.deals_undone == 2
    assert found.fold[0] == found.fold[1]


def test_an_owners_habit_comes_from_their_other_deals_alone() -> None:
    rows = pd.DataFrame({"deal_id": ["a", "a", "b", "c", "d"], "owner_id": ["x", "x", "x", "y", None], "done": [1, 0, 0, 0, 0]})
    found = habit(rows)
    assert found[0] == found[1] < 1 < found[2] and found[3] == found[4] == 1
