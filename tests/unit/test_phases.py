"""Every row of the tables of phases and roles, walked; and what holds for all situations."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealtriage.phases.rules import (
    PHASES,
    REDISCOVER,
    ROLES,
    THIRD_PARTY,
    WITHDRAW,
    Situation,
    in_markdown,
    phase,
    role,
)
from tests.conftest import ROOT

WITHDRAWN = Situation("stalled", proposal="withdrawn", has_sheet=True, days_since_withdrawal=30.0)
ANSWERED = replace(WITHDRAWN, signals_since_withdrawal=2)
ASKED = replace(ANSWERED, days_rediscovering=10.0, gauge=0.7)
RESTATED = replace(ASKED, are_needs_restated=True)
HELPED = replace(RESTATED, days_since_third_party=5.0)

PHASE_CASES = [
    (replace(WITHDRAWN, state="active"), "leave_alone"),
    (replace(WITHDRAWN, state="not_enough_evidence"), "ask_the_owner"),
    (replace(RESTATED, state="dead", proposal="expired"), "close_out"),
    (replace(RESTATED, state="dead"), "close_out"),
    (replace(RESTATED, proposal="outstanding", is_new_after_withdrawal=True, is_same_again=True), WITHDRAW),
    (replace(RESTATED, proposal="outstanding", is_new_after_withdrawal=True, proposal_age_days=5.0), WITHDRAW),
    (replace(RESTATED, proposal="outstanding", is_new_after_withdrawal=True), WITHDRAW),
    (replace(WITHDRAWN, proposal="outstanding"), WITHDRAW),
    (replace(WITHDRAWN, proposal="expired", has_sheet=False), WITHDRAW),
    (replace(WITHDRAWN, has_sheet=False), WITHDRAW),
    (replace(HELPED, days_since_third_party=60.0), "close_out"),
    (HELPED, THIRD_PARTY),
    (replace(HELPED, signals_since_third_party=1, days_since_third_party=120.0), "close_out"),
    (replace(HELPED, signals_since_third_party=1), REDISCOVER),
    (replace(WITHDRAWN, days_rediscovering=60.0, days_since_withdrawal=70.0), "close_out"),
    (replace(WITHDRAWN, days_since_withdrawal=3.0), REDISCOVER),
    (replace(WITHDRAWN, p_restall=0.9), REDISCOVER),
    (WITHDRAWN, REDISCOVER),
    (replace(WITHDRAWN, proposal="none", days_since_withdrawal=np.inf), REDISCOVER),
    (ANSWERED, REDISCOVER),
    (replace(ASKED, stalls_since_asked=2), THIRD_PARTY),
    (ASKED, REDISCOVER),
    (replace(ASKED, gauge=0.2), THIRD_PARTY),
    (RESTATED, THIRD_PARTY),
]
ROLE_CASES = [
    (replace(WITHDRAWN, state="dead", is_large=True), "win_loss_interview"),
    (replace(WITHDRAWN, is_large=True), ""),
    (replace(RESTATED, cause="ours"), "critique"),
    (replace(RESTATED, kind="indecision"), "recommendations"),
    (replace(RESTATED, gauge=0.2), "mediator"),
    (replace(RESTATED, cause="miscommunication"), "mediator"),
    (RESTATED, "fresh_perspective"),
]


@pytest.mark.parametrize(("situation", "expected", "row"), [(*case, row) for row, case in enumerate(PHASE_CASES)])
def test_phase(situation: Situation, expected: str, row: int) -> None:
    assert phase(situation) is PHASES[row]
    assert phase(situation).then == expected


@pytest.mark.parametrize(("situation", "expected", "row"), [(*case, row) for row, case in enumerate(ROLE_CASES)])
def test_role(situation: Situation, expected: str, row: int) -> None:
    assert role(situation) is ROLES[row]
    assert role(situation).then == expected


def test_every_row_is_walked() -> None:
    assert len(PHASE_CASES) == len(PHASES)
    assert len(ROLE_CASES) == len(ROLES)


def test_waiting_and_stopping_are_said() -> None:
    assert {PHASE_CASES[row][1] for row, rule in enumerate(PHASES) if rule.step == "wait"} == {WITHDRAW, REDISCOVER, THIRD_PARTY}
    assert all(rule.then == "close_out" for rule in PHASES if rule.step == "stop")
    assert all(rule.until for rule in PHASES if rule.then != "leave_alone")


days = st.one_of(st.just(np.inf), st.floats(0, 200))
stalled = st.builds(
    Situation, state=st.just("stalled"), proposal=st.sampled_from(["outstanding", "expired", "withdrawn", "none"]), is_new_after_withdrawal=st.booleans(),
    is_same_again=st.booleans(), has_sheet=st.booleans(), proposal_age_days=days, days_since_withdrawal=days, signals_since_withdrawal=st.integers(0, 3), days_rediscovering=days,
    are_needs_restated=st.booleans(), stalls_since_asked=st.integers(0, 4), days_since_third_party=days, signals_since_third_party=st.integers(0, 3),
    gauge=st.one_of(st.just(np.nan), st.floats(0, 1)), p_restall=st.one_of(st.just(np.nan), st.floats(0, 1)))


@given(stalled)
def test_no_phase_is_skipped(situation: Situation) -> None:
    found = phase(situation)
    if found.then in (REDISCOVER, THIRD_PARTY):
        assert situation.has_sheet and situation.proposal != "outstanding"
    if found.then == THIRD_PARTY:
        assert (situation.is_rediscovering and situation.signs) or situation.has_third_party


@given(stalled)
def test_a_deal_with_a_proposal_out_is_withdrawn_whatever_was_done_before(situation: Situation) -> None:
    assert phase(replace(situation, proposal="outstanding")).then == WITHDRAW


def test_the_usual_way_goes_through_the_phases_in_order() -> None:
    way = [replace(WITHDRAWN, proposal="outstanding", has_sheet=False, days_since_withdrawal=np.inf), replace(WITHDRAWN, has_sheet=False), WITHDRAWN, ANSWERED, ASKED, RESTATED, HELPED]
    order = [phase(one).then for one in way]
    assert order == sorted(order) and all(a <= b for a, b in pairwise(order))


def test_the_page_shows_the_table_as_it_is() -> None:
    assert in_markdown() in (ROOT / "docs" / "phases.md").read_text()


def test_needs_that_were_restated_to_somebody_are_a_sign_of_the_buyer() -> None:
    told = replace(WITHDRAWN, are_needs_restated=True, days_rediscovering=70.0)
    assert phase(told).then == THIRD_PARTY and phase(replace(told, are_needs_restated=False)).then == "close_out"


@given(stalled)
def test_every_way_ends(situation: Situation) -> None:
    long_after = {name: 1000.0 for name in ("days_since_withdrawal", "days_rediscovering", "days_since_third_party") if np.isfinite(getattr(situation, name))}
    found = phase(replace(situation, **long_after))
    if situation.has_third_party and situation.has_sheet and situation.proposal != "outstanding":
        assert found.then == "close_out"


@given(stalled)
def test_stalling_again_and_again_moves_a_deal_on_and_never_back(situation: Situation) -> None:
    order = [WITHDRAW, REDISCOVER, THIRD_PARTY, "close_out"]
    often, never = (phase(replace(situation, stalls_since_asked=count)).then for count in (4, 0))
    assert order.index(often) >= order.index(never)
    if often != never:
        assert (never, often) == (REDISCOVER, THIRD_PARTY) and situation.is_rediscovering and situation.signs
