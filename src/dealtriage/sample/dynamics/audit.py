"""The audit of deals and contacts: what changed of the audited columns, since auditing was switched on."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..accounts import Account
from ..corrected import promotion, wrong_account
from ..entered import Snapshot
from ..junk import JUNK
from ..story import World
from .desk import Desk
from .states import stage_name, states
from .tables import Row, Tables
from .values import date_of, guid, moment, money

CREATE, UPDATE = 1, 2
Values = dict[str, str | None]


def put_audit(desk: Desk, every: list[tuple[Snapshot, bool]], since: float) -> None:
    """One row per moment at which an audited column changed; nothing from before `since`."""
    old: Values = {}
    for now, on_hold in every:
        new = _audited(now, on_hold)
        changed = [(name, old.get(name), value) for name, value in new.items() if old.get(name) != value]
        if changed and now.at >= since:
            _put(desk, now, UPDATE if old else CREATE, changed)
        old = new


def _audited(now: Snapshot, on_hold: bool) -> Values:
    (state, status), (stage, step) = states(now, on_hold), stage_name(now)
    return {
        "stepname": step, "salesstage": stage, "estimatedvalue": money(now.amount) or None,
        "estimatedclosedate": date_of(now.expected_day) or None,
        "ownerid": f"systemuser,{guid('systemuser', now.owner.number)}", "statecode": str(state),
        "statuscode": str(status),
    }  # fmt: skip


def _put(desk: Desk, now: Snapshot, action: int, changed: list[tuple[str, str | None, str | None]]) -> None:
    row = {"auditid": desk.tables.new_id("audit"), "objectid": desk.deal, "objecttypecode": "opportunity"}
    desk.put("audit", row | _told(now.at, now.by, action, changed))


def _told(at: float, by: int, action: int, changed: Sequence[tuple[str, str | None, str | None]]) -> Row:
    attributes = [{"logicalName": name, "oldValue": old, "newValue": new} for name, old, new in changed]
    return {
        "action": str(action), "operation": str(action), "createdon": moment(at), "userid": guid("systemuser", by),
        "changedata": json.dumps({"changedAttributes": attributes}, separators=(",", ":")),
    }  # fmt: skip


def put_account_audit(desk: Desk, since: float) -> None:
    """The row that tells of another account that a deal was opened on; its id leaves those of other rows as they are."""
    wrong = wrong_account(desk.life, desk.seed)
    if wrong is None or wrong.at < since:
        return
    old, new = (f"account,{guid('account', account.number)}" for account in (wrong.account, desk.life.account))
    changed = [(name, old, new) for name in ("customerid", "parentaccountid")]
    row = {"auditid": guid("audit", JUNK + desk.life.number), "objectid": desk.deal, "objecttypecode": "opportunity"}
    desk.tables.put("audit", row | _told(wrong.at, desk.owner(wrong.at).number, UPDATE, changed))


def put_title_audit(tables: Tables, account: Account, world: World, since: float) -> None:
    """The steps up of an account's contacts."""
    for contact in account.contacts:
        step = promotion(contact, world.seed, world.start, world.end)
        if step is not None and step.at >= since:
            row = {"auditid": guid("audit", 2 * JUNK + contact.number), "objectid": guid("contact", contact.number), "objecttypecode": "contact"}
            changed = [("jobtitle", step.title, contact.title)]
            tables.put("audit", row | _told(step.at, world.company.head.number, UPDATE, changed))
