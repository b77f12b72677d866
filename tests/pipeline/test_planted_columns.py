"""A column that equals the outcome, planted in each source where only the newest value is kept, cannot reach the matrix."""

import csv
import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import pytest

from dealtriage import clean, cohort, timeline
from dealtriage.features import build
from dealtriage.params import Params
from dealtriage.sample import write_sample
from dealtriage.sources.reading import crm_of
from dealtriage.tables import read_parts
from dealtriage.workspace import Workspace
from tests.doors import DOORS, EXPORTED_AT, params_of

DEALS_FILE = {"salesforce": "Opportunity.csv", "hubspot": "deals.jsonl", "dynamics": "opportunity.csv", "pipedrive": "deals.jsonl"}
PEOPLE = {"salesforce": ("Contact.csv", "Id", "Title"), "hubspot": ("contacts.jsonl", "id", "jobtitle"),
          "dynamics": ("contact.csv", "contactid", "jobtitle"), "pipedrive": ("persons.jsonl", "id", "job_title")}
ACCOUNTS = {"salesforce": ("Account.csv", "Id", "Name"), "hubspot": ("companies.jsonl", "id", "name"),
            "dynamics": ("account.csv", "accountid", "name"), "pipedrive": ("organizations.jsonl", "id", "name")}
NO_PAST = {"salesforce": ("ContactHistory.csv", "OpportunityFieldHistory.csv"), "dynamics": ("audit.csv",), "pipedrive": ("dealflow.jsonl",), "hubspot": ()}
# Columns that say whether a row counts, or what it hangs on: to change them makes another export, not a leak.
NOT_VALUES = {"archived", "IsDeleted", "is_deleted", "hs_merged_object_ids", "AccountId", "org_id", "person_id", "parentaccountid", "customerid",
              "contacts", "companies", "associations", "properties"}


@cache
def export(door: str) -> Path:
    folder = Path(mkdtemp(prefix=f"dealtriage-planted-{door}-"))
    write_sample(folder / "raw", folder / "truth", deals=80, seed=5, months=18, exported_at=EXPORTED_AT, crm=door)
    return folder / "raw"


def matrix(params: Params, out: Path) -> pd.DataFrame:
    """The features of every quiet deal at every past Monday."""
    workspace = Workspace(out)
    for stage in (clean, timeline, cohort, build):
        stage.run(params, workspace)
    found = read_parts(workspace.features)
    return found[found["as_of"] < pd.Timestamp(EXPORTED_AT.replace(tzinfo=None))].reset_index(drop=True)


def encoding(path: Path) -> str:
    return {"Account.csv": "latin-1", "Contact.csv": "utf-8-sig"}.get(path.name, "utf-8")


def copy(door: str, raw: Path) -> Path:
    """A copy of the export, to be changed."""
    raw.mkdir()
    for path in export(door).iterdir():
        (raw / path.name).write_bytes(path.read_bytes())
    return raw


def facts_of(params: Params, out: Path) -> pd.DataFrame:
    """The timeline before the newest moment of the export."""
    for stage in (clean, timeline):
        stage.run(params, Workspace(out))
    found = read_parts(Workspace(out).timeline)
    return found[found["known_at"] < found["known_at"].max()].reset_index(drop=True)


