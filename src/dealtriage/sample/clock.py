"""Time as days since 1970-01-01 UTC (a float), and the calendar of business days."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime
from functools import lru_cache

MINUTE = 1 / 1440
SECONDS = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


def days_of(moment: datetime) -> float:
    """Days since 1970 of an aware moment; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp() / SECONDS


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time `months` earlier, on the 1st if the day is past the 28th."""
    index = moment.year * 12 + moment.month - 1 - months
    return moment.replace(year=index // 12, month=index % 12 + 1, day=min(moment.day, 28))


@lru_cache(maxsize=8192)
def calendar_day(day: int) -> date:
    """The calendar date of a day number."""
    return date.fromordinal(day + _EPOCH)


@lru_cache(maxsize=8192)
def date_text(day: int) -> str:
    """`YYYY-MM-DD` of a day number."""
    return calendar_day(day).isoformat()


def day_of(text: str) -> int:
    """The day number of a `YYYY-MM-DD`."""
    return date.fromisoformat(text).toordinal() - _EPOCH


def stamp(t: float) -> str:
    """`YYYY-MM-DD HH:MM:SS` in GMT, cut to the second."""
    day, second = divmod(int(t * SECONDS + 1e-4), SECONDS)
    return f"{date_text(day)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def zoned_stamp(t: float) -> str:
    """`YYYY-MM-DDTHH:MM:SS.000Z`, the form of the Bulk API."""
    return stamp(t).replace(" ", "T") + ".000Z"


def monday_from(t: float) -> int:
    """The first Monday 00:00 UTC at or after `t`, as a day number."""
    day = math.ceil(t)
    return day + (-(day + 3)) % 7


def business(t: float, rng: random.Random) -> float:
    """`t` itself inside working hours, else some time in the next working morning."""
    day, hour = int(t), (t % 1.0) * 24
    if hour >= 18:
        day, hour = day + 1, 0.0
    if (day + 3) % 7 >= 5:
        day, hour = day + 7 - (day + 3) % 7, 0.0
    if hour < 8:
        hour = 8 + 2.5 * rng.random()
    return max(t, day + hour / 24)


@lru_cache(maxsize=8192)
def month_of(day: int) -> int:
    """1 to 12."""
    return calendar_day(day).month


@lru_cache(maxsize=8192)
def month_end(day: int) -> int:
    """The last day of the month that `day` is in."""
    when = calendar_day(day)
    first = date(when.year + when.month // 12, when.month % 12 + 1, 1)
    return first.toordinal() - _EPOCH - 1


@lru_cache(maxsize=8192)
def quarter_end(day: int) -> int:
    """The last day of the calendar quarter that `day` is in."""
    when = calendar_day(day)
    last = (when.month - 1) // 3 * 3 + 3
    return month_end(date(when.year, last, 1).toordinal() - _EPOCH)


@lru_cache(maxsize=8192)
def year_start_after(day: int, month: int) -> int:
    """The first day of the next fiscal year that starts in `month`, after `day`."""
    when = calendar_day(day)
    year = when.year if when.month < month else when.year + 1
    return date(year, month, 1).toordinal() - _EPOCH
