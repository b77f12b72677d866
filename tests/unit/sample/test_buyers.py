"""The hidden state's rates answer to conduct in the direction that the model claims."""

from __future__ import annotations

import random

from dealtriage.sample.buyers import draw_buyer, exits, thaw_day
from dealtriage.sample.rates import ENGAGED, RATES, STATUS_QUO, UNDECIDED, WAITING

DAY = 20_500
BUYER = draw_buyer(random.Random(1), RATES, 0.0, 2, 1)


def rate(state: int, to: int, **conduct: float) -> float:
    """One rate under some conduct."""
    usual = {"pressure": 0.0, "slowness": 0.0, "versions": 1} | conduct
    return exits(state, BUYER, RATES, DAY, usual["pressure"], usual["slowness"], int(usual["versions"]))[to]


def test_pulling_harder_drives_buyers_away() -> None:
    assert rate(UNDECIDED, STATUS_QUO, pressure=5) > rate(UNDECIDED, STATUS_QUO)
    assert rate(WAITING, ENGAGED, pressure=5) < rate(WAITING, ENGAGED)


def test_slow_replies_and_many_versions_cost() -> None:
    assert rate(ENGAGED, STATUS_QUO, slowness=1) > rate(ENGAGED, STATUS_QUO)
    assert rate(ENGAGED, UNDECIDED, versions=5) > rate(ENGAGED, UNDECIDED)


def test_status_quo_is_practically_final() -> None:
    assert rate(STATUS_QUO, ENGAGED) < 0.1 * rate(UNDECIDED, ENGAGED)


def test_a_freeze_ends_later() -> None:
    assert thaw_day(DAY + 0.5, BUYER, RATES, random.Random(2)) >= DAY + RATES.buyer.freeze_min_days
