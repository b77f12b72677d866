"""Deals opened on the wrong account, and people's former titles: the same behind every door that keeps them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dealtriage.sample.dynamics.values import guid
from dealtriage.sample.salesforce.ids import make_id

Read = Callable[[str], list[dict[str, str]]]
Objects = Callable[[str, str], list[dict[str, Any]]]
DEALS, CONTACTS = range(300), range(2000)


@pytest.fixture
def audited(door: Callable[[str], Path]) -> Callable[[str, str], dict[str, tuple[str, str, str]]]:
    """id -> time, old and new value of an audited column."""

    def told(table: str, column: str) -> dict[str, tuple[str, str, str]]:
        with (door("dynamics") / "raw/audit.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["objecttypecode"] == table]
        every = [(row, change) for row in rows for change in json.loads(row["changedata"])["changedAttributes"] if change["logicalName"] == column]
        return {row["objectid"]: (row["createdon"][:19].replace("T", " "), change["oldValue"], change["newValue"]) for row, change in every}

    return told


@pytest.fixture
def accounts(rows: Read) -> dict[str, dict[str, str]]:
    """Deal -> the row that tells of its change of account by ids."""
    return {row["OpportunityId"]: row for row in rows("OpportunityFieldHistory") if row["Field"] == "Account" and row["DataType"] == "EntityId"}


@pytest.fixture
def titles(rows: Read) -> dict[str, dict[str, str]]:
    return {row["ContactId"]: row for row in rows("ContactHistory") if row["Field"] == "Title"}


def test_a_few_deals_were_opened_on_another_account(rows: Read, accounts: dict[str, dict[str, str]]) -> None:
    deals, known = {row["Id"]: row for row in rows("Opportunity")}, {row["Id"]: row for row in rows("Account")}
    assert 0.005 < len(accounts) / len(DEALS) < 0.025
    for id_, row in accounts.items():
        own = known[deals[id_]["AccountId"]]
        assert row["NewValue"] in (own["Id"], own["MasterRecordId"])
        assert row["OldValue"] in known and row["OldValue"] != row["NewValue"]
        assert row["CreatedDate"] > deals[id_]["CreatedDate"]
    names = [row for row in rows("OpportunityFieldHistory") if row["Field"] == "Account" and row["DataType"] == "Text"]
    assert [row["NewValue"] for row in names] == [known[row["NewValue"]]["Name"] for row in accounts.values()]


def test_histories_of_titles_end_in_the_present_ones(rows: Read, titles: dict[str, dict[str, str]]) -> None:
    people = {row["Id"]: row for row in rows("Contact")}
    assert 10 < len(titles) < 0.1 * len(people)
    assert all(people[id_]["Title"] == row["NewValue"] != row["OldValue"] for id_, row in titles.items())
    assert all(row["CreatedDate"] > people[id_]["CreatedDate"] for id_, row in titles.items())


def test_dynamics_tells_the_same_since_it_was_audited(
    accounts: dict[str, dict[str, str]], titles: dict[str, dict[str, str]], audited: Callable[[str, str], dict[str, tuple[str, str, str]]]
) -> None:
    number = {make_id("Opportunity", n): n for n in DEALS}
    of_account = {make_id("Account", n): f"account,{guid('account', n)}" for n in DEALS}
    there = {guid("opportunity", number[id_]): (row["CreatedDate"], of_account[row["OldValue"]], of_account[row["NewValue"]]) for id_, row in accounts.items()}
    here = audited("opportunity", "parentaccountid")
    assert here and here == audited("opportunity", "customerid") == {id_: told for id_, told in there.items() if told[0] >= "2025-06-29 06:00:00"}
    person = {make_id("Contact", n): guid("contact", n) for n in CONTACTS}
    there = {person[id_]: (row["CreatedDate"], row["OldValue"], row["NewValue"]) for id_, row in titles.items()}
    here = audited("contact", "jobtitle")
    assert here and here == {id_: told for id_, told in there.items() if told[0] >= "2025-06-29 06:00:00"}


def test_pipedrive_tells_the_same_accounts(accounts: dict[str, dict[str, str]], objects: Objects) -> None:
    flow = [row["data"] for row in objects("pipedrive", "dealflow") if row["data"]["field_key"] == "org_id"]
    here = {(row["item_id"] - 10_000, row["log_time"], int(row["old_value"]) - 1, int(row["new_value"]) - 1) for row in flow}
    deal, account = ({make_id(table, n): n for n in DEALS} for table in ("Opportunity", "Account"))
    there = {(deal[id_], row["CreatedDate"], account[row["OldValue"]], account[row["NewValue"]]) for id_, row in accounts.items()}
    assert there and there <= here  # Salesforce keeps 18 months


def test_hubspot_tells_the_same_titles(titles: dict[str, dict[str, str]], objects: Objects) -> None:
    people = objects("hubspot", "contacts")
    assert all(row["propertiesWithHistory"]["jobtitle"][0]["value"] == row["properties"]["jobtitle"] for row in people)
    number = {make_id("Contact", n): str(500_000_000 + n) for n in CONTACTS}
    changed = {row["id"]: row["propertiesWithHistory"]["jobtitle"] for row in people if len(row["propertiesWithHistory"]["jobtitle"]) > 1}
    for id_, row in titles.items():
        newest, oldest = changed[number[id_]]
        assert (newest["value"], oldest["value"]) == (row["NewValue"], row["OldValue"])
        assert newest["timestamp"][:19].replace("T", " ") == row["CreatedDate"] > oldest["timestamp"][:19].replace("T", " ")
