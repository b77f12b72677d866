"""The rules that choose the phase and the third party's role: two tables, read from the top, the first that fits wins."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """What is known of a deal on the export day, as far as the phases care."""

    state: str
    is_proposal_outstanding: bool
    has_sheet: bool
    signals_since_withdrawal: int
    are_needs_restated: bool
    is_large: bool = False
    cause: str = "unclear"
    kind: str = "unknown"


@dataclass(frozen=True)
class Rule:
    """`then` is recommended when `when` holds; `because` says so in plain words."""

    then: str
    because: str
    when: Callable[[Situation], bool]


PHASES = (
    Rule("leave_alone", "the buyer is not quiet", lambda s: s.state == "active"),
    Rule("ask_the_owner", "there is not enough evidence to tell", lambda s: s.state == "not_enough_evidence"),
    Rule("close_out", "the deal is dead", lambda s: s.state == "dead"),
    Rule("1_withdraw", "a proposal is outstanding", lambda s: s.is_proposal_outstanding),
    Rule("1_withdraw", "the win/loss sheet is not filled", lambda s: not s.has_sheet),
    Rule("2_rediscover", "the buyer has not come back since the withdrawal", lambda s: s.signals_since_withdrawal == 0),
    Rule("2_rediscover", "the buyer is talking again, but the needs are not restated", lambda s: not s.are_needs_restated),
    Rule("3_third_party", "the buyer answered and restated the needs, and fell quiet again", lambda s: True),
)

ROLES = (
    Rule("win_loss_interview", "the deal was large: what was learnt is worth asking for",
         lambda s: s.state == "dead" and s.is_large),
    Rule("", "no third party in this phase", lambda s: phase(s).then != "3_third_party"),
    Rule("critique", "our side's mistakes dominate", lambda s: s.cause == "ours"),
    Rule("recommendations", "the buyer is engaged but undecided", lambda s: s.kind == "indecision"),
    Rule("mediator", "both want it, and talking still fails", lambda s: s.cause in ("miscommunication", "theirs")),
    Rule("fresh_perspective", "the sheet is inconclusive", lambda s: True),
)


def phase(situation: Situation) -> Rule:
    """The first rule of PHASES that fits."""
    return next(rule for rule in PHASES if rule.when(situation))


def role(situation: Situation) -> Rule:
    """The first rule of ROLES that fits; `then` is empty where no third party is needed."""
    return next(rule for rule in ROLES if rule.when(situation))
