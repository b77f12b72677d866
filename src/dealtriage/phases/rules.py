"""The rules that choose the phase and the third party's role: two tables, read from the top, the first that fits wins.

A deal enters phase 2 only after its proposal is off the table and its sheet is filled, and phase 3 only after a rediscovery that the buyer took part in: no
phase is skipped. What was withdrawn does not come back: a proposal sent after the withdrawal begins again at phase 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Situation:
    """What is known of a deal on the export day, as far as the phases care. Days are infinite where something never happened."""

    state: str
    proposal: str = "none"  # outstanding, expired, withdrawn or none
    is_new_after_withdrawal: bool = False
    is_same_again: bool = False
    has_sheet: bool = False
    proposal_age_days: float = np.inf
    days_since_withdrawal: float = np.inf
    signals_since_withdrawal: int = 0
    days_rediscovering: float = np.inf
    are_needs_restated: bool = False
    stalls_since_asked: int = 0
    days_since_third_party: float = np.inf
    signals_since_third_party: int = 0
    gauge: float = np.nan
    p_restall: float = np.nan
    is_large: bool = False
    cause: str = "unclear"
    kind: str = "unknown"
    rest_days: float = 14.0
    give_up_days: float = 60.0
    talk_works: float = 0.5
    restall_high: float = 0.85
    many_stalls: int = 2

    @property
    def is_rediscovering(self) -> bool:
        return bool(np.isfinite(self.days_rediscovering)) or self.are_needs_restated

    @property
    def signs(self) -> int:
        """Signs of the buyer since the withdrawal; needs that they restated to somebody are one, recorded or not."""
        return self.signals_since_withdrawal + int(self.are_needs_restated)

    @property
    def has_third_party(self) -> bool:
        return bool(np.isfinite(self.days_since_third_party))

    @property
    def is_talking(self) -> bool:
        """Whether talking works, by the gauge; a gauge that is not known says nothing against it."""
        return not self.gauge < self.talk_works


@dataclass(frozen=True)
class Rule:
    """`then` is recommended when `when` holds; `because` says so in plain words. `step`: do it now, wait for what is under way, or stop. `until`: what moves the deal on."""

    then: str
    because: str
    when: Callable[[Situation], bool]
    step: str = "do"
    until: str = ""


ONLY_AGAIN = "it would most likely only stall again: no point in trying yet"
WITHDRAW, REDISCOVER, THIRD_PARTY = "1_withdraw", "2_rediscover", "3_third_party"
PHASES = (
    Rule("leave_alone", "the buyer is not quiet", lambda s: s.state == "active"),
    Rule("ask_the_owner", "there is not enough evidence to tell", lambda s: s.state == "not_enough_evidence",
         until="the owner says whether the buyer is silent indeed; if so, it is taken as stalled"),
    Rule("close_out", "the deal is dead, and its proposal was never taken off the table: do so as you close", lambda s: s.state == "dead" and s.proposal in ("outstanding", "expired"),
         until="the buyer knows that nothing is on the table, and it is closed as lost, with the reason if you know it; or the buyer comes back"),
    Rule("close_out", "the deal is dead", lambda s: s.state == "dead", until="it is closed as lost, with the reason if you know it; or the buyer comes back"),
    Rule(WITHDRAW, "a proposal for the same amount as the withdrawn one went out again, and the buyer is quiet again",
         lambda s: s.proposal == "outstanding" and s.is_same_again, until="it is withdrawn"),
    Rule(WITHDRAW, "the proposal went out only lately: give the buyer time to read it", lambda s: s.proposal == "outstanding" and s.proposal_age_days < s.rest_days, "wait",
         "the buyer gives a sign, or the time to read it is over"),
    Rule(WITHDRAW, "a new proposal went out after the withdrawal, and the buyer fell quiet again",
         lambda s: s.proposal == "outstanding" and s.is_new_after_withdrawal, until="it is withdrawn"),
    Rule(WITHDRAW, "a proposal is outstanding", lambda s: s.proposal == "outstanding", until="it is withdrawn"),
    Rule(WITHDRAW, "the last proposal expired and nobody said that it is off the table", lambda s: s.proposal == "expired" and not s.has_sheet,
         until="the buyer knows that it is off the table, and the sheet is filled"),
    Rule(WITHDRAW, "the win/loss sheet is not filled", lambda s: not s.has_sheet, until="the sheet is filled"),
    Rule("close_out", "a third party was brought in and the buyer gave no sign since",
         lambda s: s.has_third_party and s.signals_since_third_party == 0 and s.days_since_third_party >= s.give_up_days, "stop",
         "it is closed as lost, with the reason if you know it; or the buyer comes back"),
    Rule(THIRD_PARTY, "the third party is at work", lambda s: s.has_third_party and s.signals_since_third_party == 0, "wait",
         "the buyer gives a sign, or the time for it is over"),
    Rule("close_out", "the buyer came back after the third party and has been quiet again for long: the way ends here",
         lambda s: s.has_third_party and s.days_since_third_party >= 2 * s.give_up_days, "stop", "it is closed as lost, with the reason if you know it; or the buyer comes back"),
    Rule(REDISCOVER, "the buyer came back after the third party and fell quiet again: ask anew what changed",
         lambda s: s.has_third_party, until="the buyer comes back for good, or the time for it is over"),
    Rule("close_out", "their needs were asked for anew and the buyer gave no sign",
         lambda s: s.is_rediscovering and s.signs == 0 and s.days_rediscovering >= s.give_up_days, "stop",
         "it is closed as lost, with the reason if you know it; or the buyer comes back"),
    Rule(REDISCOVER, "the proposal was withdrawn only lately: leave the buyer in peace for now",
         lambda s: s.days_since_withdrawal < s.rest_days and s.signs == 0, "wait", "the buyer gives a sign, or the rest is over"),
    Rule(REDISCOVER, ONLY_AGAIN,
         lambda s: s.p_restall > s.restall_high and s.signs == 0 and not s.is_rediscovering, "wait", "what makes it stall has changed, or you find out that it has"),
    Rule(REDISCOVER, "the buyer has not come back since the withdrawal", lambda s: s.proposal == "withdrawn" and s.signs == 0, until="the buyer gives a sign"),
    Rule(REDISCOVER, "nothing is on the table and the sheet is filled: ask anew what they need", lambda s: s.signs == 0, until="the buyer gives a sign"),
    Rule(REDISCOVER, "the buyer gave a sign since and is quiet again, and nobody has asked anew what they need", lambda s: not s.is_rediscovering,
         until="their needs are asked for anew"),
    Rule(THIRD_PARTY, "since their needs were asked for anew it came back and stalled again and again: talking alone does not hold it",
         lambda s: s.stalls_since_asked >= s.many_stalls, until="a third party is brought in"),
    Rule(REDISCOVER, "their needs are being asked for anew, and talking works: go on until they are restated", lambda s: not s.are_needs_restated and s.is_talking,
         until="the needs are restated, or talking stops working"),
    Rule(THIRD_PARTY, "their needs were asked for anew, the buyer gave a sign, and talking still does not work", lambda s: not s.is_talking,
         until="a third party is brought in"),
    Rule(THIRD_PARTY, "the buyer restated the needs, and fell quiet again", lambda s: True, until="a third party is brought in"),
)

ROLES = (
    Rule("win_loss_interview", "the deal was large: what was learnt is worth asking for",
         lambda s: phase(s).then == "close_out" and s.is_large),
    Rule("", "no third party in this phase", lambda s: phase(s).then != THIRD_PARTY),
    Rule("critique", "our side's mistakes dominate", lambda s: s.cause in ("ours", "clutter")),
    Rule("recommendations", "the buyer looks undecided", lambda s: s.kind == "indecision"),
    Rule("mediator", "talking does not work, and somebody both sides trust can", lambda s: not s.is_talking),
    Rule("mediator", "what stands between the two sides wants somebody both trust", lambda s: s.cause in ("miscommunication", "theirs")),
    Rule("fresh_perspective", "the sheet is inconclusive", lambda s: True),
)


def phase(situation: Situation) -> Rule:
    """The first rule of PHASES that fits."""
    return next(rule for rule in PHASES if rule.when(situation))


def role(situation: Situation) -> Rule:
    """The first rule of ROLES that fits; `then` is empty where no third party is needed."""
    return next(rule for rule in ROLES if rule.when(situation))


def in_markdown() -> str:
    """Both tables, as docs/phases.md shows them."""
    phases = [("recommended", "step", "when", "until"), *((r.then.replace("_", " "), r.step, r.because, r.until) for r in PHASES)]
    roles = [("role", "when"), *((r.then.replace("_", " ") or "none", r.because) for r in ROLES)]
    return f"{_table(phases)}\n{_table(roles)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
