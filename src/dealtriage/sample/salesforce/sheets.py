"""The CSV files of the export, open for appending, each in its own encoding."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .columns import COLUMNS
from .ids import IdSequence

ENCODINGS = {"Account": "iso-8859-1", "Contact": "utf-8-sig"}  # all others UTF-8
Row = list[str]


class Sheets:
    """Every file of the export; rows are appended as they come, all values quoted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.ids = {table: IdSequence(table) for table in COLUMNS}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._writers = {table: self._open(table) for table in COLUMNS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, table: str) -> Any:
        path = self._folder / f"{table}.csv"
        file = self._stack.enter_context(path.open("w", encoding=ENCODINGS.get(table, "utf-8"), newline=""))
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(COLUMNS[table])
        return writer

    def new_id(self, table: str) -> str:
        """The next 18-character id of a table."""
        return self.ids[table].take()

    def put(self, table: str, row: Row) -> None:
        """Append one row."""
        self._writers[table].writerow(row)
