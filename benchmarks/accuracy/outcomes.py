"""The published outcome tasks on the BPI Challenge 2012 log: accepted, declined, cancelled, each against the other two.

The protocol is that of Teinemaa, Dumas, La Rosa, Maggi: Outcome-Oriented Predictive Process Monitoring: Review and Benchmark (ACM TKDD 13(2), 2019,
doi 10.1145/3301300). A case's class is its last event whose name begins with O; other cases are left out. Cases are ordered by their start: the
first 80 % train, and their events from the first test case's start on are dropped. Every prefix of 1 to 40 events is one example, encoded by
aggregation without buckets; the AUC of each length is weighted by how many test prefixes have it. A training case that was cut keeps its class,
which was not known at the cut: that is the benchmark's habit, not ours.

PUBLISHED holds the figures that could be had: those of the first author's thesis, which repeats these tasks with tuned random forests
and XGBoost (columns RF and XGB: aggregation encoding, one bucket). They are the printed output of generate_latex_tables.ipynb, section
"Inter-run stability", in github.com/irhete/predictive-monitoring-thesis at commit 9673e5e58a9ccad0c0699541d268c258d1bdc883, where the
tasks are called bpic2012_1 (accepted), bpic2012_2 (declined) and bpic2012_3 (cancelled). The table of the article itself could not be had, so
none of its figures is given. Its number of open cases is left out here (see `prefix`), so the encodings are close, not the same.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from benchmarks.accuracy import challengers, ours
from benchmarks.accuracy.history import Ints
from benchmarks.accuracy.prefix import Events, encode, vocabulary
from benchmarks.accuracy.task import Floats, Skipped
from sklearn.base import clone

from dealtriage.evaluate import deal_weights, weighted_auc
from dealtriage.features.columns import seconds as in_seconds
from dealtriage.sources.shelf import Item
from dealtriage.sources.xes import xes_rows

TASKS = {"accepted": "O_ACCEPTED-COMPLETE", "declined": "O_DECLINED-COMPLETE", "cancelled": "O_CANCELLED-COMPLETE"}
TRAIN_SHARE, LONGEST = 0.8, 40
SOURCE = "predictive-monitoring-thesis, generate_latex_tables.ipynb at 9673e5e (RF / XGB)"
PUBLISHED = {"accepted": {"RF": 0.668, "XGB": 0.673}, "declined": {"RF": 0.561, "XGB": 0.553}, "cancelled": {"RF": 0.706, "XGB": 0.693}}


@dataclass(frozen=True)
class Prefixes:
    """Encoded prefixes: which case each belongs to, how many events it has, whether it ends in the outcome, and its encoding."""

    case: pd.Series
    length: Ints
    matrix: pd.DataFrame


def read_log(path: Path) -> pd.DataFrame:
    """The events of an XES log: case_id, activity (with its lifecycle step), time, resource, amount."""
    with duckdb.connect() as con:
        rows = xes_rows(con, Item(path.name, path, "xes", ()))
        rows.fetch()
        log: pd.DataFrame = con.sql(f"select case_id, activity || '-' || lifecycle as activity, time::timestamptz at time zone 'UTC' as time, resource, "
                                    f"amount::double as amount from {rows.relation}").df()
    return log


def with_outcome(log: pd.DataFrame) -> pd.DataFrame:
    """The events of the cases that end in one of the three outcomes, in order, with `outcome`; a resource that is missing is the one before."""
    log = log.sort_values(["case_id", "time", "activity"], kind="stable")
    offers = log[log["activity"].str.startswith("O")].groupby("case_id")["activity"].last()
    log = log.assign(outcome=log["case_id"].map(offers), resource=log.groupby("case_id")["resource"].ffill())
    return log[log["outcome"].isin(TASKS.values())].reset_index(drop=True)


def by_start(log: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The events to learn from and those to be judged on: the cases that started first, without what happened after the first test case started."""
    starts = log.groupby("case_id")["time"].min().sort_values(kind="stable")
    first = starts.index[:int(TRAIN_SHARE * len(starts))]
    is_train = log["case_id"].isin(first)
    test = log[~is_train]
    return log[is_train & (log["time"] < test["time"].min())].reset_index(drop=True), test.reset_index(drop=True)


