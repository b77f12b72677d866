"""How Dataverse writes GUIDs, times, money and its integers with a meaning."""

from __future__ import annotations

import hashlib

from ..clock import date_text, stamp
from ..rates import Rates

#           table, column: (value, label), ...
LABELS: dict[tuple[str, str], tuple[tuple[int, str], ...]] = {
    ("opportunity", "statecode"): ((0, "Open"), (1, "Won"), (2, "Lost")),
    ("opportunity", "statuscode"): ((1, "In Progress"), (2, "On Hold"), (3, "Won"), (4, "Canceled"), (5, "Out-Sold")),
    ("activitypointer", "statecode"): ((0, "Open"), (1, "Completed"), (2, "Canceled"), (3, "Scheduled")),
    ("email", "directioncode"): ((0, "Incoming"), (1, "Outgoing")),
    ("email", "statuscode"): (
        (1, "Draft"), (2, "Completed"), (3, "Sent"), (4, "Received"), (5, "Canceled"), (6, "Pending Send"),
        (7, "Sending"), (8, "Failed"),
    ),
    ("phonecall", "directioncode"): ((0, "Incoming"), (1, "Outgoing")),
    ("phonecall", "statuscode"): ((1, "Open"), (2, "Made"), (3, "Canceled"), (4, "Received")),
    ("appointment", "statuscode"): (
        (1, "Free"), (2, "Tentative"), (3, "Completed"), (4, "Canceled"), (5, "Busy"), (6, "Out of Office"),
    ),
    ("task", "statuscode"): (
        (2, "Not Started"), (3, "In Progress"), (4, "Waiting on someone else"), (5, "Completed"), (6, "Canceled"),
        (7, "Deferred"),
    ),
    ("activityparty", "participationtypemask"): (
        (1, "Sender"), (2, "To Recipient"), (3, "CC Recipient"), (5, "Required attendee"), (6, "Optional attendee"),
        (7, "Organizer"), (9, "Owner"),
    ),
    ("quote", "statecode"): ((0, "Draft"), (1, "Active"), (2, "Won"), (3, "Closed")),
    ("quote", "statuscode"): (
        (1, "In Progress"), (2, "In Progress"), (3, "Open"), (4, "Won"), (5, "Lost"), (6, "Canceled"), (7, "Revised"),
    ),
    ("audit", "action"): ((1, "Create"), (2, "Update"), (3, "Delete")),
    ("systemuser", "accessmode"): ((0, "Read-Write"), (4, "Non-interactive")),
}  # fmt: skip


def guid(table: str, number: int) -> str:
    """The GUID of the `number`-th record of a table."""
    text = hashlib.md5(f"{table}:{number}".encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-b{text[17:20]}-{text[20:]}"


def braced(id_: str) -> str:
    """The same GUID as other tools of the same maker write it."""
    return f"{{{id_.upper()}}}"


def moment(t: float | None) -> str:
    """A time in UTC, or nothing."""
    return "" if t is None else stamp(t).replace(" ", "T") + "Z"


def date_of(day: int | None) -> str:
    """A date, or nothing."""
    return "" if day is None else date_text(day)


def money(value: float | None) -> str:
    """An amount with the four decimals of the column, or nothing."""
    return "" if value is None else f"{value:.4f}"


def truth(value: bool) -> str:
    return "true" if value else "false"


def exchange_rate(in_euro: bool, rates: Rates) -> float:
    """Units of a currency for one of the organisation's, which is the dollar."""
    return round(1 / rates.usd_per_eur, 10) if in_euro else 1.0


def base(value: float | None, in_euro: bool, rates: Rates) -> str:
    """An amount in the organisation's currency."""
    return money(None if value is None else value / exchange_rate(in_euro, rates))
