"""Where in the year the as-of date falls."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature


def days_to_end(q: Bucket, months: int) -> Floats:
    """Whole days until a stretch of the fiscal year of so many months ends."""
    when = q.instant()
    into = (when.dt.month - q.fiscal_year_start) % months
    first = when.dt.to_period("M") - into
    end = (first + months).dt.start_time
    return (np.ceil((end - when) / pd.Timedelta(days=1)) - 1).to_numpy(dtype=np.float64)


@feature("days", high=92)
def quarter_end_days(q: Bucket) -> Floats:
    """Days until the fiscal quarter ends (`features.fiscal_year_start`)."""
    return days_to_end(q, 3)


@feature("days", high=366)
def year_end_days(q: Bucket) -> Floats:
    """Days until the fiscal year ends (`features.fiscal_year_start`)."""
    return days_to_end(q, 12)


@feature("month", low=1, high=12)
def month(q: Bucket) -> Floats:
    """The calendar month, 1 = January."""
    return q.instant().dt.month.to_numpy(dtype=np.float64)
