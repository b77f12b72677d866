"""dealtriage.features itself, part by part on two threads, through the engine that the features stage runs on."""

from pathlib import Path

import pyarrow as pa
from benchmarks.features.spec import FEATURES, KEYS, THREADS, Take, facts_path, rows_path

from dealtriage.engines import each_part
from dealtriage.features.build import answers
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import by_name
from dealtriage.params import Engine
from dealtriage.tables import PartColumns, part_path, read_parquet, write_table

by_name()  # imports the features, off the clock


def ours(folder: Path, number: int) -> tuple[Bucket, dict[str, object]]:
    """A part's bucket and its columns, made as the features stage makes them."""
    q = Bucket(PartColumns(facts_path(folder, number)), read_parquet(rows_path(folder, number), KEYS))
    return q, dict(answers(q, FEATURES))


def run(folder: Path, take: Take) -> str:
    """All parts, in memory."""
    return _each(folder, take, None)


def run_written(folder: Path, take: Take) -> str:
    """All parts, written as the stage writes them."""
    return _each(folder, take, folder / "features")


def _each(folder: Path, take: Take, out: Path | None) -> str:
    def one(number: int) -> None:
        q, columns = ours(folder, number)
        if out:
            arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
            keys = {key: pa.array(q.rows[key]) for key in KEYS}
            write_table(pa.table({**keys, **arrays}), part_path(out, number))
        rows = q.rows
        take(number, columns, lambda: rows[KEYS])

    each_part(Engine(workers=THREADS), folder / "timeline", one, "features")
    return "part by part, two threads"
