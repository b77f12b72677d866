"""Runs the engines one after the other, each in a process of its own, and prints what they took."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import benchmarks.features
import pyarrow.parquet as pq
from benchmarks.features.compare import FLOORS, Result, Size, conclusions, settle, table
from benchmarks.features.generate import generate
from benchmarks.features.spec import THREADS, numbers, rows_path
from benchmarks.features.worker import SKIPPED
from rich.console import Console

ROOT = Path(__file__).parent.parent.parent
THREAD_LIMITS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
CHOICES = {"floor": FLOORS, "ours": ("ours",), "ours-written": ("ours, written",), "polars": ("Polars",), "our-idea": ("our idea in Polars",),
           "duckdb": ("DuckDB",), "pandas": ("pandas",), "featuretools": ("featuretools",)}


def main() -> int:
    """Run all sizes and engines; 1 when an engine disagrees or fails."""
    chosen = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 150)
    names = [name for choice in chosen.engines for name in CHOICES[choice]]
    sizes: list[Size] = []
    for deals in chosen.deals:
        with tempfile.TemporaryDirectory(prefix="dealtriage-bench-", dir=chosen.scratch) as scratch:
            sizes.append(_one_size(Path(scratch), deals, names, chosen, slow={one.name for size in sizes for one in size.results.values() if one.trouble}))
        console.print(table(sizes[-1]))
        for one in sizes[-1].results.values():
            if one.disagrees:
                console.print(f"{one.name} disagrees: {one.disagrees}", soft_wrap=True, highlight=False)
    for line in conclusions(sizes):
        console.print(line, soft_wrap=True, highlight=False)
    return int(any(one.disagrees or one.trouble.startswith("failed") for size in sizes for one in size.results.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features", description=benchmarks.features.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, nargs="+", default=[20_000, 200_000, 1_000_000])
    parser.add_argument("--engines", nargs="+", choices=CHOICES, default=list(CHOICES))
    parser.add_argument("--repeat", type=int, help="runs per engine, of which the median counts (3 up to 20,000 deals, else 1)")
    parser.add_argument("--patience", type=float, default=900, help="seconds after which an engine is stopped")
    parser.add_argument("--featuretools-python", default=sys.executable, help="featuretools 1.31 needs pandas 2: an interpreter that has both")
    parser.add_argument("--scratch", type=Path, help="where the files are made, 3 GB for 1,000,000 deals")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def _one_size(scratch: Path, deals: int, names: list[str], chosen: argparse.Namespace, slow: set[str]) -> Size:
    """Make the files, run every engine, compare."""
    generate(scratch, deals, chosen.seed)
    rows = sum(pq.read_metadata(rows_path(scratch, number)).num_rows for number in numbers(scratch))
    for path in scratch.rglob("*.parquet"):
        path.read_bytes()  # so that the first engine does not pay for the disk
    size = Size(deals, rows, {})
    for name in names:
        if name in slow:
            size.results[name] = Result(name, trouble="not run: it did not finish at a smaller size")
            continue
        repeat = chosen.repeat or (3 if deals <= 20_000 and name != "featuretools" else 1)
        size.results[name] = _median(name, scratch, repeat, chosen)
        size.results[name].rows = size.results[name].rows or rows
        print(f"{deals:,} deals, {name}: {size.results[name].trouble or f'{size.results[name].wall:.2f} s'}", file=sys.stderr, flush=True)
    settle(size, scratch)
    return size


def _median(name: str, scratch: Path, repeat: int, chosen: argparse.Namespace) -> Result:
    """The run with the median wall time, with the largest peak."""
    runs: list[dict[str, Any]] = []
    for _ in range(repeat):
        trouble = _in_own_process(name, scratch, chosen)
        shutil.rmtree(scratch / "features", ignore_errors=True)
        if trouble:
            return Result(name, trouble=trouble)
        runs.append(json.loads((scratch / f"{name}.json").read_text("utf-8")))
    walls = [run["wall"] for run in runs]
    typical = min(runs, key=lambda run: abs(run["wall"] - median(walls)))
    return Result(name, **{**typical, "peak": max(run["peak"] for run in runs)})


def _in_own_process(name: str, scratch: Path, chosen: argparse.Namespace) -> str:
    """Run the worker; what went wrong, in a few words, or nothing."""
    python = chosen.featuretools_python if name == "featuretools" else sys.executable
    worker = subprocess.Popen([python, "-m", "benchmarks.features.worker", name, str(scratch), str(scratch)], cwd=ROOT, text=True,
                              env={**os.environ, **dict.fromkeys(THREAD_LIMITS, str(THREADS))}, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _, said = worker.communicate(timeout=chosen.patience)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()
        return f"> {chosen.patience:,.0f} s"
    last = (said.strip().splitlines() or [""])[-1]
    if worker.returncode == SKIPPED:
        return f"skipped: {last}"
    return f"failed ({worker.returncode}): {last}" if worker.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
