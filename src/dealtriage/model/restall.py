"""Whether a deal that comes back stays: the chance that it is quiet again, or lost, within 60 days of coming back."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from dealtriage.model.base import Floats
from dealtriage.model.fitting import Calibrated, Known, Slice, calibration_line, log_odds
from dealtriage.model.telling import FEWEST_TO_LEARN, TELLING, fit_telling, told
from dealtriage.model.when import When

LASTS_DAYS = 60
CHANGEABLE = ("contacts_active_60d", "meetings_held_total", "next_steps_ahead", "hand_90d")  # by somebody's act
ASKED = tuple(dict.fromkeys((*TELLING, "quiet_spells_survived", *CHANGEABLE)))
REGULARISED = 0.01
LATER_DAYS = 26 * 7  # the newest half year of as-of dates puts the chances straight
SPREADS = (0.05, 0.25)  # the share that stalls again moves with the times more than the share that comes back
HEAVIEST = 5.0
SURE = 2.24  # standard errors: luck alone makes one of four features pass in one of twenty companies
USUAL = 0.75  # what a quarter of the deals that stayed had, or passed


@dataclass(frozen=True)
class Comebacks:
    """Rows that came back and were followed for 60 days since: rows (y: 1 = quiet again or lost by then), followed (days since they were asked about), weight."""

    rows: Slice
    followed: Floats
    weight: Floats

    def fit(self, chosen: NDArray[np.bool_]) -> Pipeline:
        """The chance, not yet put straight, learnt from some of the rows."""
        rows = self.rows.of(chosen)
        return fit_telling(rows.X, rows.y == 1, REGULARISED, ASKED, self.weight[chosen])


def comebacks(known: Known, when: When) -> Comebacks:
    """What is known of those that came back within the horizon.

    A row asked about lately is among them only if it came back soon. It counts for those that will come back later, too: by one over the chance to be back in time for
    60 days to have passed, five at most (inverse-probability-of-censoring weights: Robins and Rotnitzky 1992, Recovery of information and adjustment for dependent censoring).
    This holds as far as deals alike in what is asked stall again as often, however soon they come back.
    """
    watched = known.watched
    asked = (watched.back < known.horizon_days) & (watched.back + LASTS_DAYS <= watched.followed)
    all_of, followed = known.everything.of(asked), watched.followed[asked]
    rows = Slice(all_of.X, (watched.again[asked] <= LASTS_DAYS).astype(np.int64), all_of.deal, all_of.half)
    in_time = when.share(np.minimum(followed - LASTS_DAYS, known.horizon_days), rows.X["silence_days"].to_numpy(dtype=float))
    return Comebacks(rows, followed, 1 / np.clip(in_time, 1 / HEAVIEST, 1.0))


def levers(found: Comebacks) -> dict[str, float]:
    """What somebody can change and what, in past deals, surely went with staying: feature -> the value that a quarter of the deals that stayed had or passed.

    Surely: its coefficient, all else asked being equal, lies 2.24 standard errors below zero, as robust to the rows of a deal hanging together (Liang and Zeger 1986,
    Longitudinal data analysis using generalized linear models). It went with staying; that does not say that it makes a deal stay.
    """
    fitted = found.fit(np.ones(len(found.rows.y), dtype=bool))
    if not isinstance(fitted[-1], LogisticRegression):
        return {}
    errors = _errors(found, fitted)
    strength = dict(zip(fitted.feature_names_in_, fitted[-1].coef_[0] / np.where(errors > 0, errors, np.inf), strict=True))
    stayed = found.rows.X[found.rows.y == 0]
    return {name: float(stayed[name].quantile(USUAL, interpolation="lower")) for name in CHANGEABLE if strength.get(name, 0.0) < -SURE}


def _errors(found: Comebacks, fitted: Pipeline) -> Floats:
    """The standard error of each coefficient."""
    rows, names = found.rows, list(fitted.feature_names_in_)
    design = np.column_stack([fitted[:-1].transform(rows.X[names]), np.ones(len(rows.y))])
    p = told(fitted, rows.X)
    penalty = np.diag([*np.full(len(names), 1 / REGULARISED), 0.0])
    bread = np.linalg.inv((design * (found.weight * p * (1 - p))[:, None]).T @ design + penalty)
    score = pd.DataFrame(design * (found.weight * (rows.y - p))[:, None]).groupby(rows.deal).sum().to_numpy()
    return np.sqrt(np.diag(bread @ (score.T @ score) @ bread))[:-1]


def fit_restall(found: Comebacks) -> Calibrated:
    """The chance that a deal is quiet again or lost within 60 days of coming back, if it comes back within the horizon.

    Learnt from all that is known, and put straight by what models of the older rows said of the newest half year, each row by a model that had not seen its deal.
    """
    return Calibrated(found.fit(np.ones(len(found.rows.y), dtype=bool)), *_line(found))


def _line(found: Comebacks) -> tuple[float, float]:
    """Slope and intercept; 1 and 0 where there is too little to tell."""
    rows, is_later = found.rows, found.followed < LASTS_DAYS + LATER_DAYS
    later, older = rows.of(is_later), [~is_later & (rows.half != half) for half in (0, 1)]
    if min(later.fewest, *(rows.of(one).fewest for one in older)) < FEWEST_TO_LEARN:
        return 1.0, 0.0
    odds = np.empty(len(later.y))
    for half, one in enumerate(older):
        odds[later.half == half] = log_odds(told(found.fit(one), later.X[later.half == half]))
    return calibration_line(odds, later.y, later.deal, found.weight[is_later], SPREADS)
