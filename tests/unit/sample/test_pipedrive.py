"""The Pipedrive door: objects of the API, and what Pipedrive does not know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Objects = list[dict[str, Any]]
Read = Callable[[str], Objects]
EXPORTED = "2026-06-29 06:00:00"
FIELDS = {"stage_id", "value", "expected_close_date", "user_id", "status", "lost_reason", "org_id"}


@pytest.fixture(scope="session")
def read(objects: Callable[[str, str], Objects]) -> Read:
    return lambda table: objects("pipedrive", table)


@pytest.fixture(scope="session")
def whole(door: Callable[[str], Path]) -> Read:
    """A small table, written as one answer of the API."""

    def page(name: str) -> Objects:
        answer = json.loads((door("pipedrive") / f"raw/{name}.json").read_text("utf-8"))
        assert answer["success"] and not answer["additional_data"]["pagination"]["more_items_in_collection"]
        return answer["data"]

    return page


@pytest.fixture(scope="session")
def flow(read: Read) -> Objects:
    """What changed on the deals, without the rows whose time nobody can read."""
    return [row["data"] for row in read("dealflow") if row["data"]["log_time"] == row["timestamp"]]


@pytest.mark.parametrize("table", ["deals", "organizations", "persons", "dealParticipants", "activities", "callLogs"])
def test_rows_of_a_table_are_alike(read: Read, table: str) -> None:
    rows = read(table)
    assert rows
    assert len({tuple(row) for row in rows}) == 1
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row.get("update_time", "") <= EXPORTED for row in rows)


def test_every_real_deal_is_listed_once(read: Read, door: Callable[[str], Path]) -> None:
    real = pd.read_parquet(door("pipedrive") / "truth/deals.parquet")["deal_id"].tolist()
    assert [str(row["id"]) for row in read("deals") if str(row["id"]) in set(real)] == real
    rest = [row for row in read("deals") if str(row["id"]) not in set(real)]
    assert {row["status"] for row in rest} == {"deleted", "open"}
    assert {row["org_id"]["name"] for row in rest if row["title"].startswith("TEST ")} == {"Test Account"}


@pytest.mark.parametrize(
    ("table", "column", "orphans"),
    [("activities", "deal_id", 6), ("mailMessages", "deal_id", 6), ("callLogs", "deal_id", 0),
     ("dealParticipants", "related_item_id", 0)],
)  # fmt: skip
def test_children_have_a_deal_except_the_orphans(read: Read, table: str, column: str, orphans: int) -> None:
    known = {row["id"] for row in read("deals")}
    assert sum(row[column] not in known for row in read(table)) == orphans


def test_a_deal_ends_in_the_stage_it_was_in(read: Read, whole: Read) -> None:
    stages = {row["id"]: row for row in whole("stages")}
    assert {row["status"] for row in read("deals")} == {"open", "won", "lost", "deleted"}
    for row in read("deals"):
        assert stages[row["stage_id"]]["active_flag"]
        assert (row["close_time"] is None) == (row["status"] in ("open", "deleted"))
    retired = [row for row in stages.values() if not row["active_flag"]]
    assert [row["name"] for row in retired] == ["Verbal Agreement"]


def test_the_flow_leads_from_change_to_change_and_not_from_creation(read: Read, flow: Objects) -> None:
    born = {row["id"]: row["add_time"] for row in read("deals")}
    assert {row["field_key"] for row in flow} == FIELDS
    assert all(row["old_value"] != row["new_value"] and row["log_time"] > born[row["item_id"]] for row in flow)
    last: dict[tuple[int, str], str | None] = {}
    for row in flow:
        key = row["item_id"], row["field_key"]
        assert last.get(key, row["old_value"]) == row["old_value"]
        last[key] = row["new_value"]
    status = {row["id"]: row["status"] for row in read("deals")}
    assert all(status[deal] == value for (deal, field), value in last.items() if field == "status")


def test_sweeps_are_bulk_edits(flow: Objects, whole: Read) -> None:
    swept = [row for row in flow if row["is_bulk_update_flag"] == "1"]
    assert {(row["field_key"], row["new_value"]) for row in swept} == {("status", "lost"), ("lost_reason", "No response")}
    admins = {row["id"] for row in whole("users") if row["is_admin"]}
    assert {row["user_id"] for row in swept} == admins


def test_meetings_that_failed_are_deleted(read: Read, rows: Callable[[str], list[dict[str, str]]]) -> None:
    events = [row for row in rows("Event") if row["IsDeleted"] == row["IsChild"] == "0"]
    held = sum(row["Outcome__c"] == "Held" for row in events)
    meetings = [row for row in read("activities") if row["type"] == "meeting" and row["active_flag"]]
    assert sum(row["done"] for row in meetings) == held
    assert len(meetings) == held + sum(row["Outcome__c"] == "" for row in events)


def test_no_more_and_no_fewer_mails_and_calls_than_in_salesforce(
    read: Read, rows: Callable[[str], list[dict[str, str]]]
) -> None:
    mails = [row for row in rows("EmailMessage") if row["IsDeleted"] == "0"]
    calls = [row for row in rows("Task") if row["TaskSubtype"] == "Call" and row["IsDeleted"] == "0"]
    assert sum(not row["deleted_flag"] for row in read("mailMessages")) == len(mails)
    assert sum(row["active_flag"] and row["type"] == "call" for row in read("activities")) == len(calls)
    assert len(read("callLogs")) == len(calls)


def test_proposals_and_directions_of_calls_are_lost(read: Read, door: Callable[[str], Path]) -> None:
    assert not list((door("pipedrive") / "raw").glob("*uote*"))
    assert not any("inbound" in json.dumps(row).lower() for row in read("callLogs"))


def test_a_few_values_cannot_be_read(read: Read) -> None:
    bad = [row for row in read("mailMessages") if not row["message_time"].endswith(".000Z")]
    assert 0 < len(bad) < 0.01 * len(read("mailMessages"))
