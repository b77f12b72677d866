"""The stage `effects` on the small company, on one where no phase does anything, and against the company's own lives."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.params import load_params
from dealtriage.pipeline import run_stage
from dealtriage.sample import write_sample
from dealtriage.sample.clock import days_of, months_before
from dealtriage.sample.company import found
from dealtriage.sample.futures import revived
from dealtriage.sample.rates import RATES, RehabRates
from dealtriage.sample.story import World, live
from dealtriage.tables import read_json, read_parquet, read_parts
from dealtriage.workspace import Workspace
from tests.company import EXPORTED_AT, finished_run, raw_export, write_params

NO_EFFECT = replace(RATES, rehab=RehabRates(withdraw=(0.0,) * 7, discovery=(0.0,) * 7, third_party=(0.0,) * 7),
                    seller=replace(RATES.seller, rehab_weekly=0.3))


def test_in_a_small_company_the_page_says_that_nothing_is_known() -> None:
    page = (finished_run() / "reports" / "phase-effects.md").read_text()
    assert page.split("\n## ")[0].count("not known") >= 4
    assert "no experiment was run" in page and "came back than" not in page


def test_the_metrics_say_the_same() -> None:
    told = read_json(finished_run() / "reports" / "metrics" / "phase-effects.json")
    assert [one["is_known"] for one in told["phases"].values()] == [False] * 3
    assert told["experiment"]["effect"] is None
    assert (finished_run() / "reports" / "phase-effects.png").stat().st_size > 5000
    assert (finished_run() / "reports" / "metrics" / "backtest.json").is_file()


def test_the_evidence_is_every_quiet_week_whose_outcome_is_known_with_its_label() -> None:
    run = Workspace(finished_run())
    table, labels = read_parquet(run.evidence / "evidence.parquet"), read_parts(run.cohort / "labels")
    asked = labels[labels["left_out"] == ""]
    joined = table.merge(asked, on=["deal_id", "as_of"], validate="1:1")
    assert len(joined) == len(table) == len(asked)
    assert (joined["revived_x"] == joined["revived_y"]).all()


def test_what_was_done_is_what_the_timeline_holds() -> None:
    run = Workspace(finished_run())
    table, facts = read_parquet(run.evidence / "evidence.parquet"), read_parts(run.timeline)
    done = table[table["2_rediscover_after_days"].notna()]
    entered = facts[facts["kind"] == "discovery_restarted"].groupby("deal_id")["occurred_at"].min()
    late = entered.loc[done["deal_id"]].to_numpy() - (done["as_of"] + pd.to_timedelta(done["2_rediscover_after_days"], unit="D")).to_numpy()
    assert len(done) >= 10
    assert (late >= pd.Timedelta(seconds=-1)).all() and (late <= pd.Timedelta(days=2, seconds=1)).all()


def test_the_lives_of_the_sample_company_agree_with_the_label() -> None:
    labels = read_parts(Workspace(finished_run()).cohort / "labels")
    truth = read_parquet(raw_export().parent / "truth" / "deals.parquet", ["deal_id"])["deal_id"]
    number = dict(zip(truth, truth.index, strict=True))
    start, end = days_of(months_before(EXPORTED_AT, 24)), days_of(EXPORTED_AT)
    world = World(7, start, end, found(7, start, end))
    asked = labels[labels["left_out"] == ""].groupby("deal_id").head(1)
    lived = [revived(live(world, number[row.deal_id]), row.as_of.timestamp() / 86_400, 90.0) for row in asked.itertuples()]
    assert (pd.Series(lived) == asked["revived"].astype(bool).to_numpy()).mean() > 0.93


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company in which phases are done three times as often and do nothing, run up to its effects."""
    folder = tmp_path_factory.mktemp("idle")
    write_sample(folder / "raw", folder / "truth", deals=900, seed=7, months=24, exported_at=EXPORTED_AT, rates=NO_EFFECT)
    params = load_params(write_params(folder / "params.yaml", folder / "raw"))
    for stage in ("clean", "timeline", "cohort", "features", "effects"):
        run_stage(stage, params, Workspace(folder))
    return folder


def test_where_no_phase_does_anything_none_is_claimed(idle: Path) -> None:
    page, told = (idle / "reports" / "phase-effects.md").read_text(), read_json(idle / "reports" / "metrics" / "phase-effects.json")
    assert "came back than" not in page
    estimates = [one["effect"] for one in told["phases"].values() if one["effect"]]
    assert estimates and all(one["low"] <= 0 <= one["high"] for one in estimates)


def test_actions_told_by_hand_count_as_done(idle: Path, tmp_path: Path) -> None:
    table = read_parquet(Workspace(idle).evidence / "evidence.parquet")
    row = table[table["3_third_party_after_days"].isna() & table["can_3_third_party"]].iloc[0]
    actions = tmp_path / "actions.csv"
    actions.write_text(f"deal_id,done_at,action,note\n{row.deal_id},{(row.as_of + timedelta(days=3)).isoformat()},third_party_involved,\n")
    params = load_params(write_params(tmp_path / "params.yaml", idle / "raw", phases={"actions": str(actions)}))
    run_stage("effects", params, Workspace(idle))
    again = read_parquet(Workspace(idle).evidence / "evidence.parquet").set_index(["deal_id", "as_of"]).loc[(row.deal_id, row.as_of)]
    assert 0 <= again["3_third_party_after_days"] <= 3
