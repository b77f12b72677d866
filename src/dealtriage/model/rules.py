"""Plain rules that every model has to beat, as scikit-learn estimators."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from dealtriage.model import alive
from dealtriage.model.base import Floats, TwoClasses, two_columns

FIVE = ("silence_days", "usual_gap_days", "unanswered_messages", "stage_age_days", "buyer_signals_90d")
ROTTING = ("stage_position", "silence_days", "days_since_seller_touch")
SUREST = 0.99


class FallingWith(TwoClasses):
    """The chance falls as one column (its name, or its number) rises: isotonic regression on that column alone.

    Missing values take the column's median. Chances are kept within [1 %, 99 %]: no rule is that sure.
    """

    def __init__(self, column: str | int = 0) -> None:
        self.column = column

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the falling step function from rows X and outcomes y (two classes)."""
        values, outcome = self._learn(X, y)
        column = values[:, self._place(self.column)]
        self.median_ = float(np.median(column[~np.isnan(column)])) if not np.isnan(column).all() else 0.0
        self.steps_ = IsotonicRegression(increasing=False, out_of_bounds="clip", y_min=1 - SUREST, y_max=SUREST)
        self.steps_.fit(np.nan_to_num(column, nan=self.median_), outcome.astype(float))
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Two columns: the chance to stay silent, the chance to revive."""
        column = self._look(X)[:, self._place(self.column)]
        return two_columns(self.steps_.predict(np.nan_to_num(column, nan=self.median_)))

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class Rotting(TwoClasses):
    """The CRM's own rule: a deal rots when nothing was done about it for longer than its stage allows.

    limits: (stage position, days) pairs; a stage without one never rots. columns: of X, the stage position, the days of silence, the days
    since the seller's last approach. The chance is the share of either kind that revived in training, with one more of each outcome.
    """

    def __init__(self, limits: tuple[tuple[int, float], ...] = (), columns: tuple[str | int, ...] = (0, 1, 2)) -> None:
        self.limits = limits
        self.columns = columns

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn how many of the rotten and of the others revived."""
        values, outcome = self._learn(X, y)
        rotten = self._rotten(values)
        self.shares_ = np.array([(outcome[rotten == kind].sum() + 1) / ((rotten == kind).sum() + 2) for kind in (False, True)])
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Two columns: the chance to stay silent, the chance to revive."""
        rotten = self._rotten(self._look(X))
        return two_columns(self.shares_[rotten.astype(int)])

    def _rotten(self, values: Floats) -> np.ndarray:
        stage, silence, touch = (values[:, self._place(column)] for column in self.columns)
        limits = dict(self.limits)
        allowed = np.array([limits.get(int(one), np.inf) for one in np.nan_to_num(stage)])
        return np.fmin(silence, touch) > allowed

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


def five_feature_logistic() -> Pipeline:
    """Logistic regression on five features anyone would think of."""
    chosen = ColumnTransformer([("five", make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh), StandardScaler()),
        list(FIVE))])
    return make_pipeline(chosen, LogisticRegression(max_iter=1000))


def rules(rotten_days: Mapping[int, float] | None = None) -> dict[str, BaseEstimator]:
    """The rules by name, unfitted. rotten_days: after how many days a deal in a stage (by its position) rots, where the CRM tells."""
    found: dict[str, BaseEstimator] = {
        "prevalence": DummyClassifier(strategy="prior"),
        "silence": FallingWith("silence_days"),
        "silence_over_usual_gap": FallingWith("silence_over_usual_gap"),
        "still_alive": alive.StillAlive(alive.COLUMNS),
        "five_feature_logistic": five_feature_logistic(),
    }
    if rotten_days:
        found["rotting"] = Rotting(tuple(sorted(rotten_days.items())), ROTTING)
    return found


def columns_needed() -> frozenset[str]:
    """The features that rules cannot do without; they must not be excluded."""
    return frozenset({*FIVE, *ROTTING, *alive.COLUMNS, "silence_over_usual_gap"})
