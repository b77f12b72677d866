"""What is wrong with the export beyond its rows' own slips: junk deals, orphans, values that cannot be read."""

from __future__ import annotations

import random

from ..clock import date_text, stamp
from ..junk import (
    BAD_AMOUNTS,
    BAD_DATES,
    JUNK,
    TEST_ACCOUNT,
    gone,
    has_deleted_twin,
    has_orphans,
    has_test_deal,
    test_deal,
    twin,
)
from ..life import STAGES, Life
from .columns import COLUMNS
from .deal_rows import opportunity
from .ids import make_id
from .sheets import Row, Sheets

SPOILT = {
    "Opportunity": ("CloseDate", "Amount"), "OpportunityHistory": ("CreatedDate", "Amount"), "Quote": ("GrandTotal",),
    "Task": ("CreatedDate",), "Event": ("StartDateTime",), "EmailMessage": ("MessageDate",),
}  # fmt: skip


class SpoilingSheets(Sheets):
    """Sheets that now and then write a value nobody can read."""

    share: float = 0.0
    rng: random.Random = random.Random(0)

    def put(self, table: str, row: Row) -> None:
        """Append one row, spoilt with chance `share`."""
        if table in SPOILT and self.rng.random() < self.share:
            column = self.rng.choice(SPOILT[table])
            bad = BAD_AMOUNTS if column in ("Amount", "GrandTotal") else BAD_DATES
            place = COLUMNS[table].index(column)
            row = [*row[:place], self.rng.choice(bad), *row[place + 1 :]]
        super().put(table, row)


def put_junk(sheets: Sheets, life: Life, seed: int, rng: random.Random) -> None:
    """The junk that this deal's number brings along."""
    if has_deleted_twin(life.number):
        _put_copy(sheets, life, seed, rng, "1", "")
    if has_test_deal(life.number):
        _put_copy(sheets, life, seed, rng, "0", "TEST ")
    if has_orphans(life.number):
        _put_orphans(sheets, life)


def _put_copy(sheets: Sheets, life: Life, seed: int, rng: random.Random, deleted: str, prefix: str) -> None:
    deal = make_id("Opportunity", test_deal(life.number) if prefix else twin(life.number))
    row = opportunity(life, deal, seed, rng, "")
    row[1] = deleted
    created = stamp(life.created)
    if prefix:
        row[2], row[5] = make_id("Account", JUNK), f"TEST {life.number}"
    row[6], row[7], row[12], row[14:17] = "", STAGES[0], "", ["0", "0", "Pipeline"]
    row[9], row[21], row[23], row[25:] = "10", created, created, ["0", "", ""]
    sheets.put("Opportunity", row)
    history = [sheets.new_id("OpportunityHistory"), deal, row[20], created, STAGES[0], row[8], "", row[10]]
    sheets.put("OpportunityHistory", [*history, "10", "Pipeline", "", "", row[17], deleted])


def put_test_account(sheets: Sheets, start: float) -> None:
    """The account that test deals are with."""
    row = [make_id("Account", JUNK), "0", "", TEST_ACCOUNT, "", "", "1", "US", stamp(start)]
    sheets.put("Account", row)


def _put_orphans(sheets: Sheets, life: Life) -> None:
    deal = make_id("Opportunity", gone(life.number))
    at = stamp(min(life.created + 3, life.end - 0.01))
    person, user = life.account.contacts[0], life.rep.user
    owner, who = make_id("User", user.number), make_id("Contact", person.number)
    task = sheets.new_id("Task")
    day = date_text(int(life.created))
    head = [task, who, deal, "Email: Checking in", day, "Completed", "Normal", owner, "", "Email", "Email", "0"]
    sheets.put("Task", [*head, "1", at, "0", "", "", "", at, owner, at])
    mail = [sheets.new_id("EmailMessage"), task, deal, owner, at, at, at, "0", "3", "Checking in", ""]
    rest = [user.email, person.email, "", "0", "<orphan@mail.example>", "orphan@thread.example", "0", "", "", "0", ""]
    sheets.put("EmailMessage", [*mail, *rest])
    meeting = [sheets.new_id("Event"), who, deal, "1", f"Demo: {life.account.name}", at, "30", at, at, owner]
    sheets.put("Event", [*meeting, "Meeting", "Busy", "Held", "", "0", "0", "0", "0", "0", at, owner, at])
