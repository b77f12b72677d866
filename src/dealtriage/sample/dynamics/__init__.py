"""The Dynamics 365 door: one CSV per Dataverse table."""

from __future__ import annotations

import random
from pathlib import Path

from ..accounts import Account
from ..door import Door
from ..junk import gone, has_orphans
from ..life import Life
from ..story import World
from .audit import put_account_audit, put_title_audit
from .deal_rows import put_deal
from .desk import Desk
from .fixed_rows import put_account, put_fixed
from .tables import Row, Tables
from .talk_rows import COMPLETED, put_talk
from .values import guid, moment

__all__ = ["Dynamics"]

AUDITED_DAYS = 365.0  # how long before the export auditing was switched on


class Dynamics(Door):
    """Dynamics has no history but its audit, no openings, and one word for all meetings that were not held."""

    def __init__(self, folder: Path, world: World) -> None:
        self._tables = Tables(folder)
        super().__init__(self._tables, world)

    def put_fixed(self) -> None:
        put_fixed(self._tables, self.world.company, self.world.rates, self.world.start)

    def put_account(self, account: Account, bounced: bool) -> None:
        put_account(self._tables, account, self.world.start)
        put_title_audit(self._tables, account, self.world, self.world.end - AUDITED_DAYS)

    def put_life(self, life: Life) -> None:
        desk = Desk(self._tables, life, self.world.seed, random.Random(f"{self.world.seed}:dynamics:{life.number}"))
        put_talk(desk)
        put_deal(desk, self.world.end - AUDITED_DAYS)
        put_account_audit(desk, self.world.end - AUDITED_DAYS)
        if has_orphans(life.number):
            _put_orphans(self._tables, life)

    def deal_id(self, number: int) -> str:
        return guid("opportunity", number)


def _put_orphans(tables: Tables, life: Life) -> None:
    """An email and an appointment of a deal that is gone."""
    at = moment(min(life.created + 3, life.end - 0.01))
    common = {
        "regardingobjectid": guid("opportunity", gone(life.number)), "regardingobjecttypecode": "opportunity",
        "ownerid": guid("systemuser", life.rep.user.number), "createdon": at, "modifiedon": at, "actualend": at,
        "statecode": str(COMPLETED), "statuscode": "3",
    }  # fmt: skip
    mail = {"activityid": tables.new_id("activitypointer"), "activitytypecode": "email", "subject": "Checking in"}
    sides: Row = {"torecipients": f"{life.account.contacts[0].email};", "sender": life.rep.user.email}
    sent = {"activityid": mail["activityid"], "directioncode": "true", "senton": at, "statuscode": "3"}
    tables.put("activitypointer", common | mail)
    tables.put("email", sent | sides)
    meeting = {"activityid": tables.new_id("activitypointer"), "activitytypecode": "appointment"}
    times = {"subject": f"Demo: {life.account.name}", "scheduledstart": at, "scheduledend": at, "actualstart": at}
    tables.put("activitypointer", common | meeting | times)
    tables.put("appointment", {"activityid": meeting["activityid"], "location": "Online"})
