"""P(alive): what a buy-till-you-die model makes of how often a buyer was heard from, and how long ago."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln
from sklearn.linear_model import LogisticRegression

from dealtriage.model.base import Floats, TwoClasses

COLUMNS = ("buyer_signals_total", "silence_days", "deal_age_days")
SUREST = 1e-6
ENOUGH = 4000  # rows that tell the shape; it has four numbers


def log_alive_and_gone(shape: Floats, x: Floats, last: Floats, age: Floats) -> tuple[Floats, Floats]:
    """The logarithms of the likelihood that a buyer is alive, and that they are gone: up to a factor that both share.

    shape: r, alpha, a, b. x signals so far, the last at `last` days, observed for `age` days. The modified beta-geometric/NBD model (Batislam, Denizel and
    Filiztekin 2007; Hoppe and Wagner 2007): signals come at a rate of their own for each buyer (gamma: r, alpha); after the beginning and after
    each signal the buyer is gone with a probability of their own (beta: a, b). So one who was never heard from may be gone too, which BG/NBD rules out.
    """
    r, alpha, a, b = shape
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = common + betaln(a, b + x + 1) - betaln(a, b) - (r + x) * np.log(alpha + age)
    gone = common + betaln(a + 1, b + x) - betaln(a, b) - (r + x) * np.log(alpha + last)
    return alive, gone


def alive_chance(shape: Floats, x: Floats, last: Floats, age: Floats) -> Floats:
    """The chance that a buyer is alive. See `log_alive_and_gone`."""
    alive, gone = log_alive_and_gone(shape, x, last, age)
    return expit(alive - gone)


class StillAlive(TwoClasses):
    """The chance of revival from P(alive): its log-odds, put on the scale of revivals by a logistic regression.

    columns: of X, the number of buyer signals, the days of silence and the days the deal is old. The shape is fitted by maximum likelihood on the
    rows (a composite likelihood, as one deal is asked about on many dates).
    """

    def __init__(self, columns: tuple[str | int, ...] = (0, 1, 2)) -> None:
        self.columns = columns

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the shape to the history in X alone, then the scale to the outcomes y (two classes)."""
        values, outcome = self._learn(X, y)
        some = values[:: max(len(values) // ENOUGH, 1)]
        x, last, age = self._history(some)
        start = np.log([1.0, float(np.median(age / (x + 1))) + 1.0, 1.0, 3.0])
        loss = lambda shape: -np.logaddexp(*log_alive_and_gone(np.exp(shape), x, last, age)).mean()  # noqa: E731
        self.shape_ = np.exp(minimize(loss, start, method="L-BFGS-B", bounds=[(-8, 12)] * 4).x)
        self.scale_ = LogisticRegression(C=np.inf).fit(self._odds(values), outcome)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Two columns: the chance to stay silent, the chance to revive."""
        values = self._look(X)
        return self.scale_.predict_proba(self._odds(values))

    def _history(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        x, silence, age = (np.maximum(np.nan_to_num(values[:, self._place(column)]), 0.0) for column in self.columns)
        age = np.maximum(age, silence)
        return x, age - silence, age

    def _odds(self, values: Floats) -> Floats:
        alive = np.clip(alive_chance(self.shape_, *self._history(values)), SUREST, 1 - SUREST)
        return np.log(alive / (1 - alive))[:, None]

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags
