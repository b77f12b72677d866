"""SQL the readers share: text to time, number and truth."""

import duckdb

MACROS = r"""
create or replace macro as_time(s) as case when regexp_full_match(s, '\d{4}-\d\d-\d\d') then try_cast(s as timestamp) else
    try_cast(regexp_replace(s, '([+-]\d\d)(\d\d)$', '\1:\2') as timestamptz) at time zone 'UTC' end;
create or replace macro as_number(s) as coalesce(try_cast(s as double),
    case when regexp_full_match(s, '\s*[$€£]?\s*-?\d{1,3}(,\d{3})*(\.\d+)?\s*[$€£]?\s*')
         then try_cast(regexp_replace(s, '[^0-9.\-]', '', 'g') as double) end);
create or replace macro is_true(s) as coalesce(lower(s) in ('1', 'true', 'yes', 't'), false);
"""


def define_macros(con: duckdb.DuckDBPyConnection, timezone: str) -> None:
    """Define as_time(text) (UTC; a time without zone is in `timezone`, a date stays that date), as_number(text) and is_true(text)."""
    con.execute(f"set TimeZone = '{timezone}'")
    con.execute(MACROS)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """The single number that a query gives."""
    return int(con.execute(query).fetchall()[0][0] or 0)
