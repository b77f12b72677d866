"""A mixture-cure model: will the deal ever come back within the horizon (incidence), and if so, when (latency)?

A window that is not over is no answer yet, but it tells something: of a deal that has been waited for in vain for most of the horizon, little is
left to hope; one that was lost in the meantime hardly comes back. The EM algorithm counts such a row as part stalled, part dead, by what is known of
it (Farewell 1982; Larson and Dinse 1985 for the two ways to end; Sy and Taylor 2000 for the mixture-cure model).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from dealtriage.model.base import Floats, TwoClasses
from dealtriage.model.boosting import TrendBoosting

REOPENED, LOSSES = 0.01, 100  # the share of lost deals that come back after all, before any is seen, and by how many seen ones it is outweighed
FEWEST_TO_TIME = 30


@dataclass(frozen=True)
class Latency:
    """When a deal that comes back within `within` days does so: a Weibull law cut off there, whose scale follows covariates.

    shape k; coefficients: of the logarithm of the scale (days), first the constant.
    """

    within: float
    shape: float
    coefficients: tuple[float, ...]

    def share(self, days: Floats | float, covariates: Floats) -> Floats:
        """The chance to have come back after so many days, if at all within the limit. covariates: one row per deal."""
        scale = np.exp(np.clip(self.coefficients[0] + covariates @ np.array(self.coefficients[1:]), -5, 12))
        reached = 1 - np.exp(-((np.minimum(days, self.within) / scale) ** self.shape))
        return reached / (1 - np.exp(-((self.within / scale) ** self.shape)))


def fit_latency(days: Floats, covariates: Floats, within: float) -> Latency:
    """Maximum likelihood from deals that came back `days` after they were asked about, all of them within the limit.

    Fewer than 30 are given an even spread over the limit.
    """
    if len(days) < FEWEST_TO_TIME:
        return Latency(within, 1.0, (12.0, *(0.0,) * covariates.shape[1]))
    at = np.maximum(days, 0.01)

    def loss(x: Floats) -> float:
        shape, scale = np.exp(np.clip(x[0], -2, 1.5)), np.clip(x[1] + covariates @ x[2:], -5, 12)
        log_density = np.log(shape) - scale + (shape - 1) * (np.log(at) - scale) - np.exp(shape * (np.log(at) - scale))
        reached = -np.expm1(-np.exp(np.clip(shape * (np.log(within) - scale), -30, 30)))
        return float(-(log_density - np.log(reached)).mean() + 1e-3 * (x[2:] ** 2).sum())

    start = np.array([0.0, np.log(at.mean()), *np.zeros(covariates.shape[1])])
    found = minimize(loss, start, method="L-BFGS-B").x
    return Latency(within, float(np.exp(np.clip(found[0], -2, 1.5))), tuple(float(v) for v in found[1:]))


@dataclass(frozen=True)
class Watched:
    """What is known of each row at the time of learning, in days since it was asked about.

    followed: how long it has been watched. back, lost, won: when it came back, was lost, was won; infinite = not so far. again: days from coming
    back until it was quiet again or lost; infinite = not so far.
    """

    followed: Floats
    back: Floats
    lost: Floats
    won: Floats
    again: Floats

    def of(self, chosen: NDArray[np.bool_]) -> "Watched":
        return Watched(self.followed[chosen], self.back[chosen], self.lost[chosen], self.won[chosen], self.again[chosen])


class MixtureCure(TwoClasses):
    """A classifier (`incidence`, able to weigh rows) fitted by EM on finished and unfinished windows of `horizon_days`.

    Without `watched`, every window is finished and this is the incidence alone. scale_column: of X, the number or name of the column whose
    logarithm the latency follows (for us the silence).
    """

    def __init__(self, incidence: BaseEstimator | None = None, horizon_days: float = 90.0, scale_column: str | int = 0, rounds: int = 1) -> None:
        self.incidence = incidence
        self.horizon_days = horizon_days
        self.scale_column = scale_column
        self.rounds = rounds

    def fit(self, X: ArrayLike, y: ArrayLike, watched: Watched | None = None) -> Self:
        """Learn from rows X, and outcomes y that count where the window is over or the deal came back."""
        values, outcome = self._learn(X, y)
        incidence = TrendBoosting() if self.incidence is None else self.incidence
        full = np.full(len(outcome), self.horizon_days)
        known = watched or Watched(full, np.where(outcome == 1, 0.0, np.inf), *(np.full(len(outcome), np.inf),) * 3)
        is_back = known.back < self.horizon_days
        is_over = known.followed >= self.horizon_days
        rows = X if hasattr(X, "iloc") else values
        covariates = scale_covariates(values[:, self._place(self.scale_column)])
        timed = is_over & is_back
        self.latency_ = fit_latency(known.back[timed], covariates[timed], self.horizon_days)
        part = np.where(is_over, outcome, is_back).astype(float)
        open_, dark = ~is_over & ~is_back, ~is_over & ~is_back & (known.lost <= known.followed)
        self.incidence_ = fit_weighted(incidence, _take(rows, is_over), part[is_over].astype(int), np.ones(is_over.sum()))
        if not (open_.any() and len(self.incidence_.classes_) == 2):
            return self
        waiting = self.latency_.share(known.followed[open_], covariates[open_])
        still = _still_open(known.lost[is_over & (part == 0)], known.followed[open_])
        reopened = _reopened(known.of(is_over), self.horizon_days, known.followed[dark])
        for _ in range(self.rounds):
            p = self.incidence_.predict_proba(_take(rows, open_))[:, 1]
            part[open_] = p * (1 - waiting) / (p * (1 - waiting) + (1 - p) * still + 1e-12)
            part[dark] = reopened
            self.incidence_ = fit_weighted(incidence, *_split(rows, part, open_))
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Two columns: the chance to stay silent for the whole horizon, the chance to revive."""
        values = self._look(X)
        return self.incidence_.predict_proba(X if hasattr(X, "iloc") else values)


