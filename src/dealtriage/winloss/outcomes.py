"""The class of an outcome: what the timeline shows, learnt from the losses whose reason reps stated plainly, and what the rep stated beside it.

Stated reasons are often wrong, but wrong in no way that follows the timeline: what a plain model learns from many of them is nearer the truth than
one of them (learning from noisy labels). Each deal is told by a model that saw none of the reasons of its group of deals.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from dealtriage.matrix import deal_group
from dealtriage.reasons import named
from dealtriage.sentences import say
from dealtriage.winloss.evidence import CLASS_RULES, CLASS_START, weigh
from dealtriage.winloss.stated import CLASSES

Floats = NDArray[np.float64]

TELLING = (
    "stage_position", "stage_furthest", "stage_age_days", "deal_age_days", "silence_days", "silence_own_share", "silence_over_usual_gap",
    "buyer_signals_total", "buyer_signals_90d", "buyer_signals_14d", "emails_opened_30d", "days_since_email_opened", "inbound_threads_90d",
    "meetings_held_90d", "no_shows_180d", "meetings_cancelled_90d", "proposals_sent", "price_changes", "price_change_share",
    "is_proposal_outstanding", "contacts_engaged", "contacts_active_60d", "contacts_vs_won", "bounced_90d", "close_date_pushes",
    "next_steps_ahead", "buyer_reply_days", "buyer_reply_days_90d", "waiting_over_usual", "seller_touches_30d", "unanswered_messages",
    "champion_silence_days", "quiet_spells_survived")
FEWEST_STATED = 20  # of a class; with fewer, rules of thumb tell
GROUPS = 5
TRUST = 20.0  # times by which a plainly stated reason raises the odds of its class
SAID_TRUST = 3.0  # the same for what was said or noted of a reason
NAMED_FROM = 0.4  # of a deal that is lost, a class less likely is not named
NAMED_EARLY = 0.6  # the same of a deal that is still open
SAID_OF = {"lost_to_competitor": ("lost_to_competitor",), "no_decision": ("status_quo", "timing", "budget_frozen", "champion_left", "reorganised"), "disqualified": ()}
CALLED = {"lost_to_competitor": "lost to a competitor", "no_decision": "no decision", "disqualified": "not a fit"}


def classes(closed: pd.DataFrame, asked: pd.DataFrame, stage_names: dict[int, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the timeline shows of lost deals and of open ones: for each of `closed` and `asked`, in order, shown_<class> (probabilities that sum to 1) and
    why_<class> (words).

    closed: deals that were lost, all features at the instant of closing, stated_class and said_<...>; asked: the same of other deals, at any instant. Where fewer than 20 losses of
    each class are stated, rules of thumb tell.
    """
    stated = closed[closed["stated_class"].isin(CLASSES)]
    if too_few_stated(closed["stated_class"]):
        return _by_rules(closed), _by_rules(asked)
    group, known = deal_group(closed["deal_id"], GROUPS, "stated"), deal_group(stated["deal_id"], GROUPS, "stated")
    shown = [_shown(_fitted(stated[known != one]), closed[group == one], stage_names) for one in range(GROUPS)]
    return pd.concat(shown).loc[closed.index], _shown(_fitted(stated), asked, stage_names)


def too_few_stated(stated_class: pd.Series) -> bool:
    """Whether too few losses of some class are stated to learn from."""
    return bool(min(stated_class.value_counts().reindex(CLASSES, fill_value=0)) < FEWEST_STATED)


def settled(shown: pd.DataFrame, rows: pd.DataFrame, named_from: float) -> pd.DataFrame:
    """p_<class>, outcome_class (`unknown` below `named_from`) and reason_source of each row.

    rows: stated_class and said_<...>, in the order of `shown`. A plainly stated reason makes its class 20 times likelier than the timeline shows, what was said or noted of one 3 times.
    reason_source: `rep` where the class is the stated one, else `buyer` or `crm_note` where words tell of it, else `inferred`.
    """
    spoken = {name: rows[[f"said_{one}" for one in SAID_OF[name]]].replace("", np.nan).bfill(axis=1).iloc[:, 0] if SAID_OF[name] else pd.Series(np.nan, index=rows.index, dtype=object)
              for name in CLASSES}
    odds = pd.DataFrame({name: shown[f"shown_{name}"] * np.where(rows["stated_class"] == name, TRUST, 1.0) * np.where(spoken[name].notna(), SAID_TRUST, 1.0)
                         for name in CLASSES}, index=shown.index)
    p = odds.div(odds.sum(axis=1), axis=0)
    named = p.idxmax(axis=1).where(p.max(axis=1) >= named_from, "unknown")
    words = pd.Series("inferred", index=rows.index, dtype=object)
    for name in CLASSES:
        words = words.mask((named == name) & spoken[name].notna(), spoken[name])
    return p.add_prefix("p_").assign(outcome_class=named, reason_source=words.mask(named == rows["stated_class"], "rep").astype("str"))


def _fitted(stated: pd.DataFrame) -> Pipeline:
    steps = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh), StandardScaler(),
                          LogisticRegression(C=0.1, max_iter=2000))
    return steps.fit(stated[list(TELLING)].to_numpy(dtype=float), stated["stated_class"])


def _shown(model: Pipeline, rows: pd.DataFrame, stage_names: dict[int, str]) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame(columns=[f"{what}_{name}" for what in ("shown", "why") for name in CLASSES], index=rows.index)
    values = rows[list(TELLING)].to_numpy(dtype=float)
    p = pd.DataFrame(model.predict_proba(values), columns=list(model.classes_), index=rows.index)
    weights = pd.DataFrame(model[-1].coef_, index=list(model.classes_), columns=list(TELLING))
    scaled = model[:-1].transform(values)
    told = named(rows, stage_names).to_dict("records")
    why = {f"why_{name}": [_because(row, scaled[at] * weights.loc[name].to_numpy(), CALLED[name]) for at, row in enumerate(told)] for name in CLASSES}
    return pd.concat([p[list(CLASSES)].add_prefix("shown_"), pd.DataFrame(why, index=rows.index)], axis=1)


def _because(row: dict[str, float], pulls: Floats, called: str) -> str:
    for at in np.argsort(-pulls):
        if pulls[at] <= 0:
            break
        if sentence := say(TELLING[at], row, -1.0):
            return f"as with deals that reps called {called}: {sentence}"
    return ""


def _by_rules(rows: pd.DataFrame) -> pd.DataFrame:
    p, because = weigh(rows, CLASS_START, CLASS_RULES)
    return pd.concat([p.add_prefix("shown_"), because.add_prefix("why_")], axis=1)
