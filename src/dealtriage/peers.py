"""Past deals to compare a deal with, at the same point of life: those that came back and were won, and those that died."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

Floats = NDArray[np.float64]

WON, DIED = "won", "died"
MATCHED = ("amount", "deal_age_days", "silence_days")
SAME = "stage_position"
CALIPER = 1.0  # spreads of the matched features, taken together
MOST = 30
FEWEST = 10
SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True)
class Peers:
    """The look-alikes of one deal in one group: positions of rows of the past, one per deal, and their mean distance (0 = alike in all
    that is matched, 1 = a spread apart)."""

    rows: NDArray[np.int64]
    distance: float

    @property
    def is_enough(self) -> bool:
        return len(self.rows) >= FEWEST


def past(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """deal_id, deal (its number), fate (`won`, `died`: did not come back in time) and the feature `columns` of quiet deal-weeks whose window is over.

    rows: what `matrix.read_labelled` gives. Deals that came back and were never won are in neither group.
    """
    over = rows[rows["revived"].notna()]
    revived = over["revived"].astype(int) == 1
    fate = np.select([revived & over["days_until_won"].notna(), ~revived], [WON, DIED], "")
    told = over[fate != ""]
    numbers = pd.DataFrame({"deal_id": told["deal_id"].to_numpy(), "deal": pd.factorize(told["deal_id"])[0], "fate": fate[fate != ""]})
    return pd.concat([numbers, told[columns].astype("float32").reset_index(drop=True)], axis=1)


def look_alikes(now: pd.DataFrame, then: pd.DataFrame, fate: str) -> list[Peers]:
    """The at most 30 other past deals of one fate that are nearest to each row of `now`, in the same stage and within a spread of it.

    Nearest in the logarithms of amount, age and silence, measured in their spreads; of each past deal the week that is nearest.
    """
    found = [Peers(np.empty(0, dtype=np.int64), np.nan)] * len(now)
    group = np.flatnonzero((then["fate"] == fate).to_numpy())
    if not len(group):
        return found
    stages = then.reindex(columns=[SAME])[SAME].to_numpy()
    now_ids, then_ids = now["deal_id"].to_numpy(), then["deal_id"].to_numpy()
    deal, spread = then["deal"].to_numpy(), _place(then).std(axis=0)
    spread = np.where(spread > SMALLEST_SPREAD, spread, 1.0)
    for stage in now[SAME].unique():
        asked = np.flatnonzero((now[SAME] == stage).to_numpy())
        pool = group[(stages[group] == stage)]
        if not len(pool):
            continue
        weeks = max(1, len(pool) // len(np.unique(deal[pool])))
        near = NearestNeighbors(n_neighbors=min(3 * MOST * weeks, len(pool))).fit(_place(then.iloc[pool]) / spread)
        distance, at = near.kneighbors(_place(now.iloc[asked]) / spread)
        for row, (how_far, which) in zip(asked, zip(distance, pool[at], strict=True), strict=True):
            kept = (how_far <= CALIPER) & (then_ids[which] != now_ids[row])
            found[row] = _nearest(which[kept], how_far[kept], deal)
    return found


def _place(rows: pd.DataFrame) -> Floats:
    """Where each row lies; what is not known, or was left out, lies in the middle."""
    places = np.log1p(rows.reindex(columns=list(MATCHED)).astype(float).clip(lower=0))
    return places.fillna(places.median().fillna(0.0)).to_numpy()


def _nearest(rows: NDArray[np.int64], distance: Floats, deal: NDArray[np.int64]) -> Peers:
    """Each deal once, by its nearest week; rows come in the order of their distance."""
    first = np.sort(np.unique(deal[rows], return_index=True)[1])[:MOST]
    return Peers(rows[first], float(distance[first].mean()) if len(first) else np.nan)
