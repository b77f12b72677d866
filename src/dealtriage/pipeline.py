"""The stages in order: what `dvc repro` runs one by one, and `dealtriage run` in one process."""

from collections.abc import Callable
from importlib import import_module

from threadpoolctl import threadpool_limits

from dealtriage.params import Params
from dealtriage.workspace import Workspace

STAGES = {
    "clean": "dealtriage.clean",
    "timeline": "dealtriage.timeline",
    "cohort": "dealtriage.cohort",
    "features": "dealtriage.features.build",
    "backtest": "dealtriage.backtest",
    "sensitivity": "dealtriage.sensitivity.build",
    "evaluate": "dealtriage.report.build",
    "train": "dealtriage.train",
    "score": "dealtriage.score",
    "winloss": "dealtriage.winloss.build",
    "recommend": "dealtriage.recommend",
    "effects": "dealtriage.effects.build",
    "publish": "dealtriage.publish.lists",
}


def run_stage(name: str, params: Params, workspace: Workspace) -> str | None:
    """Run one stage; returns what it has to say, if anything.

    Linear algebra keeps to one thread: the last bits of a model would otherwise depend on the number of cores.
    """
    run: Callable[[Params, Workspace], str | None] = import_module(STAGES[name]).run
    with threadpool_limits(1):
        return run(params, workspace)
