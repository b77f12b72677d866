"""SQL that all sources share: text to time, number and truth, and small questions to DuckDB."""

import duckdb

MACROS = r"""
create or replace macro as_date(s) as try_cast(s as timestamp);
create or replace macro as_moment(s) as try_cast(s as timestamptz) at time zone 'UTC';
create or replace macro as_epoch(s) as case
    when regexp_full_match(s, '\d{13}(\.0+)?') then make_timestamp(try_cast(split_part(s, '.', 1) as bigint) * 1000)
    when regexp_full_match(s, '\d{10}(\.\d+)?') then make_timestamp((try_cast(s as double) * 1e6)::bigint) end;
create or replace macro as_time(s) as coalesce(
    case when length(s) <= 10 then as_date(s) else as_moment(s) end, as_epoch(s));
create or replace macro finite(x) as case when isfinite(x) then x end;
create or replace macro as_number(s) as coalesce(finite(try_cast(s as double)), as_written_number(s));
create or replace macro is_true(s) as case when s is not null then
    case when lower(s) in ('1', 'true', 'yes', 't', 'y', '1.0', 'ja', 'wahr', 'oui', 'vrai', 'sí', 'si', 'verdadero', 'x') then true
         when lower(s) in ('0', 'false', 'no', 'f', 'n', '0.0', 'nein', 'falsch', 'non', 'faux', 'falso', 'nee') then false end end;
"""
# A number as people and reports write it. What stands last of comma and point is the decimal mark, unless three digits
# follow it alone: then it parts thousands. Signs and codes of currencies go; brackets mean minus.
WRITTEN_NUMBER = r"""
create or replace macro bare_number(s) as regexp_replace(regexp_replace(trim(s, ' ()'), '^[A-Z]{3}\s|\s[A-Z]{3}$', ''), '[\s''’$€£¥%]', '', 'g');
create or replace macro as_plain_number(s, is_minus) as case when is_minus then -1 else 1 end * case
    when regexp_full_match(s, '-?\d{1,3}(,\d{3})+(\.\d+)?') then try_cast(replace(s, ',', '') as double)
    when regexp_full_match(s, '-?\d{1,3}(\.\d{3})+(,\d+)?') then try_cast(replace(replace(s, '.', ''), ',', '.') as double)
    when regexp_full_match(s, '-?\d+,\d{1,2}') then try_cast(replace(s, ',', '.') as double)
    when regexp_full_match(s, '-?\d+(\.\d+)?') then try_cast(s as double) end;
create or replace macro as_written_number(s) as as_plain_number(bare_number(s), regexp_matches(s, '^\s*\(.*\)\s*$'));
"""
# Dates as a spreadsheet's locale writes them, with the day or the month first.
DAYS = "['%d/%m/%Y', '%d/%m/%y', '%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S', '%d/%m/%Y %I:%M %p', '%d/%m/%Y %I:%M:%S %p']"
LOCAL_TIME = f"""
create or replace macro as_local(s, moment) as case when contains(s, ':') then moment::timestamptz at time zone 'UTC' else moment end;
create or replace macro slashed(s) as replace(translate(s, '.-', '//'), ', ', ' ');
create or replace macro day_first_time(s) as coalesce(as_time(s), as_local(s, try_strptime(slashed(s), {DAYS})));
create or replace macro month_first_time(s) as coalesce(as_time(s), as_local(s, try_strptime(slashed(s), {DAYS.replace("%d/%m", "%m/%d")})));
"""

def define_macros(con: duckdb.DuckDBPyConnection, timezone: str) -> None:
    """Define as_time(text) (UTC; a time without zone is in `timezone`, a date stays that date), as_number(text), is_true(text)."""
    con.execute(f"set TimeZone = '{timezone}'")
    con.execute(WRITTEN_NUMBER + MACROS + LOCAL_TIME)


def define_plain_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Define as_key(text) and as_id(text) for ids that are text or numbers: a number that came as 12.0 is 12."""
    con.execute(r"""create or replace macro as_key(s) as regexp_replace(s, '^(\d+)\.0+$', '\1');
                    create or replace macro as_id(s) as as_key(s)""")


def rows(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """The single number that a query gives."""
    return int(con.execute(query).fetchall()[0][0] or 0)
