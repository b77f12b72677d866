"""What a model is asked: rows to learn from, rows to answer; and what it answers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from benchmarks.accuracy.split import Split
from numpy.typing import NDArray

from dealtriage.params import Params
from dealtriage.workspace import Workspace

Floats = NDArray[np.float64]
SUREST = 1e-4


class Skipped(Exception):
    """A model that cannot take part, and why."""


@dataclass(frozen=True)
class Task:
    """A data set, split. columns: the features of the matrix, in order. quiet: all quiet rows, also those whose outcome is not known."""

    name: str
    params: Params
    workspace: Workspace
    columns: list[str]
    split: Split
    quiet: pd.DataFrame | None = None

    @property
    def learnt(self) -> NDArray[np.int64]:
        """The outcomes of the training rows, 0 or 1."""
        return self.split.train["revived"].to_numpy(dtype=np.int64)

    def matrices(self) -> tuple[Floats, Floats]:
        """The features of the training and of the test rows, as plain numbers."""
        return self.split.train[self.columns].to_numpy(dtype=float), self.split.test[self.columns].to_numpy(dtype=float)


@dataclass(frozen=True)
class Answer:
    """p: the chance of revival of each test row, in their order; seconds: how long it took to learn.

    rows: the positions of the test rows that were answered, when not all were.
    """

    p: Floats
    seconds: float
    rows: NDArray[np.int64] | None = None


def bounded(p: Floats) -> Floats:
    """Chances within the bounds that ours have, so that the log loss is finite for all."""
    return np.clip(np.asarray(p, dtype=float), SUREST, 1 - SUREST)
