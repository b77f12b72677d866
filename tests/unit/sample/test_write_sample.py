"""The export as files: reproducible, independent of its size, nothing from the future."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.sample.salesforce.columns import COLUMNS

Read = Callable[[str], list[dict[str, str]]]

EXPORTED = "2026-06-29 06:00:00"


def plain(stamp: str) -> str:
    """Both forms of a time as `YYYY-MM-DD HH:MM:SS`."""
    return stamp.replace("T", " ").removesuffix(".000Z")


def is_time(stamp: str) -> bool:
    """Not one of the values that nobody can read."""
    return stamp.startswith("20") and not stamp.startswith("2025-02-31")


def test_same_arguments_same_bytes(tmp_path: Path, make: Callable[..., Path]) -> None:
    first, second = make(tmp_path / "a", 60), make(tmp_path / "b", 60)
    for path in sorted(first.rglob("*.*")):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path.name


def test_another_seed_is_another_company(tmp_path: Path, make: Callable[..., Path]) -> None:
    first, second = make(tmp_path / "a", 10), make(tmp_path / "b", 10, seed=8)
    assert (first / "raw/Opportunity.csv").read_bytes() != (second / "raw/Opportunity.csv").read_bytes()


def test_more_deals_leave_the_first_as_they_were(tmp_path: Path, make: Callable[..., Path]) -> None:
    few, many = make(tmp_path / "few", 25), make(tmp_path / "many", 60)
    for table in COLUMNS:
        name = f"raw/{table}.csv"
        assert (many / name).read_bytes().startswith((few / name).read_bytes()), table


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_every_file_has_its_header_and_rows(rows: Read, table: str) -> None:
    found = rows(table)
    assert found
    assert tuple(found[0]) == COLUMNS[table]
    assert all(None not in row and None not in row.values() for row in found)


@pytest.mark.parametrize(
    ("table", "earlier", "later"),
    [
        ("EmailMessage", "MessageDate", "CreatedDate"),
        ("EmailMessage", "CreatedDate", "LastModifiedDate"),
        ("EmailMessage", "MessageDate", "FirstOpenedDate"),
        ("Event", "CreatedDate", "LastModifiedDate"),
        ("Opportunity", "CreatedDate", "LastModifiedDate"),
        ("Quote", "CreatedDate", "LastModifiedDate"),
        ("Task", "CreatedDate", "LastModifiedDate"),
    ],
)
def test_clocks_are_in_order(rows: Read, table: str, earlier: str, later: str) -> None:
    pairs = [(plain(row[earlier]), plain(row[later])) for row in rows(table) if row[later]]
    readable = [(first, second) for first, second in pairs if is_time(first) and is_time(second)]
    assert readable
    assert all(first <= second for first, second in readable)


def test_logged_calls_and_outcomes_follow_what_they_report(rows: Read) -> None:
    calls = [row for row in rows("Task") if row["TaskSubtype"] == "Call" and is_time(row["CreatedDate"])]
    assert all(row["ActivityDate"] <= row["CreatedDate"][:10] for row in calls)
    held = [row for row in rows("Event") if row["Outcome__c"] == "Held" and is_time(row["StartDateTime"])]
    assert all(row["EndDateTime"] <= row["LastModifiedDate"] for row in held)
    assert any(row["CreatedDate"] < row["StartDateTime"] for row in held)
    assert any(row["CreatedDate"] > row["EndDateTime"] for row in held)


@pytest.mark.parametrize("table", sorted(set(COLUMNS) - {"CurrencyType", "OpportunityStage", "UserRole"}))
def test_nothing_is_newer_than_the_export(rows: Read, table: str) -> None:
    for row in rows(table):
        for column in ("CreatedDate", "LastModifiedDate", "FirstOpenedDate", "LastOpenedDate"):
            assert not is_time(row.get(column, "")) or plain(row[column]) <= EXPORTED


def test_history_ends_in_the_present_state(rows: Read) -> None:
    last = {row["OpportunityId"][:15]: row["StageName"] for row in rows("OpportunityHistory")}
    deals = [row for row in rows("Opportunity") if row["IsDeleted"] == "0"]
    assert all(last[row["Id"][:15]] == row["StageName"] for row in deals)


def test_truth_covers_every_real_deal_and_only_open_mondays(small: Path) -> None:
    deals = pd.read_parquet(small / "truth/deals.parquet")
    states = pd.read_parquet(small / "truth/states.parquet")
    assert len(deals) == 300
    assert set(states["deal_id"]) <= set(deals["deal_id"])
    assert (states["as_of"].dt.day_of_week == 0).all()
    assert (states["as_of"] == states["as_of"].dt.normalize()).all()
    assert states["p_revive_90d"].between(0, 1).all()
    assert set(deals["true_outcome_class"]) == {
        "won",
        "lost_to_competitor",
        "no_decision",
        "disqualified",
        "open",
    }
