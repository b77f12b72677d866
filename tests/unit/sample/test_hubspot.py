"""The HubSpot door: objects of the API, and what HubSpot forgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dealtriage.sample.clock import days_of
from dealtriage.sample.company import found
from dealtriage.sample.entered import snapshots
from dealtriage.sample.hubspot.deal_rows import REVISIONS, revisions
from dealtriage.sample.story import World, live

Objects = list[dict[str, Any]]
Read = Callable[[str], Objects]
ACTIVITIES = ("emails", "calls", "meetings", "tasks")
EXPORTED = "2026-06-29T06:00:00.000Z"


@pytest.fixture(scope="session")
def read(objects: Callable[[str, str], Objects]) -> Read:
    return lambda table: objects("hubspot", table)


def kept(found: Objects) -> Objects:
    """Objects that were not deleted."""
    return [row for row in found if not row["archived"]]


def deals_of(row: dict[str, Any]) -> list[str]:
    return [link["id"] for link in row["associations"]["deals"]["results"]]


def owned(read: Read) -> set[str]:
    """Ids of deals, and of those that were merged into them."""
    deals = read("deals")
    merged = [row["properties"]["hs_merged_object_ids"] for row in deals if row["properties"]["hs_merged_object_ids"]]
    assert {text.count(";") for text in merged} == {0, 1}
    return {row["id"] for row in deals} | {id_ for text in merged for id_ in text.split(";")}


@pytest.mark.parametrize("table", ["deals", "companies", "contacts", "quotes", *ACTIVITIES])
def test_all_properties_are_text_or_null(read: Read, table: str) -> None:
    rows = read(table)
    assert rows
    for row in rows:
        assert row["properties"]["hs_object_id"] == row["id"]
        assert all(value is None or isinstance(value, str) for value in row["properties"].values())
        assert row["createdAt"] <= row["updatedAt"] <= EXPORTED
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({tuple(row["properties"]) for row in kept(rows)}) <= 2  # companies of test deals say less, and orphans


def test_every_real_deal_is_listed_once(read: Read, door: Callable[[str], Path]) -> None:
    real = pd.read_parquet(door("hubspot") / "truth/deals.parquet")["deal_id"].tolist()
    listed = [row["id"] for row in read("deals") if row["id"] in set(real)]
    assert listed == real
    rest = [row for row in read("deals") if row["id"] not in set(real)]
    assert any(row["archived"] for row in rest)
    assert any(row["properties"]["dealname"].startswith("TEST ") for row in rest)


@pytest.mark.parametrize("table", [*ACTIVITIES, "quotes"])
def test_children_have_a_deal_except_the_orphans(read: Read, table: str) -> None:
    rows, known = read(table), owned(read)
    orphans = [row for row in rows if not set(deals_of(row)) <= known]
    assert len(orphans) == (6 if table in ("emails", "meetings") else 0)
    assert any(row["archived"] for row in rows) or table in ("tasks", "quotes")


def test_the_present_state_is_the_newest_revision(read: Read) -> None:
    for row in kept(read("deals")):
        for name, history in row["propertiesWithHistory"].items():
            stamps = [revision["timestamp"] for revision in history]
            assert stamps == sorted(stamps, reverse=True)
            assert 1 <= len(history) <= REVISIONS
            assert row["properties"][name] == history[0]["value"] or name in ("amount", "closedate")


def test_older_revisions_are_forgotten() -> None:
    start, end = (days_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (2024, 2026))
    life = live(World(7, start, end, found(7, start, end)), 0)
    first = snapshots(life)[0]
    history = revisions(life, [replace(first, at=first.at + day, amount=100.0 + day) for day in range(30)])
    assert [revision["value"] for revision in history["amount"]] == [str(amount) for amount in range(129, 109, -1)]
    assert len(history["dealstage"]) == 1


def test_the_machine_closes_without_a_user(read: Read) -> None:
    revisions = [revision for row in read("deals") for revision in row["propertiesWithHistory"]["dealstage"]]
    machine = [revision for revision in revisions if revision["sourceType"] == "AUTOMATION_PLATFORM"]
    assert machine
    assert all(revision["value"] == "closedlost" and "updatedByUserId" not in revision for revision in machine)
    users = {row["userId"] for row in read("owners")}
    assert all(revision["updatedByUserId"] in users for revision in revisions if revision not in machine)


def test_no_more_and_no_fewer_mails_and_calls_than_in_salesforce(
    read: Read, rows: Callable[[str], list[dict[str, str]]]
) -> None:
    mails = [row for row in rows("EmailMessage") if row["IsDeleted"] == "0"]
    calls = [row for row in rows("Task") if row["TaskSubtype"] == "Call" and row["IsDeleted"] == "0"]
    assert len(kept(read("emails"))) == len(mails)
    assert len(kept(read("calls"))) == len(calls)


def test_a_few_values_cannot_be_read(read: Read) -> None:
    bad = [row for row in read("emails") if not row["properties"]["hs_timestamp"].endswith(".000Z")]
    assert 0 < len(bad) < 0.01 * len(read("emails"))
