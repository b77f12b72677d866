"""A fiscal year that begins in another month than January: what the tables of season.md do not say."""

from datetime import datetime

import pytest

from dealtriage.features.build import matrix
from dealtriage.features.weeks import Weeks
from tests.conftest import as_of_rows, make_facts

FACTS = make_facts([{"deal_id": "any", "kind": "deal_created", "occurred_at": datetime(2024, 1, 1), "owner_id": "rep"}])


@pytest.mark.parametrize(("start", "day", "quarter_end", "year_end"), [
    (4, datetime(2024, 3, 31), 0, 0),
    (4, datetime(2024, 4, 1), 90, 364),
    (4, datetime(2024, 12, 31), 0, 90),
    (2, datetime(2024, 3, 31), 30, 306),
    (2, datetime(2024, 2, 1), 89, 365),
    (2, datetime(2025, 1, 31, 12), 0, 0),
], ids=lambda value: f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value))
def test_days_to_the_end_of_the_fiscal_quarter_and_year(start: int, day: datetime, quarter_end: float, year_end: float) -> None:
    names = ["quarter_end_days", "year_end_days", "month"]
    found = matrix(FACTS, as_of_rows(FACTS, [day]), Weeks({}), names, fiscal_year_start=start)
    assert found[names].iloc[0].tolist() == [quarter_end, year_end, day.month]
