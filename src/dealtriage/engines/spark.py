"""The parts over a Spark cluster: the same work as on one machine, a task per part.

The parts lie on storage that driver and workers share under the same path. A task reads its part's files and writes its
part's files there; nothing but the word that it is done comes back to the driver, and no row passes through the JVM. A
task that is lost with its worker is run again elsewhere: its files appear whole or not at all.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from dealtriage.engines import Work
from dealtriage.errors import BadInput
from dealtriage.params import Engine

RESULT = "number long, message string, next_step string"


def run(engine: Engine, numbers: list[int], work: Work, doing: str) -> None:
    """Do the work of every number on the cluster. Raises BadInput where a work does, or where there is no pyspark."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise BadInput("engine.kind is spark, but pyspark is not installed.", "pip install 'dealtriage[spark]' (it needs Java 17), or engine.kind: local") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("dealtriage").master(engine.spark_master)
    for key, value in {**SETTINGS, **engine.spark_conf}.items():
        builder = builder.config(key, value)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # no frame passes through Spark
        session = builder.getOrCreate()
        session.sparkContext.setJobDescription(doing)
        tasks = session.range(0, len(numbers), 1, len(numbers))
        failed = [row for row in tasks.mapInArrow(_task(work, Path.cwd()), RESULT).collect() if row.message]
    if failed:
        first = min(failed, key=lambda row: row.number)
        raise BadInput(first.message, first.next_step)


SETTINGS = {
    "spark.ui.showConsoleProgress": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1",
    "spark.task.maxFailures": "4",
}


def _task(work: Work, folder: Path) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def of_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from threadpoolctl import threadpool_limits

        os.chdir(folder)
        with threadpool_limits(1):
            for batch in batches:
                for number in batch.column(0).to_pylist():
                    yield pa.RecordBatch.from_pylist([_done(work, number)], schema=ANSWER)
    return of_partition


ANSWER = pa.schema([("number", pa.int64()), ("message", pa.string()), ("next_step", pa.string())])


def _done(work: Work, number: int) -> dict[str, object]:
    try:
        work(number)
    except BadInput as error:
        return {"number": number, "message": error.message, "next_step": error.next_step}
    return {"number": number, "message": None, "next_step": None}
