"""Numbers in words, for those who read lists."""

from datetime import datetime, timedelta


def days(value: float) -> str:
    """Whole days that have passed, in words: 'a day', '5 days', 'under a day'."""
    whole = int(value + 1e-9)
    return "under a day" if whole < 1 else "a day" if whole == 1 else f"{whole} days"


def many(value: float, one: str, more: str | None = None) -> str:
    """A count with its noun: '1 message', '4 messages'."""
    whole = round(value)
    return f"{whole} {one if whole == 1 else more or one + 's'}"


def times(value: float) -> str:
    """How often: 'once', 'twice', '3 times'."""
    return {1: "once", 2: "twice"}.get(round(value), f"{round(value)} times")


def share(value: float) -> str:
    """A share or chance: '24%', 'under 1%'."""
    return "under 1%" if 0 <= value < 0.01 else f"{value:.0%}"


def day_ahead(now: datetime, ahead_days: float) -> str:
    """The day so many days ahead: '2 July'; empty where it is not known."""
    if ahead_days != ahead_days:
        return ""
    at = now + timedelta(days=float(ahead_days))
    return f"{at.day} {at:%B}"
