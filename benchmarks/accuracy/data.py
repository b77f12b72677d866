"""The data sets: runs that lie in a folder already, or are made there."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
from benchmarks.accuracy import ours
from benchmarks.accuracy.ceiling import truth_path
from benchmarks.accuracy.split import split
from benchmarks.accuracy.task import Task

from dealtriage.params import Params, load_params
from dealtriage.pipeline import run_stage
from dealtriage.sample import write_sample
from dealtriage.workspace import Workspace

ROOT = Path(__file__).parent.parent.parent
BPI = "bpi"
COMPANIES = {"c1k": (1_000, 11), "c4ka": (4_000, 21), "c4kb": (4_000, 22), "c20k": (20_000, 31), "c100k": (100_000, 41)}  # deals, seed
STAGES = ("clean", "timeline", "cohort", "features")


@dataclass(frozen=True)
class DataSet:
    """A data set by name: its parameter file, and for a sample company how many deals and which seed."""

    name: str
    params: Path
    company: tuple[int, int] | None = None

    def run(self, work: Path) -> Workspace:
        """Where its run lies."""
        return Workspace(work / self.name)

    def is_finished(self, work: Path) -> bool:
        """Whether its features lie there."""
        return any(self.run(work).features.glob("part-*.parquet"))


def known() -> dict[str, DataSet]:
    """The data sets that need no file of one's own."""
    found = {BPI: DataSet(BPI, ROOT / "examples" / "bpic2012" / "params.yaml")}
    return {**found, **{name: DataSet(name, ROOT / "params.yaml", company) for name, company in COMPANIES.items()}}


def of_file(params: Path) -> DataSet:
    """The data set that a parameter file describes, named after the file, or after its folder when it is called params.yaml."""
    return DataSet(params.parent.resolve().name if params.stem == "params" else params.stem, params)


def parameters(one: DataSet, work: Path) -> Params:
    """Its parameters; those of a sample company read the export that lies in its run."""
    params = load_params(one.params)
    if one.company is None:
        return params
    source = params.source.model_copy(update={"path": one.run(work).root / "data" / "raw" / "vandelay"})
    return params.model_copy(update={"source": source})


def make(one: DataSet, work: Path) -> None:
    """Write a sample company's export and run the stages up to the features."""
    params, run = parameters(one, work), one.run(work)
    if one.company is not None:
        assert params.sample is not None, "the project's own parameters describe a sample company"
        deals, seed = one.company
        exported_at: datetime = params.sample.exported_at
        write_sample(params.source.path, truth_path(run.root).parent, deals=deals, seed=seed, months=params.sample.months, exported_at=exported_at)
    for stage in STAGES:
        run_stage(stage, params, run)


def task(one: DataSet, work: Path) -> Task:
    """The data set, read from its finished run and split."""
    params, run = parameters(one, work), one.run(work)
    quiet, columns = ours.quiet(run)
    labelled = quiet[quiet["revived"].notna()].reset_index(drop=True)
    return Task(one.name, params, run, columns, split(labelled, params.label.horizon_days), quiet)


def largest(sets: list[DataSet], work: Path) -> DataSet | None:
    """The finished sample company with the most rows."""
    finished = [one for one in sets if one.company is not None and one.is_finished(work)]
    return max(finished, key=lambda one: _rows(one.run(work)), default=None)


def _rows(run: Workspace) -> int:
    return sum(pq.read_metadata(part).num_rows for part in run.features.glob("part-*.parquet"))
