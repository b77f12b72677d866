"""Whether a new model may take the place of the one in use: both asked about the same windows, which neither had seen."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd

from dealtriage.evaluate import gain
from dealtriage.matrix import KEY
from dealtriage.model.base import Floats
from dealtriage.model.fitting import SUREST
from dealtriage.tables import read_json, read_parquet, read_parts
from dealtriage.workspace import Workspace

FEWEST_DEALS = 30


def against_champion(ask: Callable[[pd.DataFrame], Floats], features: list[str], cutoff: datetime, workspace: Workspace, resamples: int) -> tuple[bool, str]:
    """Whether the candidate may be promoted, and what the comparison says.

    ask: the champion's chances of rows with its `features`. cutoff: of the champion's export. The fresh window holds the tested rows of the candidate's backtest from
    that day on: the champion cannot have learnt from them, though from earlier weeks of the same deals; the candidate's chances come from models that had not seen
    the deal at all. That favours the champion. The
    candidate is refused when the champion's log loss is certainly lower (95 %, resampling deals).
    """
    mine = _fresh(cutoff, workspace)
    if mine["deal_id"].nunique() < FEWEST_DEALS:
        return True, f"no comparison: fewer than {FEWEST_DEALS} deals were asked about after the champion's export of {cutoff:%Y-%m-%d} and have an outcome"
    rows = mine[KEY].merge(read_parts(workspace.features, list(dict.fromkeys([*KEY, *features]))), on=KEY, validate="1:1")
    theirs = mine.assign(p=np.clip(ask(rows[features]), SUREST, 1 - SUREST))
    found = gain(mine, theirs, resamples)
    low, high = found["ci"]  # type: ignore[misc]
    told = (f"on {len(mine):,} deal-weeks of {mine['deal_id'].nunique():,} deals since {cutoff:%Y-%m-%d}, which neither had seen, "
            f"its log loss is {found['log_loss_gain']:+.3f} better than the champion's (95 % {low:+.3f} to {high:+.3f})")
    return high >= 0, told


def _fresh(cutoff: datetime, workspace: Workspace) -> pd.DataFrame:
    name = read_json(workspace.reports / "metrics" / "backtest.json")["model"]
    table = read_parquet(workspace.predictions / "backtest.parquet")
    chosen = table[(table["model"] == name) & (table["as_of"] >= pd.Timestamp(cutoff))]
    return chosen[[*KEY, "revived", "p"]].reset_index(drop=True)
