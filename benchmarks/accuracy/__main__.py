"""Runs every model on every data set and prints the tables."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import benchmarks.accuracy
from benchmarks.accuracy import ceiling, challengers, data, ours, outcomes, table
from benchmarks.accuracy.elsewhere import Elsewhere
from benchmarks.accuracy.score import figures, with_shares
from benchmarks.accuracy.task import Answer, Skipped, Task
from threadpoolctl import threadpool_limits

from dealtriage.tables import write_json

TRUTH = "the truth's own chance (ceiling)"


def main() -> int:
    """Run, print, write."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory(prefix="dealtriage-accuracy-") as scratch, threadpool_limits(1):
        work = chosen.work or Path(scratch)
        sets = [data.known()[name] for name in chosen.sets] + [data.of_file(path) for path in chosen.params]
        missing = [one for one in sets if not one.is_finished(work)]
        if chosen.finished:
            sets = [one for one in sets if one not in missing]
        else:
            for one in missing:
                _say(f"{one.name}: making its run")
                data.make(one, work)
        content = {"data_sets": _all_sets(sets, work, chosen), "outcomes": _outcomes(sets, work, chosen)}
    if chosen.out:
        write_json(chosen.out, content)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=benchmarks.accuracy.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", choices=list(data.known()), default=list(data.known()), help="data sets, smallest first")
    parser.add_argument("--params", nargs="*", type=Path, default=[], help="parameter files of other logs or exports")
    parser.add_argument("--work", type=Path, help="where runs lie and are made; default: a folder that is removed again")
    parser.add_argument("--finished", action="store_true", help="leave out what does not lie in --work")
    parser.add_argument("--models", nargs="*", help="only models whose name contains one of these")
    parser.add_argument("--featuretools-python", help="an interpreter with featuretools and pandas 2")
    parser.add_argument("--no-outcomes", action="store_true", help="without the published outcome tasks")
    parser.add_argument("--resamples", type=int, default=300, help="resamples of deals behind every interval")
    parser.add_argument("--out", type=Path, help="where all figures are written, as JSON")
    return parser.parse_args()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _all_sets(sets: list[data.DataSet], work: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    elsewhere = Elsewhere(data.largest(list(data.known().values()), work), work)
    found = []
    for one in sets:
        found.append(_judged(data.task(one, work), elsewhere, chosen))
        print(table.of_models(found[-1]), flush=True)
    return found


def _judged(task: Task, elsewhere: Elsewhere, chosen: argparse.Namespace) -> dict[str, Any]:
    """Every model on one data set."""
    baseline = ours.plain(task, ours.models(task.columns, task.params)[ours.BASELINE])
    results: dict[str, dict[str, Any]] = {}
    for name, answer in _asked(task, elsewhere, chosen).items():
        if chosen.models and not any(wanted in name for wanted in chosen.models):
            continue
        started = time.monotonic()
        try:
            results[name] = figures(task, answer(), baseline, chosen.resamples)
            said = f"AUC {results[name]['auc']:.3f}"
        except Skipped as reason:
            results[name] = {"skipped": str(reason)}
            said = f"not run: {reason}"
        _say(f"{task.name}, {name}: {said} ({time.monotonic() - started:.1f} s)")
    train, test = task.split.train, task.split.test
    return {"name": task.name, "cut": task.split.cut.date().isoformat(), "horizon_days": task.params.label.horizon_days, "dropped": task.split.dropped,
            "train_rows": len(train), "train_deals": int(train["deal_id"].nunique()), "test_rows": len(test), "test_deals": int(test["deal_id"].nunique()),
            "revived_share": round(float(test["revived"].astype(int).mean()), 6), "models": with_shares(results, results.get(TRUTH, {}).get("auc"))}


def _asked(task: Task, elsewhere: Elsewhere, chosen: argparse.Namespace) -> dict[str, Callable[[], Answer]]:
    """All models by name, to be called."""
    found: dict[str, Callable[[], Answer]] = {}
    for name, model in ours.models(task.columns, task.params).items():
        found[name] = partial(ours.plain, task, model)
    found[ours.LEARNED] = partial(ours.learned, task)
    found.update(challengers.answers(task, chosen.featuretools_python))
    if ceiling.truth_path(task.workspace.root).is_file():
        learners = {**ours.candidates_only(task), "HistGradientBoosting, defaults": challengers.boosted(task.params.model.seed)}
        for name, model in learners.items():
            found[f"{name}, learnt from {elsewhere.name}"] = partial(elsewhere.answer, task, name, model)
        found[TRUTH] = partial(ceiling.truth, task)
    return found


def _outcomes(sets: list[data.DataSet], work: Path, chosen: argparse.Namespace) -> dict[str, Any] | None:
    """The published outcome tasks, when the BPI 2012 log is among the data sets."""
    one = next((one for one in sets if one.name == data.BPI), None)
    if one is None or chosen.no_outcomes:
        return None
    _say("outcome tasks on the BPI Challenge 2012 log")
    params = data.parameters(one, work)
    found = outcomes.judged(params.source.path, params.model.seed, chosen.resamples, _say)
    print(table.of_outcomes(found), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
