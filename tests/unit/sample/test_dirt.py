"""The export is as dirty as a real one, in each way that the cleaning must bear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Read = Callable[[str], list[dict[str, str]]]


@pytest.mark.parametrize("table", ["Opportunity", "Task", "Event", "EmailMessage", "Account", "Contact"])
def test_some_rows_are_deleted(rows: Read, table: str) -> None:
    share = sum(row["IsDeleted"] == "1" for row in rows(table)) / len(rows(table))
    assert 0 < share < 0.06


@pytest.mark.parametrize("table", ["Account", "Contact"])
def test_merged_records_point_to_a_survivor(rows: Read, table: str) -> None:
    found = rows(table)
    alive = {row["Id"] for row in found if row["IsDeleted"] == "0"}
    merged = [row for row in found if row["MasterRecordId"]]
    assert merged
    assert all(row["MasterRecordId"] in alive for row in merged)


def test_some_activities_have_no_deal(rows: Read) -> None:
    known = {row["Id"][:15] for row in rows("Opportunity")}
    for table, column in (("Task", "WhatId"), ("Event", "WhatId"), ("EmailMessage", "RelatedToId")):
        orphans = [row for row in rows(table) if row[column][:15] not in known]
        assert 0 < len(orphans) < 0.02 * len(rows(table))


def test_test_deals_are_there(rows: Read) -> None:
    tests = [row for row in rows("Opportunity") if row["Name"].startswith("TEST ")]
    accounts = {row["Id"]: row["Name"] for row in rows("Account")}
    assert tests
    assert {accounts[row["AccountId"]] for row in tests} == {"Test Account"}


def test_emails_are_mirrored_by_tasks(rows: Read) -> None:
    tasks = {row["Id"]: row for row in rows("Task")}
    mails = [row for row in rows("EmailMessage") if row["ActivityId"]]
    assert all(tasks[row["ActivityId"]]["TaskSubtype"] == "Email" for row in mails)


def test_both_forms_of_time_and_of_ids(rows: Read) -> None:
    stamps = {"T" in row["MessageDate"] for row in rows("EmailMessage")}
    assert stamps == {True, False}
    assert {len(row["WhatId"]) for row in rows("Task")} == {15, 18}
    assert {len(row["OpportunityId"]) for row in rows("Quote")} == {15}


def test_two_currencies_two_encodings_and_line_breaks(rows: Read, small: Path) -> None:
    assert {row["CurrencyIsoCode"] for row in rows("Opportunity")} == {"USD", "EUR"}
    latin = (small / "raw/Account.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        latin.decode("utf-8")
    assert (small / "raw/Contact.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert any("\n" in row["Description"] for row in rows("Opportunity"))


def test_a_few_values_cannot_be_read(rows: Read) -> None:
    mails = rows("EmailMessage")
    bad = [row for row in mails if not row["MessageDate"][:4].isdigit() or row["MessageDate"][:4] == "0000"]
    assert 0 < len(bad) < 0.01 * len(mails)


def test_meetings_repeat_for_guests_and_have_every_outcome(rows: Read) -> None:
    events = rows("Event")
    assert any(row["IsChild"] == "1" for row in events)
    assert {row["Outcome__c"] for row in events} == {"Held", "No Show", "Cancelled", "Rescheduled", ""}


def test_the_machine_sweeps_deals_away(rows: Read) -> None:
    machine = next(row["Id"] for row in rows("User") if row["UserType"] == "AutomatedProcess")
    swept = [row for row in rows("OpportunityHistory") if row["CreatedById"] == machine]
    assert swept
    assert {row["StageName"] for row in swept} == {"Closed Lost"}