def scale_covariates(silence: Floats) -> Floats:
    """What the scale of the latency follows: the logarithm of the days of silence."""
    return np.log1p(np.maximum(np.nan_to_num(silence), 0.0))[:, None]


def fit_weighted(model: BaseEstimator, X: ArrayLike, y: NDArray[np.int64], weight: Floats) -> BaseEstimator:
    """A clone of the model, fitted with row weights; of a pipeline, its last step weighs."""
    name = f"{model.steps[-1][0]}__sample_weight" if isinstance(model, Pipeline) else "sample_weight"
    return clone(model).fit(X, y, **{name: weight})


def _still_open(lost: Floats, after: Floats) -> Floats:
    """The share of dead deals that were not lost yet after so many days."""
    return 1 - np.searchsorted(np.sort(lost), after, side="right") / max(len(lost), 1)


def _reopened(over: Watched, within: float, after: Floats) -> float:
    """The share of deals lost and not back by about the days `after` that come back within the horizon all the same."""
    if not len(after):
        return REOPENED
    day = float(np.median(after))
    lost = (over.lost <= day) & (over.back > day)
    return float(((over.back[lost] < within).sum() + REOPENED * LOSSES) / (lost.sum() + LOSSES))


def _split(rows: ArrayLike, part: Floats, open_: NDArray[np.bool_]) -> tuple[ArrayLike, NDArray[np.int64], Floats]:
    """Every open row twice: as stalled with one weight, as dead with the rest."""
    at = np.concatenate([np.arange(len(part)), np.flatnonzero(open_)])
    y = np.concatenate([np.where(open_, 1, part), np.zeros(open_.sum())]).astype(np.int64)
    weight = np.concatenate([np.where(open_, part, 1.0), 1 - part[open_]])
    return _take(rows, at), y, weight


def _take(rows: ArrayLike, chosen: np.ndarray) -> ArrayLike:
    return rows.iloc[chosen] if hasattr(rows, "iloc") else np.asarray(rows)[chosen]
