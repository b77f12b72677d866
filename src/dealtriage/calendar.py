"""As-of dates, horizon, folds and embargo. Dates only, no tables; no clock is read.

The worked example through the comments: an export made on Monday 2026-06-29, horizon 90 days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

WEEK = timedelta(days=7)


def mondays(first: datetime, last: datetime) -> pd.DatetimeIndex:
    """Every Monday 00:00 UTC after `first` and not after `last`."""
    return pd.date_range(first.date() + timedelta(days=1), last, freq="W-MON", unit="us")


def last_matured(cutoff: datetime, horizon_days: int) -> datetime:
    """The latest as-of instant whose window is over: 2026-06-29 - 90 days = 2026-03-31."""
    return cutoff - timedelta(days=horizon_days)


@dataclass(frozen=True)
class Fold:
    """One step of the rolling origin. Each slice holds as-of dates in [start, end).

    Training dates come before calibration dates, and every label of both was known when the test starts.
    """

    number: int
    train_end: datetime
    calibration_start: datetime
    calibration_end: datetime
    test_start: datetime
    test_end: datetime


def folds(cutoff: datetime, horizon_days: int, count: int, test_weeks: int, calibration_weeks: int) -> list[Fold]:
    """The folds of the backtest, oldest first; their test slices follow each other up to the last matured date.

    2026-03-31 ends the last test slice of 8 weeks, which starts on 2026-02-03.
    """
    end = last_matured(cutoff, horizon_days) + timedelta(seconds=1)
    starts = [end - (count - number) * test_weeks * WEEK for number in range(count)]
    return [fold(number, start, start + test_weeks * WEEK, horizon_days, calibration_weeks)
            for number, start in enumerate(starts)]


def fold(number: int, test_start: datetime, test_end: datetime, horizon_days: int, calibration_weeks: int) -> Fold:
    """The fold that is tested, or put to use, from `test_start` on.

    Test from 2026-02-03: labels known by then belong to as-of dates up to 2025-11-05; the 13 weeks from 2025-08-06
    calibrate, what came before trains.
    """
    calibration_end = test_start - timedelta(days=horizon_days) + timedelta(seconds=1)
    calibration_start = calibration_end - calibration_weeks * WEEK
    return Fold(number, calibration_start, calibration_start, calibration_end, test_start, test_end)


def broken_rule(one: Fold, horizon_days: int) -> str | None:
    """What is wrong with a fold, or None. Recomputed from the dates alone, apart from how `fold` makes them.

    A label of as-of date t is known at t + horizon; the last date of a slice that ends (exclusive) at e is e - 1 s.
    """
    last_label = max(one.train_end, one.calibration_end) - timedelta(seconds=1) + timedelta(days=horizon_days)
    if last_label > one.test_start:
        return "a label is used that is known only after the test starts"
    if not one.train_end <= one.calibration_start < one.calibration_end <= one.test_start < one.test_end:
        return "slices are empty or out of order"
    return None
