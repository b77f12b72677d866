"""The rows that do not hang on a deal: people, stages, currencies, and each account with its contacts."""

from __future__ import annotations

from ..accounts import Account, Contact
from ..clock import stamp
from ..company import TEAMS, Company, User
from ..rates import Rates
from ..stages import OFFERED
from .ids import make_id
from .sheets import Sheets

FORECASTS = {
    "Qualification": "Pipeline", "Discovery": "Pipeline", "Solution Fit": "BestCase", "Proposal/Price Quote": "BestCase",
    "Verbal Agreement": "Forecast", "Negotiation": "Forecast", "Closed Won": "Closed", "Closed Lost": "Omitted",
}  # fmt: skip


def flag(value: bool) -> str:
    """A boolean as the export writes it."""
    return "1" if value else "0"


def put_fixed(sheets: Sheets, company: Company, rates: Rates, start: float) -> None:
    """Users, roles, stages and currencies."""
    for user in company.users:
        sheets.put("User", _user(user, start))
    for role, name in enumerate(("Head of Sales", *(f"Team {team}" for team in TEAMS))):
        sheets.put("UserRole", [make_id("UserRole", role), name, make_id("UserRole", 0) if role else ""])
    for order, stage in enumerate(OFFERED, start=1):
        flags = [flag(stage.is_active), str(order), flag(stage.is_closed), flag(stage.is_won)]
        facts = [stage.label, stage.label, *flags, FORECASTS[stage.label], str(stage.probability)]
        sheets.put("OpportunityStage", [make_id("OpportunityStage", order), *facts])
    sheets.put("CurrencyType", [make_id("CurrencyType", 0), "USD", "1.0", "2", "1", "1"])
    euro = f"{1 / rates.usd_per_eur:.6f}"
    sheets.put("CurrencyType", [make_id("CurrencyType", 1), "EUR", euro, "2", "1", "0"])


def _user(user: User, start: float) -> list[str]:
    first, _, last = user.name.partition(" ")
    kind = "AutomatedProcess" if user.is_machine else "Standard"
    role = "" if user.is_machine else make_id("UserRole", user.role)
    active = flag(user.leaves_at is None)
    born = stamp(start - 300.25)
    return [
        make_id("User", user.number),
        user.email,
        first,
        last,
        user.name,
        user.email,
        active,
        kind,
        role,
        "" if user.manager is None else make_id("User", user.manager),
        "GMT",
        born,
    ]


def put_account(sheets: Sheets, account: Account, start: float, bounced: bool) -> None:
    """An account and its contacts, with the duplicates that were merged into them."""
    born, id_ = start - account.age_days, make_id("Account", account.number)
    sheets.put("Account", _account(account, id_, "", born))
    if account.has_merged:
        sheets.put("Account", _account(account, make_id("Account", account.merged_number), id_, born + 1))
    ids = [make_id("Contact", contact.number) for contact in account.contacts]
    for contact, own in zip(account.contacts, ids, strict=True):
        sheets.put("Contact", _contact(account, contact, own, "", born, bounced and contact.slot == 0))
    if account.has_merged_contact:
        old = make_id("Contact", account.merged_contact_number)
        sheets.put("Contact", _contact(account, account.contacts[0], old, ids[0], born + 1, False))


def _account(account: Account, id_: str, master: str, born: float) -> list[str]:
    country = "DE" if account.in_euro else "US"
    size = str(account.employees)
    return [id_, flag(bool(master)), master, account.name, "", account.trade, size, country, stamp(born)]


def _contact(
    account: Account, contact: Contact, id_: str, master: str, born: float, bounced: bool
) -> list[str]:
    names = [contact.first, contact.last, f"{contact.first} {contact.last}", contact.email]
    rest = [contact.title, contact.department, flag(bounced), stamp(born + 0.01)]
    return [id_, flag(bool(master)), master, make_id("Account", account.number), *names, *rest]
