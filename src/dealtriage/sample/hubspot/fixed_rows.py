"""Owners, the pipeline, companies and contacts."""

from __future__ import annotations

from ..accounts import Account, Contact
from ..clock import zoned_stamp
from ..company import TEAMS, Company, User
from ..corrected import promotion
from ..json_files import JsonFiles, Record
from ..junk import JUNK, TEST_ACCOUNT
from ..stages import OFFERED, Stage
from ..story import World
from .records import STAGE_ID, Properties, company_id, contact_id, moment, owner_id, record, truth, user_id

TEAM_NAMES = ("Head of Sales", *(f"Team {team}" for team in TEAMS))


def put_fixed(files: JsonFiles, company: Company, start: float) -> None:
    """Owners, the pipeline and the company that test deals are with; the automated process is no owner."""
    for user in company.users:
        if not user.is_machine:
            files.put("owners", _owner(user, start))
    stages = [_stage(stage, order) for order, stage in enumerate(OFFERED)]
    pipeline = {"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "archived": False, "stages": stages}
    files.whole("pipelines", {"results": [pipeline]})
    files.put("companies", _company(company_id(JUNK), {"name": TEST_ACCOUNT}, start))


def _owner(user: User, start: float) -> Record:
    first, _, last = user.name.partition(" ")
    team = {"id": str(1_001 + user.role), "name": TEAM_NAMES[user.role], "primary": True}
    updated = start - 300.25 if user.leaves_at is None else user.leaves_at
    return {
        "id": owner_id(user), "email": user.email, "firstName": first, "lastName": last, "userId": user_id(user.number),
        "createdAt": zoned_stamp(start - 300.25), "updatedAt": zoned_stamp(updated),
        "archived": user.leaves_at is not None, "teams": [team],
    }  # fmt: skip


def _stage(stage: Stage, order: int) -> Record:
    facts = {"isClosed": truth(stage.is_closed), "probability": str(stage.probability / 100)}
    head = {"id": STAGE_ID[stage.label], "label": stage.label, "displayOrder": order}
    return {**head, "metadata": facts, "archived": not stage.is_active}


def put_account(files: JsonFiles, account: Account, world: World) -> None:
    """A company and its contacts; of those merged into them the ids alone are left."""
    born = world.start - account.age_days
    properties: Properties = {
        "name": account.name, "domain": account.domain, "industry": account.trade,
        "numberofemployees": str(account.employees), "country": "Germany" if account.in_euro else "United States",
        "hs_merged_object_ids": company_id(account.merged_number) if account.has_merged else None,
    }  # fmt: skip
    files.put("companies", _company(company_id(account.number), properties, born))
    for contact in account.contacts:
        has_merged = account.has_merged_contact and contact.slot == 0
        fields: Properties = {
            "email": contact.email, "firstname": contact.first, "lastname": contact.last, "jobtitle": contact.title,
            "associatedcompanyid": company_id(account.number), "createdate": moment(born + 0.01),
            "hs_merged_object_ids": contact_id(account.merged_contact_number) if has_merged else None,
        }  # fmt: skip
        row = record("contacts", contact_id(contact.number), fields, born + 0.01, born + 0.01, {})
        files.put("contacts", {**row, "propertiesWithHistory": {"jobtitle": _titles(contact, world, born + 0.01)}})


def _titles(contact: Contact, world: World, born: float) -> list[Record]:
    """The titles that a contact had, newest first."""
    step, user = promotion(contact, world.seed, world.start, world.end), user_id(world.company.head.number)
    first = {"value": step.title if step else contact.title, "timestamp": moment(born), "sourceType": "IMPORT"}
    if step is None:
        return [first]
    by = {"sourceType": "CRM_UI", "sourceId": f"userId:{user}", "updatedByUserId": user}
    return [{"value": contact.title, "timestamp": moment(step.at), **by}, first]


def _company(id_: str, properties: Properties, born: float) -> Record:
    return record("companies", id_, {**properties, "createdate": moment(born)}, born, born, {})
