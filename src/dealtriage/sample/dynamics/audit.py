"""The audit of the deal: what changed of the audited columns, since auditing was switched on."""

from __future__ import annotations

import json

from ..entered import Snapshot
from .desk import Desk
from .states import stage_name, states
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
    attributes = [{"logicalName": name, "oldValue": old, "newValue": new} for name, old, new in changed]
    desk.put("audit", {
        "auditid": desk.tables.new_id("audit"), "objectid": desk.deal, "objecttypecode": "opportunity",
        "action": str(action), "operation": str(action), "createdon": moment(now.at),
        "userid": guid("systemuser", now.by),
        "changedata": json.dumps({"changedAttributes": attributes}, separators=(",", ":")),
    })  # fmt: skip
