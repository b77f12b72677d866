"""The buyer's hidden state: a jump process whose rates follow the deal and the rep's conduct."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from .clock import month_of, quarter_end, year_start_after
from .rates import COMPETITOR, ENGAGED, FROZEN, GONE, STATUS_QUO, UNDECIDED, WAITING, PerState, Rates


@dataclass(frozen=True, slots=True)
class Buyer:
    """What stays the same about a buyer through one deal."""

    fit: float  # standard normal
    log_size: float  # log of amount over the median
    people: int  # contacts who take part
    contested: bool
    rhythm: float  # times the usual reply latency
    pace: float  # times the usual time between steps
    fiscal_month: int
    reorganises: bool  # its waits are a reorganisation
    champion_bounces: bool  # the address is closed when the champion leaves


def draw_buyer(rng: random.Random, rates: Rates, log_size: float, contacts: int, fiscal_month: int) -> Buyer:
    """A buyer for a deal of this size with this many contacts."""
    talk = rates.talk
    pace = math.exp(rng.gauss(0, talk.pace_sigma) + talk.pace_size_effect * log_size)
    return Buyer(
        fit=rng.gauss(0, 1),
        log_size=log_size,
        people=contacts,
        contested=rng.random() < rates.buyer.contested_share,
        rhythm=math.exp(rng.gauss(0, talk.rhythm_sigma)),
        pace=pace,
        fiscal_month=fiscal_month,
        reorganises=rng.random() < rates.buyer.waiting_reorganised_share,
        champion_bounces=rng.random() < talk.bounce_share,
    )


def is_season(day: int) -> bool:
    """August and December, when buyers are away."""
    return month_of(day) in (8, 12)


def exits(
    state: int, buyer: Buyer, rates: Rates, day: int, pressure: float, slowness: float, versions: int
) -> list[float]:
    """Rates per day from `state` to each state.

    `pressure` counts unanswered touches (decayed), `slowness` is the log of the rep's reply time over 8 hours.
    """
    row = list(_row(state, rates))
    model = rates.buyer
    fit = math.exp(model.fit_effect * buyer.fit)
    push = math.exp(model.pressure_effect * pressure)
    slow = math.exp(model.slow_effect * slowness)
    many = math.exp(model.version_effect * max(0, versions - 2))
    large = math.exp(model.size_effect * buyer.log_size)
    lone = model.lone_contact_factor if buyer.people == 1 else 1.0
    season = model.season_factor if is_season(day) else 1.0
    row[ENGAGED] *= fit / push
    row[WAITING] *= season * large
    row[FROZEN] *= season * large
    row[UNDECIDED] *= large * many / fit
    row[STATUS_QUO] *= push * many * lone * slow / fit
    row[COMPETITOR] *= slow * (model.contested_factor if buyer.contested else 1.0)
    row[GONE] *= lone
    return row


def _row(state: int, rates: Rates) -> PerState:
    model = rates.buyer
    return (
        model.from_engaged, model.from_waiting, model.from_frozen, model.from_undecided,
        model.from_status_quo, model.from_competitor, model.from_gone,
    )[state]  # fmt: skip


def pick(weights: list[float] | PerState, rng: random.Random) -> int:
    """An index, drawn in proportion to its weight."""
    mark = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return index
    return 0


def thaw_day(t: float, buyer: Buyer, rates: Rates, rng: random.Random) -> int:
    """The fiscal date until which a budget frozen at `t` stays frozen."""
    soonest = int(t + rates.buyer.freeze_min_days)
    if rng.random() < rates.buyer.quarterly_share:
        return quarter_end(soonest) + 1
    return year_start_after(soonest, buyer.fiscal_month)


def reason_of(state: int, buyer: Buyer) -> str:
    """The true reason a deal in this state did not close, in the words of the win/loss sheet."""
    if state in (WAITING, GONE) and buyer.reorganises:
        return "reorganised"
    names = {
        ENGAGED: "timing", WAITING: "timing", FROZEN: "budget_frozen", UNDECIDED: "indecision",
        STATUS_QUO: "status_quo", COMPETITOR: "competitor", GONE: "champion_left",
    }  # fmt: skip
    return names[state]
