"""A deal against past deals at the same point of life: those that came back and were won, and those that died."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from dealtriage.model.fitting import chance, log_odds
from dealtriage.peers import DIED, WON, Peers, look_alikes
from dealtriage.winloss.words import COMPARED, is_told

Floats = NDArray[np.float64]

MOST = 5
SMALLEST = 0.02  # log-odds
COLUMNS = ["deal_id", "number", "feature", "here", "won_median", "died_median", "p_now", "p_as_won", "won_deals", "died_deals"]
QUALITY = ["deal_id", "won_deals", "died_deals", "won_distance", "died_distance", "is_comparable"]


def compare(now: pd.DataFrame, then: pd.DataFrame, model: BaseEstimator, features: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables. The differences: at most five per deal, deal_id, number (1 moves the outlook most), feature, here (its value), won_median, died_median, p_now, p_as_won (the chance if the feature were as with the median
    of the won, all else equal), won_deals, died_deals. And how well each deal was matched: won_deals, died_deals, won_distance, died_distance (mean distance, in spreads of
    what is matched), is_comparable (at least ten deals in either group; without it a deal has no differences).

    now: deal_id and all features; then: `peers.past`.
    """
    won, died = look_alikes(now, then, WON), look_alikes(now, then, DIED)
    quality = _quality(now, won, died)
    asked = quality["is_comparable"].to_numpy()
    told = [name for name in features if name in COMPARED]
    rows, values = now[asked].reset_index(drop=True), then[told].to_numpy(dtype=float)
    mine = [(a, b) for a, b, is_asked in zip(won, died, asked, strict=True) if is_asked]
    won_medians, died_medians = (_medians(values, [pair[side] for pair in mine]) for side in (0, 1))
    if rows.empty or not told:
        return pd.DataFrame(columns=COLUMNS), quality
    odds = log_odds(chance(model, rows[features]))
    moved = np.column_stack([_with(model, rows[features], name, won_medians[:, at]) for at, name in enumerate(told)])
    return _differences(rows, told, odds, moved, won_medians, died_medians, mine), quality


def _quality(now: pd.DataFrame, won: list[Peers], died: list[Peers]) -> pd.DataFrame:
    table = pd.DataFrame({"deal_id": now["deal_id"].to_numpy(), "won_deals": [len(one.rows) for one in won], "died_deals": [len(one.rows) for one in died],
                          "won_distance": [one.distance for one in won], "died_distance": [one.distance for one in died]})
    return table.assign(is_comparable=[a.is_enough and b.is_enough for a, b in zip(won, died, strict=True)])[QUALITY]


def _medians(values: Floats, groups: list[Peers]) -> Floats:
    """The median of each column over each group; empty where most of the group has no value."""
    found = np.full((len(groups), values.shape[1]), np.nan)
    for at, group in enumerate(groups):
        ordered = np.sort(values[group.rows], axis=0)  # missing values come last
        known = (~np.isnan(ordered)).sum(axis=0)
        middle = np.maximum(known - 1, 0) // 2
        found[at] = np.where(2 * known > len(group.rows), ordered[middle, np.arange(values.shape[1])], np.nan)
    return found


def _with(model: BaseEstimator, rows: pd.DataFrame, name: str, instead: Floats) -> Floats:
    """The log-odds if one feature were another; those of the deal itself where the other is not known."""
    values = np.where(np.isnan(instead), rows[name].to_numpy(dtype=float), instead)
    return log_odds(chance(model, rows.assign(**{name: values})))


def _differences(rows: pd.DataFrame, told: list[str], odds: Floats, moved: Floats, won: Floats, died: Floats, groups: list[tuple[Peers, Peers]]) -> pd.DataFrame:
    here = rows[told].to_numpy(dtype=float)
    gain = moved - odds[:, None]
    differs = (won != died) & ~np.isnan(here) & ~np.isnan(died) & (np.abs(gain) >= SMALLEST)
    found = []
    for at, deal_id in enumerate(rows["deal_id"]):
        which = np.flatnonzero(differs[at])
        seen = [one for one in which[np.argsort(-np.abs(gain[at, which]), kind="stable")] if is_told(told[one], here[at, one], won[at, one], died[at, one])]
        for number, one in enumerate(seen[:MOST], start=1):
            found.append((deal_id, number, told[one], here[at, one], won[at, one], died[at, one], _p(odds[at]), _p(moved[at, one]),
                          len(groups[at][0].rows), len(groups[at][1].rows)))
    return pd.DataFrame(found, columns=COLUMNS)


def _p(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))
