"""The chance that a deal revives, by someone who could see the buyer's hidden state.

No closed form exists: the state's rates follow the rep's conduct, and the label needs forward movement as well. The
numbers below are a logistic regression per hidden state on three simulated companies of 4,000 deals, whose label was
measured from their exports; docs/sample-company.md tells how well they are calibrated. They hold for the default rates.
"""

from __future__ import annotations

import math

from .life import PROPOSAL, Life, Monday
from .rates import FROZEN

# constant, silence, time in state, fit, pace, rhythm, late stage, out of patience, until the thaw,
# fresh intervention, pressure, quiet, owner logs nothing
WEIGHTS = (
    (1.88, -0.47, 0.03, 0.3, -0.45, -0.25, 0.61, -0.0, 0.0, 0.08, 0.18, -0.32, -2.09),  # engaged
    (1.41, -0.15, -0.22, 0.5, -0.21, -0.17, 0.46, -0.59, 0.0, -0.35, 0.05, -0.1, -1.65),  # waiting
    (0.93, -0.05, -0.13, 0.24, -0.21, -0.12, 0.32, -0.12, -0.6, -0.01, -0.07, -0.13, -1.29),  # frozen
    (1.06, -0.61, -0.08, 0.34, -0.12, -0.14, 0.28, -0.32, 0.0, 0.34, 0.07, -0.1, -1.86),  # undecided
    (-1.11, 0.01, -0.3, 0.4, -0.39, -0.11, 0.23, -0.71, 0.0, 0.26, -0.04, -0.43, -1.57),  # status quo
    (-1.48, 0.06, -0.49, 0.29, -0.14, -0.15, 0.49, -0.31, 0.0, 0.45, 0.02, -0.24, -0.71),  # competitor
    (-1.59, 0.31, -0.1, 0.39, 0.21, -0.07, 0.34, -1.1, 0.0, -0.4, 0.0, -0.36, -1.52),  # gone
)


def p_revive(life: Life, monday: Monday) -> float:
    """Chance of a revival within 90 days, given the hidden state on this Monday and the deal's nature."""
    weights = WEIGHTS[monday.state]
    score = weights[0] + sum(w * x for w, x in zip(weights[1:], _covariates(life, monday), strict=True))
    return 1 / (1 + math.exp(-score))


def _covariates(life: Life, monday: Monday) -> tuple[float, ...]:
    """In the order of `WEIGHTS`; spans in months of 30 days, the time in the state as log of days."""
    until_thaw = min(max(monday.thaw - monday.day, -30.0), 120.0) / 30 if monday.state == FROZEN else 0.0
    return (
        min(monday.silence, 120.0) / 30,
        math.log1p(monday.day - monday.since),
        life.buyer.fit,
        math.log(life.buyer.pace),
        math.log(life.buyer.rhythm),
        float(monday.stage >= PROPOSAL),
        min(max((monday.silence - monday.patience) / 30, 0.0), 3.0),
        until_thaw,
        float(monday.rehab_age < 21),
        min(monday.pressure, 8.0),
        float(monday.silence >= 14),
        float(monday.is_dark),
    )
