"""The histories of accounts and titles; their rows have ids of their own, so that those of other rows stay as they are."""

from __future__ import annotations

from ..accounts import Account
from ..clock import stamp
from ..corrected import promotion, wrong_account
from ..entered import owner_at
from ..junk import JUNK
from ..life import Life
from ..story import World
from .deal_rows import FIELD_HISTORY_DAYS
from .ids import make_id
from .sheets import Sheets


def put_account_history(sheets: Sheets, life: Life, deal: str, seed: int) -> None:
    """Two rows where a deal was opened on another account, one with ids and one with names."""
    wrong = wrong_account(life, seed)
    if wrong is None or wrong.at < life.end - FIELD_HISTORY_DAYS:
        return
    by, at = make_id("User", owner_at(life, wrong.at).user.number), stamp(wrong.at)
    ids = make_id("Account", wrong.account.number), make_id("Account", life.account.number)
    for place, (kind, old, new) in enumerate((("EntityId", *ids), ("Text", wrong.account.name, life.account.name))):
        id_ = make_id("OpportunityFieldHistory", JUNK + 2 * life.number + place)
        sheets.put("OpportunityFieldHistory", [id_, "0", deal, by, at, "Account", kind, old, new])


def put_title_history(sheets: Sheets, account: Account, world: World) -> None:
    """What is kept of an account's contacts: that they were created, and steps up."""
    oldest, born = world.end - FIELD_HISTORY_DAYS, world.start - account.age_days + 0.01
    user = make_id("User", world.company.head.number)
    for contact in account.contacts:
        step = promotion(contact, world.seed, world.start, world.end)
        rows = [(born, "created", "", "")] + ([(step.at, "Title", step.title, contact.title)] if step else [])
        for place, (at, field, old, new) in enumerate(rows):
            if at >= oldest:
                head = [make_id("ContactHistory", 2 * contact.number + place), "0", make_id("Contact", contact.number), user]
                sheets.put("ContactHistory", [*head, stamp(at), field, "Text", old, new])
