"""When a stalled deal comes back, whether it lasts and whether it is won then: what the chance to revive leaves open."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from dealtriage.model.base import Floats
from dealtriage.model.cure import FEWEST_TO_TIME, Latency, fit_latency, scale_covariates
from dealtriage.model.fitting import Known
from dealtriage.params import Label

STEPS = 200
TELLING = ("silence_days", "stage_position", "deal_age_days", "buyer_signals_total", "buyer_signals_90d", "meetings_held_total",
           "proposals_sent", "contacts_engaged", "account_win_share", "owner_win_share")
FEWEST_TO_LEARN = 30
LASTS_DAYS = 60


@dataclass(frozen=True)
class When:
    """When deals that come back do so. `horizon_days`: that of the chance to revive, on which the shares are based."""

    horizon_days: float
    latency: Latency

    def share(self, days: float, silence: Floats) -> Floats:
        """The chance to have come back after so many days, over the chance to come back within the horizon; 1 at the horizon."""
        covariates = scale_covariates(silence)
        return self.latency.share(days, covariates) / self.latency.share(self.horizon_days, covariates)

    def wait_days(self, silence: Floats) -> Floats:
        """The days until a deal comes back that does so within the horizon: their mean."""
        at = (np.arange(STEPS) + 0.5) / STEPS * self.horizon_days
        still_away = np.array([1 - self.share(days, silence) for days in at])
        return still_away.mean(axis=0) * self.horizon_days

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        latency = content["latency"]
        return cls(content["horizon_days"], Latency(latency["within"], latency["shape"], tuple(latency["coefficients"])))


def after(known: Known, label: Label, rows: pd.DataFrame) -> pd.DataFrame:
    """What is learnt of when and of winning, said of `rows`: share_<n>d for each of label.when_days, wait_days, p_win and p_restall."""
    longest = farthest(label)
    return said_after(fit_when(known, longest), fit_win(known, longest), fit_restall(known), label.when_days, rows)


def farthest(label: Label) -> int:
    """How many days ahead is looked at most: the horizon, or beyond."""
    return max(label.horizon_days, *label.when_days)


def said_after(when: When, win: Pipeline, restall: Pipeline, when_days: tuple[int, ...], rows: pd.DataFrame) -> pd.DataFrame:
    """share_<n>d, wait_days, p_win and p_restall of each row."""
    silence = rows["silence_days"].to_numpy(dtype=float)
    shares = {f"share_{days}d": when.share(days, silence) for days in when_days}
    return pd.DataFrame({**shares, "wait_days": when.wait_days(silence), "p_win": told(win, rows), "p_restall": told(restall, rows)}, index=rows.index)


def fit_when(known: Known, longest_days: float) -> When:
    """Learn from windows of `longest_days` that are over; where too few of these came back, from windows of the horizon."""
    watched, silence = known.watched, known.everything.X["silence_days"].to_numpy(dtype=float)
    for within in (max(longest_days, known.horizon_days), known.horizon_days):
        back = (watched.followed >= within) & (watched.back < within)
        if back.sum() >= FEWEST_TO_TIME:
            break
    return When(float(known.horizon_days), fit_latency(watched.back[back], scale_covariates(silence[back]), float(within)))


def fit_win(known: Known, within_days: float) -> Pipeline:
    """The chance that a deal is won within so many days of the as-of date, if it comes back within the horizon."""
    watched = known.watched
    asked = (watched.followed >= within_days) & (watched.back < known.horizon_days)
    return _fit(known.everything.X[asked], watched.won[asked] < within_days, C=0.05)


def fit_restall(known: Known) -> Pipeline:
    """The chance that a deal is quiet again, or lost, within 60 days of coming back, if it comes back within the horizon."""
    watched = known.watched
    asked = (watched.followed >= known.horizon_days + LASTS_DAYS) & (watched.back < known.horizon_days)
    return _fit(known.everything.X[asked], watched.again[asked] <= LASTS_DAYS, C=0.01)


def told(model: Pipeline, X: pd.DataFrame) -> Floats:
    """The chance that `fit_win` or `fit_restall` learnt, of each row."""
    return model.predict_proba(X[list(model.feature_names_in_)])[:, 1] if len(X) else np.empty(0)


def _fit(X: pd.DataFrame, happened: NDArray[np.bool_], C: float) -> Pipeline:
    """A regularised logistic regression on a few features; where fewer than 30 rows had either outcome, a share for all, drawn towards a half."""
    y = happened.astype(np.int64)
    columns = [name for name in TELLING if name in X]
    if np.bincount(y, minlength=2).min() < FEWEST_TO_LEARN:
        return make_pipeline(DummyClassifier(strategy="prior")).fit(pd.DataFrame(0.0, range(len(y) + 2), columns), np.append(y, [0, 1]))
    steps = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh), StandardScaler(),
                          LogisticRegression(C=C, max_iter=1000))
    return steps.fit(X[columns], y)
