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


def deals_then(history: pd.DataFrame, field_history: pd.DataFrame) -> pd.DataFrame:
    """The deals with stage, amount, close date and owner as they stood."""
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
    owners = field_history[(field_history["Field"] == "Owner") & field_history["OldValue"].str.startswith("005")]
    later = owners[when(owners["CreatedDate"]) >= MONDAY].assign(key=lambda o: o["OpportunityId"].str[:15])
    first = later.sort_values("CreatedDate", kind="stable").groupby("key")["OldValue"].first()
    deals["OwnerId"] = first.reindex(deals.index).fillna(deals["OwnerId"])
    return undone(deals.reset_index(drop=True), "LastModifiedDate", LastModifiedDate="=CreatedDate")


def cut_export(folder: Path) -> Path:
    tables = {path.stem: read_raw(path.stem) for path in sorted(raw_export().glob("*.csv"))}
    deals = deals_then(tables["OpportunityHistory"], tables["OpportunityFieldHistory"])
    for name in ("OpportunityHistory", "OpportunityFieldHistory", "OpportunityContactRole", "Task", "Event",
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
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quiet rows with features up to the Monday: from the whole export, and from the one cut at it."""
    root = tmp_path_factory.mktemp("cut")
    params = load_params(write_params(root / "params.yaml", cut_export(root / "raw"),
                                      source={"exported_at": f"{MONDAY:%Y-%m-%dT%H:%M:%SZ}"}))
    for stage in ("clean", "timeline", "cohort", "features"):
        run_stage(stage, params, Workspace(root))
    return quiet_rows(finished_run()), quiet_rows(root)


def quiet_rows(root: Path) -> pd.DataFrame:
    rows = read_parts(Workspace(root).cohort / "rows", ["deal_id", "as_of", "is_quiet"])
    kept = rows[rows["is_quiet"] & (rows["as_of"] <= MONDAY) & (rows["as_of"].dt.normalize() == rows["as_of"])]
    return kept.merge(read_parts(Workspace(root).features), on=["deal_id", "as_of"], validate="1:1")


def test_the_same_deals_were_quiet(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    whole, cut = both
    assert (whole["as_of"] == MONDAY).sum() > 15
    pd.testing.assert_frame_equal(whole[["deal_id", "as_of"]], cut[["deal_id", "as_of"]])


@pytest.mark.parametrize("name", by_name())
def test_the_same_features(both: tuple[pd.DataFrame, pd.DataFrame], name: str) -> None:
    whole, cut = both
    np.testing.assert_array_equal(whole[name], cut[name])
