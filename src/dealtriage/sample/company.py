"""Vandelay Industries: its four sales teams and how each rep differs."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from .words import FIRST_NAMES, plain, surname

TEAMS = ("North", "South", "East", "West")
REPS = 25
MACHINE = 90  # the number of the automated process
SYSTEM_TEAM = 3  # swept by the automated process at quarter ends
GAP_TEAM = 1  # loses three weeks of captured mail
DARK_REPS = (6, 19)  # log almost nothing
LEAVERS = ((11, 0.47), (22, 0.76))  # rep, share of the window after which they leave


@dataclass(frozen=True, slots=True)
class User:
    """Someone, or a program, with a seat in the CRM."""

    number: int
    name: str
    email: str
    role: int
    manager: int | None  # a user's number
    leaves_at: float | None = None
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Rep:
    """How one rep works. Shares are chances, days and hours are medians."""

    user: User
    team: int
    touch_factor: float  # times the usual gap between touches
    reply_hours: float
    call_share: float
    log_share: float  # of calls and meetings that reach the CRM at all
    mail_share: float  # of emails that reach the CRM
    prompt_share: float  # of logged things that are logged at once
    log_days: float  # mean delay of the others
    plan_share: float  # of meetings entered before they happen
    chase_limit: int  # unanswered touches before they stop chasing
    patience_factor: float
    month_end_share: float  # of close dates moved to a month's end
    keeps_dates: float  # chance per review to move a close date that has passed
    sweeps: bool
    reopens: float
    wrong_reason: float
    versions: float  # habit of sending new proposal versions, 1 is usual
    rehab: float  # habit of interventions, 0 for most


@dataclass(frozen=True)
class Company:
    """Everyone in the CRM."""

    reps: tuple[Rep, ...]
    managers: tuple[User, ...]
    head: User
    machine: User

    @property
    def users(self) -> tuple[User, ...]:
        return (self.head, *self.managers, *(rep.user for rep in self.reps), self.machine)


def found(seed: int, start: float, end: float) -> Company:
    """The staff for `seed`; a few leave between `start` and `end` (days)."""
    rng = random.Random(f"{seed}:staff")
    head = _user(rng, 0, 0, None)
    managers = tuple(_user(rng, 1 + team, 1 + team, head.number) for team in range(len(TEAMS)))
    leaves = {rep: start + share * (end - start) for rep, share in LEAVERS}
    reps = tuple(_rep(rng, number, managers, leaves.get(number)) for number in range(REPS))
    machine = User(MACHINE, "Automated Process", "autoproc@vandelay.example", 0, None, is_machine=True)
    return Company(reps, managers, head, machine)


def _user(rng: random.Random, number: int, role: int, manager: int | None, leaves: float | None = None) -> User:
    first, last = rng.choice(FIRST_NAMES), surname(rng)
    email = f"{plain(first)}.{plain(last)}{number}@vandelay.example"
    return User(number, f"{first} {last}", email, role, manager, leaves)


def _rep(rng: random.Random, number: int, managers: tuple[User, ...], leaves: float | None) -> Rep:
    team, dark = number % len(TEAMS), number in DARK_REPS
    careful = rng.betavariate(4, 2)
    return Rep(
        user=_user(rng, 10 + number, 1 + team, managers[team].number, leaves),
        team=team,
        touch_factor=math.exp(rng.gauss(0, 0.3)),
        reply_hours=9 * math.exp(rng.gauss(0, 0.7)),
        call_share=rng.uniform(0.15, 0.4),
        log_share=0.06 if dark else 0.55 + 0.43 * careful,
        mail_share=0.04 if dark else rng.uniform(0.93, 1.0),
        prompt_share=0.25 + 0.65 * careful,
        log_days=rng.uniform(1.0, 6.0),
        plan_share=0.3 + 0.6 * careful,
        chase_limit=rng.randint(3, 10),
        patience_factor=2.8 if rng.random() < 0.2 else math.exp(rng.gauss(-0.1, 0.3)),
        month_end_share=rng.uniform(0.2, 0.95),
        keeps_dates=rng.uniform(0.15, 0.8),
        sweeps=rng.random() < 0.35,
        reopens=rng.uniform(0.3, 0.9),
        wrong_reason=rng.uniform(0.15, 0.55),
        versions=math.exp(rng.gauss(0, 0.6)),
        rehab=rng.uniform(0.5, 1.6) if rng.random() < 0.45 else 0.0,
    )
