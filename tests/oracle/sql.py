"""Runs the oracle: all features of some rows by SQL alone.

The SQL of a feature that its deal's own facts tell is in `one_deal`, of one that asks other deals in `other_deals`.
"""

from functools import reduce

import duckdb
import pandas as pd

from tests.oracle import one_deal, other_deals
from tests.oracle.tables import TABLES
from tests.oracle.words import MACROS

KEY = ["deal_id", "as_of"]
QUERIES = one_deal.QUERIES | other_deals.QUERIES


def answers(facts: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """deal_id, as_of and every feature that has SQL. `facts`: a timeline. `asked`: deal_id, as_of; rows before a deal's first fact are left out."""
    con = duckdb.connect()
    con.register("facts", facts)
    con.register("asked", asked)
    con.execute(MACROS)
    for name, sql in TABLES.items():
        con.execute(f"create table {name} as {sql}")
    found = [con.sql(sql).df() for sql in QUERIES.values()]
    return reduce(lambda left, right: left.merge(right, on=KEY, validate="one_to_one"), found)
