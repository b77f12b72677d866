"""What moves on the deal row: stages, proposals, dates, closing and reopening."""

from __future__ import annotations

from typing import Any

from . import talk
from .buyers import reason_of
from .clock import business, month_end
from .life import LOST, NEGOTIATION, PROPOSAL, WON, Life, PlainTask, Quote
from .rates import ENGAGED

REASON_LABELS = {
    "competitor": "Lost to competitor", "status_quo": "No decision", "indecision": "No decision",
    "budget_frozen": "Budget", "timing": "Timing", "champion_left": "Champion left",
    "reorganised": "Timing", "no_fit": "Not a fit",
}  # fmt: skip
EASY_REASONS = ("Price", "Price", "No response", "No response", "Timing", "Lost to competitor", "")


def advance(life: Life, t: float) -> None:
    """The deal gets a step further; the rep enters it within days."""
    life.progress = min(WON, max(life.progress, life.stage) + 1)
    lag = life.spread(0.4, 1.2) if life.chance(life.rep.prompt_share) else life.spread(3.0, 0.7)
    life.later(business(t + lag, life.rng), enter_stage, life.progress)


def enter_stage(life: Life, t: float, stage: int) -> None:
    """The rep enters a stage; the proposal follows when its stage has come."""
    if not life.is_open or stage <= life.stage:
        return
    if stage == WON:
        win(life, t)
        return
    life.edit(t, life.rep.user.number, stage=stage)
    life.furthest = max(life.furthest, stage)
    if stage >= PROPOSAL and not life.quotes:
        wait = life.spread(life.rates.seller.proposal_days, 0.6)
        life.later(business(t + wait, life.rng), send_version, 0.0)
    elif stage == NEGOTIATION and life.chance(0.3 * life.rep.versions):
        life.later(business(t + life.spread(3, 0.6), life.rng), send_version, 0.03)


def send_version(life: Life, t: float, discount: float) -> None:
    """Send the proposal, or another version of it with a further `discount` (a share)."""
    if not life.is_open:
        return
    before = life.quotes[-1] if life.quotes else None
    share = min(0.35, (before.discount if before else 0.0) + discount * life.rng.uniform(0.5, 1.6))
    subtotal = life.amount or 20_000.0
    version = len(life.quotes) + 1
    if before and before.status == "Presented" and life.chance(0.35):
        before.status, before.status_at = "Denied", t
    drafted = life.chance(0.15)
    created = max(life.created, t - life.rng.uniform(*((0.3, 2.5) if drafted else (0.001, 0.02))))
    expires = int(t) + life.rates.seller.proposal_valid_days
    life.quotes.append(
        Quote(version, created, round(subtotal * (1 - share), 2), share, "Presented", t, expires, drafted)
    )
    talk.write(life, t, f"Proposal v{version}: {life.account.name}", life.new_thread(), weight=1.1)
    if share and life.amount and life.chance(0.5):
        life.edit(t, life.rep.user.number, amount=round(subtotal * (1 - share) / 10) * 10.0)


def win(life: Life, t: float) -> None:
    """The buyer signed."""
    for quote in life.quotes[-1:]:
        quote.status, quote.status_at = "Accepted", t
    life.edit(t, life.rep.user.number, stage=WON, close_day=int(t))
    life.closed_at = t


def lose(life: Life, t: float, by: int | None = None) -> None:
    """The deal is closed as lost, with the rep's opinion of why."""
    if not life.is_open:
        return
    life.lost_state = life.state
    life.closed_at = t
    told = life.rng.choice(EASY_REASONS) if life.chance(life.rep.wrong_reason) else true_label(life)
    reason = "No response" if by else told
    if life.quotes and life.chance(0.3):
        life.quotes[-1].status, life.quotes[-1].status_at = "Denied", t
    life.edit(t, life.rep.user.number if by is None else by, stage=LOST, close_day=int(t), loss_reason=reason)


def true_label(life: Life) -> str:
    """The picklist value that a well-informed rep would choose."""
    if life.disqualified:
        return REASON_LABELS["no_fit"]
    return REASON_LABELS[reason_of(life.state, life.buyer)]


def think_of_reopening(life: Life, t: float) -> None:
    """A buyer wrote after the deal was lost."""
    if (
        life.stage == LOST
        and not life.disqualified
        and life.state == ENGAGED
        and life.chance(life.rep.reopens)
    ):
        life.later(business(t + life.spread(1.5, 0.6), life.rng), reopen)


def reopen(life: Life, t: float, _: Any) -> None:
    """Take a lost deal up again where it was, one stage back at most."""
    if life.is_open or life.stage != LOST:
        return
    life.closed_at = None
    stage = max(0, life.furthest - life.rng.randrange(2))
    life.progress = stage
    life.edit(t, life.rep.user.number, stage=stage, close_day=month_end(int(t) + 45), loss_reason="")
    life.last_signal = max(life.last_signal, t - 1)
    life.later(business(t + life.rng.uniform(0.2, 2), life.rng), talk.touch)


def push_close(life: Life, t: float) -> None:
    """Move the expected close date, most often to a month's end."""
    ahead = int(t) + life.rng.randrange(20, 75)
    day = month_end(ahead) if life.chance(life.rep.month_end_share) else ahead
    life.edit(t, life.rep.user.number, close_day=day)


def note_wait(life: Life, t: float, what: tuple[str, int]) -> None:
    """The rep notes what the buyer is waiting for, with a task for the date."""
    if not life.is_open:
        return
    step, due = what
    life.edit(t, life.rep.user.number, next_step=step)
    if life.chance(0.6):
        done = due + life.rng.uniform(0.4, 4) if life.chance(0.7) else None
        life.plain_tasks.append(PlainTask(t, due, done, f"Call back: {step}", "Follow-up"))