def read(path: Path) -> list[dict]:
    if path.suffix == ".csv":
        with path.open(encoding=encoding(path), newline="") as handle:
            return list(csv.DictReader(handle))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, rows: list[dict]) -> None:
    with path.open("w", encoding=encoding(path), newline="") as handle:
        if path.suffix == ".csv":
            writer = csv.DictWriter(handle, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            handle.writelines(json.dumps(row) + "\n" for row in rows)


def outcome(door: str, row: dict) -> bool:
    """Whether the deal was won, as its own row tells."""
    return {"salesforce": lambda: row["IsWon"] == "1", "hubspot": lambda: row["properties"]["hs_is_closed_won"] == "true",
            "dynamics": lambda: row["statecode"] == "1", "pipedrive": lambda: row["status"] == "won"}[door]()


def planted(value: object, type_: str, won: bool) -> object:
    """The outcome in the form of a column: a number, a time, or a word."""
    if type_ == "time":
        return f"2026-06-{20 + 5 * won:02d}T00:00:00Z"
    if type_ == "number":
        return str(100 * won) if isinstance(value, str) or value is None else 100 * won
    return f"outcome {won}"


@pytest.mark.parametrize("door", DOORS)
def test_what_only_the_export_day_knows_does_not_reach_the_matrix(door: str, tmp_path: Path) -> None:
    crm = crm_of(door)
    table = crm.table(crm.deals)
    types = {c.name: c.type for c in table.columns if c.permanence == "overwritten" and c.type != "flag" and c.name not in NOT_VALUES}
    raw = tmp_path / "raw"
    raw.mkdir()
    for path in export(door).iterdir():
        (raw / path.name).write_bytes(path.read_bytes())
    rows, touched = read(raw / DEALS_FILE[door]), set()
    for row in rows:
        won = outcome(door, row)
        cells = row["properties"] if door == "hubspot" else row
        for header in [*cells, "a_column_of_ones_own"]:
            name = next((name for name in types if header == name or (name, header) == ("LossReason", "Loss_Reason__c")), None)
            if name or header == "a_column_of_ones_own":
                cells[header] = planted(cells.get(header), types.get(name or "", "text"), won)
                touched.add(header)
    write(raw / DEALS_FILE[door], rows)
    assert len(touched) >= 4, touched
    before, after = matrix(params_of(door, export(door)), tmp_path / "before"), matrix(params_of(door, raw), tmp_path / "after")
    assert len(before) > 300
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize("door", DOORS)
def test_present_titles_and_accounts_that_no_history_tells_change_no_past_fact(door: str, tmp_path: Path) -> None:
    """Neither what people are called now, nor what accounts are, nor which one a deal has."""
    plain, raw = copy(door, tmp_path / "plain"), copy(door, tmp_path / "raw")
    for folder in (plain, raw):
        for name in NO_PAST[door]:
            (folder / name).unlink()
        if door == "hubspot":
            people = read(folder / "contacts.jsonl")
            write(folder / "contacts.jsonl", [{k: v for k, v in row.items() if k != "propertiesWithHistory"} for row in people])
    for number, (file, key, column) in enumerate((PEOPLE[door], ACCOUNTS[door])):
        rows = read(raw / file)
        for row in rows:
            cells = row["properties"] if door == "hubspot" else row
            cells[column] = ("President", "Outcome")[number] + f" {row[key]}"
        write(raw / file, rows)
    deals = read(raw / DEALS_FILE[door])
    won = next(row for row in deals if outcome(door, row))
    for row in deals:
        for name in ("AccountId", "customerid", "parentaccountid", "org_id", "associations"):
            if name in row and outcome(door, row):
                row[name] = won[name]  # all that were won are one account's
    write(raw / DEALS_FILE[door], deals)
    before, after = facts_of(params_of(door, plain), tmp_path / "before"), facts_of(params_of(door, raw), tmp_path / "after")
    assert not set(before["kind"]) & {"account_changed", "title_known"}
    pd.testing.assert_frame_equal(before, after)


def test_a_title_that_the_history_holds_would_be_seen(tmp_path: Path) -> None:
    raw = copy("salesforce", tmp_path / "raw")
    rows = read(raw / "ContactHistory.csv")
    for row in rows:
        row["OldValue"] = "President"
    write(raw / "ContactHistory.csv", rows)
    before, after = facts_of(params_of("salesforce", export("salesforce")), tmp_path / "before"), facts_of(params_of("salesforce", raw), tmp_path / "after")
    assert (before["kind"] == "title_known").sum() > 50
    assert not before.equals(after)


def test_a_column_that_the_history_holds_would_be_seen(tmp_path: Path) -> None:
    """The same test sees what does reach the matrix: an amount that was changed while the deal was quiet."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for path in export("salesforce").iterdir():
        (raw / path.name).write_bytes(path.read_bytes())
    rows = read(raw / "OpportunityHistory.csv")
    for row in rows:
        row["Amount"] = "123456"
    write(raw / "OpportunityHistory.csv", rows)
    before, after = matrix(params_of("salesforce", export("salesforce")), tmp_path / "before"), matrix(params_of("salesforce", raw), tmp_path / "after")
    assert not before["amount"].equals(after["amount"])
