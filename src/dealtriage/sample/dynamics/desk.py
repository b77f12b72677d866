"""What the rows of one deal share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import entered
from ..company import User
from ..junk import BAD_AMOUNTS, BAD_DATES, STALE_LINKS, spoil
from ..life import Life
from .tables import Row, Tables
from .values import base, guid

BAD: dict[str, Mapping[str, Sequence[str]]] = {
    "opportunity": {"estimatedvalue": BAD_AMOUNTS, "estimatedclosedate": BAD_DATES},
    "quote": {"totalamount": BAD_AMOUNTS}, "activitypointer": {"createdon": BAD_DATES},
    "email": {"senton": BAD_DATES}, "audit": {"createdon": BAD_DATES},
}  # fmt: skip


@dataclass(slots=True)
class Desk:
    """A deal on its way into the files."""

    tables: Tables
    life: Life
    seed: int
    rng: random.Random

    @property
    def deal(self) -> str:
        return guid("opportunity", self.life.number)

    def owner(self, t: float) -> User:
        """Who owned the deal at `t`."""
        return entered.owner_at(self.life, t).user

    def contact(self, slot: int) -> str:
        """A contact's id, now and then that of the one merged into them."""
        account = self.life.account
        stale = slot == 0 and account.has_merged_contact and self.rng.random() < STALE_LINKS
        return guid("contact", account.merged_contact_number if stale else account.contacts[slot].number)

    def base(self, value: float | None) -> str:
        """An amount of the deal in the organisation's currency."""
        return base(value, self.life.account.in_euro, self.life.rates)

    def put(self, table: str, row: Row) -> None:
        """Append a row, now and then with a value nobody can read."""
        spoil(row, BAD.get(table, {}), self.rng, self.life.rates.dirt.unparsable)
        self.tables.put(table, row)
