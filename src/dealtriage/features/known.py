"""What some flagged facts are to the rows of a bucket."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dealtriage.features.columns import Flags, Ints


@dataclass(frozen=True)
class Known:
    """Of some flagged facts, those that each row knows: of their positions `at` it is `at[begin:end]`.

    `running`: how many flagged facts come before each position. `lo`, `hi`: the positions between which the facts lie that each row knows.
    """

    flag: Flags
    running: NDArray[np.int32]
    lo: Ints
    hi: Ints

    @cached_property
    def at(self) -> Ints:
        """The positions of the flagged facts."""
        return np.flatnonzero(self.flag)

    @cached_property
    def begin(self) -> NDArray[np.int32]:
        """How many flagged facts come before the first that each row knows."""
        return self.running[self.lo]

    @cached_property
    def end(self) -> NDArray[np.int32]:
        """How many flagged facts come before what each row does not know."""
        return self.running[self.hi]

    @cached_property
    def some(self) -> Flags:
        """Rows that know any."""
        return self.end > self.begin

    def newest(self, values: np.ndarray, none: float) -> np.ndarray:
        """Of one value per flagged fact, that of the fact that became known last; `none` for rows that know none."""
        return np.where(self.some, values[self.end - 1], none) if len(values) else np.full(len(self.end), none)
