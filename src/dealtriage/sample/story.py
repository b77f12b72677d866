"""The life of one deal, from its creation to its end or the export."""

from __future__ import annotations

import math
import random
from typing import Any

from . import drift, moves, rehab, talk
from .accounts import account_of, draw_account
from .buyers import draw_buyer
from .clock import business, monday_from, month_end, quarter_end
from .company import GAP_TEAM, SYSTEM_TEAM, Company, Rep
from .life import PROPOSAL, Change, Life, Monday
from .rates import ENGAGED, RATES, Rates

WEEK = 7.0


class World:
    """What all deals share: the staff, the window in days and the rates."""

    def __init__(self, seed: int, start: float, end: float, company: Company, rates: Rates = RATES) -> None:
        self.seed, self.start, self.end = seed, start, end
        self.company, self.rates = company, rates
        begin = start + rates.dirt.gap_at * (end - start)
        self.gap = (begin, begin + rates.dirt.gap_days)


def live(world: World, number: int) -> Life:
    """Deal `number` of this world, simulated to its end or the export."""
    life = begin(world, number, world.end)
    life.run()
    return life


def begin(world: World, number: int, end: float) -> Life:
    """Deal `number` of this world, nothing of it simulated yet; what it does when it runs is the same up to any `end`."""
    life = _born(world, number, end)
    life.states.append((life.created, ENGAGED))
    life.changes.append(Change(life.created, life.rep.user.number, {}, 0, life.amount, life.close_day))
    life.owners.append((life.created, life.rep))
    life.later(life.created, drift.pulse, 0)
    life.later(business(life.created + life.rng.uniform(0.05, 2), life.rng), talk.touch)
    life.later(business(life.created + life.spread(2.5, 0.8), life.rng), talk.write_first)
    life.later(business(life.created + life.rng.uniform(3, 9), life.rng), review)
    life.later(monday_from(life.created), monday)
    life.later(_next_sweep(life, life.created), sweep)
    _plan_owner_change(life)
    return life


def _born(world: World, number: int, end: float) -> Life:
    rng = random.Random(f"{world.seed}:deal:{number}")
    rates = world.rates
    created = _creation(world, rng)
    account = draw_account(world.seed, account_of(number, rng), rates)
    rep = _owner(world.company, rng, created)
    log_size = rng.gauss(0, rates.amount_sigma)
    usd = rates.amount_median_usd * math.exp(log_size)
    amount = round(usd / (rates.usd_per_eur if account.in_euro else 1) / 100) * 100.0
    people = 1 + sum(rng.random() < 0.6 for _ in account.contacts[1:])
    buyer = draw_buyer(rng, rates, log_size, people, account.fiscal_month)
    seller = rates.seller
    patience = seller.patience_days * rep.patience_factor * math.exp(rng.gauss(0, seller.patience_sigma))
    dirt = rates.dirt
    return Life(
        number=number, rng=rng, rates=rates, company=world.company, account=account, buyer=buyer, rep=rep,
        created=created, end=end, patience=patience, last_signal=created, since=created,
        amount=None if rng.random() < dirt.no_amount else amount,
        close_day=None if rng.random() < dirt.no_close_date else month_end(int(created) + rng.randrange(45, 110)),
        gap=world.gap if rep.team == GAP_TEAM else (0.0, 0.0),
    )  # fmt: skip


def _creation(world: World, rng: random.Random) -> float:
    """A working hour in the window, later ones a little more likely."""
    growth = world.rates.growth
    share = (math.sqrt(1 + growth * (2 + growth) * rng.random()) - 1) / growth
    hour = business(world.start + share * (world.end - world.start), rng)
    return min(hour, world.end - 0.01 - 0.01 * rng.random())


def _owner(company: Company, rng: random.Random, t: float) -> Rep:
    rep = rng.choice(company.reps)
    return heir(company, rep) if rep.user.leaves_at is not None and t >= rep.user.leaves_at else rep


