"""dealtriage.features itself, part by part on two threads, through the engine that the features stage runs on."""

from pathlib import Path

import pyarrow as pa
from benchmarks.features.spec import FEATURES, KEYS, THREADS, Take, facts_path, rows_path

from dealtriage.engines import Work, each_part
from dealtriage.features.build import answers, read_bucket, table_of
from dealtriage.features.registry import by_name
from dealtriage.params import Engine
from dealtriage.tables import part_path, write_table

by_name()  # imports the features, off the clock


def run(folder: Path, take: Take) -> str:
    """All parts, in memory."""
    def one(number: int) -> None:
        for q in read_bucket(facts_path(folder, number), rows_path(folder, number)).pieces():
            take(number, dict(answers(q, FEATURES)), lambda q=q: q.rows)

    return _each(folder, one)


def run_written(folder: Path, take: Take) -> str:
    """All parts, written as the stage writes them."""
    def one(number: int) -> None:
        tables = [table_of(q, FEATURES) for q in read_bucket(facts_path(folder, number), rows_path(folder, number)).pieces()]
        write_table(pa.concat_tables(tables), part_path(folder / "features", number))
        for table in tables:
            take(number, {name: table[name].to_numpy() for name in FEATURES}, table.select(KEYS).to_pandas)

    return _each(folder, one)


def _each(folder: Path, one: Work) -> str:
    each_part(Engine(workers=THREADS), folder / "timeline", one, "features")
    return "part by part, two threads"
