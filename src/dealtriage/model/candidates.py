"""Models that may be published. All are additive on the log-odds scale, so that reasons are exact."""

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

from dealtriage.errors import BadInput
from dealtriage.features.registry import by_name


class AdditiveBoosting(ClassifierMixin, BaseEstimator):
    """Boosted trees of one feature each, on the features that differ in training; `trends`: the sign each cannot act against.

    A feature that is the same everywhere would only take the place of a telling one where a tree draws its features.
    """

    def __init__(self, trends: tuple[int, ...], seed: int) -> None:
        self.trends = trends
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Find the features that differ, and boost them."""
        values = np.asarray(X, dtype=float)
        self.kept_ = np.flatnonzero([not np.isclose(column, column[0], equal_nan=True).all() for column in values.T])
        self.model_ = HistGradientBoostingClassifier(
            learning_rate=0.06, max_iter=120, max_leaf_nodes=6, min_samples_leaf=60, l2_regularization=10.0,
            max_features=0.5, interaction_cst="no_interactions", early_stopping=False, random_state=self.seed,
            monotonic_cst=[self.trends[at] for at in self.kept_]).fit(values[:, self.kept_], y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Two columns: the chance to stay silent, the chance to revive."""
        return self.model_.predict_proba(np.asarray(X, dtype=float)[:, self.kept_])


def logistic_splines(columns: list[str], seed: int) -> Pipeline:
    """Regularised logistic regression on splines of every feature, and on which features are missing."""
    shapes = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh),
        VarianceThreshold(), StandardScaler(), SplineTransformer(n_knots=4, degree=2, extrapolation="constant"))
    missing = make_pipeline(MissingIndicator(features="all"), StandardScaler())
    return make_pipeline(make_union(shapes, missing), LogisticRegression(C=0.01, max_iter=2000, random_state=seed))


def additive_boosting(columns: list[str], seed: int) -> AdditiveBoosting:
    """Boosted trees of one feature each; features with a known trend cannot act against it."""
    return AdditiveBoosting(tuple(by_name()[name].trend for name in columns), seed)


CANDIDATES = {"logistic_splines": logistic_splines, "additive_boosting": additive_boosting}


def candidates(names: tuple[str, ...], columns: list[str], seed: int) -> dict[str, BaseEstimator]:
    """The named candidates, unfitted, for a matrix with these columns in this order."""
    unknown = sorted(set(names) - set(CANDIDATES))
    if unknown:
        raise BadInput(f"model.candidates names unknown models: {', '.join(unknown)}.",
                       f"Choose from {', '.join(CANDIDATES)}.")
    return {name: CANDIDATES[name](columns, seed) for name in names}
