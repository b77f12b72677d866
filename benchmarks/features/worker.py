"""One engine over the files of a folder, in a process of its own: its clock, its memory, its sums, its part 0.

    python -m benchmarks.features.worker ENGINE FOLDER OUT

Writes OUT/ENGINE.json, and the whole of part 0, sorted, to OUT/ENGINE.parquet. Exits with SKIPPED when the peer is not there.
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet  # pandas and pyarrow would import these two late: off the clock
from benchmarks.features.spec import KEYS, THREADS, Columns, Engine

SKIPPED = 75
ENGINES = {"floor, Polars": ("floor", "with_polars"), "floor, NumPy": ("floor", "with_numpy"), "ours": ("ours", "run"),
           "ours, written": ("ours", "run_written"), "Polars": ("in_polars", "run"),
           "our idea in Polars": ("our_idea_in_polars", "run"), "DuckDB": ("in_duckdb", "run"), "pandas": ("in_pandas", "run"), "featuretools": ("in_featuretools", "run")}
IMPORTS = {"floor, Polars": "polars", "our idea in Polars": "polars", "featuretools": "featuretools", "DuckDB": "duckdb"}  # imported late otherwise


class Taken:
    """What an engine handed over: sums of all parts, and part 0 itself."""

    def __init__(self) -> None:
        self.rows = 0
        self.sums: dict[str, list[float]] = {}
        self.checking: dict[int, float] = {}
        self._whole: list[tuple[Columns, Callable[[], Any]]] = []
        self._lock = threading.Lock()

    def take(self, number: int | None, columns: Columns, keys: Callable[[], Any]) -> None:
        """Add up a part, or a piece of one; keep it when it is of part 0, or everything at once."""
        began = time.thread_time()
        sums = {name: _sum(values) for name, values in columns.items()}
        with self._lock:
            self.checking[threading.get_ident()] = self.checking.get(threading.get_ident(), 0.0) + time.thread_time() - began
            self.rows += len(next(iter(columns.values())))
            for name, (total, empty) in sums.items():
                before = self.sums.get(name, [0.0, 0.0])
                self.sums[name] = [before[0] + total, before[1] + empty]
            if not number:
                self._whole.append((columns, keys))

    def part_0(self) -> pd.DataFrame:
        """Part 0 (or everything, when it came at once), sorted by deal_id and as_of."""
        pieces = [pd.DataFrame(keys()).reset_index(drop=True)[KEYS].astype({"deal_id": "str", "as_of": "datetime64[us]"}).assign(**columns)
                  for columns, keys in self._whole]
        return pd.concat(pieces).sort_values(KEYS, ignore_index=True)


def _sum(values: np.ndarray) -> tuple[float, int]:
    empty = int(np.isnan(values).sum())
    return float(np.nansum(values) if empty else values.sum()), empty


def measured(name: str, folder: Path, taken: Taken) -> dict[str, Any]:
    """Run the engine on two cores; wall and CPU seconds, peak GB, sums."""
    engine = _engine(name)
    wall, cpu = time.monotonic(), _cpu()
    how = engine(folder, taken.take)
    wall, cpu = time.monotonic() - wall, _cpu() - cpu
    checking = taken.checking.values()  # adding up for the comparison is not the engine's work
    return {"wall": wall - max(checking, default=0.0), "cpu": cpu - sum(checking), "peak": peak_gb(), "rows": taken.rows, "sums": taken.sums, "how": how}


def _engine(name: str) -> Engine:
    module, function = ENGINES[name]
    if name in IMPORTS:
        import_module(IMPORTS[name])
    engine: Engine = getattr(import_module(f"benchmarks.features.engines.{module}"), function)
    return engine


def _cpu() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_gb() -> float:
    """The peak of this process, and of its children if it had any (each taken to be as large as the largest).

    On Linux a process's ru_maxrss begins with its parent's; VmHWM is its own.
    """
    status = Path("/proc/self/status")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if status.is_file():
        own = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return (own + THREADS * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1e6


def main() -> int:
    """Run one engine and write down what it took."""
    name, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    pa.set_cpu_count(THREADS)
    taken = Taken()
    try:
        figures = measured(name, folder, taken)
    except ImportError as reason:
        print(reason, file=sys.stderr)
        return SKIPPED
    if taken.rows:
        taken.part_0().to_parquet(out / f"{name}.parquet")
    (out / f"{name}.json").write_text(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
