"""Rules of thumb that each make one answer so many times likelier: what is left to go by where nothing can be learnt."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd


class Rule(NamedTuple):
    """Where `holds`, the odds of `answer` are `times` what they were; `because` says so in plain words."""

    answer: str
    times: float
    because: str
    holds: Callable[[pd.DataFrame], pd.Series]


def said(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    """That the buyer said so, or we wrote it down (see `winloss.said`)."""
    return lambda rows: rows[f"said_{name}"] != ""


def _unopened(rows: pd.DataFrame) -> pd.Series:
    """No mail opened in two months, where it is recorded at all that mails are opened."""
    since = rows["days_since_email_opened"]
    return (since > 60) | (since.isna() & since.notna().any())


KIND_START = {"status_quo": 0.35, "indecision": 0.25, "timing": 0.15, "budget_frozen": 0.1, "champion_left": 0.1, "reorganised": 0.05}
KIND_RULES = (
    Rule("status_quo", 8, "it was said that all stays as it is", said("status_quo")),
    Rule("status_quo", 2.5, "no mail of ours was opened in two months", _unopened),
    Rule("status_quo", 2, "the buyer missed a meeting", lambda r: r["no_shows_180d"] >= 1),
    Rule("status_quo", 1.5, "answers had become slower", lambda r: r["buyer_reply_days_90d"] > 1.5 * r["buyer_reply_days"]),
    Rule("status_quo", 1.5, "people dropped out", lambda r: r["contacts_lost_60d"] >= 1),
    Rule("indecision", 3, "the buyer keeps opening our mail", lambda r: r["emails_opened_30d"] >= 2),
    Rule("indecision", 3, "meetings were moved or called off time and again", lambda r: r["meetings_cancelled_90d"] >= 2),
    Rule("indecision", 2, "the buyer still answered within the month", lambda r: r["buyer_signals_30d"] >= 2),
    Rule("timing", 8, "it was said that it has to wait", said("timing")),
    Rule("timing", 2, "the deal came back from quiet spells before while its close date moved",
         lambda r: (r["close_date_pushes"] >= 2) & (r["quiet_spells_survived"] >= 2)),
    Rule("budget_frozen", 15, "a budget was spoken of", said("budget_frozen")),
    Rule("champion_left", 8, "mail bounced", lambda r: r["bounced_90d"] >= 1),
    Rule("champion_left", 2, "the most active person seems gone", lambda r: r["is_champion_gone"] == 1),
    Rule("champion_left", 8, "it was said that somebody left", said("champion_left")),
    Rule("reorganised", 20, "a reorganisation was spoken of", said("reorganised")),
)
CLASS_START = {"lost_to_competitor": 0.25, "no_decision": 0.55, "disqualified": 0.2}
CLASS_RULES = (
    Rule("lost_to_competitor", 15, "another offer was spoken of", said("lost_to_competitor")),
    Rule("lost_to_competitor", 2, "the price was pressed, then the buyer fell silent", lambda r: (r["price_changes"] >= 1) & (r["proposals_sent"] >= 1)),
    Rule("no_decision", 3, "a reason to wait was spoken of", lambda r: said("timing")(r) | said("budget_frozen")(r) | said("status_quo")(r)),
    Rule("no_decision", 2, "silent for two months", lambda r: r["silence_days"] >= 60),
    Rule("disqualified", 4, "it never got past the second stage", lambda r: r["stage_furthest"] <= 2),
    Rule("disqualified", 2, "no proposal was ever sent", lambda r: r["proposals_sent"] == 0),
)


def weigh(rows: pd.DataFrame, start: Mapping[str, float], rules: tuple[Rule, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The probability of each answer (they sum to 1), and the words of the weightiest rule that holds for each; one row per row of `rows`.

    The odds begin at `start` and are multiplied by every rule that holds. Missing features hold in no rule.
    """
    weight = pd.DataFrame({answer: float(share) for answer, share in start.items()}, index=rows.index)
    because = pd.DataFrame("", index=rows.index, columns=list(start))
    heaviest = pd.DataFrame(1.0, index=rows.index, columns=list(start))
    for rule in rules:
        holds = rule.holds(rows).fillna(False).astype(bool)
        weight[rule.answer] *= np.where(holds, rule.times, 1.0)
        heavier = holds & (rule.times > heaviest[rule.answer])
        because[rule.answer] = because[rule.answer].mask(heavier, rule.because)
        heaviest[rule.answer] = heaviest[rule.answer].mask(heavier, rule.times)
    return weight.div(weight.sum(axis=1), axis=0), because
