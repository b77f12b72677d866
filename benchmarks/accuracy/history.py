"""What the timeline held about each row's deal before the row's as-of date."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage.features.columns import seconds
from dealtriage.tables import parts, read_parquet
from dealtriage.workspace import Workspace

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """Facts sorted by deal and `known_at`, and for each row the slice [lo, hi) of its deal's facts known before its as-of date.

    case: the deal of each fact as a number. rows: the positions of the rows among all that were asked for.
    """

    facts: pd.DataFrame
    case: Ints
    rows: Ints
    lo: Ints
    hi: Ints


def histories(workspace: Workspace, rows: pd.DataFrame, columns: list[str]) -> Iterator[Histories]:
    """The histories of the rows (deal_id, as_of), one part of the timeline after the other."""
    for part in parts(workspace.timeline):
        facts = read_parquet(part, ["deal_id", "known_at", *columns])
        place = np.flatnonzero(rows["deal_id"].isin(facts["deal_id"].unique()))
        if len(place):
            yield known_before(facts, rows.iloc[place], place)


def known_before(facts: pd.DataFrame, rows: pd.DataFrame, place: Ints) -> Histories:
    """The histories of the rows among these facts; a fact known at the as-of date itself is not part of it."""
    facts = facts[facts["deal_id"].isin(rows["deal_id"].unique())].sort_values(["deal_id", "known_at"], kind="stable").reset_index(drop=True)
    codes = pd.factorize(pd.concat([facts["deal_id"], rows["deal_id"]]), sort=True)[0].astype(np.int64)
    case, asked = np.split(codes, [len(facts)])
    known, as_of = seconds(facts["known_at"]), seconds(rows["as_of"])
    start = int(min(known.min(initial=0), as_of.min(initial=0)))
    span = int(max(known.max(initial=0), as_of.max(initial=0))) - start + 1
    hi = np.searchsorted(case * span + known - start, asked * span + as_of - start, side="left")
    return Histories(facts, case, place, np.searchsorted(case, asked, side="left"), hi)
