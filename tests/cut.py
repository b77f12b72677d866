"""The small company's Salesforce export as it would have been made on an earlier Monday: rows removed, overwritten values taken back."""

import csv
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

from tests.company import raw_export, write_params

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


@cache
def cut_run() -> Path:
    """The folder of a run of the export cut at the Monday, up to the features."""
    from dealtriage.params import load_params
    from dealtriage.pipeline import run_stage
    from dealtriage.workspace import Workspace

    root = Path(mkdtemp(prefix="dealtriage-cut-"))
    params = load_params(write_params(root / "params.yaml", cut_export(root / "raw"),
                                      source={"exported_at": f"{MONDAY:%Y-%m-%dT%H:%M:%SZ}"}))
    for stage in ("clean", "timeline", "cohort", "features"):
        run_stage(stage, params, Workspace(root))
    return root
