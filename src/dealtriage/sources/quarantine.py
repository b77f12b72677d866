"""Rows that could not be used, with file, line, column and reason; and how many rows each rule set aside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ["file", "line", "column", "value", "reason", "is_row_dropped"]
SHOWN_CHARACTERS = 80
BLOCK = 1 << 24
Lines = NDArray[np.int64]
Flags = NDArray[np.bool_]


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
    numbers = np.unique(np.fromiter(wanted, dtype=np.int64))
    lines: dict[int, int] = {}
    position = accepted = 0
    for starts, is_blank in _records(file):
        here = position + 1 + np.arange(len(starts))
        counts = ~is_blank & ~np.isin(here, list(file.skipped))
        number = accepted + np.cumsum(counts)
        is_wanted = counts & np.isin(number, numbers)
        lines |= dict(zip(number[is_wanted].tolist(), starts[is_wanted].tolist(), strict=True))
        position, accepted = position + len(starts), int(number[-1]) if len(number) else accepted
        if len(lines) == len(numbers):
            break
    return lines


def _records(file: ReadFile) -> Iterator[tuple[Lines, Flags]]:
    """Block by block, the line on which each record after the header starts, and whether it is blank.

    A line end is one of a record when the number of quotes before it, in its record, is even; in JSON lines every one is.
    """
    left, line, is_first = b"", 1, file.delimiter is not None
    with file.path.open("rb") as handle:
        while block := handle.read(BLOCK):
            data = left + block
            starts, is_blank, taken = _split(data, has_quotes=file.delimiter is not None)
            yield line + starts[is_first:], is_blank[is_first:]
            line += data.count(b"\n", 0, taken)
            left, is_first = data[taken:], is_first and not len(starts)
    if left.strip():
        yield np.array([line])[is_first:], np.array([False])[is_first:]


def _split(data: bytes, *, has_quotes: bool) -> tuple[Lines, Flags, int]:
    """The whole records in `data`, which starts with one: line ends before each, whether it is blank, and the bytes they take."""
    letters = np.frombuffer(data, dtype=np.uint8)
    ends = breaks = np.flatnonzero(letters == ord("\n"))
    if has_quotes:
        ends = breaks[np.searchsorted(np.flatnonzero(letters == ord('"')), breaks) % 2 == 0]
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)[: len(ends)]
    is_blank = (ends == starts) | ((ends == starts + 1) & (letters[starts] == ord("\r")))
    return np.searchsorted(breaks, starts), is_blank, int(ends[-1]) + 1 if len(ends) else 0
