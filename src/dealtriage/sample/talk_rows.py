"""Emails, calls, meetings and plain tasks as rows of EmailMessage, Task and Event."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .accounts import merged_contact_id
from .clock import MINUTE, date_text, stamp, zoned_stamp
from .company import Rep
from .fixed_rows import flag
from .life import Call, Life, Mail, Meeting, PlainTask
from .sheets import Sheets

ARCHIVE_DAYS = 365.0  # activities older than this carry IsArchived
PREFIXES = {"No Show": "No show: ", "Cancelled": "Cancelled: ", "Rescheduled": "Rescheduled: "}


@dataclass(slots=True)
class Desk:
    """What the rows of one deal's activities share."""

    sheets: Sheets
    life: Life
    deal: str
    rng: random.Random
    is_zoned: bool
    last_activity: float = 0.0

    def time(self, t: float) -> str:
        """A time of EmailMessage, in the form this deal's rows have."""
        return zoned_stamp(t) if self.is_zoned else stamp(t)

    def owner(self, t: float) -> Rep:
        """Who owned the deal at `t`."""
        owners = self.life.owners
        return next((rep for since, rep in reversed(owners) if since <= t), owners[0][1])

    def what(self) -> str:
        """The deal's id, now and then in its short form."""
        return self.deal[:15] if self.rng.random() < self.life.rates.dirt.short_ids else self.deal

    def who(self, slot: int) -> str:
        """A contact's id, now and then the one that was merged away."""
        account = self.life.account
        if slot == 0 and account.has_merged_contact and self.rng.random() < 0.3:
            return merged_contact_id(account)
        return account.contacts[slot].id

    def is_old(self, t: float) -> str:
        return flag(t < self.life.end - ARCHIVE_DAYS)


def put_talk(desk: Desk) -> str:
    """All activities of a deal; returns the date of the last one, or "" if there is none."""
    life = desk.life
    for mail in life.mails:
        if mail.logged_at is not None and mail.logged_at < life.end:
            _put_mail(desk, mail)
    for call in life.calls:
        if call.logged_at is not None and call.logged_at < life.end:
            _put_task(desk, _call(desk, call), call.at)
    for plain_task in life.plain_tasks:
        if plain_task.created < life.end:
            _put_task(desk, _todo(desk, plain_task), float(plain_task.due))
    for meeting in life.meetings:
        _put_meeting(desk, meeting)
    return date_text(int(desk.last_activity)) if desk.last_activity else ""


def _put_task(desk: Desk, row: list[str], at: float) -> None:
    desk.last_activity = max(desk.last_activity, at)
    desk.sheets.put("Task", row)
    if desk.rng.random() < desk.life.rates.dirt.deleted:
        desk.sheets.put("Task", [desk.sheets.new_id("Task"), *row[1:11], "1", *row[12:]])


def _put_mail(desk: Desk, mail: Mail) -> None:
    task = desk.sheets.new_id("Task")
    row = _mail(desk, mail, task)
    _put_task(desk, _mirror(desk, mail, task), mail.at)
    desk.sheets.put("EmailMessage", row)
    if desk.rng.random() < desk.life.rates.dirt.deleted:
        copy = [desk.sheets.new_id("EmailMessage"), "", *row[2:14], "1", *row[15:]]
        desk.sheets.put("EmailMessage", copy)


def _mail(desk: Desk, mail: Mail, task: str) -> list[str]:
    life, time = desk.life, desk.time
    logged = mail.logged_at or mail.at
    opened = mail.opened_at if mail.opened_at is not None and mail.opened_at < life.end else None
    last = opened if mail.last_opened_at is None or mail.last_opened_at >= life.end else mail.last_opened_at
    buyer, seller = life.account.contacts[mail.contact].email, desk.owner(mail.at).user.email
    others = (
        life.account.contacts[(mail.contact + 1) % len(life.account.contacts)].email
        if mail.with_others
        else ""
    )
    sides = [buyer, seller] if mail.incoming else [seller, buyer]
    status = desk.rng.choice("012") if mail.incoming else "3"
    reads = [flag(opened is not None), time(opened) if opened else "", time(last) if opened and last else ""]
    times = [time(logged), time(max(logged, last or 0.0)), time(mail.at)]
    id_ = desk.sheets.new_id("EmailMessage")
    marks = [f"<{id_[:15]}@mail.example>", f"{life.number}-{mail.thread}@thread.example"]
    automatic = "OutOfOffice" if mail.automatic and desk.rng.random() < 0.6 else ""
    head = [id_, task, desk.deal, desk.owner(mail.at).user.id, *times, flag(mail.incoming), status]
    return [
        *head,
        mail.subject,
        mail.body,
        *sides,
        others,
        "0",
        *marks,
        *reads,
        flag(mail.bounced),
        automatic,
    ]


