"""Calls, meetings and tasks as activities, calls once more in the call log, emails as messages."""

from __future__ import annotations

from typing import Any

from .. import entered
from ..clock import MINUTE, date_text, stamp, zoned_stamp
from ..json_files import Record
from ..life import Call, Mail, Meeting, PlainTask
from .desk import Desk

OUTCOMES = {"Connected": "connected", "No Answer": "no_answer", "Left Voicemail": "left_voicemail"}
SNIPPET = 225  # characters of an email that the list shows
DELETED_ACTIVITY, DELETED_MAIL = {"active_flag": False}, {"deleted_flag": 1}


def put_talk(desk: Desk) -> None:
    """All that was said about a deal."""
    for mail, logged in entered.mails(desk.life):
        _put_mail(desk, mail, logged)
    for call, logged in entered.calls(desk.life):
        _put_call(desk, call, logged)
    for task, done in entered.tasks(desk.life):
        _put_task(desk, task, done)
    for meeting, created, settled in entered.meetings(desk.life):
        _put_meeting(desk, meeting, created, settled)


def hours(minutes: int) -> str:
    """A duration as `HH:MM`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _put_mail(desk: Desk, mail: Mail, logged: float) -> None:
    """Whether an email was opened is known, not when; that it bounced is not."""
    people = desk.life.account.contacts
    slots = [mail.contact, (mail.contact + 1) % len(people)] if mail.with_others else [mail.contact]
    buyer, *others = [{"email_address": people[slot].email, "linked_person_id": desk.person(slot)} for slot in slots]
    seller = {"email_address": entered.owner_at(desk.life, mail.at).user.email, "linked_person_id": None}
    tracking = None if mail.incoming else "not opened" if entered.first_opening(desk.life, mail) is None else "opened"
    row = {
        "id": desk.files.new_id("mailMessages"), "deal_id": desk.deal,
        "mail_thread_id": desk.life.number * 1000 + mail.thread, "subject": mail.subject,
        "snippet": mail.body.replace("\n", " ")[:SNIPPET], "from": [buyer if mail.incoming else seller],
        "to": [seller if mail.incoming else buyer],
        "cc": others, "message_time": zoned_stamp(mail.at), "add_time": zoned_stamp(logged),
        "update_time": zoned_stamp(logged), "user_id": desk.owner(mail.at),
        "sent_flag": int(not mail.incoming), "draft_flag": 0, "mail_tracking_status": tracking, "deleted_flag": 0,
    }  # fmt: skip
    _count_mail(desk, mail, logged)
    desk.put("mailMessages", row, DELETED_MAIL)


def _count_mail(desk: Desk, mail: Mail, logged: float) -> None:
    desk.mails += 1
    desk.last_update = max(desk.last_update, logged)
    if mail.incoming:
        desk.last_in = max(desk.last_in or mail.at, mail.at)
    else:
        desk.last_out = max(desk.last_out or mail.at, mail.at)


def _put_activity(
    desk: Desk, type_: str, subject: str, at: float, created: float, done: float | None, slots: list[int], **more: Any
) -> Record:
    """One activity; `at` is when it is due or took place, `done` when it was marked as done."""
    people = [{"person_id": desk.person(slot), "primary_flag": slot == slots[0]} for slot in slots]
    row = {
        "id": desk.files.new_id("activities"), "deal_id": desk.deal, "person_id": people[0]["person_id"],
        "org_id": desk.org, "type": type_, "subject": subject, "done": done is not None, "due_date": date_text(int(at)),
        "due_time": stamp(at)[11:16], "duration": "", "add_time": stamp(created),
        "update_time": stamp(max(created, done or created)), "marked_as_done_time": "" if done is None else stamp(done),
        "user_id": desk.owner(min(at, created)), "participants": people, "active_flag": True, **more,
    }  # fmt: skip
    if row["active_flag"]:
        desk.activities += 1
        desk.last_done = max(desk.last_done or at, at) if done is not None else desk.last_done
    desk.last_update = max(desk.last_update, created, done or created)
    desk.put("activities", row, DELETED_ACTIVITY)
    return row


def _put_call(desk: Desk, call: Call, logged: float) -> None:
    """Which side phoned is not known."""
    contact = desk.life.account.contacts[call.contact]
    subject, long = f"Call with {contact.first} {contact.last}", hours(call.seconds // 60)
    activity = _put_activity(desk, "call", subject, call.at, logged, logged, [call.contact], duration=long)
    log = {
        "id": desk.files.new_id("callLogs"), "activity_id": activity["id"], "deal_id": desk.deal,
        "person_id": activity["person_id"], "outcome": OUTCOMES[call.disposition], "start_time": stamp(call.at),
        "end_time": stamp(call.at + call.seconds * MINUTE / 60), "duration": call.seconds,
        "user_id": activity["user_id"], "subject": subject,
    }  # fmt: skip
    desk.spoil("callLogs", log)
    desk.files.put("callLogs", log)


def _put_task(desk: Desk, task: PlainTask, done: float | None) -> None:
    _put_activity(desk, "task", task.subject, float(task.due), task.created, done, [0], due_time="")


def _put_meeting(desk: Desk, meeting: Meeting, created: float, settled: float | None) -> None:
    """A meeting that was planned and did not take place is deleted; one that was not planned is never entered."""
    failed = settled is not None and meeting.outcome != "Held"
    if failed and meeting.planned_at is None:
        return
    people = desk.life.account.contacts
    slots = [(meeting.contact + i) % len(people) for i in range(meeting.people)]
    subject = f"{meeting.topic}: {desk.life.account.name}"
    more: Record = {"duration": hours(meeting.minutes), "active_flag": not failed}
    if failed:
        more["update_time"] = stamp(max(created, settled or created))
    _put_activity(desk, "meeting", subject, meeting.start, created, None if failed else settled, slots, **more)
