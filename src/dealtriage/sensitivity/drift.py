"""Whether the world moves: how many revive by quarter, and how far each feature's newest values lie from those that were learnt from."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from dealtriage import evaluate
from dealtriage.model.base import Floats

NEWEST = timedelta(days=91)
BINS = 10
SMALLEST_SHARE = 1e-4
BASE = ["quarter", "middle", "rows", "deals", "revived_share", "ci_low", "ci_high"]
FEATURES = ["feature", "stability_index", "by_chance", "median_before", "median_newest", "missing_before", "missing_newest"]


def base_rate(rows: pd.DataFrame) -> pd.DataFrame:
    """Per quarter of as-of dates, `middle` their mean: how many of the rows whose outcome is known revived. The interval counts deals."""
    known = rows[rows["revived"].notna()]
    quarters = known["as_of"].dt.to_period("Q").astype("str").to_numpy()
    parts = {name: known[quarters == name] for name in np.unique(quarters)}
    found = [{"quarter": name, "middle": part["as_of"].mean().floor("D"), **evaluate.came_true(part.assign(p=0.0))} for name, part in parts.items()]
    return pd.DataFrame(found).rename(columns={"came_true_share": "revived_share"}).reindex(columns=BASE)


def moved_features(before: pd.DataFrame, newest: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The population stability index of every feature between two sets of rows, the greatest first; `by_chance`: about what sampling deals alone makes of it."""
    if before.empty or newest.empty:
        return pd.DataFrame(columns=FEATURES)
    noise = 1 / before["deal_id"].nunique() + 1 / newest["deal_id"].nunique()
    rows = []
    for name in columns:
        old, new = before[name].to_numpy(dtype=float), newest[name].to_numpy(dtype=float)
        edges = _edges(old)
        rows.append({"feature": name, "stability_index": stability_index(old, new), "by_chance": (len(edges) + 1) * noise,
                     "median_before": _median(old), "median_newest": _median(new), "missing_before": np.isnan(old).mean(), "missing_newest": np.isnan(new).mean()})
    return pd.DataFrame(rows, columns=FEATURES).sort_values("stability_index", ascending=False, kind="stable").reset_index(drop=True)


def newest_rows(rows: pd.DataFrame, cutoff: datetime) -> pd.DataFrame:
    """The rows of the last 13 weeks."""
    return rows[rows["as_of"] > cutoff - NEWEST]


def stability_index(before: Floats, newest: Floats) -> float:
    """Sum over bins of (new share - old share) x log(new share / old share); bins hold a tenth of the old values each, missing values are a bin.

    Under 0.1 is usually called stable, above 0.25 a shift.
    """
    edges = _edges(before)
    old, new = (np.maximum(_shares(values, edges), SMALLEST_SHARE) for values in (before, newest))
    return float(((new - old) * np.log(new / old)).sum())


def _edges(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.empty(0)
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    return edges[edges < known.max()]


def _shares(values: Floats, edges: Floats) -> Floats:
    place = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(place, minlength=len(edges) + 2) / max(len(values), 1)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan
