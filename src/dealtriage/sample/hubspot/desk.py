"""What the objects of one deal share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import entered
from ..json_files import JsonFiles
from ..junk import BAD_AMOUNTS, BAD_DATES, STALE_LINKS, merged_twins, spoil
from ..life import Life
from .records import Links, Properties, contact_id, deal_id, moment, owner_id, record

BAD: dict[str, Mapping[str, Sequence[str]]] = {
    "deals": {"amount": BAD_AMOUNTS, "closedate": BAD_DATES}, "quotes": {"hs_quote_amount": BAD_AMOUNTS},
    "emails": {"hs_timestamp": BAD_DATES}, "calls": {"hs_timestamp": BAD_DATES},
    "meetings": {"hs_meeting_start_time": BAD_DATES}, "tasks": {"hs_createdate": BAD_DATES},
}  # fmt: skip


@dataclass(slots=True)
class Desk:
    """A deal on its way into the files."""

    files: JsonFiles
    life: Life
    seed: int
    rng: random.Random
    last_contact: float | None = None
    last_update: float | None = None

    def owner(self, t: float) -> str:
        """The id of who owned the deal at `t`."""
        return owner_id(entered.owner_at(self.life, t).user)

    def deal(self) -> str:
        """The deal's id, now and then that of a twin that was merged into it."""
        twins = merged_twins(self.life.number)
        stale = twins and self.rng.random() < STALE_LINKS
        return deal_id(self.rng.choice(twins) if stale else self.life.number)

    def contact(self, slot: int) -> str:
        """A contact's id, now and then that of the one merged into it."""
        account = self.life.account
        if slot == 0 and account.has_merged_contact and self.rng.random() < STALE_LINKS:
            return contact_id(account.merged_contact_number)
        return contact_id(account.contacts[slot].number)

    def touched(self, at: float, known: float) -> None:
        """Take note of an activity, for the dates that the deal shows."""
        if at < self.life.end:
            self.last_contact = max(self.last_contact or at, at)
        self.last_update = max(self.last_update or known, known)

    def put(self, table: str, properties: Properties, created: float, updated: float, slots: list[int]) -> None:
        """Append an activity or a quote, and now and then a copy of it that was deleted."""
        stamps = {"hs_createdate": moment(created), "hs_lastmodifieddate": moment(updated)}
        links: Links = {"deals": [self.deal()], "contacts": [self.contact(slot) for slot in slots]}
        row = record(table, str(self.files.new_id(table)), {**properties, **stamps}, created, updated, links)
        spoil(row["properties"], BAD[table], self.rng, self.life.rates.dirt.unparsable)
        self.files.put(table, row)
        if self.rng.random() < self.life.rates.dirt.deleted:
            id_ = str(self.files.new_id(table))
            copy = {"id": id_, "properties": {**row["properties"], "hs_object_id": id_}, "archived": True}
            self.files.put(table, {**row, **copy})
