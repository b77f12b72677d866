"""Three deals of two owners, counted by hand."""

from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dealtriage.records import deals_open_in, prepare, weeks, write_months
from dealtriage.schemas import CORE

CUTOFF = datetime(2024, 4, 15)


def t(day: str) -> datetime:
    return datetime.fromisoformat(f"2024-{day}")


def activity(number: int, deal: str, kind: str, starts: str | None, created: str, owner: str | None = "ann", **more: object) -> dict:
    return {"activity_id": f"a{number}", "deal_id": deal, "kind": kind, "starts_at": t(starts) if starts else None,
            "created_at": t(created), "owner_id": owner, **{k: t(str(v)) if k.endswith("_at") else v for k, v in more.items()}}


def change(number: int, deal: str, day: str, field: str, value: str, author: str | None = "ann") -> dict:
    return {"change_id": f"c{number}", "deal_id": deal, "changed_at": t(day), "field": field, "new_value": value, "author_id": author}


TABLES = {
    "deals": [{"deal_id": "D", "created_at": t("01-10"), "owner_id_now": "zoe"},
              {"deal_id": "E", "created_at": t("02-20"), "owner_id_now": "zoe"},
              {"deal_id": "F", "created_at": t("03-01"), "owner_id_now": "ann"}],
    "deal_changes": [
        change(1, "D", "01-10", "owner", "ann"), change(2, "D", "01-10", "stage", "Open"), change(3, "D", "02-15", "owner", "ben"),
        change(4, "D", "03-01", "stage", "Lost"),
        change(5, "E", "02-20", "owner", "ann"), change(6, "E", "02-25", "stage", "Lost"), change(7, "E", "04-02", "stage", "Open", None),
        change(8, "F", "03-10", "owner", "ben", "robot")],
    "activities": [
        activity(1, "D", "email", "01-12", "01-12"),
        activity(2, "D", "email", "02-20", "02-20", "robot"),                             # a program's: the owner's then, Ben
        activity(3, "D", "call", "01-15T12:00", "01-17T12:00"),                           # entered two days later
        activity(4, "D", "call", "01-16", "01-10", outcome_at="01-20"),                   # planned, done, entered four days later
        activity(5, "D", "meeting", "01-20T10:00", "01-18", ends_at="01-20T12:00", outcome="held", outcome_at="01-21T12:00"),
        activity(6, "E", "meeting", "04-20", "02-21", ends_at="04-20"),                   # not yet: nothing of April
        activity(7, "D", "task", None, "02-01")],
    "proposals": [{"proposal_id": "P", "deal_id": "D", "event": "sent", "occurred_at": t("02-01"), "known_at": t("02-04"), "owner_id": "ann"}],
    "owners": [{"owner_id": "ann", "team": "South", "is_system": False}, {"owner_id": "ben", "team": None, "is_system": False},
               {"owner_id": "robot", "team": None, "is_system": True}, {"owner_id": "zoe", "team": "North", "is_system": False}],
    "stages": [{"stage": "Open", "is_closed": False}, {"stage": "Lost", "is_closed": True}]}


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for table in CORE:
        con.execute(f"create table {table.name} ({', '.join(f'{c.name} {c.type}' for c in table.columns)})")
        if table.name in TABLES:
            con.register("given", pd.DataFrame(TABLES[table.name]))
            con.execute(f"insert into {table.name} by name from given")
    prepare(con, CUTOFF)
    return con


@pytest.fixture
def months(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> pd.DataFrame:
    write_months(con, tmp_path / "months.parquet")
    return pd.read_parquet(tmp_path / "months.parquet")


def test_facts_and_how_late_they_were_entered(months: pd.DataFrame) -> None:
    counted = months[months["record"].str.startswith(("activities", "proposals"))].astype(object).where(lambda cell: cell.notna(), None)
    found = {(r.record, r.owner_id, r.team, f"{r.month:%m-%d}"): (r.facts, r.median_lag_days, r.p90_lag_days) for r in counted.itertuples()}
    assert found == {
        ("activities: email", "ann", "South", "01-01"): (1, None, None),
        ("activities: email", "ben", None, "02-01"): (1, None, None),
        ("activities: call", "ann", "South", "01-01"): (2, 3.0, pytest.approx(3.8)),
        ("activities: meeting", "ann", "South", "01-01"): (1, 1.0, 1.0),
        ("activities: task", "ann", "South", "02-01"): (1, None, None),
        ("proposals: sent", "ann", "South", "02-01"): (1, 3.0, 3.0)}


def test_open_deals_and_those_without_activity(months: pd.DataFrame) -> None:
    deals = months[months["record"] == "deals"].astype(object).where(lambda cell: cell.notna(), None)
    found = {(r.owner_id, f"{r.month:%m}"): (r.facts, r.open_deals, r.without_activity_share) for r in deals.itertuples()}
    assert found == {
        ("ann", "01"): (1, 1, 0.0), ("ann", "02"): (1, 2, 0.5),   # D until the 15th, with activity; E, new, has none
        ("ben", "02"): (0, 1, 0.0), ("ben", "03"): (0, 1, 1.0), ("ben", "04"): (0, 1, 1.0),  # D is closed when March begins
        (None, "03"): (1, 1, 1.0),                                # F before its first known owner, not who has it now
        ("ann", "04"): (0, 1, 1.0)}                               # E, reopened


def test_a_change_is_its_authors_or_the_owners(months: pd.DataFrame) -> None:
    changes = months[months["record"] == "deal_changes: stage"]
    assert dict(zip(changes["month"].dt.month, changes["owner_id"], strict=True)) == {1: "ann", 2: "ann", 3: "ann", 4: "ann"}
    owners = months[(months["record"] == "deal_changes: owner") & (months["month"] == t("03-01"))]
    assert owners["owner_id"].tolist() == ["ben"]


def test_weeks(con: duckdb.DuckDBPyConnection) -> None:
    found = weeks(con, CUTOFF)
    assert found.ends == {"email": t("04-15"), "call": t("04-08"), "meeting": t("04-08"), "task": t("04-15")}
    counts = {(r.owner_id, r.kind, f"{r.week:%m-%d}"): r.records for r in found.records.itertuples()}
    assert counts[("ann", "call", "01-15")] == 2
    assert counts[("ben", "email", "02-19")] == 1
    steps = found.open_steps[found.open_steps["owner_id"] == "ann"].sort_values("week")
    assert [(f"{r.week:%m-%d}", r.step) for r in steps.itertuples()] == [
        ("01-08", 1), ("02-12", -1), ("02-19", 0), ("04-01", 1), ("04-15", -1)]  # E opened and closed in one week


def test_deals_open_in_a_gap(con: duckdb.DuckDBPyConnection) -> None:
    gaps = pd.DataFrame({"owner_id": ["ann", "ben", "ann"], "gap_number": [1, 1, 2], "gap_start": [t("02-12"), t("02-12"), t("02-26")],
                         "gap_end": [t("02-26"), t("02-26"), t("03-11")]})
    assert deals_open_in(con, gaps).to_dict() == {1: 2}
