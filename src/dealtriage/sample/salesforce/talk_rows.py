"""Emails, calls, meetings and plain tasks as rows of EmailMessage, Task and Event."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .. import entered
from ..clock import MINUTE, date_text, stamp, zoned_stamp
from ..company import Rep
from ..junk import STALE_LINKS
from ..life import Call, Life, Mail, Meeting, PlainTask
from .fixed_rows import flag
from .ids import make_id
from .sheets import Sheets

ARCHIVE_DAYS = 365.0  # activities older than this carry IsArchived


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
        return entered.owner_at(self.life, t)

    def owner_id(self, t: float) -> str:
        return make_id("User", self.owner(t).user.number)

    def what(self) -> str:
        """The deal's id, now and then in its short form."""
        return self.deal[:15] if self.rng.random() < self.life.rates.dirt.short_ids else self.deal

    def who(self, slot: int) -> str:
        """A contact's id, now and then the one that was merged away."""
        account = self.life.account
        if slot == 0 and account.has_merged_contact and self.rng.random() < STALE_LINKS:
            return make_id("Contact", account.merged_contact_number)
        return make_id("Contact", account.contacts[slot].number)

    def is_old(self, t: float) -> str:
        return flag(t < self.life.end - ARCHIVE_DAYS)


def put_talk(desk: Desk) -> str:
    """All activities of a deal; returns the date of the last one, or "" if there is none."""
    life = desk.life
    for mail, logged in entered.mails(life):
        _put_mail(desk, mail, logged)
    for call, logged in entered.calls(life):
        _put_task(desk, _call(desk, call, logged), call.at)
    for plain_task, done in entered.tasks(life):
        _put_task(desk, _todo(desk, plain_task, done), float(plain_task.due))
    for meeting, created, settled in entered.meetings(life):
        _put_meeting(desk, meeting, created, settled)
    return date_text(int(desk.last_activity)) if desk.last_activity else ""


def _put_task(desk: Desk, row: list[str], at: float) -> None:
    desk.last_activity = max(desk.last_activity, at)
    desk.sheets.put("Task", row)
    if desk.rng.random() < desk.life.rates.dirt.deleted:
        desk.sheets.put("Task", [desk.sheets.new_id("Task"), *row[1:11], "1", *row[12:]])


def _put_mail(desk: Desk, mail: Mail, logged: float) -> None:
    task = desk.sheets.new_id("Task")
    row = _mail(desk, mail, logged, task)
    _put_task(desk, _mirror(desk, mail, logged, task), mail.at)
    desk.sheets.put("EmailMessage", row)
    if desk.rng.random() < desk.life.rates.dirt.deleted:
        copy = [desk.sheets.new_id("EmailMessage"), "", *row[2:14], "1", *row[15:]]
        desk.sheets.put("EmailMessage", copy)


def _mail(desk: Desk, mail: Mail, logged: float, task: str) -> list[str]:
    life, time = desk.life, desk.time
    opened = entered.first_opening(life, mail)
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
    head = [id_, task, desk.deal, desk.owner_id(mail.at), *times, flag(mail.incoming), status]
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


def _mirror(desk: Desk, mail: Mail, logged: float, task: str) -> list[str]:
    owner, at = desk.owner_id(mail.at), stamp(logged)
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
        at,
        desk.is_old(mail.at),
        "",
        "",
        "",
    ]
    return [*head, *middle, at, owner, at]


def _call(desk: Desk, call: Call, logged: float) -> list[str]:
    owner, at = desk.owner_id(call.at), stamp(logged)
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
    middle = ["Normal", owner, "", "Call", "Call", "0", "1", at, desk.is_old(call.at)]
    return [*head, *middle, str(call.seconds), side, call.disposition, at, owner, at]


def _todo(desk: Desk, plain_task: PlainTask, done: float | None) -> list[str]:
    owner = desk.owner_id(plain_task.created)
    status = "Not Started" if done is None else "Completed"
    head = [desk.sheets.new_id("Task"), desk.who(0), desk.what(), plain_task.subject, date_text(plain_task.due), status]
    closed = [flag(done is not None), stamp(done) if done else ""]
    middle = ["Normal", owner, "", plain_task.type, "Task", "0", *closed, desk.is_old(plain_task.created), "", "", ""]
    return [*head, *middle, stamp(plain_task.created), owner, stamp(done or plain_task.created)]


def _put_meeting(desk: Desk, meeting: Meeting, created: float, logged: float | None) -> None:
    life = desk.life
    outcome = meeting.outcome if logged is not None else ""
    row = _meeting(desk, meeting, created, max(created, logged or created), outcome)
    is_group = meeting.people > 1 and desk.rng.random() < 2 * life.rates.dirt.group_events
    row[16] = flag(is_group)
    desk.sheets.put("Event", row)
    desk.last_activity = max(desk.last_activity, meeting.start)
    if is_group:
        guest = make_id("User", life.company.managers[life.rep.team].number)
        desk.sheets.put("Event", [desk.sheets.new_id("Event"), *row[1:9], guest, *row[10:15], "1", *row[16:]])
    if desk.rng.random() < life.rates.dirt.deleted:
        desk.sheets.put("Event", [desk.sheets.new_id("Event"), *row[1:14], "1", *row[15:]])


def _meeting(desk: Desk, meeting: Meeting, created: float, modified: float, outcome: str) -> list[str]:
    start, over = stamp(meeting.start), stamp(meeting.start + meeting.minutes * MINUTE)
    owner = desk.owner_id(meeting.start)
    subject = f"{entered.PREFIXES.get(outcome, '')}{meeting.topic}: {desk.life.account.name}"
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
