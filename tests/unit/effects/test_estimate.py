"""The estimator finds a known effect where the plain difference misleads, says how sure it is, and lets no deal judge itself."""

from dataclasses import replace

import numpy as np
import pytest

from dealtriage.effects.estimate import around, chances, effect, weights
from tests.unit.effects.worlds import simulated


@pytest.mark.parametrize("log_odds", [0.0, 0.8, -0.8])
def test_it_finds_a_known_effect_where_the_plain_difference_misleads(log_odds: float) -> None:
    rows, truth = simulated(log_odds)
    found = effect(rows, chances(rows))
    naive = rows.y[rows.done == 1].mean() - rows.y[rows.done == 0].mean()
    assert found.low <= truth <= found.high
    assert not found.low <= naive <= found.high
    assert abs(found.value - truth) < 0.05


def test_its_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(40):
        rows, truth = simulated(0.5, deals=400, seed=seed)
        found = effect(rows, chances(rows))
        held.append(found.low <= truth <= found.high)
    assert 0.88 <= np.mean(held) <= 1.0


@pytest.mark.parametrize("wrong", ["of_done", "of_return"])
def test_one_of_the_two_models_may_be_wrong(wrong: str) -> None:
    rows, truth = simulated(0.8, deals=2500)
    said = chances(rows)
    blind = replace(said, **{wrong: np.full(len(rows.y), getattr(said, wrong).mean())})
    found = effect(rows, blind)
    assert abs(found.value - truth) < 0.05


def test_rows_of_one_deal_count_once() -> None:
    rows, _ = simulated(0.5, deals=400)
    said = chances(rows)
    alone, twice = effect(rows, said), effect(*_doubled(rows, said))
    assert twice.value == pytest.approx(alone.value)
    assert twice.error == pytest.approx(alone.error)


def _doubled(rows, said):
    rows = replace(rows, **{name: np.tile(getattr(rows, name), 2) for name in ("done", "y", "before", "deal", "fold")})
    return rows, replace(said, of_done=np.tile(said.of_done, 2), of_return=np.tile(said.of_return, 2))


def test_no_deal_has_a_say_in_its_own_chances() -> None:
    rows, _ = simulated(0.5, deals=300)
    said = chances(rows)
    mine = rows.deal == 5
    other = chances(replace(rows, y=np.where(mine, 1 - rows.y, rows.y), done=np.where(mine, 1 - rows.done, rows.done)))
    assert np.array_equal(said.of_done[mine], other.of_done[mine])
    assert np.array_equal(said.of_return[mine], other.of_return[mine])
    assert not np.array_equal(said.of_return[~mine], other.of_return[~mine])


def test_weights_add_up_to_one_and_skip_rows_with_the_phase() -> None:
    found = weights(np.array([1, 0, 0]), np.array([0.5, 0.5, 0.2]))
    assert found.tolist() == pytest.approx([0, 0.8, 0.2])


def test_without_spread_nothing_is_claimed() -> None:
    assert around(0.0, np.zeros(4), np.arange(4), 4).p == 1.0
