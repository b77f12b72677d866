"""DuckDB, part by part: one join of as-of rows and earlier facts, one GROUP BY. Cumulative windows with ASOF joins took 1.8 times as
long."""

from pathlib import Path

import numpy as np
from benchmarks.features.spec import (
    COUNTS,
    FEATURES,
    FLAGS,
    KEYS,
    SINCE,
    SINCE_FIRST,
    THREADS,
    Take,
    facts_path,
    numbers,
    rows_path,
)


def _counted(name: str) -> str:
    flag, days = COUNTS[name]
    return f"count(*) filter (where {flag}{f' and known >= moment - {days * 86_400}' if days else ''})"


MEASURES = {
    **{name: _counted(name) for name in COUNTS},
    **{name: f"(moment - max(occurred) filter (where {flag})) / 86400.0" for name, flag in SINCE.items()},
    **{name: f"(moment - min(occurred) filter (where {flag})) / 86400.0" for name, flag in SINCE_FIRST.items()},
    "silence_days": "(moment - coalesce(max(occurred) filter (where signal), min(occurred) filter (where created))) / 86400.0",
    "amount": "arg_max_null(value, place) filter (where kind = 'amount_changed')",
    "stage_furthest": "max(value) filter (where kind = 'stage_changed')",
    "usual_gap_days": "exp(avg(gap)) - 1",
}
SQL = """
with deals as materialized (select deal_id, row_number() over () as deal from (select distinct deal_id from read_parquet('{rows}'))),
asked as (select deal_id, as_of, deal, row_number() over () as row, epoch_us(as_of) // 1000000 as moment
    from read_parquet('{rows}') join deals using (deal_id)),
facts as (select deal, epoch_us(known_at) // 1000000 as known, epoch_us(occurred_at) // 1000000 as occurred, kind, fact_id, value, {flags}
    from read_parquet('{facts}') join deals using (deal_id) where {used} or kind in ('amount_changed', 'stage_changed')),
placed as (select *, row_number() over before as place, case when signal then max(occurred) filter (where signal) over before end as signal_before
    from facts window before as (partition by deal order by known, occurred, kind, fact_id rows between unbounded preceding and 1 preceding)),
complete as (select *, case when signal_before is not null then ln(1 + greatest(0, occurred - signal_before) / 86400.0) end as gap from placed)
select any_value(deal_id) as deal_id, any_value(as_of) as as_of, {measures}
from asked left join complete on complete.deal = asked.deal and known < moment group by row, moment"""


def run(folder: Path, take: Take) -> str:
    """All parts, one after the other, on DuckDB's own threads."""
    import duckdb

    con = duckdb.connect(config={"threads": THREADS})
    words = {"flags": ", ".join(f"coalesce({sql}, false) as {name}" for name, sql in FLAGS.items()),
             "used": " or ".join(f"coalesce({sql}, false)" for sql in FLAGS.values()),
             "measures": ", ".join(f"({sql})::double as {name}" for name, sql in MEASURES.items())}
    for number in numbers(folder):
        sql = SQL.format(**words, facts=facts_path(folder, number), rows=rows_path(folder, number))
        answer = con.execute(sql).fetchnumpy()
        take(number, {name: np.ma.filled(answer[name], np.nan) for name in FEATURES}, lambda answer=answer: {key: answer[key] for key in KEYS})
    con.close()
    return "join and GROUP BY; part by part"
