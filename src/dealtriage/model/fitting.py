"""Fitting on one slice, calibrating on a later one."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

FEWEST_TO_CALIBRATE = 20


def fit_calibrated(model: BaseEstimator, train: pd.DataFrame, y_train: NDArray[np.int64],
                   later: pd.DataFrame, y_later: NDArray[np.int64]) -> BaseEstimator:
    """Fit on `train`; then fit a sigmoid of its log-odds on the later slice (Platt scaling).

    With fewer than 20 revived or 20 dead rows in the later slice there is nothing to calibrate on, and the fitted
    model is returned as it is.
    """
    fitted = clone(model).fit(train, y_train)
    if np.bincount(y_later, minlength=2).min() < FEWEST_TO_CALIBRATE:
        return fitted
    return CalibratedClassifierCV(FrozenEstimator(fitted), method="sigmoid").fit(later, y_later)


def chance(model: BaseEstimator, rows: pd.DataFrame) -> NDArray[np.float64]:
    """The chance of revival of each row, in (0, 1)."""
    if not len(rows):
        return np.empty(0)
    return np.clip(model.predict_proba(rows)[:, 1], 1e-4, 1 - 1e-4)


def log_odds(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logit of a chance."""
    return np.log(p / (1 - p))
