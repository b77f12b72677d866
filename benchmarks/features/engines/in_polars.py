"""Polars, part by part, as its guide would have it: cumulative columns `over` the deal, `join_asof` by deal at each as-of date and
each window's start. No position is handled by hand; deal_id as a category saves a fifth."""

from datetime import timedelta
from pathlib import Path

import polars as pl
from benchmarks.features.engines.our_idea_in_polars import FLAGS
from benchmarks.features.spec import (
    COUNTED,
    COUNTS,
    DAY,
    FEATURES,
    KEYS,
    SINCE,
    SINCE_FIRST,
    WINDOWS,
    Take,
    facts_path,
    numbers,
    rows_path,
)


def run(folder: Path, take: Take) -> str:
    """All parts, one after the other, on Polars' own threads."""
    for number in numbers(folder):
        answer = matrix(facts_path(folder, number), rows_path(folder, number)).collect()
        take(number, {name: answer[name].to_numpy() for name in FEATURES}, lambda answer=answer: answer.select(KEYS).to_pandas())
    return "cumulative over deal, join_asof by deal; part by part"


def matrix(facts: Path, rows: Path) -> pl.LazyFrame:
    """The matrix of a part."""
    known = _scan(facts).with_columns(**FLAGS).sort("deal_id", "known_at", "occurred_at")
    answer = _scan(rows).select(KEYS).sort(KEYS)
    running = known.select("deal_id", "known_at", *_counts(), *_moments())
    answer = _as_of(answer, running, None)
    for days in WINDOWS:
        flags = list(dict.fromkeys(flag for flag, window in COUNTS.values() if window == days))
        answer = _as_of(answer, running.select("deal_id", "known_at", *(pl.col(flag).alias(f"{flag} {days}") for flag in flags)), days)
    for rare in (_gaps(known), _amounts(known), _stages(known)):
        answer = _as_of(answer, rare, None)
    last = {name: pl.col(f"last {flag}") for name, flag in SINCE.items()}
    last["silence_days"] = pl.coalesce("last signal", "first created")
    moments = {**last, **{name: pl.col(f"first {flag}") for name, flag in SINCE_FIRST.items()}}
    return answer.select(
        *KEYS, "amount", "stage_furthest", "usual_gap_days", **{name: _count(*asked) for name, asked in COUNTS.items()},
        **{name: (pl.col("as_of") - moment).dt.total_seconds() / DAY for name, moment in moments.items()})


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path).with_columns(pl.col("deal_id").cast(pl.Categorical))


def _as_of(rows: pl.LazyFrame, table: pl.LazyFrame, days: int | None) -> pl.LazyFrame:
    """The last row of `table` known before the as-of date, or before the window of `days` that ends there."""
    moment = pl.col("as_of") - timedelta(days=days or 0)
    return rows.with_columns(moment=moment).join_asof(table, left_on="moment", right_on="known_at", by="deal_id", allow_exact_matches=False,
                                                      check_sortedness=False, coalesce=True).drop("moment", "known_at", strict=False)


def _counts() -> list[pl.Expr]:
    return [pl.col(flag).cast(pl.Int32).cum_sum().over("deal_id") for flag in COUNTED]


def _moments() -> list[pl.Expr]:
    at = pl.col("occurred_at")
    return [*(pl.when(flag).then(at).cum_max().forward_fill().over("deal_id").alias(f"last {flag}") for flag in SINCE.values()),
            *(pl.when(flag).then(at).cum_min().forward_fill().over("deal_id").alias(f"first {flag}") for flag in SINCE_FIRST.values())]


def _count(flag: str, days: int | None) -> pl.Expr:
    before = pl.col(f"{flag} {days}").fill_null(0) if days else 0
    return (pl.col(flag).fill_null(0) - before).cast(pl.Float64)


def _gaps(known: pl.LazyFrame) -> pl.LazyFrame:
    """The usual gap as of each buyer signal."""
    signals = known.filter("signal").with_columns(before=pl.col("occurred_at").cum_max().shift(1).over("deal_id"))
    gap = (pl.max_horizontal(pl.col("occurred_at"), "before") - pl.col("before")).dt.total_seconds() / DAY
    return signals.select("deal_id", "known_at", gap=gap.log1p()).select(
        "deal_id", "known_at", usual_gap_days=(pl.col("gap").cum_sum() / pl.col("gap").cum_count()).exp().over("deal_id") - 1)


def _amounts(known: pl.LazyFrame) -> pl.LazyFrame:
    amounts = known.filter(pl.col("kind") == "amount_changed").sort("deal_id", "known_at", "occurred_at", "fact_id")
    return amounts.select("deal_id", "known_at", amount="value")


def _stages(known: pl.LazyFrame) -> pl.LazyFrame:
    return known.filter(pl.col("kind") == "stage_changed").select(
        "deal_id", "known_at", stage_furthest=pl.col("value").cum_max().forward_fill().over("deal_id"))
