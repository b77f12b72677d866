"""What must keep an effect from being called known."""

from dataclasses import replace

import numpy as np
import pandas as pd

from dealtriage.effects.checks import Checked, check, gaps, permuted, placebo
from dealtriage.effects.estimate import Effect, chances, weights
from dealtriage.effects.words import verdict
from tests.unit.effects.worlds import simulated

PHASE = "2_rediscover"


def test_a_clean_world_passes_and_its_effect_is_claimed() -> None:
    rows, _ = simulated(1.5, deals=2000)
    found = check(PHASE, rows)
    assert found.against == []
    assert "more deals came back" in verdict(found, 3)


def test_no_effect_is_not_claimed() -> None:
    found = check(PHASE, simulated(0.0)[0])
    assert found.against == []
    assert "no effect can be told from chance" in verdict(found, 3)


def test_too_few_deals_and_it_is_not_known() -> None:
    rows, _ = simulated(2.0, deals=300, base=-5.0)
    found = check(PHASE, rows)
    assert found.deals_done < 50 and found.effect is None
    assert "not known" in verdict(found, 3) and f"done in {found.deals_done} deals" in verdict(found, 3)


def test_a_phase_never_done_is_not_known() -> None:
    rows, _ = simulated(0.0)
    assert "not known" in verdict(check(PHASE, replace(rows, done=np.zeros_like(rows.done))), 3)


def test_the_placebo_catches_a_trait_that_no_covariate_tells() -> None:
    rows, _ = simulated(0.0, hidden=1.0)
    found = check(PHASE, rows)
    assert found.effect is not None and found.effect.low > 0, "the planted trait looks like an effect"
    assert found.placebo is not None and not found.placebo.holds_zero
    assert "not known" in verdict(found, 3) and "had happened before" in verdict(found, 3)


def test_without_a_past_there_is_no_placebo_and_so_nothing_is_known() -> None:
    rows, _ = simulated(0.0)
    blind = replace(rows, before=np.full(len(rows.y), np.nan))
    assert placebo(blind) is None
    assert "not known" in verdict(check(PHASE, blind), 3)


def test_groups_without_overlap_are_not_compared() -> None:
    rows, _ = simulated(0.0)
    done = (rows.X["a"] > 1.0).astype(np.int64).to_numpy()
    apart = check(PHASE, replace(rows, done=done, X=rows.X.assign(a=np.where(done == 1, 50.0, -50.0))))
    assert "not known" in verdict(apart, 3) and ("no like" in verdict(apart, 3) or "differ in a" in verdict(apart, 3))


def test_weighting_makes_the_groups_alike() -> None:
    rows, _ = simulated(0.0, deals=2000)
    table = gaps(rows, weights(rows.done, chances(rows).of_done)).set_index("covariate")
    assert table.loc["a", "before"] > 0.5
    assert abs(table.loc["a", "after"]) < 0.15


def test_luck_alone_makes_no_effect_and_its_range_shrinks_with_more_deals() -> None:
    few, many = simulated(1.0, deals=400)[0], simulated(1.0, deals=2000)[0]
    ranges = [permuted(rows, chances(rows)) for rows in (few, many)]
    assert all(low < 0 < high for low, high in ranges)
    assert np.ptp(ranges[1]) < 0.75 * np.ptp(ranges[0])


def test_an_effect_that_luck_shows_too_is_not_known() -> None:
    rows, _ = simulated(1.0, deals=2000)
    assert "luck alone" in "; ".join(replace(check(PHASE, rows), permuted=(0.01, 0.05)).against)


def test_a_claim_holds_against_the_luck_of_asking_three_times() -> None:
    nothing, something = Effect(0.0, 0.01, -0.02, 0.02, 1.0), Effect(0.1, 0.05, 0.005, 0.2, 0.04)
    shown = Checked(PHASE, 100, 100, 500, (0.3, 0.2), something, 1.0, 300.0, pd.DataFrame({"covariate": ["a"], "after": [0.0]}), nothing)
    assert "more deals" in verdict(shown, 1)
    assert "no effect can be told from chance" in verdict(shown, 3) and "leaves out 0" in verdict(shown, 3)