def heir(company: Company, rep: Rep) -> Rep:
    """The colleague of the same team who takes over."""
    peers = [peer for peer in company.reps if peer.team == rep.team and peer.user.leaves_at is None]
    return peers[(company.reps.index(rep) + 1) % len(peers)]


def _plan_owner_change(life: Life) -> None:
    if life.rep.user.leaves_at is not None:
        life.later(life.rep.user.leaves_at, hand_over)
    elif life.chance(life.rates.seller.owner_change_share):
        life.later(business(life.created + life.rng.uniform(15, 160), life.rng), hand_over)


def hand_over(life: Life, t: float, _: Any) -> None:
    """The deal gets another owner."""
    if not life.is_open:
        return
    before, life.rep = life.rep, heir(life.company, life.rep)
    manager = life.company.managers[before.team].number
    fields = {"owner": (before.user, life.rep.user)}
    life.owners.append((t, life.rep))
    life.changes.append(Change(t, manager, fields, life.stage, life.amount, life.close_day))


def review(life: Life, t: float, _: Any) -> None:
    """The rep's weekly look at the deal."""
    life.later(business(t + WEEK * life.rng.uniform(0.7, 1.3), life.rng), review)
    if not life.is_open:
        return
    if _lets_go(life, t):
        moves.lose(life, t)
        return
    if life.close_day is not None and life.close_day < t and life.chance(life.rep.keeps_dates):
        moves.push_close(life, t)
    _small_edits(life, t)
    rehab.consider(life, t)


def _lets_go(life: Life, t: float) -> bool:
    seller, silence = life.rates.seller, life.silence(t)
    if life.stage <= 1 and life.chance(seller.disqualify_weekly * math.exp(-0.7 * life.buyer.fit)):
        life.disqualified = True
        return True
    if silence > life.patience and t > life.wait_until:
        return life.chance(seller.gives_up_weekly)
    return _is_sweeping(life, t) and silence > seller.sweep_after_days and life.chance(0.5)


def _is_sweeping(life: Life, t: float) -> bool:
    return life.rep.sweeps and quarter_end(int(t)) - t < 8


def _small_edits(life: Life, t: float) -> None:
    seller, rep = life.rates.seller, life.rep
    if life.stage < PROPOSAL and life.chance(seller.optimism_weekly):
        moves.enter_stage(life, t, life.stage + 1)
    if life.amount and life.chance(seller.amount_weekly):
        life.edit(t, rep.user.number, amount=round(life.amount * life.spread(1.0, 0.2) / 100) * 100.0)
    if life.chance(seller.next_step_weekly * rep.log_share):
        life.edit(t, rep.user.number, next_step=f"{life.rng.choice(talk.CHASES)} ({life.rng.randrange(1, 32)})")
    if life.quotes and life.silence(t) > 12 and life.chance(seller.unasked_version_weekly * rep.versions):
        moves.send_version(life, t, 0.05)


def _next_sweep(life: Life, t: float) -> float:
    return quarter_end(int(t)) + 0.9 + life.rng.uniform(0, 0.02)


def sweep(life: Life, t: float, _: Any) -> None:
    """The automated process closes one team's silent deals at the quarter's end."""
    life.later(_next_sweep(life, t + 2), sweep)
    if (
        life.is_open
        and life.rep.team == SYSTEM_TEAM
        and life.silence(t) > life.rates.seller.machine_sweep_days
    ):
        moves.lose(life, t, life.company.machine.number)


def monday(life: Life, t: float, _: Any) -> None:
    """Note the truth of this Monday."""
    life.later(t + WEEK, monday)
    if not life.is_open or t < life.created:
        return
    rehab_age = t - life.rehabs[-1][1] if life.rehabs else 999.0
    now = (int(t), life.state, life.since, life.silence(t), life.stage, life.patience)
    is_dark = life.rep.mail_share < 0.5
    life.mondays.append(Monday(*now, life.felt_pressure(t), life.thaw, rehab_age, is_dark))
