"""One split of a data set by time, the same for every model."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

TEST_SHARE = 0.3


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to be judged on; no deal is on both sides.

    cut: the first test date; every training label had matured by then. dropped: test rows left out because their deal trains.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    cut: pd.Timestamp
    dropped: int


def split(matrix: pd.DataFrame, horizon_days: int, test_share: float = TEST_SHARE) -> Split:
    """Split labelled rows (deal_id, as_of, ...) at the first of the last `test_share` of the as-of dates.

    With ten Mondays the last three test. The first of them is 3 September: with a horizon of 30 days, rows up to 4 August train.
    """
    dates = pd.DatetimeIndex(matrix["as_of"].unique()).sort_values()
    cut = dates[len(dates) - max(round(test_share * len(dates)), 1)]
    train = matrix[matrix["as_of"] + timedelta(days=horizon_days) <= cut]
    later = matrix[matrix["as_of"] >= cut]
    test = later[~later["deal_id"].isin(train["deal_id"])]
    return Split(train.reset_index(drop=True), test.reset_index(drop=True), cut, len(later) - len(test))
