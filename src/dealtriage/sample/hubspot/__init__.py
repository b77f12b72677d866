"""The HubSpot door: objects as the API returns them, one per line."""

from __future__ import annotations

import random
from pathlib import Path

from ..accounts import Account
from ..door import Door
from ..json_files import JsonFiles
from ..junk import gone, has_orphans
from ..life import Life
from ..story import World
from .deal_rows import put_deal
from .desk import Desk
from .fixed_rows import put_account, put_fixed
from .records import Properties, contact_id, deal_id, moment, owner_id, record
from .talk_rows import put_talk

__all__ = ["HubSpot"]

FIRST_IDS = {
    "deals": 0, "companies": 0, "contacts": 0, "owners": 0, "quotes": 60_000_000_000, "emails": 20_000_000_000,
    "calls": 30_000_000_000, "meetings": 40_000_000_000, "tasks": 50_000_000_000,
}  # fmt: skip


class HubSpot(Door):
    """HubSpot keeps 20 revisions of a property, no time of an opening, and no word that a quote was declined."""

    def __init__(self, folder: Path, world: World) -> None:
        self._tables = JsonFiles(folder, FIRST_IDS)
        super().__init__(self._tables, world)

    def put_fixed(self) -> None:
        put_fixed(self._tables, self.world.company, self.world.start)

    def put_account(self, account: Account, bounced: bool) -> None:
        put_account(self._tables, account, self.world)

    def put_life(self, life: Life) -> None:
        desk = Desk(self._tables, life, self.world.seed, random.Random(f"{self.world.seed}:hubspot:{life.number}"))
        put_talk(desk)
        put_deal(desk)
        if has_orphans(life.number):
            _put_orphans(self._tables, life)

    def deal_id(self, number: int) -> str:
        return deal_id(number)


def _put_orphans(files: JsonFiles, life: Life) -> None:
    """An email and a meeting of a deal that is gone."""
    t = min(life.created + 3, life.end - 0.01)
    links = {"deals": [deal_id(gone(life.number))], "contacts": [contact_id(life.account.contacts[0].number)]}
    at, owner = moment(t), owner_id(life.rep.user)
    common: Properties = {"hs_timestamp": at, "hs_createdate": at, "hs_lastmodifieddate": at, "hubspot_owner_id": owner}
    mail: Properties = {"hs_email_direction": "EMAIL", "hs_email_status": "SENT", "hs_email_subject": "Checking in"}
    files.put("emails", record("emails", str(files.new_id("emails")), common | mail, t, t, links))
    times: Properties = {"hs_meeting_start_time": at, "hs_meeting_end_time": at}
    meeting: Properties = {"hs_meeting_outcome": "COMPLETED", "hs_meeting_title": f"Demo: {life.account.name}", **times}
    files.put("meetings", record("meetings", str(files.new_id("meetings")), common | meeting, t, t, links))
