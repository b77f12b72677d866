"""What speaks against an estimate: too few deals, no overlap, a placebo that shows an effect. Where anything does, the effect is not known."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dealtriage.effects.compare import Compared
from dealtriage.effects.estimate import SEED, Chances, Effect, Floats, chances, effect, weights

FEWEST_DEALS = 50
LEAST_INSIDE = 0.95  # share of the rows with the phase whose chance of it also occurs among those without
LARGEST_GAP = 0.25  # standardised mean difference after weighting (Rubin 2001, Using propensity scores to help design observational studies)
FEWEST_BEFORE = 30  # rows of either kind, for the placebo to tell anything
STRATA = 10
PERMUTATIONS = 200


@dataclass(frozen=True)
class Checked:
    """One phase: how many rows and deals, the effect, and what was checked. Without an effect, there was too little to estimate one."""

    phase: str
    rows_done: int
    deals_done: int
    deals_undone: int
    shares: tuple[float, float] | None = None  # that came back, with the phase and among the others, nothing made equal
    effect: Effect | None = None
    inside_share: float = np.nan
    effective_rows: float = np.nan  # without the phase, by their weights
    gaps: pd.DataFrame | None = None  # covariate, before, after: standardised mean differences
    placebo: Effect | None = None
    permuted: tuple[float, float] | None = None  # the middle 95 % of what luck alone makes

    @property
    def against(self) -> list[str]:
        """Why the effect is not known, in plain words; empty where it is."""
        if self.effect is None:
            return [f"it was done in {self.deals_done} deals and not in {self.deals_undone}; {FEWEST_DEALS} of each are needed"]
        found = []
        if self.inside_share < LEAST_INSIDE or self.effective_rows < FEWEST_DEALS:
            found.append("the deals in which it was done have no like among the others")
        if self.gaps is not None and self.gaps["after"].abs().max() > LARGEST_GAP:
            worst = self.gaps.loc[self.gaps["after"].abs().idxmax(), "covariate"]
            found.append(f"even after weighting the two groups differ in {worst}")
        if self.placebo is None:
            found.append("what had happened before is not known (features.exclude), so nothing shows whether the two groups differ in something that is not recorded")
        elif not self.placebo.holds_zero:
            found.append("it seems to change what had happened before, so the two groups differ in something that is not recorded")
        if self.permuted is not None and not self.permuted[0] <= 0 <= self.permuted[1]:
            found.append("an effect also shows where luck alone decided what was done")
        return found


def check(phase: str, rows: Compared) -> Checked:
    """The effect of a phase with all its checks."""
    counts = Checked(phase, int(rows.done.sum()), rows.deals_done, rows.deals_undone)
    if min(rows.deals_done, rows.deals_undone) < FEWEST_DEALS:
        return counts
    said = chances(rows)
    shares = float(rows.y[rows.done == 1].mean()), float(rows.y[rows.done == 0].mean())
    weight = weights(rows.done, said.of_done)
    return replace(counts, shares=shares, effect=effect(rows, said), inside_share=inside_share(rows, said), effective_rows=float(1 / (weight @ weight)),
                   gaps=gaps(rows, weight), placebo=placebo(rows), permuted=permuted(rows, said))


def inside_share(rows: Compared, said: Chances) -> float:
    """The share of rows with the phase whose chance of it lies between the smallest and the largest among the others."""
    others = said.of_done[rows.done == 0]
    inside = (said.of_done >= others.min()) & (said.of_done <= others.max())
    return float(inside[rows.done == 1].mean())


def gaps(rows: Compared, weight: Floats) -> pd.DataFrame:
    """covariate, before, after: the difference of means, over the standard deviation, before and after weighting."""
    X = rows.X.to_numpy()
    treated = X[rows.done == 1].mean(axis=0)
    spread = np.sqrt((X[rows.done == 1].var(axis=0) + X[rows.done == 0].var(axis=0)) / 2)
    spread = np.where(spread > 0, spread, 1.0)
    return pd.DataFrame({"covariate": rows.X.columns, "before": (treated - X[rows.done == 0].mean(axis=0)) / spread, "after": (treated - weight @ X) / spread})


def placebo(rows: Compared) -> Effect | None:
    """The "effect" on whether the deal had come back from a silence before; None where that is not known, or the same of nearly all."""
    if np.isnan(rows.before).any() or min(rows.before.sum(), (1 - rows.before).sum()) < FEWEST_BEFORE:
        return None
    earlier = replace(rows, y=rows.before.astype(np.int64))
    return effect(earlier, chances(earlier))


def permuted(rows: Compared, said: Chances) -> tuple[float, float]:
    """The middle 95 % of the effects found when, among rows with like chances of the phase, luck decides in which it was done."""
    rng = np.random.default_rng(SEED)
    stratum = np.argsort(np.argsort(said.of_done, kind="stable")) * STRATA // len(rows.y)
    in_order, found = np.argsort(stratum, kind="stable"), []
    for _ in range(PERMUTATIONS):
        done = np.empty_like(rows.done)
        done[np.lexsort((rng.random(len(rows.y)), stratum))] = rows.done[in_order]
        found.append(effect(replace(rows, done=done), said).value)
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
