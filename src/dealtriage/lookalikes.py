"""How past deals fared that were alike in one thing: the finished training rows, by feature and range of its value."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ranges = dict[str, list[tuple[float, float, int, float]]]

COLUMNS = ["feature", "low", "high", "deals", "revived_share"]
MOST = 6
ALL = ""  # the name under which all rows stand
COMMON = 0.1  # zero stands apart where at least this share of the rows has it
CLEARLY = 0.02  # by how much the share must differ from that of all deals
ABOVE_ZERO = float(np.nextafter(0.0, 1.0))


def ranges(X: pd.DataFrame, revived: ArrayLike, deal_ids: ArrayLike, fewest: int) -> pd.DataFrame:
    """feature, low, high, deals, revived_share: one row per column of X and range of its values, low <= value < high.

    X: a row per deal and as-of date whose window is over; revived: 0 or 1 of each row; deal_ids: the deal of each row. Borders are quantiles, six ranges
    at most; a common zero stands apart. A last row with empty borders tells of the deals without a value. `deals` counts each deal once,
    `revived_share` is over rows. A range of fewer than `fewest` deals joins a neighbour; a feature that does not tell two kinds of deals apart has no row. The first row, without a name, is of all deals.
    """
    y, deal = np.asarray(revived, dtype=float), pd.factorize(np.asarray(deal_ids))[0]
    found = [(ALL, -np.inf, np.inf, *_outcome(y, deal, np.ones(len(y), dtype=bool)))]
    for name in X.columns:
        told = _of_one(X[name].to_numpy(dtype=float), y, deal, fewest)
        found += [(name, *one) for one in told if len(told) > 1]
    return pd.DataFrame(found, columns=COLUMNS).astype({"feature": "str", "low": float, "high": float, "deals": "int64", "revived_share": float})


def by_feature(table: pd.DataFrame) -> Ranges:
    """What `ranges` made, as `fared` reads it."""
    found: Ranges = {}
    for name, *one in table[COLUMNS].itertuples(index=False):
        found.setdefault(name, []).append(tuple(one))
    return found


def fared(row: Mapping[Any, Any], feature: str, table: Ranges) -> tuple[int, float] | None:
    """How many past deals were alike a deal (`row`: its features) in this one, and the share of them that came back. None where it is not known."""
    value = row[feature]
    for low, high, deals, share in table.get(feature, ()):
        if low <= value < high or (np.isnan(low) and np.isnan(value)):
            return deals, share
    return None


def supports(effect: float, alike: tuple[int, float] | None, table: Ranges) -> bool:
    """Whether look-alikes fared clearly better than all deals where the effect (log-odds) is for, or worse where it is against; also where nothing is known of them."""
    if alike is None or ALL not in table:
        return True
    return bool((alike[1] - table[ALL][0][3]) * np.sign(effect) >= CLEARLY)


def _of_one(values: Floats, y: Floats, deal: NDArray[np.int64], fewest: int) -> list[tuple[float, float, int, float]]:
    missing = np.isnan(values)
    here, y_here, deal_here = values[~missing], y[~missing], deal[~missing]
    borders = _joined(_borders(here), here, deal_here, fewest)
    place = np.searchsorted(borders, here, side="right") - 1
    told = [(borders[at], borders[at + 1], *_outcome(y_here, deal_here, place == at)) for at in range(len(borders) - 1)]
    told.append((np.nan, np.nan, *_outcome(y, deal, missing)))
    return [one for one in told if one[2] >= fewest]


def _outcome(y: Floats, deal: NDArray[np.int64], chosen: NDArray[np.bool_]) -> tuple[int, float]:
    return len(np.unique(deal[chosen])), float(y[chosen].mean()) if chosen.any() else np.nan


def _borders(values: Floats) -> Floats:
    """Where ranges may begin and end: from -inf to inf, as even as the values allow."""
    if not len(values):
        return np.array([-np.inf, np.inf])
    others, zero = values[values != 0], []
    if len(others) < len(values) * (1 - COMMON) or not len(others):
        zero = [0.0, ABOVE_ZERO]
    else:
        others = values
    most = MOST - (len(zero) if (values < 0).any() else len(zero) // 2)
    inner = np.quantile(others, np.arange(1, most) / most, method="higher") if len(others) else []
    return np.unique([-np.inf, *zero, *inner, np.inf])


def _joined(borders: Floats, values: Floats, deal: NDArray[np.int64], fewest: int) -> Floats:
    """The borders without those beside a range of too few deals: it joins the neighbour that has fewer."""
    while len(borders) > 2:
        place = np.searchsorted(borders, values, side="right") - 1
        deals = [len(np.unique(deal[place == at])) for at in range(len(borders) - 1)]
        small = int(np.argmin(deals))
        if deals[small] >= fewest:
            break
        beside = [at for at in (small - 1, small + 1) if 0 <= at < len(deals)]
        other = min(beside, key=lambda at: deals[at])
        borders = np.delete(borders, max(small, other))
    return borders
