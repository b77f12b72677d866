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
class ReadFile:
    """A file as it was read. `skipped` holds the records (first data record = 1) that the reader refused; without a
    delimiter a record is a line."""

    path: Path
    encoding: str
    delimiter: str | None
    skipped: frozenset[int] = frozenset()


class Quarantine:
    """Collects what could not be used, in a table of the reader's DuckDB connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._files: dict[str, ReadFile] = {}
        self.notes: list[str] = []
        con.execute("""create or replace table quarantine (file varchar, record bigint, line bigint,
                       "column" varchar, value varchar, reason varchar, is_row_dropped boolean)""")
        con.execute("create or replace table set_aside (file varchar, rule varchar, rows bigint)")

    def know_file(self, name: str, file: ReadFile) -> None:
        """Remember a file so that record numbers can be told as line numbers."""
        self._files[name] = file

    def note(self, text: str) -> None:
        """Keep a sentence for the summary: what was not found, and what it costs."""
        self.notes.append(text)

    def add_line(self, file: str, line: int, value: str, reason: str) -> None:
        """Quarantine one line whose number in the file is known."""
        self._con.execute("insert into quarantine values (?, null, ?, '', ?, ?, true)",
                          [file, line, value[:SHOWN_CHARACTERS], reason])

    def add(self, query: str) -> None:
        """Quarantine what a query finds: file, record, column, value, reason, is_row_dropped."""
        self._con.execute(f"""insert into quarantine select file, record, null, "column", left(value, {SHOWN_CHARACTERS}),
                              reason, is_row_dropped from ({query})""")

    def count(self, query: str) -> None:
        """Count what rules set aside that is no error: file, rule, rows."""
        self._con.execute(f"insert into set_aside select file, rule, rows from ({query}) where rows > 0")

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
        found["line"] = found["line"].fillna(found["record"]).astype("Int64")  # in a database, the row
        return found[COLUMNS].sort_values(COLUMNS, kind="stable").reset_index(drop=True)


def lines_of_records(file: ReadFile, wanted: Iterable[int]) -> dict[int, int]:
    """The line (first line of the file = 1) on which each accepted record starts; the first accepted record is 1."""
    remaining = set(wanted)
    last = max(remaining)
    lines = {}
    for number, line in islice(_accepted_records(file), last):
        if number in remaining:
            lines[number] = line
    return lines


def _accepted_records(file: ReadFile) -> Iterator[tuple[int, int]]:
    accepted = 0
    for position, (line, is_blank) in enumerate(_records(file), start=1):
        if not is_blank and position not in file.skipped:
            accepted += 1
            yield accepted, line


def _records(file: ReadFile) -> Iterator[tuple[int, bool]]:
    """The line on which each record starts, and whether it is blank."""
    with file.path.open(encoding=file.encoding, errors="replace", newline="") as handle:
        if file.delimiter is None:
            for number, text in enumerate(handle, start=1):
                yield number, not text.strip()
            return
        csv.field_size_limit(2**31 - 1)
        reader = csv.reader(handle, delimiter=file.delimiter)
        next(reader, None)
        start = reader.line_num + 1
        for row in reader:
            yield start, not row
            start = reader.line_num + 1
