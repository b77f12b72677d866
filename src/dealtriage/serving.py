"""Answers about single rows of the matrix: chance, state, phase and reasons, in the words of the lists. What a served model says."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from dealtriage.features.registry import by_name
from dealtriage.lookalikes import Ranges, by_feature
from dealtriage.matrix import read_stage_names
from dealtriage.model.after import said_after
from dealtriage.model.fitting import chance
from dealtriage.model.store import load_model
from dealtriage.model.when import When
from dealtriage.params import Params
from dealtriage.phases.rules import Situation, phase, role
from dealtriage.reasons import contributions, reasons
from dealtriage.tables import read_csv_table, read_json, read_parquet, write_json
from dealtriage.workspace import Workspace

MODELS = ("model.skops", "win.skops", "restall.skops", "card.json", "lookalikes.parquet")
SETTINGS = "serving.json"
BANDS = "bands.csv"
TOLD_BY_CALLER = {  # what no feature knows: optional columns of a request, with the value of a deal of which nothing of the kind is known
    "proposal": "none", "is_new_after_withdrawal": False, "is_same_again": False, "has_sheet": False, "proposal_age_days": np.inf, "days_since_withdrawal": np.inf, "signals_since_withdrawal": 0,
    "days_rediscovering": np.inf, "are_needs_restated": False, "stalls_since_asked": 0, "days_since_third_party": np.inf, "signals_since_third_party": 0, "gauge": np.nan,
    "cause": "unclear", "kind": "unknown"}


def pack(params: Params, workspace: Workspace, folder: Path) -> None:
    """Put all that answers need into one folder: the models, the bands, the names of the stages, the choices."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        shutil.copyfile(workspace.model / name, folder / name)
    shutil.copyfile(workspace.reports / "tables" / BANDS, folder / BANDS)
    phases = params.phases
    write_json(folder / SETTINGS, {
        "quiet_days": params.cohort.quiet_days, "dead_below": params.publish.dead_below, "large_deal": phases.large_deal,
        "bounds": {name: getattr(phases, name) for name in ("rest_days", "give_up_days", "talk_works", "restall_high", "many_stalls")},
        "stages": {str(at): name for at, name in read_stage_names(workspace).items()}})


@dataclass(frozen=True)
class Answering:
    """All that answers need, loaded once."""

    model: BaseEstimator
    win: BaseEstimator
    restall: BaseEstimator
    card: dict[str, Any]
    lookalikes: Ranges
    bands: pd.DataFrame
    settings: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `pack` wrote."""
        model, win, restall = (load_model(folder / name) for name in MODELS[:3])
        return cls(model, win, restall, read_json(folder / "card.json"), by_feature(read_parquet(folder / "lookalikes.parquet")), read_csv_table(folder / BANDS), read_json(folder / SETTINGS))

    def answer(self, rows: pd.DataFrame, with_reasons: bool = True, quiet_only: bool = True) -> pd.DataFrame:
        """One row per row, in their order.

        rows: the features of the model (data/features without its keys); deal_id, passed through; and the columns of TOLD_BY_CALLER, each optional.
        Returns deal_id (where given), p_revive_<horizon>d and the other p_revive_<n>d, wait_days_if_revived, p_win_if_revived, p_restall, state (active, stalled or dead, by
        the line alone: a list also minds the weeks before), came_true (how often such a chance came true), phase, step, why_phase, until, role, reason_1 to reason_3.
        Chances are empty, and the state is active, where the buyer is not quiet; with quiet_only=False there is a chance for every row, which means nothing where the buyer is not quiet.
        """
        horizon = self.card["horizon_days"]
        x = rows.reindex(columns=list(by_name())).astype("float64")
        p = pd.Series(chance(self.model, x[self.card["features"]]), index=rows.index)
        found = rows[["deal_id"]].copy() if "deal_id" in rows else pd.DataFrame(index=rows.index)
        found[f"p_revive_{horizon}d"] = p
        then = said_after(When.from_json(self.card["when"]), self.win, self.restall, tuple(self.card["when_days"]), x)
        for days in self.card["when_days"]:
            found[f"p_revive_{days}d"] = (p * then[f"share_{days}d"]).clip(upper=1.0) if days != horizon else p
        found = found.assign(wait_days_if_revived=then["wait_days"], p_win_if_revived=then["p_win"], p_restall=then["p_restall"])
        is_quiet = x["silence_days"] >= self.settings["quiet_days"]
        numbers = found.columns.drop("deal_id", errors="ignore")
        found[numbers] = found[numbers].where(is_quiet | (not quiet_only))
        found["state"] = np.select([~is_quiet, p < self.settings["dead_below"]], ["active", "dead"], "stalled")
        found["came_true"] = [self._came_true(one) for one in found[f"p_revive_{horizon}d"]]
        found = found.join(self._phases(rows, x, found))
        return found.join(self._reasons(x, is_quiet)) if with_reasons else found

    def _came_true(self, p: float) -> str:
        if np.isnan(p):
            return ""
        band = self.bands.iloc[np.searchsorted(self.bands["low"].to_numpy()[1:], p, side="right")]
        return f"{band['deals']:,.0f} past deals were given {band['low']:.0%} to {band['high']:.0%}; {band['came_true_share']:.0%} of those weeks led to a comeback"

    def _phases(self, rows: pd.DataFrame, x: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
        told = rows.reindex(columns=list(TOLD_BY_CALLER)).astype("object")
        told = told.where(told.notna(), pd.Series(TOLD_BY_CALLER, dtype="object"), axis=1)
        is_large = x["amount"] >= self.settings["large_deal"]  # unknown where the feature was left out
        chosen = []
        for state, restall, large, row in zip(found["state"], found["p_restall"], is_large, told.to_dict("records"), strict=True):
            situation = Situation(state=state, p_restall=float(restall), is_large=bool(large), **{str(name): value for name, value in row.items()}, **self.settings["bounds"])
            rule, who = phase(situation), role(situation)
            chosen.append((rule.then, rule.step, rule.because, rule.until, who.then))
        return pd.DataFrame(chosen, columns=["phase", "step", "why_phase", "until", "role"], index=rows.index)

    def _reasons(self, x: pd.DataFrame, is_quiet: pd.Series) -> pd.DataFrame:
        adds = contributions(self.model, x[self.card["features"]], self.card["typical_deal"]).where(is_quiet)
        stages = {int(at): name for at, name in self.settings["stages"].items()}
        return reasons(x, adds, self.card["typical_deal"], stages, self.lookalikes).drop(columns="most_against")
