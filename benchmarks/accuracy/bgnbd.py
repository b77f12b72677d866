"""BG/NBD: buy till you die, after Fader, Hardie, Lee: "Counting Your Customers" the Easy Way (Marketing Science 24(2), 2005).

While alive, a buyer shows signs at a rate drawn from a gamma distribution (shape r, rate alpha, per week); after each sign they die with a
chance drawn from a beta distribution (a, b). A deal is seen as x signs, the last after t_x weeks, asked after T weeks. As
is usual, signs of the same day are one.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.accuracy.task import Floats
from scipy.optimize import minimize
from scipy.special import betaln, gammaln


@dataclass(frozen=True)
class BgNbd:
    """The four parameters, all positive."""

    r: float
    alpha: float
    a: float
    b: float


def log_likelihood(model: BgNbd, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """The log-likelihood of each deal (equation 6 of the paper)."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    alive = betaln(a, b + x) - betaln(a, b) + gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)
    some = np.where(x > 0, x, 1.0)
    died = betaln(a + 1, b + some - 1) - betaln(a, b) + gammaln(r + some) - gammaln(r) + r * np.log(alpha) - (r + some) * np.log(alpha + t_x)
    return np.where(x > 0, np.logaddexp(alive, died), alive)


def fit(x: Floats, t_x: Floats, T: Floats) -> BgNbd:
    """The most likely parameters, each between e^-8 and e^8."""
    def loss(logs: Floats) -> float:
        return -float(log_likelihood(BgNbd(*np.exp(logs)), x, t_x, T).mean())

    return BgNbd(*np.exp(minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-8, 8)] * 4).x))


def p_alive(model: BgNbd, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """The chance that the buyer is still alive; 1 for who never showed a sign, as they had no occasion to die."""
    some = np.where(x > 0, x, 1.0)
    odds_dead = model.a / (model.b + some - 1) * ((model.alpha + T) / (model.alpha + t_x)) ** (model.r + some)
    return np.where(x > 0, 1 / (1 + odds_dead), 1.0)
