"""What a held-out share of recommendations shows: the deals that were recommended a phase against those from which it was held back by lot.

By intention to treat: a deal counts where the lot put it, whatever was done. It is an experiment, so nothing need be made equal.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dealtriage.effects.estimate import Effect, around
from dealtriage.effects.evidence import PHASES
from dealtriage.labels import COLUMNS_READ, label
from dealtriage.params import Label
from dealtriage.tables import parts, read_parquet
from dealtriage.workspace import Workspace, read_cutoff

LOG = "log.parquet"
FEWEST_DEALS = 20  # of each kind
LOG_TYPES = {"deal_id": "str", "recommended_at": "datetime64[us]", "state": "str", "phase": "str", "is_held_out": "bool", "p_revive": "float64",
             "model_version": "str", "horizon_days": "int64", "lot": "str"}


@dataclass(frozen=True)
class Experiment:
    """How many deals were recommended a phase and how many held out, of those whose window is over, and what came of them."""

    deals: int
    deals_running: int
    deals_told: int
    deals_held_out: int
    shares: tuple[float, float] | None = None  # that came back, of those told and of those held out
    effect: Effect | None = None

    @property
    def against(self) -> list[str]:
        """Why nothing is known, in plain words; empty where something is."""
        if self.effect is not None:
            return []
        if self.deals == 0:
            return ["no experiment was run"]
        running = f"; {self.deals_running} more are not over" if self.deals_running else ""
        return [f"{self.deals_told} deals were told and {self.deals_held_out} held out whose windows are over{running}; {FEWEST_DEALS} of each are needed"]


def read_log(workspace: Workspace) -> pd.DataFrame:
    """What was recommended and when, one row per deal and time: the columns of LOG_TYPES. Empty where there is no log."""
    path = workspace.recommended / LOG
    found = read_parquet(path, list(LOG_TYPES)) if path.is_file() else pd.DataFrame(columns=list(LOG_TYPES))
    return found.astype(LOG_TYPES)


def outcomes(workspace: Workspace, params: Label, log: pd.DataFrame) -> pd.DataFrame:
    """The first time each deal was recommended a phase, by its deal id: the log's columns and revived (empty = its window is not over).

    Only deals of the newest lot (share and salt) count, and only where it was the first to be asked about them: those recommended something before it was drawn would be all on one side.
    Empty unless some deal was held out: without that there is no experiment.
    """
    first = log[log["phase"].isin(PHASES)].sort_values(["recommended_at", "deal_id"], kind="stable").drop_duplicates("deal_id")
    lots = log.loc[log["lot"] != "", ["recommended_at", "lot"]].sort_values("recommended_at", kind="stable")["lot"]
    asked = first[first["lot"] == (lots.iloc[-1] if len(lots) else None)]
    if not asked["is_held_out"].any():
        return asked.iloc[:0].assign(revived=pd.Series(dtype="Int8"))
    found = []
    for part in parts(workspace.timeline):
        facts = read_parquet(part, list(COLUMNS_READ))
        for horizon, rows in asked[asked["deal_id"].isin(facts["deal_id"].unique())].groupby("horizon_days"):
            windows = rows[["deal_id"]].assign(as_of=rows["recommended_at"], is_in_gap=False)
            came = label(facts, windows, read_cutoff(workspace), params.model_copy(update={"horizon_days": int(horizon)}))
            found.append(rows.assign(revived=came["revived"].array))
    return pd.concat(found).sort_values("deal_id", kind="stable").reset_index(drop=True)


def experiment(deals: pd.DataFrame) -> Experiment:
    """The difference between deals told and held out. deals: deal_id, is_held_out, revived (empty = not known), one row per deal."""
    over = deals[deals["revived"].notna()]
    held, y = over["is_held_out"].to_numpy(dtype=bool), over["revived"].to_numpy(dtype=float)
    counts = Experiment(len(deals), len(deals) - len(over), int((~held).sum()), int(held.sum()))
    if min(counts.deals_told, counts.deals_held_out) < FEWEST_DEALS:
        return counts
    told = np.where(held, 0.0, 1 / counts.deals_told)
    out = np.where(held, 1 / counts.deals_held_out, 0.0)
    shares = float(told @ y), float(out @ y)
    influence = told * (y - shares[0]) - out * (y - shares[1])
    found = around(shares[0] - shares[1], influence, np.arange(len(y)), min(counts.deals_told, counts.deals_held_out))
    return Experiment(counts.deals, counts.deals_running, counts.deals_told, counts.deals_held_out, shares, found)
