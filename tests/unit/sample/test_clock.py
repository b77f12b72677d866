"""The calendar of business days."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from dealtriage.sample.clock import (
    business,
    date_text,
    days_of,
    monday_from,
    months_before,
    quarter_end,
    stamp,
)


def test_months_before_the_export() -> None:
    assert months_before(datetime(2026, 6, 29, 6, tzinfo=UTC), 30) == datetime(2023, 12, 28, 6, tzinfo=UTC)


def test_mondays_and_quarters() -> None:
    sunday = days_of(datetime(2026, 6, 28, 23, tzinfo=UTC))
    assert date_text(monday_from(sunday)) == "2026-06-29"
    assert monday_from(monday_from(sunday)) == monday_from(sunday)
    assert date_text(quarter_end(int(sunday))) == "2026-06-30"


def test_saturday_becomes_monday_morning() -> None:
    saturday = days_of(datetime(2026, 6, 27, 15, tzinfo=UTC))
    assert "2026-06-29 08:00:00" <= stamp(business(saturday, random.Random(1))) < "2026-06-29 10:31:00"


def test_working_hours_stay_as_they_are() -> None:
    friday = days_of(datetime(2026, 6, 26, 15, 30, tzinfo=UTC))
    assert stamp(business(friday, random.Random(1))) == "2026-06-26 15:30:00"
