"""What of a deal's life had been entered into the CRM when it was exported, whichever CRM that was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .company import Rep, User
from .life import Call, Life, Mail, Meeting, PlainTask, Quote
from .stages import is_closed
from .words import PRODUCTS

PREFIXES = {"No Show": "No show: ", "Cancelled": "Cancelled: ", "Rescheduled": "Rescheduled: "}  # of meetings' subjects


def mails(life: Life) -> Iterator[tuple[Mail, float]]:
    """Emails that were stored, each with the time it was."""
    return ((mail, mail.logged_at) for mail in life.mails if mail.logged_at is not None and mail.logged_at < life.end)


def calls(life: Life) -> Iterator[tuple[Call, float]]:
    """Calls that were logged, each with the time it was."""
    return ((call, call.logged_at) for call in life.calls if call.logged_at is not None and call.logged_at < life.end)


def tasks(life: Life) -> Iterator[tuple[PlainTask, float | None]]:
    """Tasks that were created, each with the time it was done, if it was."""
    return ((task, _before_end(life, task.done_at)) for task in life.plain_tasks if task.created < life.end)


def meetings(life: Life) -> Iterator[tuple[Meeting, float, float | None]]:
    """Meetings that were entered, each with the time it was and the time its outcome was recorded, if it was."""
    for meeting in life.meetings:
        logged = _before_end(life, meeting.logged_at)
        created = meeting.planned_at if meeting.planned_at is not None else logged
        if created is not None and created < life.end:
            yield meeting, created, logged


def quotes(life: Life) -> Iterator[Quote]:
    """The versions of the proposal."""
    return (quote for quote in life.quotes if quote.created < life.end)


def first_opening(life: Life, mail: Mail) -> float | None:
    """When an email was seen to be opened, if it was."""
    return _before_end(life, mail.opened_at)


def _before_end(life: Life, t: float | None) -> float | None:
    return t if t is not None and t < life.end else None


def sent_at(life: Life, quote: Quote) -> float:
    """When a version of the proposal went out, whatever became of it later."""
    mail = next((mail for mail in life.mails if mail.subject.startswith(f"Proposal v{quote.version}: ")), None)
    return mail.at if mail else quote.created


def owner_at(life: Life, t: float) -> Rep:
    """Who owned the deal at `t`."""
    return next((rep for since, rep in reversed(life.owners) if since <= t), life.owners[0][1])


def currency(life: Life) -> str:
    """The currency the deal is in."""
    return "EUR" if life.account.in_euro else "USD"


def deal_name(life: Life, seed: int) -> str:
    """What the rep called the deal."""
    return f"{life.account.name} - {random.Random(f'{seed}:product:{life.number}').choice(PRODUCTS)}"


def participants(life: Life, seed: int) -> list[tuple[int, float]]:
    """Slots of the contacts put on the deal, each with the time it was; a rep who logs little names few."""
    rng = random.Random(f"{seed}:participants:{life.number}")
    named = [(0, life.created + 0.001)]
    for slot in range(1, life.buyer.people):
        at = life.created + rng.expovariate(1 / 15)
        if rng.random() <= 0.7 * life.owners[0][1].log_share and at < min(life.end, life.closed_at or life.end):
            named.append((slot, at))
    return named


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The deal row after one edit.

    Closing a deal sets its `stage` and `close_day`; `open_stage` and `expected_day` stay as they were, for the CRMs that
    keep them.
    """

    at: float
    by: int
    stage: int
    amount: float | None
    close_day: int | None
    owner: User
    open_stage: int
    expected_day: int | None
    loss_reason: str = ""


def snapshots(life: Life) -> list[Snapshot]:
    """The deal row at its creation and after every edit."""
    first = life.changes[0]
    now = Snapshot(first.at, first.by, first.stage, first.amount, first.close_day, life.owners[0][1].user, first.stage,
                   first.close_day)
    found = [now]
    for change in life.changes[1:]:
        fresh = {"owner": change.fields["owner"][1]} if "owner" in change.fields else {}
        if "loss_reason" in change.fields:
            fresh["loss_reason"] = change.fields["loss_reason"][1]
        if not is_closed(change.stage):
            fresh |= {"open_stage": change.stage, "expected_day": change.close_day}
        now = replace(now, at=change.at, by=change.by, stage=change.stage, amount=change.amount,
                      close_day=change.close_day, **fresh)
        found.append(now)
    return found
