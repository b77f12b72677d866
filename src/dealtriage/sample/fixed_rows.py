"""The rows that do not hang on a deal: people, stages, currencies, and each account with its contacts."""

from __future__ import annotations

from .accounts import Account, Contact, merged_contact_id
from .clock import stamp
from .company import TEAMS, Company, User
from .ids import make_id
from .rates import Rates
from .sheets import Sheets

#          label, active, closed, won, forecast category, probability in percent
STAGE_ROWS = (
    ("Qualification", True, False, False, "Pipeline", 10),
    ("Discovery", True, False, False, "Pipeline", 20),
    ("Solution Fit", True, False, False, "BestCase", 40),
    ("Proposal/Price Quote", True, False, False, "BestCase", 60),
    ("Verbal Agreement", False, False, False, "Forecast", 75),
    ("Negotiation", True, False, False, "Forecast", 80),
    ("Closed Won", True, True, True, "Closed", 100),
    ("Closed Lost", True, True, False, "Omitted", 0),
)
STAGE_FACTS = {label: (forecast, probability) for label, _, _, _, forecast, probability in STAGE_ROWS}


def flag(value: bool) -> str:
    """A boolean as the export writes it."""
    return "1" if value else "0"


def put_fixed(sheets: Sheets, company: Company, rates: Rates, start: float) -> None:
    """Users, roles, stages and currencies."""
    for user in company.users:
        sheets.put("User", _user(user, start))
    for role, name in enumerate(("Head of Sales", *(f"Team {team}" for team in TEAMS))):
        sheets.put("UserRole", [make_id("UserRole", role), name, make_id("UserRole", 0) if role else ""])
    for order, (label, active, closed, won, forecast, share) in enumerate(STAGE_ROWS, start=1):
        facts = [label, label, flag(active), str(order), flag(closed), flag(won), forecast, str(share)]
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
        user.id,
        user.email,
        first,
        last,
        user.name,
        user.email,
        active,
        kind,
        role,
        user.manager,
        "GMT",
        born,
    ]


def put_account(sheets: Sheets, account: Account, start: float, bounced: bool) -> None:
    """An account and its contacts, with the duplicates that were merged into them."""
    born = start - account.age_days
    sheets.put("Account", _account(account, account.id, "", born))
    if account.has_merged:
        sheets.put("Account", _account(account, account.merged_id, account.id, born + 1))
    for contact in account.contacts:
        sheets.put("Contact", _contact(account, contact, contact.id, "", born, bounced and contact.slot == 0))
    if account.has_merged_contact:
        first = account.contacts[0]
        sheets.put("Contact", _contact(account, first, merged_contact_id(account), first.id, born + 1, False))


def _account(account: Account, id_: str, master: str, born: float) -> list[str]:
    country = "DE" if account.in_euro else "US"
    size = str(account.employees)
    return [id_, flag(bool(master)), master, account.name, "", account.trade, size, country, stamp(born)]


def _contact(
    account: Account, contact: Contact, id_: str, master: str, born: float, bounced: bool
) -> list[str]:
    names = [contact.first, contact.last, f"{contact.first} {contact.last}", contact.email]
    rest = [contact.title, contact.department, flag(bounced), stamp(born + 0.01)]
    return [id_, flag(bool(master)), master, account.id, *names, *rest]
