"""The effect of a phase on the deals in which it was done: cross-fitted, augmented inverse-probability weighting.

The score is that of the average treatment effect on the treated (Chernozhukov et al. 2018, Double/debiased machine learning, section 5.1),
with weights that add up to one. Each deal's chances come from models that saw none of its rows; intervals add up each deal's influence.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from dealtriage.effects.compare import Compared

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TRIMMED = (1e-4, 0.9)  # chances of being done are cut here, so that no row outweighs all others
SEED = 20240229


@dataclass(frozen=True)
class Chances:
    """Of each row, by models that saw none of its deal: that the phase is done, and that the deal comes back where it is not."""

    of_done: Floats
    of_return: Floats


@dataclass(frozen=True)
class Effect:
    """A difference of shares with its standard error and 95 % interval."""

    value: float
    error: float
    low: float
    high: float
    p: float  # two-sided, of no difference

    @property
    def holds_zero(self) -> bool:
        return self.low <= 0 <= self.high


def chances(rows: Compared) -> Chances:
    """The chances of each row, by models fitted on the other folds."""
    of_done, of_return = np.empty(len(rows.y)), np.empty(len(rows.y))
    for one in np.unique(rows.fold):
        asked, seen = rows.fold == one, rows.fold != one
        idle = seen & (rows.done == 0)
        of_done[asked] = _said(rows.X[seen], rows.done[seen], rows.X[asked])
        of_return[asked] = _said(rows.X[idle], rows.y[idle], rows.X[asked])
    return Chances(np.clip(of_done, *TRIMMED), of_return)


FORMULA = LogisticRegression(C=0.1, solver="newton-cholesky")


def _said(X: pd.DataFrame, y: Ints, asked: pd.DataFrame) -> Floats:
    if y.min() == y.max():
        return np.full(len(asked), float(y[0]))
    return clone(FORMULA).fit(X.to_numpy(), y).predict_proba(asked.to_numpy())[:, 1]


def weights(done: Ints, of_done: Floats) -> Floats:
    """What each row without the phase counts, so that together they look like the rows with it; adds up to one. 0 for rows with it."""
    odds = np.where(done == 1, 0.0, of_done / (1 - of_done))
    return odds / odds.sum()


def effect(rows: Compared, said: Chances) -> Effect:
    """The effect on the rows in which the phase was done: the share that came back, less the share that would have without it."""
    surprise, share = rows.y - said.of_return, rows.done / rows.done.sum()
    weight = weights(rows.done, said.of_done)
    with_it, without = float(share @ surprise), float(weight @ surprise)
    influence = share * (surprise - with_it) - weight * (surprise - without)
    return around(with_it - without, influence, rows.deal, rows.deals_done)


def around(value: float, influence: Floats, deal: Ints, deals: int) -> Effect:
    """A value with its interval, from each row's influence, added up by deal. deals: how many carry it (Student's t)."""
    error = float(np.sqrt((np.bincount(deal, influence) ** 2).sum()))
    luck = student(max(deals - 1, 1))
    reach = float(luck.ppf(0.975)) * error
    return Effect(value, error, value - reach, value + reach, float(2 * luck.sf(abs(value) / error)) if error else 1.0)
