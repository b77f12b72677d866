"""When a deal that comes back within the horizon does so."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from dealtriage.model.base import Floats
from dealtriage.model.cure import FEWEST_TO_TIME, Latency, fit_latency, scale_covariates
from dealtriage.model.fitting import Known

STEPS = 200


@dataclass(frozen=True)
class When:
    """When deals that come back do so. `horizon_days`: that of the chance to revive, on which the shares are based."""

    horizon_days: float
    latency: Latency

    def share(self, days: Floats | float, silence: Floats) -> Floats:
        """The chance to have come back after so many days (one number, or one per row), over the chance to come back within the horizon; 1 at the horizon."""
        covariates = scale_covariates(silence)
        return self.latency.share(days, covariates) / self.latency.share(self.horizon_days, covariates)

    def wait_days(self, silence: Floats) -> Floats:
        """The days until a deal comes back that does so within the horizon: their mean."""
        at = (np.arange(STEPS) + 0.5) / STEPS * self.horizon_days
        still_away = np.array([1 - self.share(days, silence) for days in at])
        return still_away.mean(axis=0) * self.horizon_days

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        latency = content["latency"]
        return cls(content["horizon_days"], Latency(latency["within"], latency["shape"], tuple(latency["coefficients"])))


def fit_when(known: Known, longest_days: float) -> When:
    """Learn from windows of `longest_days` that are over; where too few of these came back, from windows of the horizon."""
    watched, silence = known.watched, known.everything.X["silence_days"].to_numpy(dtype=float)
    for within in (max(longest_days, known.horizon_days), known.horizon_days):
        back = (watched.followed >= within) & (watched.back < within)
        if back.sum() >= FEWEST_TO_TIME:
            break
    return When(float(known.horizon_days), fit_latency(watched.back[back], scale_covariates(silence[back]), float(within)))
