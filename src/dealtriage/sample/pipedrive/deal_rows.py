"""A deal, the flow of its changes, and its participants."""

from __future__ import annotations

from itertools import pairwise

from .. import entered
from ..clock import date_text, stamp
from ..corrected import wrong_account
from ..entered import Snapshot
from ..json_files import Record
from ..junk import JUNK, TEST_ACCOUNT, has_deleted_twin, has_test_deal, test_deal, twin
from ..life import STAGES, WON
from ..stages import is_closed
from .desk import Desk
from .records import PIPELINE, STAGE_ID, deal_id, number_of, org_id, org_ref, person_ref, user_id, user_ref

Values = dict[str, str | None]


def put_deal(desk: Desk) -> None:
    """The deal with its flow, its participants and its junk; to be called after its activities."""
    life, past = desk.life, entered.snapshots(desk.life)
    own = _deal(desk, past) | _sums(desk, past[-1])
    desk.spoil("deals", own)
    desk.files.put("deals", own)
    _put_flow(desk, past)
    _put_organizations(desk)
    _put_participants(desk)
    if has_deleted_twin(life.number):
        desk.files.put("deals", _deal(desk, past[:1]) | {"id": deal_id(twin(life.number)), "status": "deleted"})
    if has_test_deal(life.number):
        org = {"name": TEST_ACCOUNT, "value": org_id(JUNK)}
        names = {"id": deal_id(test_deal(life.number)), "title": f"TEST {life.number}", "org_id": org}
        desk.files.put("deals", _deal(desk, past[:1]) | names)


def status(now: Snapshot) -> str:
    """Pipedrive's three ends of a deal, which do not move it out of its stage."""
    if not is_closed(now.stage):
        return "open"
    return "won" if now.stage == WON else "lost"


def _deal(desk: Desk, past: list[Snapshot]) -> Record:
    """The row as the last of some snapshots has it, before any activity; an amount never filled is a zero."""
    life, last = desk.life, past[-1]
    account = life.account
    moved = [now.at for before, now in pairwise(past) if before.open_stage != now.open_stage]
    closed = stamp(last.at) if is_closed(last.stage) else None
    stale = account.has_merged and desk.rng.random() < 0.5
    org = org_id(account.merged_number if stale else account.number)
    return {
        "id": desk.deal, "title": entered.deal_name(life, desk.seed), "value": number_of(last.amount or 0.0),
        "currency": entered.currency(life), "status": status(last), "stage_id": STAGE_ID[STAGES[last.open_stage]],
        "pipeline_id": PIPELINE, "add_time": stamp(life.created), "update_time": stamp(last.at),
        "stage_change_time": stamp(moved[-1]) if moved else None, "close_time": closed,
        "won_time": closed if last.stage == WON else None, "lost_time": None if last.stage == WON else closed,
        "lost_reason": last.loss_reason or None,
        "expected_close_date": None if last.expected_day is None else date_text(last.expected_day),
        "user_id": user_ref(last.owner), "creator_user_id": user_ref(past[0].owner),
        "person_id": person_ref(account.contacts[0], desk.person(0)), "org_id": org_ref(account, org),
        "last_incoming_mail_time": None, "last_outgoing_mail_time": None, "last_activity_date": None,
        "activities_count": 0, "email_messages_count": 0, "probability": None, "visible_to": "3",
    }  # fmt: skip


def _sums(desk: Desk, last: Snapshot) -> Record:
    """What the deal's row says of its activities."""
    return {
        "update_time": stamp(_updated(desk, last)),
        "last_incoming_mail_time": None if desk.last_in is None else stamp(desk.last_in),
        "last_outgoing_mail_time": None if desk.last_out is None else stamp(desk.last_out),
        "last_activity_date": None if desk.last_done is None else date_text(int(desk.last_done)),
        "activities_count": desk.activities, "email_messages_count": desk.mails,
    }  # fmt: skip


def _updated(desk: Desk, last: Snapshot) -> float:
    touched = max(last.at, desk.last_update)
    if is_closed(last.stage) and desk.rng.random() < desk.life.rates.dirt.logged_after_close:
        touched += desk.rng.uniform(0.5, 20)
    return min(touched, desk.life.end - 0.001)


def _put_flow(desk: Desk, past: list[Snapshot]) -> None:
    """Each change of a field, with no word of what the fields were at the deal's creation."""
    for before, now in pairwise(past):
        old, new = _values(before), _values(now)
        for field in new:
            if old[field] != new[field]:
                data = _change(desk, now, field, old[field], new[field])
                desk.spoil("dealflow", data)
                desk.files.put("dealflow", {"object": "dealChange", "timestamp": stamp(now.at), "data": data})


def _put_organizations(desk: Desk) -> None:
    """The change of a deal that was opened on another organization; its id leaves those of other changes as they are."""
    wrong = wrong_account(desk.life, desk.seed)
    if wrong is not None:
        at = stamp(wrong.at)
        data = {
            "id": JUNK + desk.life.number, "item_id": desk.deal, "user_id": desk.owner(wrong.at), "field_key": "org_id",
            "old_value": str(org_id(wrong.account.number)), "new_value": str(desk.org), "is_bulk_update_flag": None,
            "log_time": at, "change_source": "app",
        }  # fmt: skip
        desk.files.put("dealflow", {"object": "dealChange", "timestamp": at, "data": data})


def _values(now: Snapshot) -> Values:
    return {
        "stage_id": str(STAGE_ID[STAGES[now.open_stage]]), "value": str(number_of(now.amount or 0.0)),
        "expected_close_date": None if now.expected_day is None else date_text(now.expected_day),
        "user_id": str(user_id(now.owner.number)), "status": status(now), "lost_reason": now.loss_reason or None,
    }  # fmt: skip


def _change(desk: Desk, now: Snapshot, field: str, old: str | None, new: str | None) -> Record:
    """The automated sweep is a bulk edit in the name of the admin."""
    company = desk.life.company
    is_sweep = now.by == company.machine.number
    return {
        "id": desk.files.new_id("dealflow"), "item_id": desk.deal,
        "user_id": user_id(company.head.number if is_sweep else now.by), "field_key": field, "old_value": old,
        "new_value": new, "is_bulk_update_flag": "1" if is_sweep else None, "log_time": stamp(now.at),
        "change_source": "app",
    }  # fmt: skip


def _put_participants(desk: Desk) -> None:
    people = desk.life.account.contacts
    for slot, at in entered.participants(desk.life, desk.seed):
        person = person_ref(people[slot], desk.person(slot))
        link = {"id": desk.files.new_id("dealParticipants"), "related_item_type": "deal", "related_item_id": desk.deal}
        desk.files.put("dealParticipants", {**link, "person_id": person, "add_time": stamp(at), "active_flag": True})


