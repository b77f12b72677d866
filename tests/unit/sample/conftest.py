"""One small export for all tests of this folder."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dealtriage.sample import write_sample

EXPORTED_AT = datetime(2026, 6, 29, 6, tzinfo=UTC)
ENCODINGS = {"Account": "iso-8859-1", "Contact": "utf-8-sig"}
Rows = list[dict[str, str]]


def _make(folder: Path, deals: int, seed: int = 7) -> Path:
    write_sample(folder / "raw", folder / "truth", deals=deals, seed=seed, months=30, exported_at=EXPORTED_AT)
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