def _mirror(desk: Desk, mail: Mail, task: str) -> list[str]:
    logged = stamp(mail.logged_at or mail.at)
    owner = desk.owner(mail.at).user.id
    head = [
        task,
        desk.who(mail.contact),
        desk.what(),
        f"Email: {mail.subject}",
        date_text(int(mail.at)),
        "Completed",
    ]
    middle = [
        "Normal",
        owner,
        mail.body,
        "Email",
        "Email",
        "0",
        "1",
        logged,
        desk.is_old(mail.at),
        "",
        "",
        "",
    ]
    return [*head, *middle, logged, owner, logged]


def _call(desk: Desk, call: Call) -> list[str]:
    logged = stamp(call.logged_at or call.at)
    owner = desk.owner(call.at).user.id
    id_ = desk.sheets.new_id("Task")
    side = "Inbound" if call.inbound else "Outbound"
    head = [
        id_,
        desk.who(call.contact),
        desk.what(),
        f"Call: {call.disposition}",
        date_text(int(call.at)),
        "Completed",
    ]
    middle = ["Normal", owner, "", "Call", "Call", "0", "1", logged, desk.is_old(call.at)]
    return [*head, *middle, str(call.seconds), side, call.disposition, logged, owner, logged]


def _todo(desk: Desk, plain_task: PlainTask) -> list[str]:
    done = plain_task.done_at if plain_task.done_at is not None and plain_task.done_at < desk.life.end else None
    owner = desk.owner(plain_task.created).user.id
    status = "Not Started" if done is None else "Completed"
    head = [desk.sheets.new_id("Task"), desk.who(0), desk.what(), plain_task.subject, date_text(plain_task.due), status]
    closed = [flag(done is not None), stamp(done) if done else ""]
    middle = ["Normal", owner, "", plain_task.type, "Task", "0", *closed, desk.is_old(plain_task.created), "", "", ""]
    return [*head, *middle, stamp(plain_task.created), owner, stamp(done or plain_task.created)]


def _put_meeting(desk: Desk, meeting: Meeting) -> None:
    life = desk.life
    logged = meeting.logged_at if meeting.logged_at is not None and meeting.logged_at < life.end else None
    created = meeting.planned_at if meeting.planned_at is not None else logged
    if created is None or created >= life.end:
        return
    outcome = meeting.outcome if logged is not None else ""
    row = _meeting(desk, meeting, created, max(created, logged or created), outcome)
    is_group = meeting.people > 1 and desk.rng.random() < 2 * life.rates.dirt.group_events
    row[16] = flag(is_group)
    desk.sheets.put("Event", row)
    desk.last_activity = max(desk.last_activity, meeting.start)
    if is_group:
        guest = life.company.managers[life.rep.team].id
        desk.sheets.put("Event", [desk.sheets.new_id("Event"), *row[1:9], guest, *row[10:15], "1", *row[16:]])
    if desk.rng.random() < life.rates.dirt.deleted:
        desk.sheets.put("Event", [desk.sheets.new_id("Event"), *row[1:14], "1", *row[15:]])


def _meeting(desk: Desk, meeting: Meeting, created: float, modified: float, outcome: str) -> list[str]:
    start, over = stamp(meeting.start), stamp(meeting.start + meeting.minutes * MINUTE)
    owner = desk.owner(meeting.start).user.id
    subject = f"{PREFIXES.get(outcome, '')}{meeting.topic}: {desk.life.account.name}"
    head = [
        desk.sheets.new_id("Event"),
        desk.who(meeting.contact),
        desk.what(),
        str(meeting.people),
        subject,
        start,
    ]
    middle = [
        str(meeting.minutes),
        start,
        over,
        owner,
        "Meeting",
        "Busy",
        outcome,
        "Agenda:\n- where we stand\n- next",
    ]
    flags = ["0", "0", "0", "0", desk.is_old(meeting.start)]
    return [*head, *middle, *flags, stamp(created), owner, stamp(modified)]
