"""Plain rules that every model has to beat, as scikit-learn estimators."""

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

FIVE = ("silence_days", "usual_gap_days", "unanswered_messages", "stage_age_days", "buyer_signals_90d")
SUREST = 0.99


class FallingWith(ClassifierMixin, BaseEstimator):
    """The chance falls as one column rises: isotonic regression on that column alone.

    Missing values take the column's median. Chances are kept within [1 %, 99 %]: no rule is that sure.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Learn the falling step function from rows X (with the column) and outcomes y (0 or 1)."""
        self.classes_ = np.array([0, 1])
        self.median_ = float(X[self.column].median())
        self.steps_ = IsotonicRegression(increasing=False, out_of_bounds="clip", y_min=1 - SUREST, y_max=SUREST)
        self.steps_.fit(self._filled(X), np.asarray(y, dtype=float))
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Two columns: the chance to stay silent, the chance to revive."""
        chance = self.steps_.predict(self._filled(X))
        return np.column_stack([1 - chance, chance])

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """1 where revival is more likely than not."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(int)

    def _filled(self, X: pd.DataFrame) -> NDArray[np.float64]:
        return X[self.column].fillna(self.median_).to_numpy(dtype=float)


def five_feature_logistic() -> Pipeline:
    """Logistic regression on five features anyone would think of."""
    chosen = ColumnTransformer([("five", make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh), StandardScaler()),
        list(FIVE))])
    return make_pipeline(chosen, LogisticRegression(max_iter=1000))


def rules() -> dict[str, BaseEstimator]:
    """The rules by name, unfitted."""
    return {
        "prevalence": DummyClassifier(strategy="prior"),
        "silence": FallingWith("silence_days"),
        "silence_over_usual_gap": FallingWith("silence_over_usual_gap"),
        "five_feature_logistic": five_feature_logistic(),
    }


def columns_needed() -> frozenset[str]:
    """The features that rules cannot do without; they must not be excluded."""
    return frozenset({*FIVE, "silence_over_usual_gap"})
