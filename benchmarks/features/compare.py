"""Whether engines agree, and what the figures say: tables, growth, bounds."""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.features.spec import FEATURES, KEYS

FLOORS = ("floor, Polars", "floor, NumPy")
PEERS = ("Polars", "DuckDB", "pandas", "featuretools")
OUR_IDEA = "our idea in Polars"
PARTIAL = ("featuretools",)
RELATIVE = 1e-6
ABSOLUTE = 1e-6  # a tenth of a second, where a column is in days


@dataclass
class Result:
    """What one engine took at one size; `trouble` says why there are no figures."""

    name: str
    trouble: str = ""
    wall: float = math.nan
    cpu: float = math.nan
    peak: float = math.nan
    rows: int = 0
    sums: dict[str, list[float]] = field(default_factory=dict)
    how: str = ""
    disagrees: str = ""

    @property
    def rate(self) -> float:
        """As-of rows per second."""
        return self.rows / self.wall


@dataclass
class Size:
    """All engines at one size."""

    deals: int
    rows: int
    results: dict[str, Result]

    def ran(self, *names: str) -> list[Result]:
        """Those of these engines that have figures, fastest first."""
        return sorted((self.results[name] for name in names if name in self.results and not self.results[name].trouble),
                      key=lambda one: -one.rate)

    @property
    def floor(self) -> Result | None:
        return next(iter(self.ran(*FLOORS)), None)

    @property
    def ours(self) -> Result | None:
        return next(iter(self.ran("ours")), None)

    @property
    def best_peer(self) -> Result | None:
        return next(iter(self.ran(*PEERS)), None)


def disagreement(theirs: pd.DataFrame, ours: pd.DataFrame, partial: bool = False) -> str:
    """The first column and row in which two sorted parts differ; empty when they agree. `partial`: theirs has fewer deals."""
    if partial:
        ours = ours[ours["deal_id"].isin(theirs["deal_id"])].reset_index(drop=True)
    if len(theirs) != len(ours) or not (theirs[KEYS].to_numpy() == ours[KEYS].to_numpy()).all():
        return f"other rows: {len(theirs):,} against {len(ours):,}"
    for name in FEATURES:
        left, right = (frame[name].to_numpy(dtype=np.float64) for frame in (theirs, ours))
        differs = np.flatnonzero(~np.isclose(left, right, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True))
        if len(differs):
            at = differs[0]
            row = f"{theirs['deal_id'].iloc[at]} as of {theirs['as_of'].iloc[at]}"
            return f"{name}, {len(differs):,} rows, first {row}: {left[at]:.9g} against {right[at]:.9g}"
    return ""


def sums_differ(theirs: dict[str, list[float]], ours: dict[str, list[float]]) -> str:
    """The first column whose sum or count of empty values differs over all parts."""
    for name in FEATURES:
        (total, empty), (own_total, own_empty) = theirs[name], ours[name]
        if empty != own_empty or not math.isclose(total, own_total, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            return f"{name} over all parts: sum {total!r}, {empty:,.0f} empty, against {own_total!r}, {own_empty:,.0f}"
    return ""


def settle(size: Size, folder: Path) -> None:
    """Compare every engine that ran with ours (or the first, when ours did not run)."""
    made = size.ran("ours") + [one for one in size.ran(*PEERS, OUR_IDEA, "ours, written") if one.name != "ours"]
    if not made:
        return
    reference, *others = made
    truth = pd.read_parquet(folder / f"{reference.name}.parquet")
    for one in others:
        partial = one.name in PARTIAL
        one.disagrees = disagreement(pd.read_parquet(folder / f"{one.name}.parquet"), truth, partial)
        if not partial:
            one.disagrees = one.disagrees or sums_differ(one.sums, reference.sums)


def table(size: Size) -> Any:
    """The figures of one size."""
    from rich.table import Table

    shown = Table(title=f"{size.deals:,} deals, {size.rows:,} as-of rows", title_justify="left")
    for name in ("engine", "wall s", "CPU s", "peak GB", "rows/s", "x floor", "agrees", "how"):
        shown.add_column(name, justify="left" if name in ("engine", "agrees", "how") else "right", no_wrap=name == "engine")
    base = size.floor
    for one in size.results.values():
        if one.trouble:
            shown.add_row(one.name, "", "", "", "", "", "", one.trouble)
            continue
        times = f"{base.rate / one.rate:,.1f}" if base else ""
        agrees = "" if one.name in FLOORS else "NO" if one.disagrees else "yes"
        shown.add_row(one.name, f"{one.wall:,.2f}", f"{one.cpu:,.2f}", f"{one.peak:.2f}", f"{one.rate:,.0f}", times, agrees, one.how)
    return shown


def conclusions(sizes: list[Size]) -> list[str]:
    """How ours grows, ours against the best peer, and the bounds."""
    lines = []
    exponents = []
    for small, large in pairwise(sizes):
        if small.ours and large.ours:
            exponents.append(math.log(large.ours.wall / small.ours.wall) / math.log(large.deals / small.deals))
            lines.append(f"ours grows with deals to the power of {exponents[-1]:.2f} from {small.deals:,} to {large.deals:,}")
    for size in sizes:
        if size.ours and size.best_peer:
            against = "; ".join(f"{peer.name} {size.ours.rate / peer.rate:,.2f}" for peer in size.ran(*PEERS, OUR_IDEA))
            lines.append(f"{size.deals:,} deals: ours is so many times as fast as each peer: {against}")
    return [*lines, *(f"{'met' if met else 'NOT MET':<8} {text}" for text, met in _bounds(sizes, exponents))]


def _bounds(sizes: list[Size], exponents: list[float]) -> list[tuple[str, bool]]:
    last = sizes[-1]
    if not last.ours:
        return []
    where = f"at {last.deals:,} deals" + ("" if last.deals >= 1_000_000 else " (the bound is for 1,000,000)")
    bounds = []
    if last.floor:
        times = last.floor.rate / last.ours.rate
        bounds.append((f"within 2.5 times the floor {where}: {times:.2f}", times <= 2.5))
    if last.best_peer:
        times = last.ours.rate / last.best_peer.rate
        bounds.append((f"at least 2.5 times as fast as the best peer, {last.best_peer.name}, {where}: {times:.2f}", times >= 2.5))
    for twin in last.ran(OUR_IDEA):
        times = last.ours.rate / twin.rate
        bounds.append((f"at least 2.5 times as fast as {OUR_IDEA} {where}: {times:.2f}", times >= 2.5))
    bounds.append((f"peak under 3 GB {where}: {last.ours.peak:.2f} GB", last.ours.peak < 3))
    before = [size for size in sizes[:-1] if size.ours and size.deals >= 100_000]
    if before and before[-1].ours:
        growth = last.ours.peak / before[-1].ours.peak
        bounds.append((f"peak flat, within 20 %, from {before[-1].deals:,} to {last.deals:,} deals: {growth - 1:+.0%}", growth <= 1.2))
    if exponents:
        bounds.append((f"growth exponent at most 1.1: {max(exponents):.2f}", max(exponents) <= 1.1))
    return bounds
