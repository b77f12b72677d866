"""What would become of a deal: its life beyond the export, under one policy or another, as often as one likes.

A deal's life up to an instant is simulated once; from there each policy goes on with its own copy and with luck drawn
from the deal's number and the replicate alone, so that policies share it. For evaluation only, like the truth.
"""

from __future__ import annotations

import copy
import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from . import rehab, talk
from .clock import business
from .life import STAGES, WON, Life
from .rates import Rates
from .rehab import DISCOVERY, THIRD_PARTY, WITHDRAW
from .story import WEEK, World, begin, review

QUIET_DAYS = 14
PACE_DAYS = (14.0, 21.0)  # from one step of a policy to the next
PHASES = {"1_withdraw": WITHDRAW, "2_rediscover": DISCOVERY, "3_third_party": THIRD_PARTY}
ORDER = tuple(PHASES)


@dataclass(frozen=True)
class Advice:
    """What the pipeline says of a deal, as in data/advice: its state, its phase, and where too little is recorded the phase if the buyer is silent indeed."""

    state: str
    phase: str
    if_silent: str = ""


Policy = Callable[[Life, float, Advice], None]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a deal: revived within the horizon, won within its own, longer span, and how often the rep wrote or phoned meanwhile."""

    is_revived: bool
    is_won: bool
    touches: int


def paused(world: World, number: int, t0: float, ahead_days: float) -> Life:
    """Deal `number` as it is at `t0`, able to go on for `ahead_days` from there."""
    life = begin(world, number, t0 + ahead_days)
    life.run(until=t0)
    return life


def fork(life: Life, luck: str) -> Life:
    """A copy of a life that goes on by itself, with the luck that `luck` seeds."""
    other = copy.copy(life)
    other.rng = random.Random(luck)
    for name in ("mails", "calls", "plain_tasks", "changes", "mondays", "states", "rehabs", "owners"):
        setattr(other, name, list(getattr(life, name)))
    shared = {id(mail): mail for mail in life.mails}
    other.quotes, other.meetings, other._queue = copy.deepcopy((life.quotes, life.meetings, life._queue), shared)
    return other


def without_own_interventions(rates: Rates) -> Rates:
    """The same rates, but nobody intervenes of their own accord."""
    return replace(rates, seller=replace(rates.seller, rehab_weekly=0.0))


def as_usual(life: Life, t0: float, advice: Advice) -> None:
    """Reps go on as they do, without interventions."""


def do_more(life: Life, t0: float, advice: Advice) -> None:
    """One touch more every `SellerRates.touch_days`: in silence, the pace that reps keep while a buyer answers, beside their own chasing."""
    life.later(business(t0 + life.rng.uniform(0, life.rates.seller.touch_days), life.rng), _touch_again)


def _touch_again(life: Life, t: float, _: Any) -> None:
    if life.is_open and life.silence(t) >= QUIET_DAYS:
        if life.chance(life.rep.call_share):
            talk.call(life, t)
        else:
            talk.write(life, t, f"{life.rng.choice(talk.CHASES)}: {life.account.name}", life.new_thread())
    life.later(business(t + life.spread(life.rates.seller.touch_days, 0.35), life.rng), _touch_again)


def recommended(life: Life, t0: float, advice: Advice) -> None:
    """The advised phase of a stalled deal and those after it, one every two or three weeks while the buyer is quiet (a buyer who talks is left alone, until quiet again); of a dead deal, what is out is withdrawn.

    Where too little is recorded, the owner is asked, and takes the advised phase within the week if the buyer is silent indeed.
    """
    if advice.phase == "ask_the_owner":
        life.later(_soon(life, t0 + life.rng.uniform(0, WEEK)), _if_silent, advice)
    elif advice.phase == "close_out" and rehab.is_outstanding(life):
        life.later(_soon(life, t0), _next_phase, ORDER[:1])
    elif advice.phase in ORDER:
        first = ORDER.index(advice.phase)
        plan = ORDER[max(first, 0 if rehab.is_outstanding(life) else 1):]
        life.later(_soon(life, t0), _next_phase, plan)


def _if_silent(life: Life, t: float, advice: Advice) -> None:
    if life.is_open and life.silence(t) >= QUIET_DAYS:
        recommended(life, t, Advice(advice.state, advice.if_silent))


def _next_phase(life: Life, t: float, plan: tuple[str, ...]) -> None:
    if life.is_open and plan:
        is_quiet = life.silence(t) >= QUIET_DAYS
        if is_quiet:
            rehab.intervene(life, t, PHASES[plan[0]])
        life.later(_pace(life, t), _next_phase, plan[1:] if is_quiet else plan)


def best(life: Life, t0: float, advice: Advice) -> None:
    """As many steps at the same pace, each the one with the best chance in the hidden state, for every deal where any has one."""
    life.later(_soon(life, t0), _best_step, len(ORDER) if rehab.is_outstanding(life) else len(ORDER) - 1)


def _best_step(life: Life, t: float, left: int) -> None:
    if left and life.is_open:
        choices = (WITHDRAW, DISCOVERY, THIRD_PARTY) if rehab.is_outstanding(life) else (DISCOVERY, THIRD_PARTY)
        kind = max(choices, key=lambda one: rehab.chance_of(life, one))
        if rehab.chance_of(life, kind) > 0:
            rehab.intervene(life, t, kind)
        life.later(_pace(life, t), _best_step, left - 1)


def _soon(life: Life, t0: float) -> float:
    return business(t0 + life.rng.uniform(0, 1), life.rng)


def _pace(life: Life, t: float) -> float:
    return business(t + life.rng.uniform(*PACE_DAYS), life.rng)


POLICIES: dict[str, Policy] = {"as_usual": as_usual, "do_more": do_more, "recommended": recommended, "best": best}


def fates(life: Life, t0: float, policy: Policy, advice: Advice, replicates: Iterable[int], seed: int,
          horizon_days: float, won_days: float) -> list[Fate]:
    """What becomes of a life paused at `t0` under a policy, once per replicate. The life itself stays as it is."""
    found = []
    for replicate in replicates:
        other = fork(life, f"{seed}:future:{life.number}:{replicate}")
        other.rates, other.end = without_own_interventions(life.rates), t0 + max(horizon_days, won_days)
        policy(other, t0, advice)
        other.run()
        found.append(Fate(revived(other, t0, horizon_days), won_at(other, t0) < t0 + won_days, touches(other) - touches(life)))
    return found


def effect_of(life: Life, kind: str, at: float, replicates: Iterable[int], seed: int, as_of: float, horizon_days: float) -> float:
    """P(revived within the horizon from `as_of` | `kind` is done at `at`) less P(the same | not in that week), for a life paused at `at`.

    Afterwards reps do as they do, interventions of their own included, in both.
    """
    done: list[bool] = []
    undone: list[bool] = []
    for replicate in replicates:
        for outcomes in (done, undone):
            other = fork(life, f"{seed}:effect:{life.number}:{replicate}")
            other.end = as_of + horizon_days
            _put_off_review(other, at)
            if outcomes is done:
                rehab.intervene(other, at, kind)
            else:
                _stay_away(other, as_of + WEEK)
            other.run()
            outcomes.append(revived(other, as_of, horizon_days))
    return (sum(done) - sum(undone)) / len(done)


def _put_off_review(life: Life, at: float) -> None:
    """The review of that very instant, at which the rep decided, is over."""
    kept = [event for event in life._queue if event[0] > at or event[2] is not review]
    if len(kept) < len(life._queue):
        heapq.heapify(kept)
        life._queue = kept
        life.later(business(at + WEEK * life.rng.uniform(0.7, 1.3), life.rng), review)


def _stay_away(life: Life, until: float) -> None:
    usual, life.rates = life.rates, without_own_interventions(life.rates)
    life.later(until, _as_before, usual)


def _as_before(life: Life, t: float, usual: Rates) -> None:
    life.rates = usual


def signals(life: Life) -> list[float]:
    """When the buyer did something, in order: emails and calls that reached the rep, meetings held. Recorded or not."""
    return sorted([*(mail.at for mail in life.mails if mail.incoming and not mail.automatic),
                   *(call.at for call in life.calls if call.disposition == "Connected"), *_held(life)])


def touches(life: Life) -> int:
    """How often the rep has written or phoned."""
    return sum(not mail.incoming for mail in life.mails) + sum(not call.inbound for call in life.calls)


def revived(life: Life, t0: float, horizon_days: float) -> bool:
    """Whether the deal was won within the horizon from `t0`, or a signal was followed by a stage further than any before `t0`, a proposal or a meeting held."""
    end = t0 + horizon_days
    first = next((at for at in signals(life) if at >= t0), end)
    reached = max((change.stage for change in life.changes if change.at < t0 and change.stage <= _LAST_OPEN), default=0)
    moves = [*(change.at for change in life.changes if "stage" in change.fields and reached < change.stage <= _LAST_OPEN),
             *(quote.created for quote in life.quotes), *_held(life)]
    return won_at(life, t0) < end or any(first <= at < end for at in moves)


def won_at(life: Life, t0: float) -> float:
    """When the deal was won at or after `t0`; infinite if not."""
    return next((change.at for change in life.changes if "stage" in change.fields and change.stage == WON and change.at >= t0), float("inf"))


def _held(life: Life) -> list[float]:
    return [meeting.start for meeting in life.meetings if meeting.outcome == "Held"]


_LAST_OPEN = STAGES.index("Negotiation")
