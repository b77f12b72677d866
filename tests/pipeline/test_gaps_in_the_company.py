"""The three weeks of mail that the sample company's Team South lost, from the export to the list."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.params import load_params
from dealtriage.pipeline import run_stage
from dealtriage.tables import part_path, read_json, read_parquet, read_parts, write_parquet
from dealtriage.workspace import Workspace
from tests.company import EXPORTED_AT, finished_run

KEY = ["deal_id", "as_of"]


@pytest.fixture(scope="module")
def company() -> Workspace:
    return Workspace(finished_run())


@pytest.fixture(scope="module")
def rows(company: Workspace) -> pd.DataFrame:
    return read_parts(company.cohort / "rows").merge(read_parts(company.cohort / "labels"), on=KEY, validate="1:1")


def test_it_is_found_and_nothing_else(company: Workspace) -> None:
    (gap,) = read_parquet(company.core / "gaps.parquet").itertuples()
    exported = pd.Timestamp(EXPORTED_AT).tz_localize(None)
    began = exported - 0.38 * (exported - (exported - pd.DateOffset(months=24)))
    assert (gap.team, gap.channel) == ("Team South", "email")
    assert abs(gap.gap_start - began) < pd.Timedelta(days=7)
    assert abs(gap.gap_end - (began + pd.Timedelta(days=21))) < pd.Timedelta(days=7)
    assert gap.found_per_week < gap.usual_per_week / 4
    assert gap.deals_affected > 5
    assert "mail of Team South is missing from " in (company.core / "summary.txt").read_text("utf-8")


def test_months_count_everything(company: Workspace) -> None:
    months, deals = read_parquet(company.core / "coverage_months.parquet"), read_parquet(company.core / "deals.parquet")
    assert months.loc[months["record"] == "deals", "facts"].sum() == len(deals)
    mails = read_parquet(company.core / "activities.parquet").query("kind == 'email'")
    assert months.loc[months["record"] == "activities: email", "facts"].sum() == len(mails)
    assert months["without_activity_share"].dropna().between(0, 1).all()
    assert not months.duplicated(["record", "owner_id", "month"]).any()


def test_what_lies_in_it_is_neither_learnt_from_nor_tested(company: Workspace, rows: pd.DataFrame) -> None:
    doubted = rows[rows["is_in_gap"] & rows["is_quiet"] & rows["is_matured"]]
    assert len(doubted) > 5
    assert doubted["revived"].isna().all()
    assert rows.loc[rows["is_quiet"] & rows["is_matured"] & ~rows["is_in_gap"], "revived"].notna().all()
    tested = read_parquet(company.predictions / "backtest.parquet")
    assert tested.merge(doubted[KEY], on=KEY).empty
    assert read_json(company.reports / "metrics" / "backtest.json")["left_out_rows"]["in_gap"] == len(doubted)
    said = f"{len(doubted)} quiet deal-weeks of {doubted['deal_id'].nunique()} deals: their silence reaches into weeks"
    assert said in (company.reports / "model-card.md").read_text("utf-8")


def test_a_quiet_deal_in_it_is_not_judged_and_the_reason_is_named(company: Workspace, tmp_path: Path) -> None:
    for name in ("data", "models", "reports"):
        shutil.copytree(finished_run() / name, tmp_path / name)
    before = read_parquet(company.scores / "scores.parquet").set_index("deal_id")
    quiet = before.index[before["state"].isin(["stalled", "dead"])][0]
    active = before.index[before["state"] == "active"][0]
    part = read_parquet(part_path(tmp_path / "data" / "cohort" / "rows", 0))
    doubted = part["deal_id"].isin([quiet, active]) & part["is_scoring"]
    write_parquet(part.assign(is_in_gap=doubted, gap_number=doubted.astype("int32")), part_path(tmp_path / "data" / "cohort" / "rows", 0))
    run_stage("score", load_params(finished_run() / "params.yaml"), Workspace(tmp_path))
    after = read_parquet(tmp_path / "data" / "scores" / "scores.parquet").set_index("deal_id")
    assert after.loc[quiet, "state"] == "not_enough_evidence"
    assert after.loc[quiet, "why_no_evidence"].startswith("mail of Team South is missing from 2025-09-")
    assert after.loc[quiet, "why_no_evidence"].endswith("weeks of this silence")
    assert after.loc[active, "state"] == "active"
    assert after.drop(index=quiet)["state"].equals(before.drop(index=quiet)["state"])
