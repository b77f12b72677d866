"""Meetings between a rep and a buyer: agreed on, held, missed, moved or called off."""

from __future__ import annotations

import math
from typing import Any

from . import moves, talk
from .clock import MINUTE, business
from .life import NEGOTIATION, Life, Meeting


def book_meeting(life: Life, t: float, days: float = 0.0) -> None:
    """Agree on a meeting some days ahead, unless one is coming up."""
    if life.meeting_at > t or not life.is_open:
        return
    wait = days or life.rates.seller.meeting_days * life.buyer.pace
    start = business(t + 1 + life.spread(wait, 0.45), life.rng)
    start = math.floor(start * 48) / 48
    planned = (
        t + life.rng.uniform(0.01, 0.3) if life.chance(life.rep.plan_share * life.rep.log_share) else None
    )
    people = 1 + sum(
        life.chance(life.manner(t, life.rates.talk.others_join, quick=True))
        for _ in range(life.buyer.people - 1)
    )
    topic = talk.TOPICS[min(life.stage, NEGOTIATION)]
    meeting = Meeting(
        start, life.rng.choice((30, 30, 45, 60, 60, 90)), planned, talk.writer(life, t), people, topic
    )
    life.meeting_at = start
    life.later(start, meet, meeting)
    life.meetings.append(meeting)


def meet(life: Life, t: float, meeting: Meeting) -> None:
    """The hour of the meeting has come: it is held, missed, moved or called off."""
    rates = life.rates.talk
    over = meeting.start + meeting.minutes * MINUTE
    if not life.is_open:
        _settle(life, meeting, "Cancelled", t)
    elif life.chance(life.manner(t, rates.held, quick=True)):
        _settle(life, meeting, "Held", over)
        life.later(over, after_meeting, meeting)
    elif life.chance(
        life.manner(t, rates.moved, quick=True) / max(0.01, 1 - life.manner(t, rates.held, quick=True))
    ):
        _settle(life, meeting, "Rescheduled", t - life.rng.uniform(0.1, 1.5))
        life.later(t + MINUTE, rebook, None)
    else:
        share = life.manner(t, rates.no_show, quick=True) / max(
            0.02, 1 - life.manner(t, rates.held, quick=True) - life.manner(t, rates.moved, quick=True)
        )
        missed = life.chance(min(0.95, share))
        _settle(
            life,
            meeting,
            "No Show" if missed else "Cancelled",
            over if missed else t - life.rng.uniform(0.1, 2),
        )
        life.unanswered += 1


def _settle(life: Life, meeting: Meeting, outcome: str, at: float) -> None:
    meeting.outcome = outcome
    meeting.settled_at = at
    life.meeting_at = 0.0
    if meeting.planned_at is not None and meeting.planned_at >= at:
        meeting.planned_at = None
    meeting.logged_at = life.log_time(at)


def rebook(life: Life, t: float, _: Any) -> None:
    """A moved meeting gets another date."""
    book_meeting(life, t, days=9.0)


def after_meeting(life: Life, t: float, meeting: Meeting) -> None:
    """What a held meeting leads to."""
    life.signal(t)
    if not life.is_open:
        return
    if life.chance(life.rates.talk.advances_meeting[life.state]):
        moves.advance(life, t)
    if life.chance(life.rates.talk.asks_meeting[life.state] * 0.6):
        book_meeting(life, t)
    if life.chance(0.6):
        lag = life.spread(life.rep.reply_hours / 24, 0.7)
        life.later(
            business(t + lag, life.rng), talk.answer, (f"Our meeting: {meeting.topic}", life.new_thread())
        )
