"""Rows to learn from, and chances put straight on a later slice of time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator

from dealtriage.model.base import Floats, TwoClasses, two_columns
from dealtriage.model.cure import Watched

SUREST = 1e-4
SPREADS = (0.05, 0.1)  # by how much slope and intercept are expected to be off before any row is seen


class Calibrated(TwoClasses):
    """A fitted model whose log-odds are put straight by a line: slope x log-odds + intercept (Platt scaling)."""

    def __init__(self, model: BaseEstimator, slope: float = 1.0, intercept: float = 0.0) -> None:
        self.model = model
        self.slope = slope
        self.intercept = intercept
        self.classes_ = np.array([0, 1])

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Two columns: the chance to stay silent, the chance to revive."""
        return two_columns(expit(self.slope * log_odds(chance(self.model, X)) + self.intercept))


@dataclass(frozen=True)
class Slice:
    """Rows to learn from: the features, the outcomes (0 or 1), and of each row's deal its number and which half (0 or 1) it belongs to."""

    X: pd.DataFrame
    y: NDArray[np.int64]
    deal: NDArray[np.int64]
    half: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "Slice":
        return Slice(self.X[chosen], self.y[chosen], self.deal[chosen], self.half[chosen])

    @property
    def fewest(self) -> int:
        """How many rows the rarer outcome has."""
        return int(np.bincount(self.y, minlength=2).min())


@dataclass(frozen=True)
class Known:
    """All that may be learnt from at a date: finished windows, older ones to try candidates on and later ones to judge and calibrate them;
    `everything`: these and the windows still running, with how far each was `watched`."""

    train: Slice
    later: Slice
    everything: Slice
    watched: Watched
    horizon_days: int

    @property
    def finished(self) -> Slice:
        """The rows whose window is over."""
        return self.everything.of(self.watched.followed >= self.horizon_days)


def calibration_line(odds: Floats, y: NDArray[np.int64], deal: NDArray[np.int64], weight: Floats | None = None,
                     spreads: tuple[float, float] = SPREADS) -> tuple[float, float]:
    """Slope and intercept that make log-odds come true, drawn towards (1, 0) where deals are few.

    The posterior mode under normal priors around slope 1 and intercept 0, of `spreads` (0.05 and 0.1): the level moves with the times, the slope hardly.
    A deal counts once on average, however many rows it has; `weight`: by how much its rows count for one another.
    """
    if not len(y):
        return 1.0, 0.0
    each = np.ones(len(y)) if weight is None else weight
    weight = len(np.unique(deal)) / each.sum() * each
    design = np.column_stack([odds, np.ones(len(odds))])
    line = np.array([1.0, 0.0])
    for _ in range(50):
        p = expit(design @ line)
        slope = design.T @ (weight * (y - p)) - (line - [1.0, 0.0]) / np.square(spreads)
        curve = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(1 / np.square(spreads))
        step = np.linalg.solve(curve, slope)
        line = line + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return float(max(line[0], 0.05)), float(line[1])


def chance(model: BaseEstimator, rows: ArrayLike) -> Floats:
    """The chance of revival of each row, in (0, 1)."""
    if not len(rows):  # type: ignore[arg-type]
        return np.empty(0)
    return np.clip(model.predict_proba(rows)[:, 1], SUREST, 1 - SUREST)


def log_odds(p: Floats) -> Floats:
    """The logit of a chance."""
    return np.log(p / (1 - p))