def prefixes(train: pd.DataFrame, test: pd.DataFrame) -> tuple[Prefixes, Prefixes]:
    """Every prefix of 1 to 40 events of both sides, with the vocabulary of the training side."""
    words = vocabulary(train["activity"], train["resource"].fillna("missing"))
    made = []
    for log in (train, test):
        case = pd.factorize(log["case_id"])[0].astype(np.int64)
        events = Events(case, in_seconds(log["time"]), log["activity"], log["resource"].fillna("missing"), {})
        number = np.arange(len(case)) - np.searchsorted(case, case, side="left") + 1
        last = np.flatnonzero(number <= LONGEST)
        columns = encode(events, last - number[last] + 1, last + 1, words)
        columns["amount"] = log["amount"].to_numpy(dtype=float)[last]
        made.append(Prefixes(log["case_id"].iloc[last].reset_index(drop=True), number[last], pd.DataFrame(columns, dtype="float32")))
    return made[0], made[1]


def mean_auc(y: Ints, p: Floats, length: Ints, weight: Floats | None = None) -> float:
    """The AUC at each prefix length, averaged with the number of prefixes of that length as weight; lengths with one class alone do not count."""
    total = rows = 0.0
    for one in np.unique(length):
        at = length == one
        auc = weighted_auc(y[at], p[at], np.ones(int(at.sum())) if weight is None else weight[at])
        if auc is not None:
            n = float(at.sum() if weight is None else weight[at].sum())
            total, rows = total + n * auc, rows + n
    return total / rows if rows else float("nan")


def estimators(columns: list[str], seed: int) -> dict[str, Any]:
    """Ours and the challengers that are installed, unfitted."""
    found: dict[str, Any] = dict(ours.of_any_columns(columns, seed))
    for name, make in challengers.LEARNERS.items():
        try:
            found[f"{name}, defaults"] = make(seed)
        except Skipped:
            continue
    return found


def judged(log_path: Path, seed: int, resamples: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Per task: how much there was to learn from, per model the AUC with a 95 % interval by resampling test cases, and what was published."""
    log = with_outcome(read_log(log_path))
    train, test = prefixes(*by_start(log))
    outcome, weights = log.groupby("case_id")["outcome"].first(), deal_weights(test.case, resamples)
    found: dict[str, Any] = {}
    for task, name in TASKS.items():
        y, actual = (one.case.map(outcome).eq(name).to_numpy(dtype=np.int64) for one in (train, test))
        models = {}
        for called, model in estimators(list(train.matrix.columns), seed).items():
            models[called] = _figures(model, train, y, test, actual, weights)
            say(f"{task}, {called}: AUC {models[called]['auc']:.3f}")
        found[task] = {"models": models, "published": PUBLISHED[task], "published_in": SOURCE, "train_cases": int(train.case.nunique()),
                       "test_cases": int(test.case.nunique()), "train_prefixes": len(y), "test_prefixes": len(actual), "share": round(float(actual.mean()), 6)}
    return found


def _figures(model: Any, train: Prefixes, y: Ints, test: Prefixes, actual: Ints, weights: list[Floats]) -> dict[str, Any]:
    """One model on one task."""
    started = time.monotonic()
    fitted = clone(model).fit(train.matrix.to_numpy(dtype=float), y)
    seconds = time.monotonic() - started
    p = fitted.predict_proba(test.matrix.to_numpy(dtype=float))[:, 1]
    drawn = [mean_auc(actual, p, test.length, weight) for weight in weights]
    return {"auc": round(mean_auc(actual, p, test.length), 6), "auc_ci": [round(float(q), 6) for q in np.quantile(drawn, [0.025, 0.975])],
            "fit_seconds": round(seconds, 3)}
