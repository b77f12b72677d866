"""pandas, part by part: sorted once, cumulative columns within each deal, `merge_asof` at each as-of date and each window's start."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.features.spec import (
    COUNTED,
    COUNTS,
    DAY,
    FEATURES,
    KEYS,
    KIND_FLAGS,
    NEEDED,
    SINCE,
    SINCE_FIRST,
    THREADS,
    WINDOWS,
    Take,
    facts_path,
    numbers,
    rows_path,
)

DEAL = 1 << 32


def run(folder: Path, take: Take) -> str:
    """All parts on two threads."""
    def one(number: int) -> None:
        answer = matrix(facts_path(folder, number), rows_path(folder, number))
        take(number, {name: answer[name].to_numpy() for name in FEATURES}, lambda: answer[KEYS])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, numbers(folder)))
    return "cumsum, cummax, merge_asof; part by part, two threads"


def matrix(facts_file: Path, rows_file: Path) -> pd.DataFrame:
    """The matrix of a part, sorted by deal and as_of."""
    rows = pd.read_parquet(rows_file, columns=KEYS, read_dictionary=["deal_id"])
    facts = pd.read_parquet(facts_file, columns=[*NEEDED, "fact_id"], read_dictionary=["deal_id", "kind"])
    facts = facts.assign(deal=rows["deal_id"].cat.categories.get_indexer(facts["deal_id"].cat.categories)[facts["deal_id"].cat.codes])
    facts = facts.assign(occurred=_seconds(facts["occurred_at"]), key=facts["deal"] * DEAL + _seconds(facts["known_at"]))
    facts = facts[facts["deal"] >= 0]
    amounts = _amounts(facts)
    facts = facts.drop(columns=["deal_id", "known_at", "occurred_at", "fact_id"]).sort_values(["key", "occurred"], ignore_index=True)
    rows = rows.assign(deal=rows["deal_id"].cat.codes.astype(np.int64), moment=_seconds(rows["as_of"]))
    rows = rows.assign(key=rows["deal"] * DEAL + rows["moment"]).sort_values("key", ignore_index=True)
    running, latest = _running(facts)
    now = _as_of(rows, rows["key"], pd.concat([running, latest], axis=1))
    start = {None: 0, **{days: _as_of(rows, rows["key"] - days * DAY, running) for days in WINDOWS}}
    answer = {name: now[flag].fillna(0) - (start[days][flag].fillna(0) if days else 0) for name, (flag, days) in COUNTS.items()}
    answer |= {name: (rows["moment"] - now[f"last {flag}"]) / DAY for name, flag in SINCE.items()}
    answer |= {name: (rows["moment"] - now[f"first {flag}"]) / DAY for name, flag in SINCE_FIRST.items()}
    answer["silence_days"] = answer["silence_days"].fillna(answer["deal_age_days"])
    for rare in (amounts, _stages(facts), _gaps(facts)):
        answer |= dict(_as_of(rows, rows["key"], rare).items())
    return rows[KEYS].assign(**{name: answer[name] for name in FEATURES})


def _running(facts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts to date of each flag, and its latest (earliest) occurrence to date, within each deal."""
    flags, occurred, deal = _flags(facts), facts["occurred"], facts["deal"]
    counts = pd.DataFrame({flag: flags[flag].astype(np.int32) for flag in COUNTED}).groupby(deal, sort=False).cumsum()
    last = pd.DataFrame({f"last {flag}": occurred.where(flags[flag]) for flag in SINCE.values()}).groupby(deal, sort=False)
    first = pd.DataFrame({f"first {flag}": occurred.where(flags[flag]) for flag in SINCE_FIRST.values()}).groupby(deal, sort=False)
    moments = pd.concat([last.cummax(), first.cummin()], axis=1).groupby(deal, sort=False).ffill()
    keys = facts[["key", "deal"]]
    return keys.join(counts), moments


def _flags(facts: pd.DataFrame) -> dict[str, pd.Series]:
    kind, value, before = facts["kind"], facts["value"], facts["value_before"]
    return {"signal": facts["is_buyer_signal"], "touch": facts["is_seller_touch"],
            **{flag: kind == name for flag, name in KIND_FLAGS.items()},
            "price": (kind == "amount_changed") & before.notna(), "back": (kind == "stage_changed") & (value < before),
            "push": (kind == "close_date_changed") & (value > 0), "stage": kind.isin(["stage_changed", "reopened"])}


def _as_of(rows: pd.DataFrame, keys: pd.Series, table: pd.DataFrame) -> pd.DataFrame:
    """The row of `table` with the largest key below each of `keys`; empty where it is another deal's."""
    found = pd.merge_asof(keys.to_frame("key"), table, on="key", allow_exact_matches=False)
    return found.drop(columns=["key", "deal"]).where(found["deal"] == rows["deal"])


def _amounts(facts: pd.DataFrame) -> pd.DataFrame:
    amounts = facts[facts["kind"] == "amount_changed"].sort_values(["key", "occurred", "fact_id"], ignore_index=True)
    return amounts[["key", "deal", "value"]].rename(columns={"value": "amount"})


def _stages(facts: pd.DataFrame) -> pd.DataFrame:
    stages = facts.loc[facts["kind"] == "stage_changed", ["key", "deal", "value"]]
    return stages[["key", "deal"]].assign(stage_furthest=stages.groupby("deal")["value"].cummax().groupby(stages["deal"]).ffill())


def _gaps(facts: pd.DataFrame) -> pd.DataFrame:
    """The usual gap as of each buyer signal."""
    signals = facts.loc[facts["is_buyer_signal"], ["key", "deal", "occurred"]]
    before = signals.groupby("deal")["occurred"].cummax().groupby(signals["deal"]).shift()
    gap = np.log1p((signals["occurred"] - before).clip(lower=0) / DAY)
    by_deal = gap.groupby(signals["deal"])
    return signals[["key", "deal"]].assign(usual_gap_days=np.expm1(by_deal.cumsum() / by_deal.cumcount()))


def _seconds(times: pd.Series) -> pd.Series:
    return times.astype("datetime64[s]").astype(np.int64)
