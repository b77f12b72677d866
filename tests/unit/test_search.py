"""A search for settings: it finds a candidate, which has to prove itself like any other; without one, nothing of it is loaded."""

import sys
import time
from collections.abc import Iterator

import pytest
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from dealtriage.errors import BadInput
from dealtriage.model.boosting import TrendBoosting
from dealtriage.model.search import SEARCHED, searched
from dealtriage.model.selection import ERRORS, choose
from tests.unit.test_model import OFFERED, RULES, Guess, world

STUMP = TrendBoosting(interactions="pairs", trees_per_root=0.03)
POOR = {"silence": Guess("silence_days"), "five_feature_logistic": Guess("silence_days")}


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def as_in_four_leaves(model: TrendBoosting) -> float:
    return abs(model.leaves - 4)


def test_what_is_found_has_to_prove_itself() -> None:
    for first in (STUMP, OFFERED["pairwise_boosting"]):
        choice = choose(POOR, {"first": first}, world(1200), search_seconds=0.5)
        row = choice.trials.set_index("name").loc[SEARCHED]
        assert row["is_chosen"] == (choice.name == SEARCHED)
        assert not row["is_chosen"] or row["better_by"] > ERRORS * row["standard_error"]
        assert list(choice.trials["name"]) == ["first", SEARCHED, "silence", "five_feature_logistic"]
        assert choice.name == SEARCHED or first is not STUMP


def test_what_is_found_keeps_all_but_the_settings_searched() -> None:
    found = searched(OFFERED["pairwise_boosting"], as_in_four_leaves, 0.5)
    kept = OFFERED["pairwise_boosting"].get_params()
    searched_for = {"trees_per_root", "learning_rate", "leaves", "fewest_in_leaf"}
    assert {name: value for name, value in found.get_params().items() if name not in searched_for} == \
        {name: value for name, value in kept.items() if name not in searched_for}
    assert found.leaves == 4


def test_one_is_tried_however_short_the_time_and_the_seed_says_which() -> None:
    found = [searched(TrendBoosting(seed=seed), as_in_four_leaves, 1e-9) for seed in (7, 7, 8)]
    assert found[0].get_params() == found[1].get_params()
    assert found[0].trees_per_root != found[2].trees_per_root


def test_the_budget_is_kept() -> None:
    started = time.monotonic()
    searched(STUMP, as_in_four_leaves, 0.2)
    assert time.monotonic() - started < 5


def test_without_a_budget_nothing_of_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "dealtriage.model.search")
    offered = {"first": clone(STUMP)}
    assert SEARCHED not in set(choose(RULES, offered, world(600)).trials["name"])
    assert "dealtriage.model.search" not in sys.modules
    with pytest.raises(BadInput, match="optuna is not installed") as refused:
        choose(RULES, offered, world(600), search_seconds=1.0)
    assert "dealtriage[search]" in str(refused.value)
