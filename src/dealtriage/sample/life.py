"""One deal while it is simulated: what is going on, and the facts it leaves behind.

Times are days since 1970-01-01 UTC. A fact with `logged_at` None never reaches the CRM.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .accounts import Account
from .buyers import Buyer
from .company import Company, Rep
from .rates import ENGAGED, Rates

STAGES = (
    "Qualification",
    "Discovery",
    "Solution Fit",
    "Proposal/Price Quote",
    "Negotiation",
    "Closed Won",
    "Closed Lost",
)
PROPOSAL, NEGOTIATION, WON, LOST = 3, 4, 5, 6


@dataclass(slots=True)
class Mail:
    """An email, sent or received."""

    at: float
    logged_at: float | None
    incoming: bool
    contact: int
    subject: str
    body: str
    thread: int
    with_others: bool = False
    opened_at: float | None = None
    last_opened_at: float | None = None
    bounced: bool = False
    automatic: bool = False


@dataclass(slots=True)
class Call:
    """A phone call."""

    at: float
    logged_at: float | None
    inbound: bool
    contact: int
    disposition: str
    seconds: int


@dataclass(slots=True)
class Meeting:
    """A meeting; `planned_at` None when it was only entered afterwards."""

    start: float
    minutes: int
    planned_at: float | None
    contact: int
    people: int
    topic: str
    outcome: str = ""
    settled_at: float | None = None  # when it was held, missed, moved or called off
    logged_at: float | None = None  # when the outcome reached the CRM


@dataclass(slots=True)
class PlainTask:
    """A plain task."""

    created: float
    due: int
    done_at: float | None
    subject: str
    type: str = ""


@dataclass(slots=True)
class Quote:
    """A version of the proposal."""

    version: int
    created: float
    total: float
    discount: float
    status: str
    status_at: float
    expires: int
    was_draft: bool


@dataclass(slots=True)
class Change:
    """One edit of the deal row, with the whole snapshot after it."""

    at: float
    by: int  # a user's number
    fields: dict[str, tuple[Any, Any]]
    stage: int
    amount: float | None
    close_day: int | None


@dataclass(slots=True)
class Monday:
    """The truth on one Monday while the deal is open."""

    day: int
    state: int
    since: float
    silence: float
    stage: int
    patience: float
    pressure: float
    thaw: float
    rehab_age: float
    is_dark: bool  # the owner logs almost nothing, so a revival would hardly show


Step = Callable[["Life", float, Any], None]


@dataclass(slots=True)
class Life:
    """A deal's present and its past."""

    number: int
    rng: random.Random
    rates: Rates
    company: Company
    account: Account
    buyer: Buyer
    rep: Rep
    created: float
    end: float
    amount: float | None
    close_day: int | None
    patience: float
    gap: tuple[float, float]
    stage: int = 0
    progress: int = 0
    furthest: int = 0
    state: int = ENGAGED
    since: float = 0.0
    manners: int = ENGAGED  # the state whose manners still fade
    turn: int = 0
    thaw: float = 0.0
    pressure: float = 0.0
    pressure_at: float = 0.0
    unanswered: int = 0
    last_signal: float = 0.0
    meeting_at: float = 0.0
    contact: int = 0
    champion_dead: bool = False
    thread: int = 0
    closed_at: float | None = None
    lost_state: int = ENGAGED
    disqualified: bool = False
    next_step: str = ""
    loss_reason: str = ""
    wait_until: float = 0.0
    mails: list[Mail] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    plain_tasks: list[PlainTask] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    mondays: list[Monday] = field(default_factory=list)
    states: list[tuple[float, int]] = field(default_factory=list)
    rehabs: list[tuple[str, float]] = field(default_factory=list)
    owners: list[tuple[float, Rep]] = field(default_factory=list)
    _queue: list[tuple[float, int, Step, Any]] = field(default_factory=list)
    _ticket: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def later(self, at: float, step: Step, what: Any = None) -> None:
        """Have `step` happen at `at`."""
        if at < self.end:
            heapq.heappush(self._queue, (at, next(self._ticket), step, what))

    def run(self, until: float = math.inf) -> None:
        """Let everything happen that is due before `until`, in order of time."""
        queue = self._queue
        while queue and queue[0][0] < until:
            at, _, step, what = heapq.heappop(queue)
            step(self, at, what)

    def spread(self, median: float, sigma: float) -> float:
        """A log-normal draw."""
        return median * math.exp(self.rng.gauss(0.0, sigma))

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.rng.random() < share

    def felt_pressure(self, t: float) -> float:
        """Unanswered touches, decayed to `t`."""
        return self.pressure * math.exp((self.pressure_at - t) / self.rates.buyer.pressure_memory_days)

    def press(self, t: float, amount: float) -> None:
        """Add to the pressure the buyer feels."""
        self.pressure = self.felt_pressure(t) + amount
        self.pressure_at = t

    def signal(self, t: float) -> None:
        """The buyer did something."""
        self.last_signal = max(self.last_signal, t)
        self.unanswered = 0
        self.press(t, -0.5 * self.felt_pressure(t))

    def silence(self, t: float) -> float:
        """Days since the buyer last did something."""
        return t - self.last_signal

    def manner(self, t: float, row: tuple[float, ...], quick: bool = False) -> float:
        """A rate by state, still fading from the manners of the state before; some manners go quickly."""
        talk = self.rates.talk
        span = talk.fade_days[self.state]
        fade = math.exp((self.since - t) / (min(span, talk.quick_fade_days) if quick else span))
        return row[self.state] + (row[self.manners] - row[self.state]) * fade

    def log_time(self, t: float) -> float | None:
        """When the rep enters something that happened at `t`, if ever."""
        rep, rng = self.rep, self.rng
        if rng.random() > rep.log_share:
            return None
        if rng.random() < rep.prompt_share:
            return t + rng.uniform(0.001, 0.06)
        return t + 0.2 + rng.expovariate(1 / rep.log_days)

    def capture_time(self, t: float) -> float | None:
        """When the mail connector stores an email of `t`, if ever."""
        rng = self.rng
        if rng.random() > self.rep.mail_share or self.gap[0] <= t < self.gap[1]:
            return None
        if rng.random() < self.rates.dirt.late_capture:
            return t + rng.uniform(0.5, 6)
        return t + rng.uniform(0.0003, 0.02)

    def new_thread(self) -> int:
        """Start another conversation."""
        self.thread += 1
        return self.thread

    def edit(self, t: float, by: int, **new: Any) -> None:
        """Change fields of the deal row and keep the history of it."""
        fields = {
            name: (getattr(self, name), value) for name, value in new.items() if getattr(self, name) != value
        }
        for name, value in new.items():
            setattr(self, name, value)
        if fields:
            self.changes.append(Change(t, by, fields, self.stage, self.amount, self.close_day))
