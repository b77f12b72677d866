"""Every feature again, computed by DuckDB from its own SQL, on rows that lie exactly on cuts and window edges."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from dealtriage.features.registry import by_name
from tests.conftest import START, all_features, as_of_rows, random_facts
from tests.oracle.sql import KEY, answers

# The root of a difference of sums, which are kept in whole units of 2**-24.
TOLERANCE = {"gap_irregularity": 5e-4}
UNKNOWN_SHARE = 0.1


def with_unknowns(facts: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The same facts, some of them made by a program, some without a person, a thread, a date, a value before or an author."""
    rng = np.random.default_rng(seed)

    def some() -> np.ndarray:
        return rng.random(len(facts)) < UNKNOWN_SHARE

    by_system = some()
    columns = {name: facts[name].mask(some()) for name in ("contact_id", "thread_id", "due_at", "value_before", "owner_id")}
    return facts.assign(**columns, actor=facts["actor"].mask(by_system, "system"), is_seller_touch=facts["is_seller_touch"] & ~by_system)


FACTS = with_unknowns(random_facts(seed=208, deals=40, per_deal=60), seed=208)
DATES = [START + timedelta(days=d) for d in (60, 91, 112, 112.5, 160, 210, 245.5, 273, 300, 350, 399)]
ROWS = as_of_rows(FACTS, DATES)
WITHOUT_SQL: dict[str, str] = {}  # feature: the reason


@pytest.fixture(scope="module")
def ours() -> pd.DataFrame:
    return all_features(FACTS, ROWS)


@pytest.fixture(scope="module")
def theirs() -> pd.DataFrame:
    return answers(FACTS, ROWS)


def no_sql_for(names: list[str]) -> str:
    """What an author is told to do."""
    return (f"no SQL for {', '.join(names)}: write it from the docstring, not from the code, in tests/oracle/one_deal.py (FEATURES, or a query "
            "of its own) or, if it asks other deals, in other_deals.py; or name it in WITHOUT_SQL in this file and say why")


def test_every_feature_has_an_oracle(theirs: pd.DataFrame) -> None:
    told = {*theirs.columns} - {*KEY} | {*WITHOUT_SQL}
    missing, unknown = sorted({*by_name()} - told), sorted(told - {*by_name()})
    assert not missing, no_sql_for(missing)
    assert not unknown, f"SQL for features that are not registered: {', '.join(unknown)}"


@pytest.mark.parametrize("name", [name for name in by_name() if name not in WITHOUT_SQL])
def test_agrees_with_sql(name: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert name in theirs, no_sql_for([name])
    both = ours[[*KEY, name]].merge(theirs[[*KEY, name]], on=KEY)
    assert len(both) > 30
    assert len(both[f"{name}_x"].unique()) > 1, f"{name} has the same value everywhere: this world tells nothing about it"
    np.testing.assert_allclose(both[f"{name}_x"].astype(float), both[f"{name}_y"].astype(float), rtol=1e-6, atol=TOLERANCE.get(name, 1e-6))
