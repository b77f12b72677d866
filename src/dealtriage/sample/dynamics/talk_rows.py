"""Emails, phone calls, appointments and tasks as activities with their parties."""

from __future__ import annotations

from .. import entered
from ..clock import MINUTE
from ..life import Call, Mail, Meeting, PlainTask
from .desk import Desk
from .tables import Row
from .values import braced, guid, moment, truth

SENDER, TO, CC, REQUIRED, ORGANISER, OWNER = 1, 2, 3, 5, 7, 9  # participation type masks
OPEN, COMPLETED, CANCELLED, SCHEDULED = 0, 1, 2, 3  # states of an activity
PHONE = "+1 555 0100"


def put_talk(desk: Desk) -> None:
    """All activities of a deal."""
    for mail, logged in entered.mails(desk.life):
        _put_mail(desk, mail, logged)
    for call, logged in entered.calls(desk.life):
        _put_call(desk, call, logged)
    for task, done in entered.tasks(desk.life):
        _put_task(desk, task, done)
    for meeting, created, settled in entered.meetings(desk.life):
        _put_meeting(desk, meeting, created, settled)


def _put_pointer(desk: Desk, type_: str, at: float, state: tuple[int, int], row: Row) -> str:
    """The row that all kinds of activity share, now and then twice; `state` is its state and status code."""
    dirt, id_ = desk.life.rates.dirt, desk.tables.new_id("activitypointer")
    deal = braced(desk.deal) if desk.rng.random() < dirt.short_ids else desk.deal
    whole = {
        "activityid": id_, "activitytypecode": type_, "regardingobjectid": deal,
        "regardingobjecttypecode": "opportunity", "ownerid": guid("systemuser", desk.owner(at).number),
        "statecode": str(state[0]), "statuscode": str(state[1]), **row,
    }  # fmt: skip
    desk.put("activitypointer", whole)
    if desk.rng.random() < dirt.deleted:
        desk.tables.put("activitypointer", whole)
    return id_


def _put_parties(desk: Desk, activity: str, at: float, ours: int, theirs: list[tuple[int, int]]) -> None:
    """The owner of the deal in part `ours`, and contacts as pairs of slot and part."""
    owner = desk.owner(at)
    _put_party(desk, activity, guid("systemuser", owner.number), "systemuser", ours, owner.email)
    _put_party(desk, activity, guid("systemuser", owner.number), "systemuser", OWNER, "")
    for slot, part in theirs:
        _put_party(desk, activity, desk.contact(slot), "contact", part, desk.life.account.contacts[slot].email)


def _put_party(desk: Desk, activity: str, party: str, kind: str, part: int, address: str) -> None:
    row = {"activitypartyid": desk.tables.new_id("activityparty"), "activityid": activity, "partyid": party}
    more = {"partyobjecttypecode": kind, "participationtypemask": str(part), "addressused": address}
    desk.put("activityparty", row | more)


def _put_mail(desk: Desk, mail: Mail, logged: float) -> None:
    """Dynamics follows openings only of mail sent from it, which these are not."""
    people = desk.life.account.contacts
    status = 4 if mail.incoming else 8 if mail.bounced else 3
    sent, stored = moment(mail.at), moment(logged)
    row = {"subject": mail.subject, "actualend": sent, "createdon": stored, "modifiedon": stored}
    id_ = _put_pointer(desk, "email", mail.at, (COMPLETED, status), row)
    sides = [desk.owner(mail.at).email, people[mail.contact].email]
    sender, receiver = reversed(sides) if mail.incoming else sides
    desk.put("email", {
        "activityid": id_, "directioncode": truth(not mail.incoming), "senton": sent,
        "conversationindex": f"{desk.life.number:022X}{mail.thread:022X}",
        "trackingtoken": f"CRM:{desk.life.number * 1000 + mail.thread:07d}", "torecipients": f"{receiver};",
        "sender": sender, "statuscode": str(status), "description": mail.body,
    })  # fmt: skip
    others = [((mail.contact + 1) % len(people), CC)] if mail.with_others else []
    ours, theirs = (TO, SENDER) if mail.incoming else (SENDER, TO)
    _put_parties(desk, id_, mail.at, ours, [(mail.contact, theirs), *others])


def _put_call(desk: Desk, call: Call, logged: float) -> None:
    """A call has no outcome: it reached no one when a voicemail was left or it took no minute."""
    contact, reached = desk.life.account.contacts[call.contact], call.disposition == "Connected"
    minutes = str(max(1, round(call.seconds / 60)) if reached else 0)
    row = {
        "subject": f"Call with {contact.first} {contact.last}", "actualstart": moment(call.at),
        "actualend": moment(call.at + call.seconds * MINUTE / 60), "actualdurationminutes": minutes,
        "createdon": moment(logged), "modifiedon": moment(logged),
    }  # fmt: skip
    id_ = _put_pointer(desk, "phonecall", call.at, (COMPLETED, 4 if call.inbound else 2), row)
    desk.put("phonecall", {
        "activityid": id_, "directioncode": truth(not call.inbound), "phonenumber": PHONE,
        "leftvoicemail": truth(call.disposition == "Left Voicemail"), "actualdurationminutes": minutes,
    })  # fmt: skip
    ours, theirs = (TO, SENDER) if call.inbound else (SENDER, TO)
    _put_parties(desk, id_, call.at, ours, [(call.contact, theirs)])


def _put_task(desk: Desk, task: PlainTask, done: float | None) -> None:
    row = {
        "subject": task.subject, "scheduledend": moment(float(task.due)), "actualend": moment(done),
        "createdon": moment(task.created), "modifiedon": moment(max(task.created, done or 0.0)),
    }  # fmt: skip
    state = (OPEN, 2) if done is None else (COMPLETED, 5)
    id_ = _put_pointer(desk, "task", task.created, state, row)
    desk.put("task", {"activityid": id_, "percentcomplete": "0" if done is None else "100"})


def _put_meeting(desk: Desk, meeting: Meeting, created: float, settled: float | None) -> None:
    """Only the subject tells a meeting that was missed or moved from one that was called off."""
    outcome = "" if settled is None else meeting.outcome
    held, people = outcome == "Held", desk.life.account.contacts
    start, over = moment(meeting.start), moment(meeting.start + meeting.minutes * MINUTE)
    row = {
        "subject": f"{entered.PREFIXES.get(outcome, '')}{meeting.topic}: {desk.life.account.name}",
        "scheduledstart": start, "scheduledend": over, "actualstart": start if held else "",
        "actualend": over if held else "", "actualdurationminutes": str(meeting.minutes) if held else "",
        "createdon": moment(created), "modifiedon": moment(max(created, settled or created)),
    }  # fmt: skip
    state = (COMPLETED, 3) if held else (CANCELLED, 4) if outcome else (SCHEDULED, 5)
    id_ = _put_pointer(desk, "appointment", meeting.start, state, row)
    desk.put("appointment", {"activityid": id_, "location": "Online"})
    guests = [((meeting.contact + i) % len(people), REQUIRED) for i in range(meeting.people)]
    _put_parties(desk, id_, meeting.start, ORGANISER, guests)
