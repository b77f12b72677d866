"""HubSpot's objects: decimal ids, properties that are all text or null, associations by kind."""

from __future__ import annotations

from ..clock import zoned_stamp
from ..company import User
from ..json_files import Record
from ..stages import OFFERED

SINGULAR = {
    "deals": "deal", "contacts": "contact", "companies": "company", "emails": "email", "calls": "call",
    "meetings": "meeting", "tasks": "task", "quotes": "quote",
}  # fmt: skip
# Labels were changed over the years, the internal names of the first stages were not, and later stages got numbers.
STAGE_IDS = (
    "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent", "38112407", "41730926",
    "closedwon", "closedlost",
)  # fmt: skip
STAGE_ID = {stage.label: id_ for stage, id_ in zip(OFFERED, STAGE_IDS, strict=True)}
Properties = dict[str, str | None]
Links = dict[str, list[str]]


def deal_id(number: int) -> str:
    return str(9_000_000_000 + number)


def company_id(number: int) -> str:
    return str(7_000_000_000 + number)


def contact_id(number: int) -> str:
    return str(500_000_000 + number)


def owner_id(user: User) -> str:
    return str(70_000_000 + user.number)


def user_id(number: int) -> int:
    """A user's second id, the one that histories carry."""
    return 40_000_000 + number


def money(value: float | None) -> str | None:
    """An amount without needless cents."""
    return None if value is None else f"{value:.2f}".removesuffix(".00")


def truth(value: bool) -> str:
    """A boolean as a property has it."""
    return "true" if value else "false"


def moment(t: float | None) -> str | None:
    """A time, or null."""
    return None if t is None else zoned_stamp(t)


def midnight(day: int | None) -> str | None:
    """A day as the time of its midnight, or null."""
    return None if day is None else zoned_stamp(float(day))


def record(table: str, id_: str, properties: Properties, created: float, updated: float, links: Links) -> Record:
    """An object as the API returns it; kinds without an association are left out, as the API does."""
    return {
        "id": id_,
        "properties": {**properties, "hs_object_id": id_},
        "createdAt": zoned_stamp(created),
        "updatedAt": zoned_stamp(updated),
        "archived": False,
        "associations": {kind: _results(table, kind, ids) for kind, ids in links.items() if ids},
    }


def _results(table: str, kind: str, ids: list[str]) -> Record:
    type_ = f"{SINGULAR[table]}_to_{SINGULAR[kind]}"
    return {"results": [{"id": id_, "type": type_} for id_ in ids]}
