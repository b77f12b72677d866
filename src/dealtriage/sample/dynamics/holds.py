"""When a rep had a deal on hold: from the note that the buyer waits until the wait is over, as far as the rep can tell.

Only Dynamics has such a status. It is read off the facts of the life and draws nothing, so the life stays as it is.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from ..clock import day_of
from ..entered import Snapshot
from ..life import Change, Life

FROZEN_NOTE, WAITING_NOTE = "Budget frozen until ", "Waiting for others"
WAITING_DAYS = 30.0  # until the rep looks again when no date was named


def holds(life: Life) -> list[tuple[float, float]]:
    """Spans on hold, in order. One ends when its date has come, the buyer writes or the stage moves."""
    found: list[tuple[float, float]] = []
    for change in life.changes:
        until = _named(change)
        if until is None or until <= change.at:
            continue
        over = min(until, _next_mail(life, change.at), _next_stage(life, change.at))
        if found and change.at <= found[-1][1]:
            found[-1] = (found[-1][0], max(over, found[-1][1]))
        else:
            found.append((change.at, over))
    return found


def _named(change: Change) -> float | None:
    """The date that a note of a wait names, if the change is one."""
    note = str(change.fields.get("next_step", ("", ""))[1])
    if note.startswith(FROZEN_NOTE):
        return float(day_of(note.removeprefix(FROZEN_NOTE)))
    return change.at + WAITING_DAYS if note == WAITING_NOTE else None


def _next_mail(life: Life, t: float) -> float:
    times = [mail.at for mail in life.mails if mail.incoming and not mail.automatic and mail.at > t]
    return min(times, default=life.end)


def _next_stage(life: Life, t: float) -> float:
    return min((change.at for change in life.changes if "stage" in change.fields and change.at > t), default=life.end)


def moments(life: Life, past: list[Snapshot]) -> list[tuple[Snapshot, bool]]:
    """The deal after each edit and each end of a hold, with whether it was on hold then."""
    spans = holds(life)
    times = [now.at for now in past]
    ends = [_at(past[bisect_right(times, over) - 1], over) for _, over in spans if over < life.end]
    every = sorted([*past, *ends], key=lambda now: now.at)
    return [(now, any(since <= now.at < over for since, over in spans)) for now in every]


def _at(now: Snapshot, t: float) -> Snapshot:
    return now if now.at == t else replace(now, at=t, by=now.owner.number)
