"""A chance told from a few features alone: for questions that only the deals which came back can answer."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from dealtriage.model.base import Floats
from dealtriage.model.fitting import chance

TELLING = ("silence_days", "stage_position", "deal_age_days", "buyer_signals_total", "buyer_signals_90d", "meetings_held_total",
           "proposals_sent", "contacts_engaged", "account_win_share", "owner_win_share")
FEWEST_TO_LEARN = 30


def fit_telling(X: pd.DataFrame, happened: NDArray[np.bool_], C: float, names: tuple[str, ...] = TELLING, weight: Floats | None = None) -> Pipeline:
    """A regularised logistic regression on those named features that X has; where fewer than 30 rows had either outcome, a share for all, drawn towards a half."""
    y = happened.astype(np.int64)
    columns = [name for name in names if name in X]
    if np.bincount(y, minlength=2).min() < FEWEST_TO_LEARN:
        return make_pipeline(DummyClassifier(strategy="prior")).fit(pd.DataFrame(0.0, range(len(y) + 2), columns), np.append(y, [0, 1]))
    steps = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), FunctionTransformer(np.arcsinh), StandardScaler(),
                          LogisticRegression(C=C, max_iter=1000))
    return steps.fit(X[columns], y, logisticregression__sample_weight=weight)


def told(model: BaseEstimator, X: pd.DataFrame) -> Floats:
    """The chance that such a model, put straight or not, says of each row."""
    inner = getattr(model, "model", model)
    return chance(model, X[list(inner.feature_names_in_)])
