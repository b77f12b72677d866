"""Every row of the tables of phases and roles, walked."""

from dataclasses import replace

import pytest

from dealtriage.phases.rules import PHASES, ROLES, Situation, phase, role

STALLED = Situation("stalled", is_proposal_outstanding=False, has_sheet=True,
                    signals_since_withdrawal=0, are_needs_restated=False)
TALKING = replace(STALLED, signals_since_withdrawal=2, are_needs_restated=True)

PHASE_CASES = [
    (replace(STALLED, state="active"), "leave_alone", 0),
    (replace(STALLED, state="not_enough_evidence"), "ask_the_owner", 1),
    (replace(STALLED, state="dead"), "close_out", 2),
    (replace(STALLED, is_proposal_outstanding=True), "1_withdraw", 3),
    (replace(TALKING, is_proposal_outstanding=True), "1_withdraw", 3),
    (replace(STALLED, has_sheet=False), "1_withdraw", 4),
    (STALLED, "2_rediscover", 5),
    (replace(TALKING, are_needs_restated=False), "2_rediscover", 6),
    (TALKING, "3_third_party", 7),
]
ROLE_CASES = [
    (replace(STALLED, state="dead", is_large=True), "win_loss_interview", 0),
    (replace(STALLED, state="dead"), "", 1),
    (replace(STALLED, is_large=True), "", 1),
    (replace(TALKING, cause="ours"), "critique", 2),
    (replace(TALKING, kind="indecision"), "recommendations", 3),
    (replace(TALKING, cause="miscommunication"), "mediator", 4),
    (TALKING, "fresh_perspective", 5),
]


@pytest.mark.parametrize(("situation", "expected", "row"), PHASE_CASES)
def test_phase(situation: Situation, expected: str, row: int) -> None:
    assert phase(situation) is PHASES[row]
    assert phase(situation).then == expected


@pytest.mark.parametrize(("situation", "expected", "row"), ROLE_CASES)
def test_role(situation: Situation, expected: str, row: int) -> None:
    assert role(situation) is ROLES[row]
    assert role(situation).then == expected


def test_every_row_is_walked() -> None:
    assert {row for *_, row in PHASE_CASES} == set(range(len(PHASES)))
    assert {row for *_, row in ROLE_CASES} == set(range(len(ROLES)))
