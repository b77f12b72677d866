"""How fast cleaning is, and how much memory it takes, against reading alone.

    python benchmarks/clean.py --deals 20000        # about 0.5 GB of CSV, made on the way
    python benchmarks/clean.py --raw data/raw/acme  # a Salesforce export that is there

Each in a process of its own, one after the other: `floor`, DuckDB reads the same files, all columns as text, into tables;
`pandas` reads them as text, one after the other; `dealtriage clean`, the whole stage. Prints wall time, MB/s and peak memory.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEMORY = "3GB"


def floor(raw: Path, out: Path) -> None:
    """DuckDB, untyped: what any cleaning must at least do."""
    import duckdb

    con = duckdb.connect(str(out / "floor.duckdb"), config={"memory_limit": MEMORY, "temp_directory": str(out / "spill")})
    for path in sorted(raw.glob("*.csv")):
        encoding = "latin-1" if path.name == "Account.csv" else "utf-8"
        con.execute(f"""create table "{path.stem}" as select * from read_csv('{path}', all_varchar=true, header=true, quote='"', escape='"',
                        delim=',', encoding='{encoding}', max_line_size=8000000)""")
    con.close()


def with_pandas(raw: Path, out: Path) -> None:
    """pandas, untyped, one file after the other, nothing kept."""
    import pandas as pd

    for path in sorted(raw.glob("*.csv")):
        pd.read_csv(path, dtype="str", encoding="latin-1" if path.name == "Account.csv" else "utf-8")


def with_dealtriage(raw: Path, out: Path) -> None:
    """The stage `clean`, from the CSVs to data/core."""
    import logging

    from dealtriage import clean
    from dealtriage.params import load_params
    from dealtriage.workspace import Workspace

    logging.basicConfig(format="  %(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    params = load_params(ROOT / "params.yaml")
    source = params.source.model_copy(update={"path": raw, "crm": "salesforce"})
    clean.run(params.model_copy(update={"source": source}), Workspace(out))


def measured(job: Callable[[Path, Path], None], raw: Path) -> tuple[float, float]:
    """Seconds and peak GB of a job in a fresh process."""
    context = get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="dealtriage-bench-", dir=raw.parent) as out:
        queue = context.Queue()
        process = context.Process(target=_timed, args=(job, raw, Path(out), queue))
        process.start()
        answer: tuple[float, float] = queue.get()
        process.join()
    return answer


def _timed(job: Callable[[Path, Path], None], raw: Path, out: Path, queue: object) -> None:
    started = time.monotonic()
    job(raw, out)
    seconds = time.monotonic() - started
    queue.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))  # type: ignore[attr-defined]


def export(deals: int, folder: Path) -> Path:
    """The sample company's Salesforce export."""
    from dealtriage.sample import write_sample

    write_sample(folder / "raw", folder / "truth", deals=deals, seed=7, months=30, exported_at=datetime(2026, 6, 29, 6, tzinfo=UTC))
    return folder / "raw"


def main() -> None:
    """Run all, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=20_000)
    parser.add_argument("--raw", type=Path)
    parser.add_argument("--no-pandas", action="store_true", help="pandas needs several times the largest file in memory")
    chosen = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="dealtriage-bench-"))
    raw = (chosen.raw or export(chosen.deals, scratch)).absolute()
    megabytes = sum(path.stat().st_size for path in raw.glob("*.csv")) / 1e6
    print(f"{megabytes:,.0f} MB of CSV, {os.cpu_count()} cores", flush=True)
    jobs = {"floor": floor, **({} if chosen.no_pandas else {"pandas": with_pandas}), "dealtriage clean": with_dealtriage}
    base = 0.0
    for name, job in jobs.items():
        seconds, peak = measured(job, raw)
        base = base or seconds
        print(f"{name:<18} {seconds:8.1f} s {megabytes / seconds:8.0f} MB/s {peak:6.2f} GB peak {seconds / base:6.1f} x floor", flush=True)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    sys.exit(main())
