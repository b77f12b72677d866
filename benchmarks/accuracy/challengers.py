"""What others would use: the makers' defaults, on our features or on encodings of their own."""

import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.accuracy import bgnbd, prefix
from benchmarks.accuracy.history import histories
from benchmarks.accuracy.task import Answer, Floats, Skipped, Task, bounded
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from dealtriage.features.columns import seconds as in_seconds

WEEK = 7 * 86_400
SAMPLED_DEALS = 250
PATIENCE_SECONDS = 900
FACTS = ["kind", "owner_id", "is_buyer_signal", "is_seller_touch", "value", "value_before"]


def boosted(seed: int) -> HistGradientBoostingClassifier:
    """scikit-learn's boosted trees with the maker's defaults."""
    return HistGradientBoostingClassifier(random_state=seed)


def light(seed: int) -> Any:
    """LightGBM with the maker's defaults, on one core."""
    return _peer("lightgbm").LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1)


def cat(seed: int) -> Any:
    """CatBoost with the maker's defaults, on one core."""
    return _peer("catboost").CatBoostClassifier(random_seed=seed, thread_count=1, verbose=False, allow_writing_files=False)


LEARNERS: dict[str, Callable[[int], Any]] = {"HistGradientBoosting": boosted, "LightGBM": light, "CatBoost": cat}


def answers(task: Task, featuretools_python: str | None) -> dict[str, Callable[[], Answer]]:
    """Each challenger by name, to be called; a call raises Skipped when it cannot take part."""
    return {
        **{f"{name}, defaults": partial(on_our_features, task, make) for name, make in LEARNERS.items()},
        "aggregated prefix + boosting": partial(aggregated_prefix, task),
        "BG/NBD P(alive)": partial(buy_till_you_die, task),
        "featuretools + boosting": partial(on_featuretools, task, featuretools_python),
    }


def _peer(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise Skipped(f"{name} is not installed") from None


def on_our_features(task: Task, make: Callable[[int], Any]) -> Answer:
    """A learner with its defaults on our features."""
    train, test = task.matrices()
    return _learnt(make(task.params.model.seed), train, task.learnt, test, time.monotonic())


def _learnt(model: Any, train: Floats, y: np.ndarray, test: Floats, started: float) -> Answer:
    """Fit and ask; a column without any number in training is left out, since HistGradientBoosting cannot bin it."""
    kept = np.isfinite(train).any(axis=0)
    model.fit(train[:, kept], y)
    seconds = time.monotonic() - started
    return Answer(bounded(model.predict_proba(test[:, kept])[:, 1]), seconds)


def aggregated_prefix(task: Task) -> Answer:
    """Boosted trees on the aggregation encoding of what was known of the deal (see `prefix`)."""
    started = time.monotonic()
    words = prefix.words_before(task.workspace, task.split.train)
    train, test = (prefix.encode_rows(task.workspace, rows, words).to_numpy() for rows in (task.split.train, task.split.test))
    return _learnt(boosted(task.params.model.seed), train, task.learnt, test, started)


def buy_till_you_die(task: Task) -> Answer:
    """P(alive) of BG/NBD, fitted on each training deal as it stood at its last training row; a sigmoid of it on all training rows."""
    started = time.monotonic()
    train, test = signs(task, task.split.train), signs(task, task.split.test)
    last = ~task.split.train.sort_values("as_of", kind="stable")["deal_id"].duplicated(keep="last").sort_index().to_numpy()
    model = bgnbd.fit(*train[:, last])
    line = LogisticRegression(C=np.inf).fit(bgnbd.p_alive(model, *train)[:, None], task.learnt)
    return Answer(bounded(line.predict_proba(bgnbd.p_alive(model, *test)[:, None])[:, 1]), time.monotonic() - started)


def signs(task: Task, rows: pd.DataFrame) -> Floats:
    """x, t_x and T of each row: on how many days a sign of the buyer is known, and weeks from the deal's first fact to the last sign and to the as-of date."""
    found = np.zeros((3, len(rows)))
    for history in histories(task.workspace, rows, ["occurred_at", "is_buyer_signal"]):
        flag, born = history.facts["is_buyer_signal"].to_numpy(dtype=bool), in_seconds(history.facts["known_at"])
        occurred = pd.Series(np.where(flag, in_seconds(history.facts["occurred_at"]), -1)).groupby(history.case).cummax().to_numpy()
        day = history.facts["occurred_at"].dt.floor("D").where(flag)
        is_first_of_day = flag & ~pd.DataFrame({"case": history.case, "day": day}).duplicated().to_numpy()
        running, there = np.concatenate([[0], np.cumsum(is_first_of_day)]), history.hi > history.lo
        as_of, first = in_seconds(rows["as_of"].iloc[history.rows]), born[np.where(there, history.lo, 0)]
        x = np.where(there, running[history.hi] - running[history.lo], 0)
        T = np.where(there, as_of - first, 0) / WEEK
        t_x = np.where(x > 0, occurred[np.where(there, history.hi - 1, 0)] - first, 0) / WEEK
        found[:, history.rows] = x, np.clip(t_x, 0, T), T
    return found


def on_featuretools(task: Task, python: str | None) -> Answer:
    """Boosted trees on featuretools' own features of the facts, learnt and tested on the rows of a few hundred deals each."""
    if python is None:
        raise Skipped("no --featuretools-python was given")
    started = time.monotonic()
    seed = task.params.model.seed
    places = [_sample(rows["deal_id"], seed) for rows in (task.split.train, task.split.test)]
    chosen = [rows.iloc[place] for rows, place in zip((task.split.train, task.split.test), places, strict=True)]
    made = _featuretools_matrix(task, pd.concat(chosen, ignore_index=True), python)
    size = len(places[0])
    answer = _learnt(boosted(seed), made[:size], task.learnt[places[0]], made[size:], started)
    return Answer(answer.p, answer.seconds, places[1])


def _sample(deals: pd.Series, seed: int) -> np.ndarray:
    """The positions of the rows of some deals."""
    names = np.sort(deals.unique())
    drawn = np.random.default_rng(seed).permutation(names)[:SAMPLED_DEALS]
    return np.flatnonzero(deals.isin(drawn))


def _featuretools_matrix(task: Task, rows: pd.DataFrame, python: str) -> Floats:
    with tempfile.TemporaryDirectory(prefix="dealtriage-accuracy-") as scratch:
        folder = Path(scratch)
        facts = [history.facts for history in histories(task.workspace, rows, FACTS)]
        pd.concat(facts, ignore_index=True).to_parquet(folder / "facts.parquet", index=False)
        rows[["deal_id", "as_of"]].to_parquet(folder / "rows.parquet", index=False)
        worker = [python, str(Path(__file__).with_name("in_featuretools.py")), str(folder)]
        try:
            done = subprocess.run(worker, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Skipped(f"featuretools took more than {PATIENCE_SECONDS} s") from None
        if done.returncode:
            raise Skipped(f"featuretools failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        return pd.read_parquet(folder / "features.parquet").to_numpy(dtype=float)
