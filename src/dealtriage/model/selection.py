"""Which model: candidates are tried on older rows and judged on later ones, and the first named is left only on evidence.

Candidates are crossed in two halves of the deals, each fitted on the older rows of one half and asked about the later rows of the other, so that no deal stands
on both sides. Such a trial is noisy: on a few hundred deals, taking the best or the simplest within a standard error loses more than it finds
(docs/decisions/0010). So another candidate, or one of the two plainest rules, is taken only if it is better by two standard errors. So is the best that a
search within a budget finds, where one is asked for.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from dealtriage.model.base import Floats
from dealtriage.model.cure import MixtureCure
from dealtriage.model.fitting import Calibrated, Known, Slice, calibration_line, chance, log_odds

FEWEST_TO_JUDGE = 20
PLAINEST = ("silence", "five_feature_logistic")
ERRORS = 2.0
NO_TRIALS = pd.DataFrame({"name": pd.Series(dtype="str"), "log_loss": pd.Series(dtype="float64"), "better_by": pd.Series(dtype="float64"),
                          "standard_error": pd.Series(dtype="float64"), "is_chosen": pd.Series(dtype="bool")})


@dataclass(frozen=True)
class Choice:
    """What was chosen, the line that puts its log-odds straight, and `trials`: name, log_loss, better_by (than the first named candidate, in log loss),
    standard_error (of that), is_chosen. Without later rows to judge by, there are no trials and the first named is chosen."""

    name: str
    model: BaseEstimator
    is_rule: bool
    slope: float
    intercept: float
    trials: pd.DataFrame


def choose(rules: dict[str, BaseEstimator], offered: dict[str, BaseEstimator], known: Known, search_seconds: float = 0.0) -> Choice:
    """The first of the offered candidates, unless another one or a plain rule is better on later rows by two standard errors.

    search_seconds: how long to search for better settings of the first, which then take part as another candidate.
    """
    train, later = known.train, known.later
    halves = [train.of(train.half != half) for half in (0, 1)]
    if later.fewest < FEWEST_TO_JUDGE or min(half.fewest for half in halves) == 0:
        name = next(iter(offered))
        return Choice(name, offered[name], False, 1.0, 0.0, NO_TRIALS)
    if search_seconds > 0:
        offered = {**offered, **_found(next(iter(offered.values())), halves, later, search_seconds)}
    tried = {**offered, **{name: rules[name] for name in PLAINEST}}
    odds = {name: _crossed(model, halves, later) for name, model in tried.items()}
    table = _judged(odds, later, set(offered))
    name = str(table.loc[table["is_chosen"], "name"].iloc[0])
    is_rule = name not in offered
    line = (1.0, 0.0) if is_rule else calibration_line(odds[name], later.y, later.deal)
    return Choice(name, tried[name], is_rule, *line, table)


def plain_choice(name: str, rule: BaseEstimator) -> Choice:
    """A rule, chosen without a trial."""
    return Choice(name, rule, True, 1.0, 0.0, NO_TRIALS)


def fit_choice(choice: Choice, known: Known) -> Calibrated:
    """Fit what was chosen on everything that is known: a rule on the finished windows, a candidate on those still running too."""
    if choice.is_rule:
        return Calibrated(clone(choice.model).fit(known.finished.X, known.finished.y))
    cure = MixtureCure(clone(choice.model), float(known.horizon_days), "silence_days")
    return Calibrated(cure.fit(known.everything.X, known.everything.y, known.watched), choice.slope, choice.intercept)


def _found(model: BaseEstimator, halves: list[Slice], later: Slice, seconds: float) -> dict[str, BaseEstimator]:
    """What a search finds when it judges as a trial does."""
    from dealtriage.model.search import SEARCHED, searched

    return {SEARCHED: searched(model, lambda one: float(_losses(_crossed(one, halves, later), later, True).mean()), seconds)}


def _crossed(model: BaseEstimator, halves: list[Slice], later: Slice) -> Floats:
    """The log-odds of the later rows, each from a model that had not seen its deal."""
    odds = np.empty(len(later.y))
    for half, rows in enumerate(halves):
        asked = later.half == half
        odds[asked] = log_odds(chance(clone(model).fit(rows.X, rows.y), later.X[asked]))
    return odds


def _judged(odds: dict[str, Floats], later: Slice, candidates: set[str]) -> pd.DataFrame:
    losses = {name: _losses(one, later, name in candidates) for name, one in odds.items()}
    first = next(iter(losses))
    table = pd.DataFrame([{"name": name, "log_loss": loss.mean(), "better_by": (losses[first] - loss).mean(),
                           "standard_error": _standard_error(losses[first] - loss, later.deal)} for name, loss in losses.items()])
    lead = table["better_by"] - ERRORS * table["standard_error"]
    return table.assign(is_chosen=table.index == (lead.idxmax() if lead.max() > 0 else 0))


def _losses(odds: Floats, later: Slice, is_put_straight: bool) -> Floats:
    """The log loss of each later row; put straight by the line learnt on the other half of the deals."""
    said = odds.copy()
    for half in (0, 1) if is_put_straight else ():
        asked = later.half == half
        slope, intercept = calibration_line(odds[~asked], later.y[~asked], later.deal[~asked])
        said[asked] = slope * odds[asked] + intercept
    return np.logaddexp(0, np.where(later.y == 1, -said, said))


def _standard_error(difference: Floats, deal: np.ndarray) -> float:
    """Of the mean over rows, when the rows of a deal hang together."""
    apart = np.bincount(deal, difference - difference.mean())
    return float(np.sqrt((apart**2).sum()) / len(difference))
