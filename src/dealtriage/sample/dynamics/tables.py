"""The CSV files of a Dataverse export, one per table, under the tables' logical names."""

from __future__ import annotations

import csv
import itertools
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from .columns import COLUMNS
from .values import braced, guid

Row = dict[str, str]
# Two files came from another tool, which writes GUIDs its own way.
BRACED = {
    "connection": ("connectionid", "record1id", "record2id", "record2roleid"),
    "quote": ("quoteid", "opportunityid", "ownerid", "createdby"),
}


class Tables:
    """Every file of the export; rows are appended as they come, columns a row leaves out are empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._numbers = {table: itertools.count() for table in COLUMNS}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._writers = {table: self._open(table) for table in COLUMNS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, table: str) -> csv.DictWriter[str]:
        path = self._folder / f"{table}.csv"
        file = self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))
        writer = csv.DictWriter(file, COLUMNS[table], lineterminator="\n")
        writer.writeheader()
        return writer

    def new_id(self, table: str) -> str:
        """The next GUID of a table."""
        return guid(table, next(self._numbers[table]))

    def put(self, table: str, row: Row) -> None:
        """Append one row."""
        fixed = {column: braced(row[column]) for column in BRACED.get(table, ()) if row.get(column)}
        self._writers[table].writerow(row | fixed)
