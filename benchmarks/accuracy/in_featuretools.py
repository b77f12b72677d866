"""Run by an interpreter that has featuretools and pandas 2: makes its features of the facts, at the as-of date of each row.

    python in_featuretools.py FOLDER

FOLDER holds facts.parquet and rows.parquet (deal_id, as_of); features.parquet is written there, its rows in the order of rows.parquet.
Facts known at the as-of date itself are not seen. The primitives are featuretools' defaults for aggregation, how long ago the last and first
fact was, and how often each kind occurred.
"""

import sys
import warnings
from importlib import import_module
from pathlib import Path

import pandas as pd


def main(folder: Path) -> None:
    """Read, make, write."""
    ft = import_module("featuretools")
    facts, rows = pd.read_parquet(folder / "facts.parquet"), pd.read_parquet(folder / "rows.parquet")
    facts["known_at"] = facts["known_at"].astype("datetime64[ns]")
    facts.insert(0, "fact", range(len(facts)))
    entities = ft.EntitySet("deals")
    entities.add_dataframe(facts, "facts", index="fact", time_index="known_at",
                           logical_types={"kind": "Categorical", "owner_id": "Categorical", "deal_id": "Categorical"})
    entities.normalize_dataframe("facts", "deals", "deal_id", make_time_index=False)
    entities.add_interesting_values(dataframe_name="facts", values={"kind": sorted(facts["kind"].unique())})
    cutoffs = pd.DataFrame({"deal_id": rows["deal_id"], "time": rows["as_of"].astype("datetime64[ns]"), "place": range(len(rows))})
    made, _ = ft.dfs(entityset=entities, target_dataframe_name="deals", cutoff_time=cutoffs, include_cutoff_time=False, max_depth=1, n_jobs=1,
                     agg_primitives=["sum", "std", "max", "skew", "min", "mean", "count", "percent_true", "num_unique", "time_since_last", "time_since_first"],
                     where_primitives=["count"], trans_primitives=[])
    made = made.sort_values("place").drop(columns="place").astype("float64")
    made.reset_index(drop=True).to_parquet(folder / "features.parquet", index=False)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main(Path(sys.argv[1]))
