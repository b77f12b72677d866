"""Fitting on one slice of time, calibrating on a later one, with no deal on both sides."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression

FEWEST_TO_CALIBRATE = 20
SUREST = 1e-4


class Calibrated(ClassifierMixin, BaseEstimator):
    """A fitted model whose log-odds are put straight by a line: slope x log-odds + intercept (Platt scaling)."""

    def __init__(self, model: BaseEstimator, slope: float = 1.0, intercept: float = 0.0) -> None:
        self.model = model
        self.slope = slope
        self.intercept = intercept
        self.classes_ = np.array([0, 1])

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Two columns: the chance to stay silent, the chance to revive."""
        p = 1 / (1 + np.exp(-(self.slope * log_odds(chance(self.model, X)) + self.intercept)))
        return np.column_stack([1 - p, p])

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """1 where revival is more likely than not."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(int)


@dataclass(frozen=True)
class Slice:
    """Rows to learn from: the features, the outcomes (0 or 1), and which half (0 or 1) each row's deal belongs to."""

    X: pd.DataFrame
    y: NDArray[np.int64]
    half: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "Slice":
        return Slice(self.X[chosen], self.y[chosen], self.half[chosen])


def fit_calibrated(model: BaseEstimator, train: Slice, later: Slice) -> Calibrated:
    """Fit on `train`, with the line of its log-odds learnt on the later slice.

    The line comes from two models, each fitted on one half of the deals and asked about the later rows of the other
    half, so that it is learnt on deals that were not trained on; the model returned is fitted on both halves. A line
    that would turn the order round, or one learnt on fewer than 20 revived or 20 dead rows, is not drawn.
    """
    fitted = Calibrated(clone(model).fit(train.X, train.y))
    if np.bincount(later.y, minlength=2).min() < FEWEST_TO_CALIBRATE:
        return fitted
    odds = np.empty(len(later.y))
    for half in (0, 1):
        others, asked = train.of(train.half != half), later.half == half
        if np.bincount(others.y, minlength=2).min() == 0:
            return fitted
        odds[asked] = log_odds(chance(clone(model).fit(others.X, others.y), later.X[asked]))
    if np.ptp(odds) < 1e-9:
        return Calibrated(fitted.model, 1.0, float(log_odds(np.array([later.y.mean()]))[0] - odds.mean()))
    line = LogisticRegression(C=np.inf).fit(odds[:, None], later.y)
    slope, intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
    return Calibrated(fitted.model, slope, intercept) if slope > 0 else fitted


def chance(model: BaseEstimator, rows: pd.DataFrame) -> NDArray[np.float64]:
    """The chance of revival of each row, in (0, 1)."""
    if not len(rows):
        return np.empty(0)
    return np.clip(model.predict_proba(rows)[:, 1], SUREST, 1 - SUREST)


def log_odds(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logit of a chance."""
    return np.log(p / (1 - p))
