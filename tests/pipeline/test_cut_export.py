"""The raw export as it would have been made on an earlier Monday gives the same cohort and the same features for that
Monday, and for all before it: nothing that only the later export knows reaches them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage.features.registry import by_name
from dealtriage.params import load_params
from dealtriage.pipeline import run_stage
from dealtriage.tables import read_parts
from dealtriage.workspace import Workspace
from tests.company import finished_run, raw_export, write_params

MONDAY = pd.Timestamp("2025-10-13")
OUTCOME_HEADS = r"^(No show|Cancelled|Rescheduled): "


def read_raw(name: str) -> pd.DataFrame:
    encoding = "latin-1" if name == "Account" else "utf-8-sig"
    return pd.read_csv(raw_export() / f"{name}.csv", dtype="str", keep_default_na=False, encoding=encoding)


def when(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, errors="coerce", utc=True, format="mixed").dt.tz_localize(None)


def made_by_then(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that existed; rows whose time cannot be read stay, to be quarantined in both exports."""
    return frame[~(when(frame["CreatedDate"]) >= MONDAY)].copy()


def undone(frame: pd.DataFrame, column: str, **values: object) -> pd.DataFrame:
    """Take back what was recorded since: set `values` where the time in `column` lies after the Monday."""
    later = when(frame[column]) >= MONDAY
    for name, value in values.items():
        frame[name] = frame[name].mask(later, frame[value.removeprefix("=")] if str(value).startswith("=") else value)
    return frame


def before_later_changes(changes: pd.DataFrame, present: pd.Series) -> pd.Series:
    """The present values, and where they were changed since, what the first of these changes replaced; both by `key`."""
    later = changes[when(changes["CreatedDate"]) >= MONDAY].sort_values("CreatedDate", kind="stable")
    return later.groupby("key")["OldValue"].first().reindex(present.index).fillna(present)


def contacts_then(history: pd.DataFrame) -> pd.DataFrame:
    """The contacts with their titles as they stood."""
    contacts = read_raw("Contact").set_index("Id", drop=False)
    changes = history[history["Field"] == "Title"].assign(key=lambda h: h["ContactId"])
    return contacts.assign(Title=before_later_changes(changes, contacts["Title"]))


def deals_then(history: pd.DataFrame, field_history: pd.DataFrame) -> pd.DataFrame:
    """The deals with stage, amount, close date, owner and account as they stood."""
    deals = made_by_then(read_raw("Opportunity")).assign(key=lambda d: d["Id"].str[:15]).set_index("key")
    rows = made_by_then(history).assign(key=lambda h: h["OpportunityId"].str[:15], at=lambda h: when(h["CreatedDate"]))
    rows = rows[rows["at"].notna() & (rows["IsDeleted"] != "1")].sort_values(["at", "Id"], kind="stable")
    stage_before = rows.groupby("key")["StageName"].shift()
    moved = rows[rows["StageName"] != stage_before].groupby("key")["CreatedDate"].last()
    last = rows.groupby("key").last().reindex(deals.index)
    stages = read_raw("OpportunityStage").set_index("MasterLabel")
    has_history = last["StageName"].notna()
    for column in ("StageName", "Amount", "CloseDate"):
        deals[column] = last[column].where(has_history, deals[column])
    for column in ("IsClosed", "IsWon"):
        deals[column] = deals["StageName"].map(stages[column])
    deals["LastStageChangeDate"] = moved.reindex(deals.index).fillna(deals["CreatedDate"])
    for field, column, prefix in (("Owner", "OwnerId", "005"), ("Account", "AccountId", "001")):
        own = field_history[(field_history["Field"] == field) & field_history["OldValue"].str.startswith(prefix)]
        deals[column] = before_later_changes(own.assign(key=own["OpportunityId"].str[:15]), deals[column])
    return undone(deals.reset_index(drop=True), "LastModifiedDate", LastModifiedDate="=CreatedDate")


