"""Models that may be published, from simple to rich. Their reasons are exact: each is of one feature at a time, or of pairs."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

from dealtriage.errors import BadInput
from dealtriage.features.registry import by_name
from dealtriage.model.boosting import TrendBoosting


def logistic_splines(columns: list[str], seed: int) -> Pipeline:
    """Regularised logistic regression on splines of every feature, and on which features are missing."""
    shapes = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh),
        VarianceThreshold(), StandardScaler(), SplineTransformer(n_knots=4, degree=2, extrapolation="constant"))
    missing = make_pipeline(MissingIndicator(features="all"), StandardScaler())
    return make_pipeline(make_union(shapes, missing), LogisticRegression(C=0.01, max_iter=2000, random_state=seed))


def additive_boosting(columns: list[str], seed: int) -> TrendBoosting:
    """Boosted trees of one feature each; features with a known trend cannot act against it."""
    return TrendBoosting(_trends(columns), "none", leaves=6, trees_per_root=1.0, seed=seed)


def pairwise_boosting(columns: list[str], seed: int) -> TrendBoosting:
    """Boosted trees of two features each at most; features with a known trend cannot act against it."""
    return TrendBoosting(_trends(columns), "pairs", leaves=8, trees_per_root=1.2, seed=seed)


CANDIDATES = {"pairwise_boosting": pairwise_boosting, "additive_boosting": additive_boosting, "logistic_splines": logistic_splines}


def candidates(names: tuple[str, ...], columns: list[str], seed: int) -> dict[str, BaseEstimator]:
    """The named candidates, unfitted, for a matrix with these columns in this order."""
    unknown = sorted(set(names) - set(CANDIDATES))
    if unknown:
        raise BadInput(f"model.candidates names unknown models: {', '.join(unknown)}.",
                       f"Choose from {', '.join(CANDIDATES)}.")
    return {name: CANDIDATES[name](columns, seed) for name in names}


def _trends(columns: list[str]) -> tuple[int, ...]:
    return tuple(by_name()[name].trend for name in columns)
