"""Every feature again, computed by DuckDB from its own SQL, on rows that lie exactly on cuts and window edges."""

from datetime import timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from dealtriage.features.registry import by_name
from tests.conftest import START, all_features, as_of_rows, random_facts
from tests.oracle.sql import FEATURES, KNOWN, OWNER_FEATURES, OWNER_WEEKS

FACTS = random_facts(seed=23, deals=12, per_deal=60)
DATES = [START + timedelta(days=d) for d in (60, 112, 112.5, 210, 300, 399)]
ROWS = as_of_rows(FACTS, DATES)


@pytest.fixture(scope="module")
def ours() -> pd.DataFrame:
    return all_features(FACTS, ROWS)


@pytest.fixture(scope="module")
def theirs() -> pd.DataFrame:
    con = duckdb.connect()
    con.register("facts", FACTS)
    con.register("asked", ROWS)
    con.execute("create macro days(later, earlier) as (epoch(later) - epoch(earlier)) / 86400.0")
    con.execute(f"create table known as {KNOWN}")
    con.execute(f"create table owner_week as {OWNER_WEEKS}")
    columns = ", ".join(f"{sql} as {name}" for name, sql in FEATURES.items())
    plain = con.sql(f"select deal_id, as_of, {columns} from known group by deal_id, as_of order by all").df()
    columns = ", ".join(f"{sql} as {name}" for name, sql in OWNER_FEATURES.items())
    owned = con.sql(f"""select a.deal_id, a.as_of, {columns} from (
        select deal_id, as_of, arg_max(owner_id, n) filter (where kind in ('deal_created', 'owner_changed')) as owner
        from known group by all) a left join owner_week w on w.owner_id = a.owner
            and w.week_end > date_trunc('week', a.as_of) - interval 91 day and w.week_end <= date_trunc('week', a.as_of)
        group by a.deal_id, a.as_of""").df()
    return plain.merge(owned, on=["deal_id", "as_of"])


def test_every_feature_has_an_oracle() -> None:
    assert {*FEATURES, *OWNER_FEATURES} == set(by_name())


@pytest.mark.parametrize("name", by_name())
def test_agrees_with_sql(name: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    both = ours[["deal_id", "as_of", name]].merge(theirs[["deal_id", "as_of", name]], on=["deal_id", "as_of"])
    assert len(both) > 30
    np.testing.assert_allclose(both[f"{name}_x"].astype(float), both[f"{name}_y"].astype(float), rtol=1e-6, atol=1e-6)
