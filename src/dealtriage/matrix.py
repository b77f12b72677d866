"""Features and labels side by side: the rows that a model may learn from or be judged on."""

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage.errors import BadInput
from dealtriage.model.rules import columns_needed
from dealtriage.tables import read_parquet, read_parts
from dealtriage.workspace import Workspace

KEY = ["deal_id", "as_of"]


def read_labelled(workspace: Workspace) -> pd.DataFrame:
    """The quiet rows: deal_id, as_of, all features, and the columns of the label (`revived` empty = unknown)."""
    rows = read_parts(workspace.cohort / "rows", [*KEY, "is_quiet", "is_in_gap"])
    labels = read_parts(workspace.cohort / "labels")
    joined = rows[rows["is_quiet"]][[*KEY, "is_in_gap"]].merge(labels, on=KEY, validate="1:1")
    return joined.merge(read_parts(workspace.features), on=KEY, validate="1:1").sort_values(
        [*KEY[::-1]], kind="stable").reset_index(drop=True)


def read_rotten_days(workspace: Workspace) -> dict[int, float]:
    """After how many days without activity a deal rots, by the position of its stage; empty where the CRM does not tell."""
    stages = read_parquet(workspace.core / "stages.parquet").dropna(subset=["position", "rotten_days"])
    return dict(zip(stages["position"].astype(int), stages["rotten_days"].astype(float), strict=True))


def read_stage_names(workspace: Workspace) -> dict[int, str]:
    """The name of each stage, by its position."""
    stages = read_parquet(workspace.core / "stages.parquet")
    return dict(zip(stages["position"].astype(int), stages["stage"], strict=True))


def feature_columns(matrix: pd.DataFrame) -> list[str]:
    """The feature columns of a matrix, in order. Raises BadInput when one is excluded that a rule needs."""
    from dealtriage.features.registry import by_name

    names = [name for name in by_name() if name in matrix.columns]
    missing = sorted(columns_needed() - set(names))
    if missing:
        raise BadInput(f"The rules that every model is judged against need {', '.join(missing)}.",
                       "Take these out of features.exclude.")
    return names


def deal_group(deal_ids: pd.Series, groups: int, salt: str = "") -> NDArray[np.int64]:
    """The group of each deal, from its id alone: stable from run to run and as deals are added.

    Another salt gives a grouping that has nothing to do with the first.
    """
    group = {one: int.from_bytes(hashlib.md5(f"{salt}{one}".encode()).digest()[:8], "big") % groups
             for one in deal_ids.unique()}
    return deal_ids.map(group).to_numpy(dtype=np.int64)
