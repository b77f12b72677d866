"""What can be told at all about a sample company, and what more data would bring.

`p_revive_90d` in the truth is the chance of a revival in the 90 days from a Monday by someone who sees the buyer's hidden state: won, or a sign
of the buyer followed by forward movement, as in `label.revival: signal_and_progress`, measured from the raw export over all Mondays of open deals
(`dealtriage.sample.outlook`). So it is compared on the same rows against that label alone, and only where the run asks for it with a horizon of
90 days. It is a logistic regression per hidden state and not a closed form: a little more could be told, not a little less. Nobody can see the
hidden state, so no model of the records can reach it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.accuracy.task import Answer, Floats, Skipped, Task, bounded

from dealtriage.params import Params

HORIZON_DAYS, REVIVAL = 90, "signal_and_progress"
KEY = ["deal_id", "as_of"]


def truth_path(root: Path) -> Path:
    """Where the truth of a sample company lies below the folder of its run."""
    return root / "data" / "truth" / "states.parquet"


def is_of(params: Params) -> bool:
    """Whether the truth speaks of the label that these parameters choose."""
    return params.label.horizon_days == HORIZON_DAYS and params.label.revival == REVIVAL


def truth(task: Task) -> Answer:
    """The truth's own chance of each test row."""
    path = truth_path(task.workspace.root)
    if not path.is_file():
        raise Skipped("no truth is known of real deals")
    if not is_of(task.params):
        raise Skipped(f"the truth speaks of {REVIVAL} in {HORIZON_DAYS} days, not of this label")
    states = pd.read_parquet(path, columns=[*KEY, "p_revive_90d"])
    p = joined(task.split.test, states)
    known = np.flatnonzero(~np.isnan(p))
    return Answer(bounded(p[known]), 0.0, None if len(known) == len(p) else known)


def joined(rows: pd.DataFrame, states: pd.DataFrame) -> Floats:
    """The truth's chance of each row, in their order; missing where the truth does not hold the row."""
    states = states.assign(as_of=states["as_of"].dt.tz_localize(None).astype(rows["as_of"].dtype))
    return rows[KEY].merge(states, on=KEY, how="left", validate="1:1")["p_revive_90d"].to_numpy(dtype=float)


def share(auc: float, of: float) -> float:
    """How much of the way from chance (AUC 0.5) to the ceiling's AUC was gone."""
    return (auc - 0.5) / (of - 0.5)