def cut_export(folder: Path) -> Path:
    tables = {path.stem: read_raw(path.stem) for path in sorted(raw_export().glob("*.csv"))}
    deals = deals_then(tables["OpportunityHistory"], tables["OpportunityFieldHistory"])
    tables["Contact"] = contacts_then(tables["ContactHistory"])
    for name in ("OpportunityHistory", "OpportunityFieldHistory", "ContactHistory", "OpportunityContactRole", "Task", "Event",
                 "EmailMessage", "Quote"):
        tables[name] = made_by_then(tables[name])
    tables["Opportunity"] = deals
    undone(tables["Task"], "CompletedDateTime", Status="Not Started", IsClosed="0", CompletedDateTime="")
    undone(tables["Task"], "LastModifiedDate", LastModifiedDate="=CreatedDate")
    tables["Event"]["bare"] = tables["Event"]["Subject"].str.replace(OUTCOME_HEADS, "", regex=True)
    undone(tables["Event"], "LastModifiedDate", Outcome__c="", Subject="=bare", LastModifiedDate="=CreatedDate")
    undone(tables["EmailMessage"], "FirstOpenedDate", FirstOpenedDate="", IsOpened="0")
    undone(tables["Quote"], "LastModifiedDate", Status="Presented", LastModifiedDate="=CreatedDate")
    folder.mkdir()
    for name, table in tables.items():
        encoding = "latin-1" if name == "Account" else "utf-8"
        table.drop(columns="bare", errors="ignore").to_csv(
            folder / f"{name}.csv", index=False, quoting=csv.QUOTE_ALL, encoding=encoding)
    return folder


@pytest.fixture(scope="module")
def cut_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the export cut at the Monday, up to the features."""
    root = tmp_path_factory.mktemp("cut")
    params = load_params(write_params(root / "params.yaml", cut_export(root / "raw"),
                                      source={"exported_at": f"{MONDAY:%Y-%m-%dT%H:%M:%SZ}"}))
    for stage in ("clean", "timeline", "cohort", "features"):
        run_stage(stage, params, Workspace(root))
    return root


@pytest.fixture(scope="module")
def both(cut_run: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quiet rows with features up to the Monday: from the whole export, and from the one cut at it."""
    return quiet_rows(finished_run()), quiet_rows(cut_run)


def quiet_rows(root: Path) -> pd.DataFrame:
    rows = read_parts(Workspace(root).cohort / "rows", ["deal_id", "as_of", "is_quiet"])
    kept = rows[rows["is_quiet"] & (rows["as_of"] <= MONDAY) & (rows["as_of"].dt.normalize() == rows["as_of"])]
    return kept.merge(read_parts(Workspace(root).features), on=["deal_id", "as_of"], validate="1:1")


@pytest.mark.parametrize("kind", ["account_changed", "title_known", "owner_changed"])
def test_the_same_was_known_of_accounts_titles_and_owners(cut_run: Path, kind: str) -> None:
    whole, cut = (read_parts(Workspace(root).timeline).query(f"kind == '{kind}' and known_at < @MONDAY").reset_index(drop=True)
                  for root in (finished_run(), cut_run))
    assert len(whole) > 10
    pd.testing.assert_frame_equal(whole, cut)


def test_there_were_changes_to_undo() -> None:
    """Of titles after the Monday, of accounts at least before it."""
    facts = read_parts(Workspace(finished_run()).timeline)
    titles = facts[facts["kind"] == "title_known"]
    assert set(titles.query("known_at >= @MONDAY")["contact_id"]) & set(titles.query("known_at < @MONDAY")["contact_id"])
    assert facts.query("kind == 'account_changed' and known_at < @MONDAY")["deal_id"].duplicated().sum() > 1


def test_the_same_deals_were_quiet(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    whole, cut = both
    assert (whole["as_of"] == MONDAY).sum() > 15
    pd.testing.assert_frame_equal(whole[["deal_id", "as_of"]], cut[["deal_id", "as_of"]])


@pytest.mark.parametrize("name", by_name())
def test_the_same_features(both: tuple[pd.DataFrame, pd.DataFrame], name: str) -> None:
    whole, cut = both
    np.testing.assert_array_equal(whole[name], cut[name])
