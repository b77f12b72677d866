"""What cohort, features and scores take at a size, on this machine's cores and on Spark.

    python benchmarks/scale.py --deals 200000 --engines local spark --model .

A synthetic timeline (benchmarks/features/generate.py: 30 facts a deal) is asked about as the pipeline does: the quiet deals at every
Monday, all registered features, the chances of the open deals by the model of the run given as --model. Prints per engine and
stage wall seconds, as-of rows per second and, for the local engine, CPU seconds and peak memory. Spark: --spark-master, local[2] by default.
With both engines it also says whether they wrote the same bytes.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
STAGES = ("cohort", "features", "score")
SMALL_CORE = {"owners": ["owner_id", "name", "team"], "gaps": None, "stages": ["position", "stage"],
              "deals": ["deal_id", "name", "account_name", "owner_id_now", "stage_now", "amount_now", "currency_rate", "loss_reason_now"]}

NUMBERS = ("amount_now", "currency_rate", "position")


def prepare(folder: Path, deals: int, model: Path) -> None:
    """A workspace with a timeline of so many deals, empty core tables and a model."""
    import pandas as pd
    from benchmarks.features.generate import generate

    from dealtriage.gaps import COLUMNS
    from dealtriage.tables import write_json, write_parquet

    generate(folder / "data", deals)
    shutil.rmtree(folder / "data" / "cohort")
    newest = max(pd.read_parquet(part, columns=["known_at"])["known_at"].max() for part in (folder / "data" / "timeline").glob("*.parquet"))
    write_json(folder / "data" / "core" / "export.json", {"cutoff": f"{newest + pd.Timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"})
    for name, columns in SMALL_CORE.items():
        types = COLUMNS if columns is None else {column: "float64" if column in NUMBERS else "str" for column in columns}
        empty = pd.DataFrame(columns=list(types)).astype(types)
        write_parquet(empty, folder / "data" / "core" / f"{name}.parquet")
    for name in ("models", "reports"):
        shutil.copytree(model / name, folder / name)


def work(folder: Path, kind: str, master: str) -> None:
    """Run the stages in this process; print one JSON line per stage."""
    import pyarrow.parquet as pq

    from dealtriage.params import Engine, load_params
    from dealtriage.pipeline import run_stage
    from dealtriage.tables import parts
    from dealtriage.workspace import Workspace

    engine = Engine.model_validate({"kind": kind, "spark_master": master})
    params = load_params(ROOT / "params.yaml").model_copy(update={"engine": engine})
    workspace = Workspace(folder)
    if kind == "spark":
        from dealtriage.engines import each_part

        started = time.monotonic()
        each_part(engine, workspace.timeline, abs, "session")
        print(json.dumps({"stage": "session start", "wall": time.monotonic() - started}), flush=True)
    for stage in STAGES:
        started, before = time.monotonic(), time.process_time()
        run_stage(stage, params, workspace)
        rows = sum(pq.read_metadata(part).num_rows for part in parts(workspace.cohort / "rows"))
        print(json.dumps({"stage": stage, "wall": time.monotonic() - started, "cpu": time.process_time() - before, "rows": rows,
                          "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}), flush=True)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """What the stages wrote."""
    return {str(path.relative_to(folder)): path.read_bytes() for name in ("cohort", "weeks", "features", "scores")
            for path in sorted((folder / "data" / name).rglob("*.parquet"))}


def main() -> int:
    """Run every engine in a process of its own on the same timeline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=200_000)
    parser.add_argument("--engines", nargs="+", choices=("local", "spark"), default=["local", "spark"])
    parser.add_argument("--model", type=Path, default=ROOT, help="the folder of a finished run")
    parser.add_argument("--spark-master", default="local[2]")
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work(Path(chosen.work[1]), chosen.work[0], chosen.spark_master)
        return 0
    written = []
    with tempfile.TemporaryDirectory(prefix="dealtriage-scale-", dir=chosen.scratch) as scratch:
        folder = Path(scratch)
        prepare(folder, chosen.deals, chosen.model)
        for kind in chosen.engines:
            command = [sys.executable, __file__, "--work", kind, scratch, "--spark-master", chosen.spark_master]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "TZ": "UTC"})
            for line in done.stdout.splitlines():
                one = json.loads(line)
                more = f"  {one['rows']:>12,} rows  {one['rows'] / one['wall']:>10,.0f} rows/s" if "rows" in one else ""
                own = f"  CPU {one['cpu']:.1f} s  peak {one['peak']:.2f} GB" if kind == "local" else ""
                print(f"{chosen.deals:>9,} deals  {kind:<6} {one['stage']:<14} {one['wall']:>7.1f} s{more}{own}", flush=True)
            written.append(bytes_of(folder) if chosen.deals <= 200_000 else {})
    if len(written) == 2 and written[0]:
        print("the same bytes" if written[0] == written[1] else "DIFFERENT BYTES")
    return int(len(written) == 2 and written[0] != written[1])


if __name__ == "__main__":
    sys.exit(main())
