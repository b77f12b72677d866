"""What the objects of one deal share, and the sums that its row shows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import entered
from ..json_files import JsonFiles, Record
from ..junk import BAD_AMOUNTS, BAD_DATES, STALE_LINKS, spoil
from ..life import Life
from .records import deal_id, org_id, person_id, user_id

BAD: dict[str, Mapping[str, Sequence[str]]] = {
    "deals": {"value": BAD_AMOUNTS, "expected_close_date": BAD_DATES}, "dealflow": {"log_time": BAD_DATES},
    "activities": {"add_time": BAD_DATES}, "callLogs": {"start_time": BAD_DATES},
    "mailMessages": {"message_time": BAD_DATES},
}  # fmt: skip


@dataclass(slots=True)
class Desk:
    """A deal on its way into the files."""

    files: JsonFiles
    life: Life
    seed: int
    rng: random.Random
    activities: int = 0
    mails: int = 0
    last_in: float | None = None
    last_out: float | None = None
    last_done: float | None = None
    last_update: float = 0.0

    @property
    def deal(self) -> int:
        return deal_id(self.life.number)

    @property
    def org(self) -> int:
        return org_id(self.life.account.number)

    def owner(self, t: float) -> int:
        """The id of who owned the deal at `t`."""
        return user_id(entered.owner_at(self.life, t).user.number)

    def person(self, slot: int) -> int:
        """A person's id, now and then that of the one merged into them."""
        account = self.life.account
        if slot == 0 and account.has_merged_contact and self.rng.random() < STALE_LINKS:
            return person_id(account.merged_contact_number)
        return person_id(account.contacts[slot].number)

    def spoil(self, table: str, row: Record) -> None:
        """Now and then make a value of a row unreadable."""
        spoil(row, BAD[table], self.rng, self.life.rates.dirt.unparsable)

    def put(self, table: str, row: Record, deleted: Record) -> None:
        """Append an object, and now and then a copy of it that was deleted."""
        self.spoil(table, row)
        self.files.put(table, row)
        if self.rng.random() < self.life.rates.dirt.deleted:
            self.files.put(table, {**row, "id": self.files.new_id(table), **deleted})
