"""The items of a shelf into DuckDB: every column of the type its source declares, what has another form listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dealtriage.sources.catalogue import Found
from dealtriage.sources.declared import RawColumn, RawTable
from dealtriage.sources.delimited import TextFile, open_text, text_rows
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.rows import Rows, quoted
from dealtriage.sources.shelf import Item
from dealtriage.sources.sql import rows

SQL_TYPE = {"text": "varchar", "id": "varchar", "json": "varchar", "time": "timestamp", "number": "double", "flag": "boolean"}
MACRO = {"id": "as_id", "time": "as_time", "number": "as_number", "flag": "is_true"}
COMPLAINT = {"time": "is no time", "number": "is no number", "id": "is no id", "flag": "is neither yes nor no"}
SNIFFED_ROWS = 20_000
LOCAL_DATE = r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}\b"


@dataclass(frozen=True)
class Reader:
    """Opens items in whatever format they are, into one connection."""

    con: duckdb.DuckDBPyConnection
    scratch: Path
    quarantine: Quarantine
    day_first: bool | None = None

    def open(self, item: Item) -> Rows | None:
        """The rows of an item, or None when it is no table."""
        if item.kind == "text":
            return text_rows(self.con, item, self._text(item), self.quarantine)
        if item.kind == "json":
            from dealtriage.sources.objects import object_rows

            return object_rows(self.con, item, self.scratch, self.quarantine)
        if item.kind == "parquet":
            from dealtriage.sources.copies import parquet_rows

            return parquet_rows(self.con, item)
        if item.kind == "xes":
            from dealtriage.sources.xes import xes_rows

            return xes_rows(self.con, item)
        if item.kind == "sql":
            from dealtriage.sources.database import database_rows

            return database_rows(self.con, item)
        return None

    def _text(self, item: Item) -> TextFile:
        return open_text(item, self.scratch)


def create(con: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """An empty table with the declared columns, `_file` and `_record` (the row's number in it), `_odd` (its cells of
    another form: column, value) and `_is_header` (the header line stands there again)."""
    columns = ", ".join(f'"{c.name}" {SQL_TYPE[c.type]}' for c in table.columns)
    con.execute(f"""create or replace table "{table.name}__read" ({columns}, _file varchar, _record bigint,
                    _odd struct("column" varchar, "value" varchar)[], _is_header boolean)""")


def fill(reader: Reader, found: Found, opened: Rows) -> int:
    """Append the rows of one item to its table. Returns the rows read, refused ones included."""
    con, table = reader.con, found.table
    opened.fetch()
    names = {c.name: opened.cells[found.columns[c.name]] for c in table.columns if c.name in found.columns}
    time = _time_macro(reader, table, names, opened)
    typed = {c.name: _typed(c, names[c.name], time, c.name == table.key) for c in table.columns if c.name in names}
    cells = ", ".join(f'{typed.get(c.name, "null::" + SQL_TYPE[c.type])} as "{c.name}"' for c in table.columns)
    con.execute(f"""create or replace table loaded as select {cells}, {_odd(table, names, typed)} as _odd,
                    {_is_header_again(found, names)} as _is_header from {opened.relation}""")  # on all cores; numbering rows on the way is not
    con.execute(f"""insert into "{table.name}__read" by name select *, {quoted(found.item.name)} as _file, rowid + 1 as _record from loaded""")
    total = rows(con, "select count(*) from loaded")
    con.execute("drop table loaded")
    return total + opened.settle()


def _typed(column: RawColumn, cell: str, time_macro: str, is_key: bool) -> str:
    macro = time_macro if column.type == "time" else "as_key" if is_key and column.type == "id" else MACRO.get(column.type)
    return f"{macro}({cell})" if macro else cell


def _odd(table: RawTable, names: Mapping[str, str], typed: Mapping[str, str]) -> str:
    """SQL of the list of a row's cells that are not empty, but not of their type either."""
    checked = [c for c in table.columns if c.type in COMPLAINT and c.name in names]
    if not checked:
        return "null"
    wrong = {c.name: f"({typed[c.name]} is null and {names[c.name]} is not null)" for c in checked}
    told = ", ".join(f"""case when {where} then {{'column': {quoted(name)}, 'value': {names[name]}}} end""" for name, where in wrong.items())
    return f"case when {' or '.join(wrong.values())} then list_filter([{told}], lambda x: x is not null) end"


def _time_macro(reader: Reader, table: RawTable, names: Mapping[str, str], opened: Rows) -> str:
    """How this item writes times: as ISO and numbers, or also as a spreadsheet does, the day or the month first.

    A first number above 12 tells that the day is first; where nothing tells, points mean the day, slashes the month.
    """
    times = [names[c.name] for c in table.columns if c.type == "time" and c.name in names]
    if not times:
        return "as_time"
    sample = f"select unnest([{', '.join(times)}]) as text from (select * from {opened.relation} limit {SNIFFED_ROWS})"
    first, second, dotted, seen = reader.con.execute(f"""
        select max(regexp_extract(text, '{LOCAL_DATE}', 1)::int), max(regexp_extract(text, '{LOCAL_DATE}', 2)::int),
               coalesce(bool_or(contains(text, '.') and not contains(text, '/')), false), count(*)
        from ({sample}) where regexp_matches(text, '{LOCAL_DATE}')""").fetchall()[0]
    if not seen:
        return "as_time"
    is_day_first = reader.day_first if reader.day_first is not None else (first > 12 or (second <= 12 and dotted))
    if reader.day_first is None and first <= 12 and second <= 12:
        reader.quarantine.note(f"{table.name}: whether dates have the day or the month first cannot be told; "
                               f"{'the day' if is_day_first else 'the month'} is taken (source.day_first decides)")
    return "day_first_time" if is_day_first else "month_first_time"


def _is_header_again(found: Found, names: Mapping[str, str]) -> str:
    """SQL of whether a row is the header again, as where files were glued together."""
    there = [c for c in found.table.columns if c.name in names and c.type != "id"][:3]
    same = [f"lower({names[c.name]}) = lower({quoted(found.columns[c.name])})" for c in there]
    return f"coalesce({' and '.join(same)}, false)" if len(same) > 1 else "false"


def complaints(con: duckdb.DuckDBPyConnection, table: RawTable, dropped: Sequence[str]) -> str:
    """SQL of the cells of another form, taken as blank; those of `dropped` columns cost their row and are told elsewhere."""
    reasons = " ".join(f"when {quoted(c.name)} then {quoted(COMPLAINT[c.type])}" for c in table.columns if c.type in COMPLAINT)
    return f"""select _file as file, _record as record, odd."column" as "column", odd."value" as value,
        case odd."column" {reasons} end || ': taken as blank' as reason, false as is_row_dropped
        from (select _file, _record, unnest(_odd) as odd from "{table.name}__read" where _odd is not null and _is_header is not true)
        where odd."column" not in ({", ".join(map(quoted, dropped)) or "''"})"""
