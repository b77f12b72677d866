"""The Dynamics door: tables of Dataverse, and what Dynamics remembers."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.sample.dynamics.columns import COLUMNS

Rows = list[dict[str, str]]
Read = Callable[[str], Rows]
EXPORTED, AUDITED_FROM = "2026-06-29T06:00:00Z", "2025-06-29T06:00:00Z"
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="session")
def read(door: Callable[[str], Path]) -> Read:
    @cache
    def table(name: str) -> Rows:
        with (door("dynamics") / f"raw/{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return table


@pytest.fixture(scope="session")
def audit(read: Read) -> list[tuple[dict[str, str], list[dict[str, str | None]]]]:
    """Rows of the audit of deals whose time can be read, with their changes."""
    return [
        (row, json.loads(row["changedata"])["changedAttributes"])
        for row in read("audit")
        if TIME.fullmatch(row["createdon"]) and row["objecttypecode"] == "opportunity"
    ]


def bare(id_: str) -> str:
    """A GUID in its usual form."""
    return id_.strip("{}").lower()


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_every_file_has_its_header_and_rows(read: Read, table: str) -> None:
    found = read(table)
    assert found
    assert tuple(found[0]) == COLUMNS[table]
    for row in found:
        assert None not in row and None not in row.values()
        assert all(not row.get(name) or GUID.fullmatch(bare(row[name])) for name in COLUMNS[table] if name.endswith("id"))
        stamps = [row.get("createdon", ""), row.get("modifiedon", "")]
        assert all(stamp <= EXPORTED for stamp in stamps if TIME.fullmatch(stamp))


def test_every_real_deal_is_listed_and_some_twice(read: Read, door: Callable[[str], Path]) -> None:
    real = pd.read_parquet(door("dynamics") / "truth/deals.parquet")["deal_id"].tolist()
    listed = [row["opportunityid"] for row in read("opportunity")]
    assert list(dict.fromkeys(id_ for id_ in listed if id_ in set(real))) == real
    assert len(listed) > len(set(listed)) > len(real)
    newest: dict[str, str] = {}
    for row in read("opportunity"):  # the first copy of a row is the present one
        assert newest.setdefault(row["opportunityid"], row["modifiedon"]) >= row["modifiedon"]
    pointers = [row["activityid"] for row in read("activitypointer")]
    assert len(pointers) > len(set(pointers))


@pytest.mark.parametrize(
    ("table", "column", "orphans"),
    [("activitypointer", "regardingobjectid", 12), ("opportunityclose", "opportunityid", 0), ("quote", "opportunityid", 0),
     ("connection", "record1id", 0), ("audit", "objectid", 0)],
)  # fmt: skip
def test_children_have_a_deal_except_the_orphans(read: Read, table: str, column: str, orphans: int) -> None:
    known = {row["opportunityid"] for row in read("opportunity")}
    of_deals = [row for row in read(table) if row.get("objecttypecode", "opportunity") == "opportunity"]
    assert sum(bare(row[column]) not in known for row in of_deals) == orphans


@pytest.mark.parametrize("table", ["email", "phonecall", "appointment", "task"])
def test_every_kind_of_activity_has_its_own_row(read: Read, table: str) -> None:
    pointers = {row["activityid"] for row in read("activitypointer") if row["activitytypecode"] == table}
    assert {row["activityid"] for row in read(table)} == pointers
    assert {row["activityid"] for row in read("activityparty")} <= {row["activityid"] for row in read("activitypointer")}


def test_integers_have_labels(read: Read) -> None:
    labels = {(row["objecttypecode"], row["attributename"], row["attributevalue"]) for row in read("stringmap")}
    for row in read("opportunity"):
        assert all(("opportunity", name, row[name]) in labels for name in ("statecode", "statuscode", "salesstage"))
    assert {row["statuscode"] for row in read("opportunity")} >= {"1", "3", "4", "5"}
    for row in read("activitypointer"):
        assert (row["activitytypecode"], "statuscode", row["statuscode"]) in labels


def test_the_audit_begins_when_it_was_switched_on(audit: list[tuple[dict[str, str], Rows]], read: Read) -> None:
    assert min(row["createdon"] for row, _ in audit) >= AUDITED_FROM
    born = {row["opportunityid"]: row["createdon"] for row in read("opportunity")}
    created = {row["objectid"] for row, _ in audit if row["action"] == "1"}
    assert created and all(born[id_] >= AUDITED_FROM for id_ in created)
    assert any(born[row["objectid"]] < AUDITED_FROM for row, _ in audit)


def test_the_audit_leads_to_the_present_state(audit: list[tuple[dict[str, str], Rows]], read: Read) -> None:
    last: dict[tuple[str, str], str | None] = {}
    for row, changes in audit:
        for change in changes:
            key = row["objectid"], str(change["logicalName"])
            assert change["oldValue"] != change["newValue"]
            assert last.get(key, change["oldValue"]) == change["oldValue"]
            last[key] = change["newValue"]
    now = {row["opportunityid"]: row for row in reversed(read("opportunity"))}
    assert all(now[id_][name] == value for (id_, name), value in last.items() if name in ("statecode", "statuscode"))


def test_deals_go_on_hold_and_off_again(audit: list[tuple[dict[str, str], Rows]], read: Read) -> None:
    moves = {(change["oldValue"], change["newValue"]) for _, changes in audit for change in changes
             if change["logicalName"] == "statuscode"}  # fmt: skip
    assert {("1", "2"), ("2", "1")} <= moves
    held = [row for row in read("opportunity") if row["lastonholdtime"]]
    assert all(row["createdon"] < row["lastonholdtime"] <= row["modifiedon"] for row in held)
    assert all(row["lastonholdtime"] for row in read("opportunity") if row["statuscode"] == "2" or row["onholdtime"])
    assert any(int(row["onholdtime"] or 0) > 1440 for row in held)


def test_a_reopened_deal_has_several_closings(read: Read) -> None:
    closings = pd.Series([row["opportunityid"] for row in read("opportunityclose")]).value_counts()
    assert closings.max() > 1
    closed = {row["opportunityid"] for row in read("opportunity") if row["statecode"] != "0"}
    assert closed <= set(closings.index)


def test_no_more_and_no_fewer_mails_and_calls_than_in_salesforce(
    read: Read, rows: Callable[[str], list[dict[str, str]]]
) -> None:
    mails = [row for row in rows("EmailMessage") if row["IsDeleted"] == "0"]
    calls = [row for row in rows("Task") if row["TaskSubtype"] == "Call" and row["IsDeleted"] == "0"]
    assert len(read("email")) == len(mails)
    assert len(read("phonecall")) == len(calls)
    reached = [row for row in read("phonecall") if row["leftvoicemail"] == "false" and row["actualdurationminutes"] != "0"]
    assert len(reached) == sum(row["CallDisposition"] == "Connected" for row in calls)


def test_only_the_subject_tells_why_a_meeting_was_not_held(read: Read) -> None:
    meetings = [row for row in read("activitypointer") if row["activitytypecode"] == "appointment"]
    failed = [row["subject"].partition(": ")[0] for row in meetings if row["statecode"] == "2"]
    assert set(failed) == {"No show", "Cancelled", "Rescheduled"}
    assert {row["statecode"] for row in meetings} == {"1", "2", "3"}


def test_guids_come_in_two_forms_and_some_accounts_are_merged(read: Read) -> None:
    assert all(row["quoteid"].startswith("{") for row in read("quote"))
    assert {row["regardingobjectid"][0] == "{" for row in read("activitypointer")} == {True, False}
    for table in ("account", "contact"):
        alive = {row[f"{table}id"] for row in read(table) if row["merged"] == "false"}
        masters = {row["masterid"] for row in read(table) if row["merged"] == "true"}
        assert masters and masters <= alive


def test_a_few_values_cannot_be_read(read: Read) -> None:
    bad = [row for row in read("email") if not TIME.fullmatch(row["senton"])]
    assert 0 < len(bad) < 0.01 * len(read("email"))
