"""Users, business units, currencies, labels, accounts and contacts."""

from __future__ import annotations

from ..accounts import Account, Contact
from ..company import TEAMS, Company, User
from ..junk import JUNK, TEST_ACCOUNT
from ..rates import Rates
from ..stages import OPEN
from .tables import Tables
from .values import LABELS, exchange_rate, guid, moment, truth

UNITS = ("Vandelay Industries", *(f"Team {team}" for team in TEAMS))
CURRENCIES = (("USD", "US Dollar"), ("EUR", "Euro"))
NO_SEAT = 4  # access mode of programs


def put_fixed(tables: Tables, company: Company, rates: Rates, start: float) -> None:
    """All that does not hang on a deal."""
    for role, name in enumerate(UNITS):
        parent = guid("businessunit", 0) if role else ""
        unit = {"businessunitid": guid("businessunit", role), "name": name, "parentbusinessunitid": parent}
        tables.put("businessunit", unit)
    for user in company.users:
        tables.put("systemuser", _user(user))
    for number, (code, name) in enumerate(CURRENCIES):
        rate = f"{exchange_rate(code == 'EUR', rates):.10f}"
        facts = {"isocurrencycode": code, "currencyname": name, "exchangerate": rate}
        tables.put("transactioncurrency", {"transactioncurrencyid": guid("transactioncurrency", number)} | facts)
    _put_labels(tables)
    test = {"accountid": guid("account", JUNK), "name": TEST_ACCOUNT, "merged": "false", "statecode": "0"}
    tables.put("account", test | {"createdon": moment(start)})


def _user(user: User) -> dict[str, str]:
    return {
        "systemuserid": guid("systemuser", user.number), "fullname": user.name, "internalemailaddress": user.email,
        "businessunitid": guid("businessunit", user.role),
        "parentsystemuserid": "" if user.manager is None else guid("systemuser", user.manager),
        "isdisabled": truth(user.leaves_at is not None), "accessmode": str(NO_SEAT if user.is_machine else 0),
    }  # fmt: skip


def _put_labels(tables: Tables) -> None:
    stages = tuple((value, stage.label) for value, stage in enumerate(OPEN))
    for (table, column), labels in {**LABELS, ("opportunity", "salesstage"): stages}.items():
        for order, (value, label) in enumerate(labels, start=1):
            row = {"objecttypecode": table, "attributename": column, "attributevalue": str(value), "value": label}
            tables.put("stringmap", row | {"displayorder": str(order)})


def put_account(tables: Tables, account: Account, start: float) -> None:
    """An account and its contacts, with the duplicates that were merged into them."""
    born, own = start - account.age_days, guid("account", account.number)
    _put_account(tables, account, own, "", born)
    if account.has_merged:
        _put_account(tables, account, guid("account", account.merged_number), own, born + 1)
    for contact in account.contacts:
        id_ = guid("contact", contact.number)
        _put_contact(tables, contact, id_, own, "", born + 0.01)
        if account.has_merged_contact and contact.slot == 0:
            _put_contact(tables, contact, guid("contact", account.merged_contact_number), own, id_, born + 1.01)


def _put_account(tables: Tables, account: Account, id_: str, master: str, born: float) -> None:
    merge = {"merged": truth(bool(master)), "masterid": master, "statecode": "1" if master else "0"}
    tables.put("account", {"accountid": id_, "name": account.name, "createdon": moment(born)} | merge)


def _put_contact(tables: Tables, contact: Contact, id_: str, account: str, master: str, born: float) -> None:
    merge = {"merged": truth(bool(master)), "masterid": master, "statecode": "1" if master else "0"}
    names = {"fullname": f"{contact.first} {contact.last}", "firstname": contact.first, "lastname": contact.last}
    facts = {"emailaddress1": contact.email, "jobtitle": contact.title, "createdon": moment(born)}
    tables.put("contact", {"contactid": id_, "parentcustomerid": account} | names | facts | merge)
