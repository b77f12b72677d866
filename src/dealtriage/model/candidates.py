"""Models that may be published. All are additive on the log-odds scale, so that reasons are exact."""

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

from dealtriage.errors import BadInput
from dealtriage.features.registry import by_name


class FillEmptyColumns(TransformerMixin, BaseEstimator):
    """Zeros for the columns that hold no value at all in training; other missing values stay missing."""

    def fit(self, X: pd.DataFrame, y: ArrayLike | None = None) -> Self:
        """Find the empty columns of X."""
        self.empty_ = np.isnan(np.asarray(X, dtype=float)).all(axis=0)
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """X as an array, its empty columns 0."""
        return np.where(self.empty_, 0.0, np.asarray(X, dtype=float))


def logistic_splines(columns: list[str], seed: int) -> Pipeline:
    """Regularised logistic regression on splines of every feature, and on which features are missing."""
    shapes = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh),
        VarianceThreshold(), StandardScaler(), SplineTransformer(n_knots=4, degree=2, extrapolation="constant"))
    missing = make_pipeline(MissingIndicator(features="all"), StandardScaler())
    return make_pipeline(make_union(shapes, missing), LogisticRegression(C=0.01, max_iter=2000, random_state=seed))


def additive_boosting(columns: list[str], seed: int) -> Pipeline:
    """Boosted trees of one feature each; features with a known trend cannot act against it."""
    known = by_name()
    boosting = HistGradientBoostingClassifier(
        learning_rate=0.06, max_iter=120, max_leaf_nodes=6, min_samples_leaf=60, l2_regularization=10.0,
        max_features=0.5, interaction_cst="no_interactions", early_stopping=False, random_state=seed,
        monotonic_cst=[known[name].trend for name in columns])
    return make_pipeline(FillEmptyColumns(), boosting)


CANDIDATES = {"logistic_splines": logistic_splines, "additive_boosting": additive_boosting}


def candidates(names: tuple[str, ...], columns: list[str], seed: int) -> dict[str, BaseEstimator]:
    """The named candidates, unfitted, for a matrix with these columns in this order."""
    unknown = sorted(set(names) - set(CANDIDATES))
    if unknown:
        raise BadInput(f"model.candidates names unknown models: {', '.join(unknown)}.",
                       f"Choose from {', '.join(CANDIDATES)}.")
    return {name: CANDIDATES[name](columns, seed) for name in names}
