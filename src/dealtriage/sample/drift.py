"""How the buyer's hidden state moves in continuous time, and what the buyer starts while it lasts."""

from __future__ import annotations

import math
from typing import Any

from . import talk
from .buyers import exits, pick, thaw_day
from .clock import business
from .life import WON, Life
from .rates import ENGAGED, FROZEN, GONE

WEEK = 7.0
MEMORY_AFTER_LOSS = 200.0  # days for which a lost buyer is still followed


def pulse(life: Life, t: float, turn: int) -> None:
    """A week at most of the hidden state; rates are constant within it, so the waiting times are exponential."""
    if turn != life.turn or life.stage == WON or _is_forgotten(life, t):
        return
    rates = _exits(life, t)
    wait = life.rng.expovariate(sum(rates))
    thaws = life.state == FROZEN and life.thaw > t
    span = min(wait, WEEK, life.thaw - t) if thaws else min(wait, WEEK)
    _initiative(life, t, span)
    if span == wait:
        life.later(t + wait, _turn, (turn, pick(rates, life.rng)))
    elif span < WEEK:
        life.later(t + span + life.spread(life.rates.buyer.thaw_delay_days, 0.6), _thaw, turn)
    else:
        life.later(t + WEEK, pulse, turn)


def _exits(life: Life, t: float) -> list[float]:
    slowness = math.log(life.rep.reply_hours / 8)
    pressure = life.felt_pressure(t)
    return exits(life.state, life.buyer, life.rates, int(t), pressure, slowness, len(life.quotes))


def _is_forgotten(life: Life, t: float) -> bool:
    return life.closed_at is not None and t > life.closed_at + MEMORY_AFTER_LOSS


def _initiative(life: Life, t: float, span: float) -> None:
    rate = life.manner(t, life.rates.talk.initiative) / life.buyer.rhythm**0.7
    at = t + life.rng.expovariate(rate)
    while at < t + span:
        step = talk.phone_in if life.chance(0.15) else talk.write_first
        life.later(business(at, life.rng), step)
        at += life.rng.expovariate(rate)


def _turn(life: Life, t: float, what: tuple[int, int]) -> None:
    if what[0] == life.turn:
        turn_to(life, t, what[1])


def _thaw(life: Life, t: float, turn: int) -> None:
    if turn == life.turn:
        turn_to(life, t, pick(life.rates.buyer.thawed, life.rng))


def come_round(life: Life, t: float, turn: Any) -> None:
    """Back to engaged, if nothing else happened to the buyer meanwhile."""
    if turn == life.turn and life.state != ENGAGED:
        turn_to(life, t, ENGAGED)


def turn_to(life: Life, t: float, state: int) -> None:
    """The hidden state changes."""
    life.manners, life.state, life.since = life.state, state, t
    life.turn += 1
    life.states.append((t, state))
    rates = life.rates.talk
    if state == FROZEN:
        life.thaw = float(thaw_day(t, life.buyer, life.rates, life.rng))
    if state == GONE and life.buyer.champion_bounces:
        life.champion_dead = True
    if state == ENGAGED and life.chance(rates.returns_share):
        life.later(business(t + life.spread(rates.returns_days, 0.8), life.rng), talk.come_back, life.turn)
    if life.chance(rates.tells_share[state]):
        life.later(business(t + life.spread(rates.tells_days[state], 0.6), life.rng), talk.tell, life.turn)
    life.later(t, pulse, life.turn)
