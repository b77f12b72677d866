"""Interventions reps make of their own accord: withdraw, restart discovery, bring in a third party."""

from __future__ import annotations

from . import drift, talk
from .clock import business
from .life import Life, PlainTask
from .rates import PerState

WITHDRAW, DISCOVERY, THIRD_PARTY = "withdraw", "discovery", "third_party"
TASKS = {
    WITHDRAW: ("Withdrawal", "Proposal withdrawn"),
    DISCOVERY: ("Discovery", "Restart discovery"),
    THIRD_PARTY: ("Third Party", "Third party: "),
}
ROLES = ("mediator", "fresh perspective", "critique", "reference customer")
SUBJECTS = {
    WITHDRAW: "Withdrawing our proposal", DISCOVERY: "Starting over with your needs", THIRD_PARTY: "An outside view",
}  # fmt: skip


def consider(life: Life, t: float) -> None:
    """At a review of a silent deal, some reps do something other than chase."""
    seller = life.rates.seller
    if life.rep.rehab == 0 or life.silence(t) < seller.rehab_after_days or len(life.rehabs) >= 3:
        return
    if life.chance(seller.rehab_weekly * life.rep.rehab):
        intervene(life, t, _choose(life))


def _choose(life: Life) -> str:
    done = {kind for kind, _ in life.rehabs}
    if is_outstanding(life) and WITHDRAW not in done:
        return WITHDRAW if life.chance(0.6) else DISCOVERY
    if DISCOVERY not in done:
        return DISCOVERY if life.chance(0.75) else THIRD_PARTY
    return THIRD_PARTY


def is_outstanding(life: Life) -> bool:
    """Whether the newest proposal waits for an answer."""
    return bool(life.quotes) and life.quotes[-1].status == "Presented"


def chance_of(life: Life, kind: str) -> float:
    """The chance that an intervention brings this buyer back, as they are now."""
    row: PerState = getattr(life.rates.rehab, kind)
    return row[life.state]


def intervene(life: Life, t: float, kind: str) -> None:
    """Do it, leave its trace in the CRM, and let it take effect."""
    type_, subject = TASKS[kind]
    if kind == THIRD_PARTY:
        subject += life.rng.choice(ROLES)
    if kind == WITHDRAW:
        life.quotes[-1].status, life.quotes[-1].status_at = "Withdrawn", t
    if life.chance(0.9):
        created = t + life.rng.uniform(0.001, 0.5)
        life.plain_tasks.append(PlainTask(created, int(t), created + life.rng.uniform(0.001, 1.0), subject, type_))
    life.rehabs.append((kind, t))
    talk.write(life, t, f"{SUBJECTS[kind]}: {life.account.name}", life.new_thread())
    life.press(t, -0.7 * life.felt_pressure(t))
    if life.chance(chance_of(life, kind)):
        life.later(
            business(t + life.spread(life.rates.rehab.delay_days, 0.6), life.rng), drift.come_round, life.turn
        )
