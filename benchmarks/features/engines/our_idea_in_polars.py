"""Polars, part by part: sorted once by one whole number, (deal, known_at); cumulative counts and maxima are looked up at the
positions where the as-of rows and their windows fall (`search_sorted`, `gather`), the rare facts by `join_asof`."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
from benchmarks.features.spec import (
    COUNTED,
    COUNTS,
    DAY,
    FEATURES,
    KEYS,
    KIND_FLAGS,
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
BASE = pl.col("deal") * DEAL
FLAGS = {
    "signal": pl.col("is_buyer_signal"),
    "touch": pl.col("is_seller_touch"),
    **{name: pl.col("kind") == kind for name, kind in KIND_FLAGS.items()},
    "price": (pl.col("kind") == "amount_changed") & pl.col("value_before").is_not_null(),
    "back": ((pl.col("kind") == "stage_changed") & (pl.col("value") < pl.col("value_before"))).fill_null(False),
    "push": ((pl.col("kind") == "close_date_changed") & (pl.col("value") > 0)).fill_null(False),
    "stage": pl.col("kind").is_in(["stage_changed", "reopened"]),
}


def run(folder: Path, take: Take) -> str:
    """All parts, two at a time, on Polars' own threads."""
    def one(number: int) -> None:
        answer = matrix(facts_path(folder, number), rows_path(folder, number))
        take(number, {name: answer[name].to_numpy() for name in FEATURES}, lambda: answer.select(KEYS).to_pandas())

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, numbers(folder)))
    return "sort, search_sorted, gather; part by part"


def matrix(facts: Path, rows: Path) -> pl.DataFrame:
    """The matrix of a part, in the order of an arbitrary number per deal, and as_of."""
    deals = pl.scan_parquet(rows).select("deal_id").unique().with_row_index("deal", offset=1).cast({"deal": pl.Int64}).collect().lazy()
    asked = pl.scan_parquet(rows).select(KEYS).join(deals, on="deal_id").with_columns(moment=_seconds("as_of"))
    asked = asked.with_columns(key=BASE + pl.col("moment")).sort("key")
    known = pl.scan_parquet(facts).join(deals, on="deal_id").with_columns(
        occurred=_seconds("occurred_at"), key=BASE + _seconds("known_at"), **FLAGS)
    rows_in_order, facts_in_order, gaps, amounts, stages = pl.collect_all([
        asked, known.select("deal", "key", "occurred", *FLAGS).sort("key"), _gaps(known), _amounts(known), _stages(known)])
    answer = rows_in_order.with_columns(_looked_up(facts_in_order, rows_in_order))
    for rare in (gaps, amounts, stages):
        answer = answer.join_asof(rare.rename({"deal": "whose"}), on="key", allow_exact_matches=False).with_columns(
            pl.when(pl.col("whose") == pl.col("deal")).then(pl.col(rare.columns[-1])).alias(rare.columns[-1])).drop("whose")
    return answer


def _looked_up(facts: pl.DataFrame, rows: pl.DataFrame) -> list[pl.Series]:
    """Counts and days since: running figures of the facts, at the last fact before each moment."""
    nothing = pl.DataFrame({name: [False if kind == pl.Boolean else 0] for name, kind in facts.schema.items()}, schema=facts.schema)
    facts = pl.concat([nothing, facts], rechunk=True)  # so that there is a fact before each moment
    counts = facts.select(pl.col(COUNTED).cast(pl.Int32).cum_sum())
    latest = facts.select(*(_latest(flag, pl.col("occurred")).alias(flag) for flag in SINCE.values()),
                          *(_latest(flag, DEAL - 1 - pl.col("occurred")).alias(f"first {flag}") for flag in SINCE_FIRST.values()))
    now = _before(facts, rows["key"])
    found = pl.concat([counts[now].rename(lambda flag: f"n {flag}"), latest[now], rows.select("deal", "moment")], how="horizontal")
    for days in (None, *WINDOWS):
        start = _before(facts, rows["key"] - days * DAY if days else rows["deal"] * DEAL)
        flags = [flag for flag, window in COUNTS.values() if window == days]
        found = found.hstack(counts.select(flags)[start].rename(lambda flag, days=days: f"n {flag} {days}").get_columns())
    last = {flag: pl.when(pl.col(flag) >= BASE).then(pl.col(flag) - BASE) for flag in latest.columns}
    first = {flag: DEAL - 1 - last[f"first {flag}"] for flag in SINCE_FIRST.values()}
    last["signal"] = pl.coalesce(last["signal"], first["created"])
    at = {**{name: last[flag] for name, flag in SINCE.items()}, **{name: first[flag] for name, flag in SINCE_FIRST.items()}}
    return found.select(
        **{name: (pl.col(f"n {flag}") - pl.col(f"n {flag} {days}")).cast(pl.Float64) for name, (flag, days) in COUNTS.items()},
        **{name: (pl.col("moment") - instant) / DAY for name, instant in at.items()}).get_columns()


def _before(facts: pl.DataFrame, keys: pl.Series) -> pl.Series:
    """The position of the last fact whose key is smaller."""
    return facts["key"].search_sorted(keys, side="left") - 1


def _latest(flag: str, at: pl.Expr) -> pl.Expr:
    """The running maximum within the deal: deals ascend, so the deal goes before the time."""
    return pl.when(flag).then(BASE + at).otherwise(0).cum_max()


def _gaps(known: pl.LazyFrame) -> pl.LazyFrame:
    """The usual gap as of each buyer signal."""
    before = (BASE + pl.col("occurred")).cum_max().shift(1)
    gap = pl.when(before >= BASE).then(pl.max_horizontal(BASE + pl.col("occurred") - before, 0) / DAY).log1p()
    return known.filter("signal").select("deal", "key", "occurred").sort("key", "occurred").select(
        "deal", "key", gap=gap).select("deal", "key", usual_gap_days=(
            pl.col("gap").cum_sum().over("deal") / pl.col("gap").cum_count().over("deal")).exp() - 1)


def _amounts(known: pl.LazyFrame) -> pl.LazyFrame:
    return known.filter(pl.col("kind") == "amount_changed").sort("key", "occurred", "fact_id").select("deal", "key", amount="value")


def _stages(known: pl.LazyFrame) -> pl.LazyFrame:
    return known.filter(pl.col("kind") == "stage_changed").sort("key").select(
        "deal", "key", stage_furthest=pl.col("value").cum_max().forward_fill().over("deal"))


def _seconds(column: str) -> pl.Expr:
    return pl.col(column).to_physical() // 1_000_000
