"""One small export for all tests of this folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dealtriage.sample import write_sample

EXPORTED_AT = datetime(2026, 6, 29, 6, tzinfo=UTC)
ENCODINGS = {"Account": "iso-8859-1", "Contact": "utf-8-sig"}
Rows = list[dict[str, str]]


def _make(folder: Path, deals: int, seed: int = 7, crm: str = "salesforce") -> Path:
    write_sample(folder / "raw", folder / "truth", deals=deals, seed=seed, months=30, exported_at=EXPORTED_AT, crm=crm)
    return folder


@pytest.fixture(scope="session")
def make() -> Callable[..., Path]:
    """Writes an export of so many deals into a folder."""
    return _make


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of 300 deals."""
    return _make(tmp_path_factory.mktemp("small"), 300)


@pytest.fixture(scope="session")
def rows(small: Path) -> Callable[[str], Rows]:
    """A table of the small export as text."""

    def read(table: str) -> Rows:
        path = small / "raw" / f"{table}.csv"
        with path.open(encoding=ENCODINGS.get(table, "utf-8"), newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The same 300 deals through the door of some CRM."""
    return cache(lambda crm: _make(tmp_path_factory.mktemp(crm), 300, crm=crm))


@pytest.fixture(scope="session")
def objects(door: Callable[[str], Path]) -> Callable[[str, str], list[dict[str, Any]]]:
    """A table of JSON lines of some CRM's export."""

    @cache
    def read(crm: str, table: str) -> list[dict[str, Any]]:
        lines = (door(crm) / "raw" / f"{table}.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    return read
