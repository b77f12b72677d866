"""Pipedrive's objects: numeric ids, times without a zone, references that carry their names."""

from __future__ import annotations

from typing import Any

from ..accounts import Account, Contact
from ..company import User
from ..json_files import Record
from ..stages import OPEN

# Stages were added over the years, so their ids do not follow their order.
STAGE_IDS = (1, 2, 3, 6, 4, 5)
STAGE_ID = {stage.label: id_ for stage, id_ in zip(OPEN, STAGE_IDS, strict=True)}
PIPELINE = 1


def deal_id(number: int) -> int:
    return 10_000 + number


def org_id(number: int) -> int:
    return 1 + number


def person_id(number: int) -> int:
    return 1 + number


def user_id(number: int) -> int:
    return 12_000_000 + number


def user_ref(user: User) -> Record:
    """A user as deals refer to them."""
    id_ = user_id(user.number)
    return {"id": id_, "name": user.name, "email": user.email, "value": id_}


def person_ref(contact: Contact, id_: int) -> Record:
    """A person as deals refer to them."""
    return {"name": f"{contact.first} {contact.last}", "value": id_}


def org_ref(account: Account, id_: int) -> Record:
    """An organization as deals and persons refer to it."""
    return {"name": account.name, "value": id_}


def number_of(value: float) -> int | float:
    """An amount without needless decimals."""
    return int(value) if value == int(value) else round(value, 2)


def page(data: list[Record]) -> Record:
    """A whole answer of the API."""
    pagination: dict[str, Any] = {"start": 0, "limit": 100, "more_items_in_collection": False}
    return {"success": True, "data": data, "additional_data": {"pagination": pagination}}
