"""Stretches of weeks in which counts fall far below what is usual for a unit: a team, or an owner."""

from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

USUAL_WEEKS = 26
FEWEST_KNOWN_WEEKS = 8
MISSING_SHARE, EMPTY_SHARE, PARTLY_SHARE = 0.25, 0.1, 0.5
QUIET_SEASON = (0.1, 0.5)
FEWEST_USUAL, MANY_USUAL = 12, 20
STILL_OPEN_SHARE = 0.5
WEEK = pd.Timedelta(days=7)
COLUMNS = ["unit", "gap_start", "gap_end", "found_per_week", "usual_per_week"]

Flags = NDArray[np.bool_]


def holes(counts: pd.DataFrame, open_deals: pd.DataFrame, fewest_weeks: int, away: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every hole of at least `fewest_weeks` weeks: unit, gap_start, gap_end (exclusive), found_per_week, usual_per_week.

    counts, open_deals: one row per unit, one column per week (its Monday), no week left out; `away` marks weeks in which
    a unit's records are not expected. A week is missing when it holds less than a quarter of what is usual (the median of
    the 26 weeks around it, missing weeks left out), or less than a tenth where fewer than 20 are usual; unless fewer than
    12 are, more than half of the open deals are gone as well, or all other units hold between a tenth and a half of
    theirs, as in a holiday season. A week beside a hole of which more than half is missing belongs to it. A unit has no
    hole before it had eight usual weeks.
    """
    levels = {unit: usual_and_low(row) for unit, row in counts.iterrows()}
    usual = pd.DataFrame({unit: level for unit, (level, _) in levels.items()}).T.reindex_like(counts)
    judged = usual >= FEWEST_USUAL
    expected = judged & ~is_season(counts, usual) & ((usual >= MANY_USUAL) | (counts < EMPTY_SHARE * usual))
    if away is not None:
        expected &= ~away
    found = []
    for unit, (level, low) in levels.items():
        if (low & expected.loc[unit]).any():
            is_open = open_deals.loc[unit] >= STILL_OPEN_SHARE * around(open_deals.loc[unit], low)
            has_begun = (judged.loc[unit] & (counts.loc[unit] >= PARTLY_SHARE * level)).cumsum() >= FEWEST_KNOWN_WEEKS
            found += [(unit, *hole) for hole in _of_unit(counts.loc[unit], level, low, expected.loc[unit] & is_open & has_begun, fewest_weeks)]
    return pd.DataFrame(found, columns=COLUMNS)


def usual_and_low(counts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """What is usual in each week, and the weeks below a quarter of it; these do not count for what is usual."""
    low = pd.Series(False, index=counts.index)
    while True:
        usual = around(counts, low)
        lower = low | (counts < MISSING_SHARE * usual)
        if lower.equals(low):
            return usual, low
        low = lower


def around(counts: pd.Series, left_out: pd.Series) -> pd.Series:
    """The median of the 26 weeks around each week, some weeks left out; 0 where fewer than 8 are known."""
    kept = counts[~left_out].rolling(USUAL_WEEKS, center=True, min_periods=FEWEST_KNOWN_WEEKS).median()
    return kept.reindex(counts.index).ffill().bfill().fillna(0.0)


def is_season(counts: pd.DataFrame, usual: pd.DataFrame) -> pd.DataFrame:
    """Weeks in which all other units have little, but not nothing; the unit's own where there are no others."""
    theirs, their_usual = counts.sum() - counts, usual.sum() - usual
    share = theirs / their_usual.where(their_usual >= FEWEST_USUAL)
    share = share.fillna(counts / usual.where(usual > 0)).fillna(1.0)
    low, high = QUIET_SEASON
    return (share > low) & (share < high)


def _of_unit(counts: pd.Series, usual: pd.Series, low: pd.Series, expected: pd.Series,
             fewest_weeks: int) -> list[tuple[pd.Timestamp, pd.Timestamp, float, float]]:
    core, partly = np.zeros(len(counts), dtype=bool), (expected & (counts < PARTLY_SHARE * usual)).to_numpy()
    for first, end in runs((low & expected).to_numpy()):
        core[first:end] = end - first >= fewest_weeks
    beside = np.append(core[1:], False) | np.append(False, core[:-1])
    return [(counts.index[first], counts.index[end - 1] + WEEK, counts.iloc[first:end].mean(), usual.iloc[first])
            for first, end in runs(core | beside & partly)]


def runs(flags: Flags) -> list[tuple[int, int]]:
    """Uninterrupted stretches of true flags, each as [first, end)."""
    stretches = [list(run) for is_set, run in groupby(range(len(flags)), key=lambda at: bool(flags[at])) if is_set]
    return [(run[0], run[-1] + 1) for run in stretches]
