"""Whether the chance to stall again comes true: learnt from what is known so far, and put straight on the newest rows."""

import numpy as np
import pandas as pd
import pytest

from dealtriage.model.cure import Latency, Watched
from dealtriage.model.fitting import Known, Slice
from dealtriage.model.restall import ASKED, CHANGEABLE, Comebacks, comebacks, fit_restall, levers
from dealtriage.model.telling import told
from dealtriage.model.when import When

HORIZON = 90
EVENLY = When(90.0, Latency(90.0, 1.0, (12.0, 0.0)))  # as many come back on every day of the horizon


def known(again_chance: np.ndarray, followed: np.ndarray, back: np.ndarray, **features: np.ndarray) -> Known:
    """Deals that all come back, `back` days after they were asked about, and are quiet again 20 days later with the chances given; one row each."""
    rng = np.random.default_rng(4)
    size = len(followed)
    X = pd.DataFrame({name: rng.normal(5, 1, size) for name in ASKED}).assign(**features)
    never = np.full(size, np.inf)
    seen = np.where(back <= followed, back, np.inf)
    again = np.where((rng.random(size) < again_chance) & (seen + 20 <= followed), 20.0, np.inf)
    rows = Slice(X, np.ones(size, dtype=np.int64), np.arange(size), np.arange(size) % 2)
    return Known(rows, rows, rows, Watched(followed, seen, never, never, again), HORIZON)


def test_a_feature_that_tells_is_learnt() -> None:
    rng = np.random.default_rng(1)
    meetings = rng.integers(0, 5, 3000).astype(float)
    world = known(0.9 - 0.15 * meetings, rng.uniform(150, 700, 3000), rng.uniform(0, 90, 3000), meetings_held_total=meetings)
    model = fit_restall(comebacks(world, EVENLY))
    met = [told(model, world.everything.X[meetings == many]).mean() for many in range(5)]
    assert met == pytest.approx([0.9, 0.75, 0.6, 0.45, 0.3], abs=0.1)


def test_where_the_share_moves_the_newest_rows_put_it_straight() -> None:
    rng = np.random.default_rng(2)
    followed = rng.uniform(60, 900, 4000)
    world = known(np.where(followed < 260, 0.4, 0.7), followed, rng.uniform(0, 90, 4000))
    model = fit_restall(comebacks(world, EVENLY))
    assert model.intercept < -0.3
    assert told(model, world.everything.X).mean() < told(model.model, world.everything.X).mean() - 0.08
    assert told(model, world.everything.X).mean() == pytest.approx(0.4, abs=0.12)


def test_deals_that_came_back_soon_stand_for_those_that_will_come_back_later() -> None:
    rng = np.random.default_rng(3)
    found = comebacks(known(np.full(6000, 0.5), rng.uniform(60, 240, 6000), rng.uniform(0, 90, 6000)), EVENLY)
    lately, over = (found.followed > 90) & (found.followed < 120), (found.followed > 180) & (found.followed < 210)
    assert lately.sum() < 0.6 * over.sum()
    assert found.weight[lately].sum() == pytest.approx(over.sum(), rel=0.1)
    assert (found.weight[over] == 1).all() and found.weight.max() <= 5


def test_what_has_not_been_followed_for_60_days_since_the_comeback_is_not_asked() -> None:
    found = comebacks(known(np.ones(3), np.array([100.0, 100.0, 89.0]), np.array([40.0, 41.0, 29.0])), EVENLY)
    assert found.rows.deal.tolist() == [0, 2]
    assert found.rows.y.tolist() == [1, 1]


def test_where_few_are_known_one_share_stands_for_all() -> None:
    model = fit_restall(comebacks(known(np.full(40, 0.5), np.full(40, 200.0), np.full(40, 10.0)), EVENLY))
    assert (model.slope, model.intercept) == (1.0, 0.0)
    said = told(model, pd.DataFrame(1.0, range(3), list(ASKED)))
    assert np.ptp(said) == 0 and 0.3 < said[0] < 0.7


def test_what_somebody_can_change_is_among_what_is_asked() -> None:
    assert set(CHANGEABLE) <= set(ASKED)


def test_levers_are_what_surely_went_with_staying() -> None:
    rng = np.random.default_rng(5)
    met, people = rng.integers(0, 5, 3000).astype(float), rng.integers(0, 5, 3000).astype(float)
    world = known(0.2 + 0.15 * people - 0.1 * met + 0.1, rng.uniform(150, 700, 3000), rng.uniform(0, 90, 3000), meetings_held_total=met, contacts_active_60d=people)
    assert levers(comebacks(world, EVENLY)) == {"meetings_held_total": 4.0}
    blind = known(np.full(3000, 0.5), rng.uniform(150, 700, 3000), rng.uniform(0, 90, 3000))
    assert levers(comebacks(blind, EVENLY)) == {}
    assert levers(comebacks(known(np.full(40, 0.5), np.full(40, 200.0), np.full(40, 10.0)), EVENLY)) == {}


def test_a_deal_counts_once_for_what_is_sure() -> None:
    rng = np.random.default_rng(6)
    met = rng.integers(0, 5, 60).astype(float)
    once = known(0.8 - 0.1 * met, np.full(60, 200.0), np.full(60, 10.0), meetings_held_total=met)
    often = Comebacks(*(np.tile(part, 50) if isinstance(part, np.ndarray) else part for part in (_tiled(once), np.full(60, 200.0), np.ones(60))))
    assert levers(often) == {}


def _tiled(of: Known) -> Slice:
    rows = comebacks(of, EVENLY).rows
    return Slice(pd.concat([rows.X] * 50, ignore_index=True), np.tile(rows.y, 50), np.tile(rows.deal, 50), np.tile(rows.half, 50))
