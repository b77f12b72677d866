"""Where in the year the as-of date falls."""

import numpy as np
import pandas as pd

from dealtriage.features.kernel import Bucket, Floats
from dealtriage.features.registry import feature


@feature("days", high=92)
def quarter_end_days(q: Bucket) -> Floats:
    """Days until the calendar quarter ends."""
    when = q.instant()
    end = when.dt.to_period("Q").dt.end_time
    return np.floor((end - when) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)


@feature("month", low=1, high=12)
def month(q: Bucket) -> Floats:
    """The calendar month, 1 = January."""
    return q.instant().dt.month.to_numpy(dtype=np.float64)
