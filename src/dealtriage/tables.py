"""Reading and writing tables: fixed columns and order, whole folders swapped in at once, deals split into buckets."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dealtriage.errors import BadInput

DRAFT = ".part"
BATCH = 100_000
UNIQUE = ("fact_id",)  # texts that hardly repeat


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` when the block ends well.

    When the block fails, `folder` stays as it was.
    """
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for left in draft.rglob(f"*{DRAFT}"):  # of a worker that died
        left.unlink()
    before = folder.with_name(folder.name + ".old.part")
    shutil.rmtree(before, ignore_errors=True)
    if folder.exists():
        folder.rename(before)
    draft.rename(folder)
    shutil.rmtree(before, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8) so that a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, "utf-8", newline="\n")
    draft.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys; the same content gives the same bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """The same for JSON: numbers rounded, None where there is none."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if np.isfinite(value) else None
    return value


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote."""
    return json.loads(_present(path).read_text("utf-8"))


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame, its rows and columns in the order given; the same frame gives the same bytes."""
    write_table(pa.Table.from_pandas(frame, preserve_index=False), path)


def write_table(table: pa.Table, path: Path) -> None:
    """Write an Arrow table as `write_parquet` writes a frame. Texts that are coded are written as plain texts."""
    write_pieces([table], path)


def write_pieces(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables of the same columns, one or more, one after the other into one file; each is let go before the next is asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, writer = path.with_name(f"{path.name}.{uuid4().hex}{DRAFT}"), None
    for table in tables:
        plain = pa.schema([pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema])
        writer = writer or pq.ParquetWriter(draft, plain, compression="zstd", coerce_timestamps="us")
        writer.write_table(table.cast(plain))
    assert writer is not None, "nothing to write"
    writer.close()
    draft.replace(path)


def column_names(path: Path) -> list[str]:
    """The columns of a table that an earlier stage wrote."""
    return list(pq.read_schema(_present(path)).names)


def batches(path: Path, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """The rows of a part file, in order, as many at a time as BATCH."""
    for batch in pq.ParquetFile(_present(path)).iter_batches(BATCH, columns=columns):
        yield pa.Table.from_batches([batch]).to_pandas()


class PartColumns:
    """The columns of one part file, each read when it is asked for; texts come as dictionaries."""

    def __init__(self, path: Path) -> None:
        about = pq.read_metadata(_present(path))
        texts = [f.name for f in about.schema.to_arrow_schema() if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        self._file = pq.ParquetFile(path, metadata=about, read_dictionary=[name for name in texts if name not in UNIQUE])
        self._read: dict[str, pa.ChunkedArray] = {}

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        if name not in self._read:
            self._read[name] = self._file.read(columns=[name], use_threads=False).column(0)
        return self._read[name]


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table that an earlier stage wrote. Raises BadInput when that stage has not run."""
    return pq.read_table(_present(path), columns=columns).to_pandas()


def read_csv_table(path: Path) -> pd.DataFrame:
    """Read a CSV table that an earlier stage wrote. Raises BadInput when that stage has not run."""
    return pd.read_csv(_present(path))


def by_deal(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows of each deal, in order, as a column name -> value."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        found.setdefault(str(row["deal_id"]), []).append({str(name): one for name, one in row.items()})
    return found


def parts(folder: Path) -> list[Path]:
    """The part files of a bucketed table, in order. Raises BadInput when there is none."""
    found = sorted(folder.glob("part-*.parquet"))
    if not found:
        raise BadInput(f"There are no parts in {folder}.", "Run the stages before this one: dvc repro.")
    return found


def part_path(folder: Path, number: int) -> Path:
    """The file of bucket `number` of a bucketed table."""
    return folder / f"part-{number:04d}.parquet"


def read_parts(folder: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """All buckets of a table, one after the other."""
    return pd.concat([read_parquet(part, columns) for part in parts(folder)], ignore_index=True)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"There is no {path}.", "Run the stages before this one: dvc repro.")
    return path
