"""The benchmark of features: its files are what the stage reads, and engines that need no peer agree on them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.features.compare import disagreement, sums_differ
from benchmarks.features.engines import floor, in_duckdb, in_pandas, ours
from benchmarks.features.generate import FACTS_PER_DEAL, ROWS_PER_DEAL, generate
from benchmarks.features.spec import FEATURES, Engine, facts_path, numbers, rows_path
from benchmarks.features.worker import Taken

from dealtriage.kinds import BUYER_SIGNALS, KINDS, SELLER_TOUCHES
from dealtriage.schemas import FACTS, PANDAS_TYPE

DEALS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bench")
    generate(made, DEALS, seed=3, part_deals=40)
    return made


def taken(engine: Engine, folder: Path) -> Taken:
    answer = Taken()
    engine(folder, answer.take)
    return answer


def test_a_timeline_is_generated(folder: Path) -> None:
    facts = pd.concat([pd.read_parquet(facts_path(folder, number)) for number in numbers(folder)])
    rows = pd.concat([pd.read_parquet(rows_path(folder, number)) for number in numbers(folder)])
    assert facts.dtypes.astype(str).to_dict() == {column.name: PANDAS_TYPE[column.type] for column in FACTS.columns}
    assert facts["deal_id"].nunique() == DEALS and set(facts["deal_id"].str.len()) == {18}
    assert len(rows) == DEALS * ROWS_PER_DEAL and set(rows["as_of"].dt.day_of_week) == {0}
    assert 0.7 < len(facts) / DEALS / FACTS_PER_DEAL < 1.3
    assert facts["fact_id"].is_unique and (facts["known_at"] >= facts["occurred_at"]).all()
    assert set(facts["kind"]) <= set(KINDS)
    assert (facts["is_buyer_signal"] == facts["kind"].isin(BUYER_SIGNALS)).all()
    assert (facts["is_seller_touch"] == facts["kind"].isin(SELLER_TOUCHES)).all()


@pytest.mark.parametrize("engine", [in_duckdb.run, in_pandas.run])
def test_engines_agree(folder: Path, engine: Engine) -> None:
    own, theirs = taken(ours.run, folder), taken(engine, folder)
    assert own.rows == theirs.rows == DEALS * ROWS_PER_DEAL
    assert disagreement(theirs.part_0(), own.part_0()) == ""
    assert sums_differ(theirs.sums, own.sums) == ""


def test_a_difference_is_told(folder: Path) -> None:
    own = taken(ours.run, folder)
    right = own.part_0()
    wrong = right.assign(amount=np.where(right.index == 7, 1.0, right["amount"]))
    assert disagreement(wrong, right).startswith("amount, 1 rows, first 006")
    assert sums_differ({**own.sums, FEATURES[0]: [0.5, 0]}, own.sums).startswith(f"{FEATURES[0]} over all parts")


def test_the_floor_runs(folder: Path) -> None:
    assert taken(floor.with_numpy, folder).rows == 0
