"""The JSON files of an export: tables of one object per line, and small ones written whole."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Record = dict[str, Any]


class JsonFiles:
    """Tables open for appending; each counts its ids from the number it is given."""

    def __init__(self, folder: Path, tables: Mapping[str, int]) -> None:
        self._folder = folder
        self._tables = tables
        self._stack = ExitStack()
        self._ids = {table: itertools.count(first) for table, first in tables.items()}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files = {table: self._stack.enter_context(self._open(f"{table}.jsonl")) for table in self._tables}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, name: str) -> Any:
        return (self._folder / name).open("w", encoding="utf-8", newline="\n")

    def new_id(self, table: str) -> int:
        """The next id of a table."""
        return next(self._ids[table])

    def put(self, table: str, record: Record) -> None:
        """Append one object."""
        self._files[table].write(_text(record) + "\n")

    def whole(self, name: str, content: Any) -> None:
        """Write a small file at once."""
        with self._open(f"{name}.json") as file:
            file.write(_text(content) + "\n")


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
