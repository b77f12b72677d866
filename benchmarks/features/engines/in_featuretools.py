"""featuretools on the first deals of part 0: an entity set of deals and facts, cutoff times, one training window after the other.

What its primitives cannot say is a column of the facts beforehand: the flags, the moment of a flagged fact, the gap before a signal.
Two processes, half of the deals each.
"""

import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.features.spec import (
    COUNTS,
    DAY,
    FEATURES,
    FLAGS,
    KEYS,
    KIND_FLAGS,
    NEEDED,
    SINCE,
    SINCE_FIRST,
    THREADS,
    WINDOWS,
    Take,
    facts_path,
    rows_path,
)

DEALS = 100

if not pd.__version__.startswith("2."):
    raise ImportError(f"featuretools 1.31 fails beside pandas {pd.__version__}; --featuretools-python names an interpreter with pandas 2")


def run(folder: Path, take: Take) -> str:
    """The first deals of part 0."""
    rows = pd.read_parquet(rows_path(folder, 0), columns=KEYS).astype({"deal_id": object})
    deals = np.sort(rows["deal_id"].unique())[:DEALS]
    facts = pd.read_parquet(facts_path(folder, 0), columns=[*NEEDED, "fact_id"], filters=[("deal_id", "in", list(deals))])
    jobs = [(facts[facts["deal_id"].isin(half)], rows[rows["deal_id"].isin(half)]) for half in np.array_split(deals, THREADS)]
    with ProcessPoolExecutor(THREADS, mp_context=get_context("spawn")) as pool:
        answer = pd.concat(pool.map(matrix, *zip(*jobs, strict=True)), ignore_index=True)
    take(0, {name: answer[name].to_numpy() for name in FEATURES}, lambda: answer[KEYS])
    return f"cutoff times and training windows; {len(deals)} deals, two processes"


def matrix(facts: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The matrix of some deals."""
    import featuretools as ft

    warnings.simplefilter("ignore")
    entities = ft.EntitySet("deals")
    entities.add_dataframe(dataframe_name="facts", dataframe=_columns(facts), index="fact_id", time_index="known_at")
    entities.add_dataframe(dataframe_name="deals", dataframe=pd.DataFrame({"deal_id": rows["deal_id"].unique()}), index="deal_id")
    entities.add_relationship("deals", "deal_id", "facts", "deal_id")
    cutoffs = rows.rename(columns={"as_of": "time"}).sort_values(["time", "deal_id"], ignore_index=True)
    parts = [ft.calculate_feature_matrix(_asked(ft, entities, days), entities, cutoff_time=cutoffs, include_cutoff_time=False,
                                         training_window=f"{days} days" if days else None, cutoff_time_in_index=True)
             for days in (None, *WINDOWS)]
    return _finished(pd.concat(parts, axis=1).astype(np.float64).reset_index().rename(columns={"time": "as_of"}))


def _columns(facts: pd.DataFrame) -> pd.DataFrame:
    """The facts in order, with a number per flag, moment, amount, stage and gap."""
    facts = facts.sort_values(["known_at", "occurred_at", "kind", "fact_id"], ignore_index=True)
    kind, value, before = facts["kind"], facts["value"], facts["value_before"]
    flags = {"signal": facts["is_buyer_signal"], "touch": facts["is_seller_touch"],
             **{flag: kind == name for flag, name in KIND_FLAGS.items()},
             "price": (kind == "amount_changed") & before.notna(), "back": (kind == "stage_changed") & (value < before),
             "push": (kind == "close_date_changed") & (value > 0), "stage": kind.isin(["stage_changed", "reopened"])}
    moment = facts["occurred_at"].astype("datetime64[s]").astype(np.int64)
    signal = facts["is_buyer_signal"]
    past = moment.where(signal).groupby(facts["deal_id"]).cummax().groupby(facts["deal_id"]).ffill().groupby(facts["deal_id"]).shift()
    return pd.DataFrame({
        "fact_id": facts["fact_id"].astype(object), "deal_id": facts["deal_id"].astype(object),
        "known_at": facts["known_at"].astype("datetime64[ns]"),
        **{f"n_{flag}": flags[flag].astype(np.float64) for flag in FLAGS},
        **{f"at_{flag}": moment.where(flags[flag]).astype(np.float64) for flag in FLAGS},
        "is_amount": kind == "amount_changed", "value": value, "stage": value.where(kind == "stage_changed"),
        "gap": np.log1p((moment - past).clip(lower=0) / DAY).where(signal)})


def _asked(ft: Any, entities: Any, days: int | None) -> list[Any]:
    """The features of one training window, named as the answer names them."""
    column = entities["facts"].ww

    def made(name: str, of: str, primitive: Any, **more: Any) -> Any:
        return ft.Feature(column[of], parent_dataframe_name="deals", primitive=primitive, **more).rename(name)

    counts = [made(name, f"n_{flag}", ft.primitives.Sum) for name, (flag, window) in COUNTS.items() if window == days]
    if days:
        return counts
    return [*counts, *(made(name, f"at_{flag}", ft.primitives.Max) for name, flag in SINCE.items()),
            *(made(name, f"at_{flag}", ft.primitives.Min) for name, flag in SINCE_FIRST.items()),
            made("amount", "value", ft.primitives.Last, where=ft.Feature(column["is_amount"])),
            made("stage_furthest", "stage", ft.primitives.Max), made("usual_gap_days", "gap", ft.primitives.Mean)]


def _finished(answer: pd.DataFrame) -> pd.DataFrame:
    """Moments become days since, the mean of logarithms becomes days."""
    now = answer["as_of"].astype("datetime64[s]").astype(np.int64)
    days = {name: (now - answer[name]) / DAY for name in (*SINCE, *SINCE_FIRST)}
    days["silence_days"] = days["silence_days"].fillna(days["deal_age_days"])
    counts = {name: answer[name].fillna(0) for name in COUNTS}
    return answer.assign(**days, **counts, usual_gap_days=np.expm1(answer["usual_gap_days"]))
