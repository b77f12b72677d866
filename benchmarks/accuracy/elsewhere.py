"""What more data would bring: the same learners, learnt from the largest sample company, which has another seed."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.accuracy import data, ours
from benchmarks.accuracy.task import Answer, Floats, Skipped, Task, bounded
from sklearn.base import clone


class Elsewhere:
    """Learners fitted on another company; a fitted one is kept for the next data set with the same first test date."""

    def __init__(self, largest: data.DataSet | None, work: Path) -> None:
        self._largest = largest
        self._work = work
        self._rows: pd.DataFrame | None = None
        self._fitted: dict[tuple[str, pd.Timestamp], tuple[Any, float]] = {}

    @property
    def name(self) -> str:
        """The other company's name."""
        return self._largest.name if self._largest else "a larger company"

    def answer(self, task: Task, name: str, model: Any) -> Answer:
        """The chances by a learner that saw the other company's rows whose label had matured by the first test date."""
        if self._largest is None or self._largest.name == task.name:
            raise Skipped("there is no larger company")
        key = (name, task.split.cut)
        if key not in self._fitted:
            rows = self._matured(task)
            started = time.monotonic()
            fitted = clone(model).fit(rows[task.columns], rows["revived"].to_numpy(dtype=np.int64))
            self._fitted[key] = fitted, time.monotonic() - started
        fitted, seconds = self._fitted[key]
        p: Floats = fitted.predict_proba(task.split.test[task.columns])[:, 1]
        return Answer(bounded(p), seconds)

    def _matured(self, task: Task) -> pd.DataFrame:
        assert self._largest is not None
        if self._rows is None:
            self._rows, _ = ours.labelled(self._largest.run(self._work))
        return self._rows[self._rows["as_of"] + pd.Timedelta(days=task.params.label.horizon_days) <= task.split.cut]
