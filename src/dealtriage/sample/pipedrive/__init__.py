"""The Pipedrive door: objects of the API, large tables one object per line."""

from __future__ import annotations

import random
from pathlib import Path

from ..accounts import Account
from ..clock import date_text, stamp, zoned_stamp
from ..door import Door
from ..json_files import JsonFiles
from ..junk import gone, has_orphans
from ..life import Life
from ..story import World
from .deal_rows import put_deal
from .desk import Desk
from .fixed_rows import put_account, put_fixed
from .records import deal_id, org_id, person_id, user_id
from .talk_rows import put_talk

__all__ = ["Pipedrive"]

FIRST_IDS = {
    "deals": 0, "organizations": 0, "persons": 0, "dealflow": 1, "dealParticipants": 1, "activities": 1, "callLogs": 1,
    "mailMessages": 1,
}  # fmt: skip


class Pipedrive(Door):
    """Pipedrive knows no proposals, no failed meetings, no direction of calls and no values at a deal's creation."""

    def __init__(self, folder: Path, world: World) -> None:
        self._tables = JsonFiles(folder, FIRST_IDS)
        super().__init__(self._tables, world)

    def put_fixed(self) -> None:
        put_fixed(self._tables, self.world.company, self.world.start)

    def put_account(self, account: Account, bounced: bool) -> None:
        put_account(self._tables, account, self.world.start)

    def put_life(self, life: Life) -> None:
        desk = Desk(self._tables, life, self.world.seed, random.Random(f"{self.world.seed}:pipedrive:{life.number}"))
        put_talk(desk)
        put_deal(desk)
        if has_orphans(life.number):
            _put_orphans(self._tables, life)

    def deal_id(self, number: int) -> str:
        return str(deal_id(number))


def _put_orphans(files: JsonFiles, life: Life) -> None:
    """An email and a meeting of a deal that is gone."""
    t = min(life.created + 3, life.end - 0.01)
    deal, who, user = deal_id(gone(life.number)), life.account.contacts[0], user_id(life.rep.user.number)
    at = zoned_stamp(t)
    ours = [{"email_address": life.rep.user.email, "linked_person_id": None}]
    theirs = [{"email_address": who.email, "linked_person_id": person_id(who.number)}]
    files.put("mailMessages", {
        "id": files.new_id("mailMessages"), "deal_id": deal, "mail_thread_id": gone(life.number),
        "subject": "Checking in", "snippet": "", "from": ours, "to": theirs, "cc": [], "message_time": at,
        "add_time": at, "update_time": at, "user_id": user, "sent_flag": 1, "draft_flag": 0,
        "mail_tracking_status": "not opened", "deleted_flag": 0,
    })  # fmt: skip
    person = person_id(who.number)
    files.put("activities", {
        "id": files.new_id("activities"), "deal_id": deal, "person_id": person, "org_id": org_id(life.account.number),
        "type": "meeting", "subject": f"Demo: {life.account.name}", "done": True, "due_date": date_text(int(t)),
        "due_time": stamp(t)[11:16], "duration": "00:30", "add_time": stamp(t), "update_time": stamp(t),
        "marked_as_done_time": stamp(t), "user_id": user,
        "participants": [{"person_id": person, "primary_flag": True}], "active_flag": True,
    })  # fmt: skip
