"""Emails, calls, meetings and tasks as HubSpot's engagements."""

from __future__ import annotations

from .. import entered
from ..clock import MINUTE
from ..life import Call, Mail, Meeting, PlainTask
from .desk import Desk
from .records import Properties, midnight, moment

DISPOSITIONS = {
    "Connected": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "No Answer": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "Left Voicemail": "b2cf5968-551e-4856-9783-52b3da59a7d0",
}
OUTCOMES = {
    "": "SCHEDULED", "Held": "COMPLETED", "No Show": "NO_SHOW", "Cancelled": "CANCELED", "Rescheduled": "RESCHEDULED",
}  # fmt: skip


def put_talk(desk: Desk) -> None:
    """All engagements of a deal."""
    for mail, logged in entered.mails(desk.life):
        _put_mail(desk, mail, logged)
    for call, logged in entered.calls(desk.life):
        _put_call(desk, call, logged)
    for task, done in entered.tasks(desk.life):
        _put_task(desk, task, done)
    for meeting, created, settled in entered.meetings(desk.life):
        _put_meeting(desk, meeting, created, settled)


def _put_mail(desk: Desk, mail: Mail, logged: float) -> None:
    people = desk.life.account.contacts
    slots = [mail.contact, (mail.contact + 1) % len(people)] if mail.with_others else [mail.contact]
    sides = [people[mail.contact].email, entered.owner_at(desk.life, mail.at).user.email]
    sender, receiver = sides if mail.incoming else reversed(sides)
    status = None if mail.incoming else "BOUNCED" if mail.bounced else "SENT"
    properties: Properties = {
        "hs_timestamp": moment(mail.at), "hs_email_direction": "INCOMING_EMAIL" if mail.incoming else "EMAIL",
        "hs_email_status": status, "hs_email_thread_id": f"{desk.life.number * 1000 + mail.thread}",
        "hs_email_subject": mail.subject, "hs_email_from_email": sender, "hs_email_to_email": receiver,
        "hs_email_cc_email": people[slots[1]].email if mail.with_others else None,
        "hs_email_text": mail.body, "hubspot_owner_id": desk.owner(mail.at),
    }  # fmt: skip
    desk.touched(mail.at, logged)
    desk.put("emails", properties, logged, logged, slots)


def _put_call(desk: Desk, call: Call, logged: float) -> None:
    contact = desk.life.account.contacts[call.contact]
    properties: Properties = {
        "hs_timestamp": moment(call.at), "hs_call_title": f"Call with {contact.first} {contact.last}",
        "hs_call_direction": "INBOUND" if call.inbound else "OUTBOUND",
        "hs_call_disposition": DISPOSITIONS[call.disposition], "hs_call_duration": str(call.seconds * 1000),
        "hubspot_owner_id": desk.owner(call.at),
    }  # fmt: skip
    desk.touched(call.at, logged)
    desk.put("calls", properties, logged, logged, [call.contact])


def _put_task(desk: Desk, task: PlainTask, done: float | None) -> None:
    properties: Properties = {
        "hs_timestamp": midnight(task.due), "hs_task_subject": task.subject,
        "hs_task_status": "NOT_STARTED" if done is None else "COMPLETED", "hs_task_completion_date": moment(done),
        "hs_task_type": "CALL" if task.type == "Follow-up" else "TODO", "hubspot_owner_id": desk.owner(task.created),
    }  # fmt: skip
    desk.put("tasks", properties, task.created, max(task.created, done or 0.0), [0])


def _put_meeting(desk: Desk, meeting: Meeting, created: float, logged: float | None) -> None:
    people = desk.life.account.contacts
    slots = [(meeting.contact + i) % len(people) for i in range(meeting.people)]
    start = moment(meeting.start)
    properties: Properties = {
        "hs_timestamp": start, "hs_meeting_start_time": start,
        "hs_meeting_end_time": moment(meeting.start + meeting.minutes * MINUTE),
        "hs_meeting_outcome": OUTCOMES["" if logged is None else meeting.outcome],
        "hs_meeting_title": f"{meeting.topic}: {desk.life.account.name}", "hubspot_owner_id": desk.owner(meeting.start),
    }  # fmt: skip
    updated = max(created, logged or created)
    desk.touched(meeting.start, updated)
    desk.put("meetings", properties, created, updated, slots)
