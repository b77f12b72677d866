"""Rows that could not be used, with file, line, column and reason; and how many rows each rule set aside."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import pandas as pd

COLUMNS = ["file", "line", "column", "value", "reason", "is_row_dropped"]
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class DelimitedFile:
    """A text table as found on disk. `skipped` holds the records (first data record = 1) the reader refused."""

    path: Path
    encoding: str
    delimiter: str
    skipped: frozenset[int] = frozenset()


class Quarantine:
    """Collects what could not be used, in a table of the reader's DuckDB connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._files: dict[str, DelimitedFile] = {}
        self.notes: list[str] = []
        con.execute("""create or replace table quarantine (file varchar, record bigint, line bigint,
                       "column" varchar, value varchar, reason varchar, is_row_dropped boolean)""")
        con.execute("create or replace table set_aside (file varchar, rule varchar, rows bigint)")

    def know_file(self, file: DelimitedFile) -> None:
        """Remember a file so that record numbers can be told as line numbers."""
        self._files[file.path.name] = file

    def note(self, text: str) -> None:
        """Keep a sentence for the summary: what was not found, and what it costs."""
        self.notes.append(text)

    def add_line(self, file: str, line: int, column: str, value: str, reason: str, *, dropped: bool = True) -> None:
        """Quarantine one line whose number in the file is known."""
        self._con.execute("insert into quarantine values (?, null, ?, ?, ?, ?, ?)",
                          [file, line, column, value[:SHOWN_CHARACTERS], reason, dropped])

    def add_rows(self, file: str, table: str, where: str, column: str, reason: str, *, dropped: bool = True) -> None:
        """Quarantine the rows of a loaded table that meet an SQL condition; `column` names the culprit."""
        shown = f'left("{column}", {SHOWN_CHARACTERS})' if column else "null"
        self._con.execute(f"""insert into quarantine select ?, _record, null, ?, {shown}, ?, ?
                              from "{table}" where {where}""", [file, column, reason, dropped])

    def count(self, file: str, rule: str, rows: int) -> None:
        """Note how many rows of a file a rule set aside that is no error (deleted, mirrored, child)."""
        if rows:
            self._con.execute("insert into set_aside values (?, ?, ?)", [file, rule, rows])

    def dropped_rows(self, file: str) -> int:
        """How many rows of a file were quarantined whole."""
        found = self._con.execute("""select count(distinct coalesce(record, -line)) from quarantine
                                     where file = ? and is_row_dropped""", [file]).fetchall()
        return int(found[0][0])

    def set_aside(self) -> pd.DataFrame:
        """file, rule, rows: what was left out by rule."""
        return self._con.sql("""select file, rule, sum(rows)::bigint as rows from set_aside
                                group by all order by all""").df()

    def frame(self) -> pd.DataFrame:
        """The quarantine with line numbers: file, line, column, value, reason, is_row_dropped."""
        found = self._con.sql("select * from quarantine").df()
        for name, file in self._files.items():
            mask = (found["file"] == name) & found["record"].notna()
            if mask.any():
                lines = lines_of_records(file, found.loc[mask, "record"].astype(int))
                found.loc[mask, "line"] = found.loc[mask, "record"].astype(int).map(lines)
        found["line"] = found["line"].astype("Int64")
        return found[COLUMNS].sort_values(COLUMNS, kind="stable").reset_index(drop=True)


def lines_of_records(file: DelimitedFile, wanted: Iterable[int]) -> dict[int, int]:
    """The line (first line of the file = 1) on which each accepted record starts; the first accepted record is 1."""
    remaining = set(wanted)
    last = max(remaining)
    lines = {}
    for number, line in islice(_accepted_records(file), last):
        if number in remaining:
            lines[number] = line
    return lines


def _accepted_records(file: DelimitedFile) -> Iterator[tuple[int, int]]:
    csv.field_size_limit(2**31 - 1)
    with file.path.open(encoding=file.encoding, errors="replace", newline="") as handle:
        reader = csv.reader(handle, delimiter=file.delimiter)
        next(reader, None)
        accepted, start = 0, reader.line_num + 1
        for position, row in enumerate(reader, start=1):
            if row and position not in file.skipped:
                accepted += 1
                yield accepted, start
            start = reader.line_num + 1
