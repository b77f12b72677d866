"""Users, teams, the pipeline, currencies, organizations and persons."""

from __future__ import annotations

from ..accounts import Account, Contact
from ..clock import stamp
from ..company import TEAMS, Company, User
from ..json_files import JsonFiles, Record
from ..junk import JUNK, TEST_ACCOUNT
from ..stages import OPEN, Stage
from .records import PIPELINE, STAGE_ID, org_id, org_ref, page, person_id, user_id

DAYS_TO_ROTTEN = {"Qualification": 14, "Discovery": 14, "Solution Fit": 21, "Proposal/Price Quote": 30}
CURRENCIES = (("EUR", "Euro", "€"), ("USD", "US Dollar", "$"))


def put_fixed(files: JsonFiles, company: Company, start: float) -> None:
    """All that does not hang on a deal; Pipedrive has no users that are programs and no rates of exchange."""
    files.whole("users", page([_user(user, company, start) for user in company.users if not user.is_machine]))
    files.whole("teams", page([_team(company, team) for team in range(len(TEAMS))]))
    files.whole("pipelines", page([{"id": PIPELINE, "name": "Sales Pipeline", "order_nr": 0, "active": True}]))
    files.whole("stages", page([_stage(stage, order) for order, stage in enumerate(OPEN)]))
    files.whole("currencies", page([_currency(id_, *facts) for id_, facts in enumerate(CURRENCIES, start=1)]))
    files.put("organizations", _organization(org_id(JUNK), TEST_ACCOUNT, "US", start))


def _user(user: User, company: Company, start: float) -> Record:
    return {
        "id": user_id(user.number), "name": user.name, "email": user.email, "active_flag": user.leaves_at is None,
        "is_admin": int(user == company.head), "role_id": 1 + user.role, "lang": 1, "created": stamp(start - 300.25),
    }  # fmt: skip


def _team(company: Company, team: int) -> Record:
    members = [user_id(rep.user.number) for rep in company.reps if rep.team == team]
    manager = user_id(company.managers[team].number)
    return {"id": 1 + team, "name": f"Team {TEAMS[team]}", "manager_id": manager, "users": [manager, *members]}


def _stage(stage: Stage, order: int) -> Record:
    days = DAYS_TO_ROTTEN.get(stage.label)
    return {
        "id": STAGE_ID[stage.label], "name": stage.label, "order_nr": order, "pipeline_id": PIPELINE,
        "deal_probability": stage.probability, "is_deal_rot_enabled": days is not None, "days_to_rotten": days,
        "active_flag": stage.is_active,
    }  # fmt: skip


def _currency(id_: int, code: str, name: str, symbol: str) -> Record:
    return {"id": id_, "code": code, "name": name, "decimal_points": 2, "symbol": symbol, "active_flag": True}


def put_account(files: JsonFiles, account: Account, start: float) -> None:
    """An organization and its persons, with the duplicates that were merged into them."""
    born, country = start - account.age_days, "DE" if account.in_euro else "US"
    own, old = org_id(account.number), org_id(account.merged_number)
    files.put("organizations", _organization(own, account.name, country, born, old if account.has_merged else None))
    if account.has_merged:
        files.put("organizations", {**_organization(old, account.name, country, born + 1), "active_flag": False})
    for contact in account.contacts:
        merged = person_id(account.merged_contact_number) if account.has_merged_contact and contact.slot == 0 else None
        files.put("persons", _person(account, contact, person_id(contact.number), born + 0.01, merged))
        if merged:
            files.put("persons", {**_person(account, contact, merged, born + 1.01), "active_flag": False})


def _organization(id_: int, name: str, country: str, born: float, merged: int | None = None) -> Record:
    facts = {"id": id_, "name": name, "country_code": country, "add_time": stamp(born)}
    return {**facts, "active_flag": True, "merge_what_id": merged}


def _person(account: Account, contact: Contact, id_: int, born: float, merged: int | None = None) -> Record:
    return {
        "id": id_, "name": f"{contact.first} {contact.last}", "first_name": contact.first, "last_name": contact.last,
        "email": [{"label": "work", "value": contact.email, "primary": True}], "job_title": contact.title,
        "org_id": org_ref(account, org_id(account.number)), "add_time": stamp(born), "active_flag": True,
        "merge_what_id": merged,
    }  # fmt: skip
