"""What reps state as the reason of a loss, in the words of the sheet: an opinion, shown and weighed, not trusted."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

CLASSES = ("lost_to_competitor", "no_decision", "disqualified")
KINDS = ("status_quo", "indecision", "budget_frozen", "timing", "champion_left", "reorganised")


class Meaning(NamedTuple):
    """The outcome class, and the kind where the class is no decision; empty where the words do not tell."""

    outcome_class: str
    kind: str


NOTHING = Meaning("", "")
WORDS = (
    (r"compet|rival|other (vendor|supplier|offer|product)|another (vendor|supplier)", Meaning("lost_to_competitor", "")),
    (r"\bfit\b|qualif|duplicate|spam|out of scope|wrong (contact|person|company)", Meaning("disqualified", "")),
    (r"budget|fund(s|ing)|no money|freeze|frozen", Meaning("no_decision", "budget_frozen")),
    (r"champion|(contact|sponsor) (has )?left|left the company", Meaning("no_decision", "champion_left")),
    (r"reorg|restructur|merger|acqui(red|sition)", Meaning("no_decision", "reorganised")),
    (r"timing|postpon|delay|later|not now|on hold", Meaning("no_decision", "timing")),
    (r"status quo|stay with|keep (the )?current|do nothing", Meaning("no_decision", "status_quo")),
    (r"indecisi|cannot decide|undecided", Meaning("no_decision", "indecision")),
    (r"no decision|not decided", Meaning("no_decision", "")),
)


def meanings(reasons: pd.Series, own: Mapping[str, str]) -> pd.DataFrame:
    """stated_class and stated_kind of each reason; empty where it is missing or says nothing of either, as "Price" or "No response".

    own: reasons of a company's own list, each with the class or kind it stands for; asked before the words.
    """
    known = {reason: _meaning(reason, own) for reason in reasons.dropna().unique()}
    found = [known.get(reason, NOTHING) if isinstance(reason, str) else NOTHING for reason in reasons]
    return pd.DataFrame(found, columns=["stated_class", "stated_kind"], index=reasons.index).astype("str")


def _meaning(reason: str, own: Mapping[str, str]) -> Meaning:
    given = {name.casefold(): to for name, to in own.items()}.get(reason.strip().casefold())
    if given is not None:
        return Meaning("no_decision", given) if given in KINDS else Meaning(given if given in CLASSES else "", "")
    return next((meaning for words, meaning in WORDS if re.search(words, reason, re.IGNORECASE)), NOTHING)
