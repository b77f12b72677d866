"""Whether windows that are not over hide something: all rows by Kaplan-Meier, and what came so far of those still running."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage import evaluate
from dealtriage.model.base import Floats
from dealtriage.params import Label
from dealtriage.sensitivity.refits import followed_days, still_running

FEWEST_DAYS = 7
QUARTERS = ["quarter", "rows", "deals", "running_share", "matured_rows", "revived_share", "expected_share", "ci_low", "ci_high"]
RUNNING = ["month", "rows", "deals", "followed_days", "said_share", "expected_share", "seen_share", "difference", "ci_low", "ci_high"]


def kaplan_meier(days: Floats, is_event: NDArray[np.bool_], weight: Floats | None = None) -> float:
    """The chance that the event came by the last of `days`, when a row without an event was watched for `days` and no longer.

    Kaplan and Meier (1958). A row that is let go on the day of an event was still at risk of it.
    """
    weight = np.ones(len(days)) if weight is None else weight
    _, place = np.unique(days, return_inverse=True)
    events, leaving = np.bincount(place, weight * is_event), np.bincount(place, weight)
    at_risk = leaving[::-1].cumsum()[::-1]
    staying = 1 - events / np.where(at_risk > 0, at_risk, 1.0)
    return float(1 - staying.prod())


def by_quarter(rows: pd.DataFrame, label: Label, cutoff: datetime, resamples: int) -> pd.DataFrame:
    """Per quarter of as-of dates, and over all: the share that revived among rows whose window is over, and the Kaplan-Meier estimate over all rows.

    revived_share is empty where no window is over. The interval is that of the estimate, by resampling deals.
    """
    usable = (rows["left_out"] == "").to_numpy() | still_running(rows, label)
    kept = rows[usable & (followed_days(rows, cutoff) > 0)]
    quarters = kept["as_of"].dt.to_period("Q").astype("str").to_numpy()
    names = [*np.unique(quarters), "all"]
    parts = (kept if name == "all" else kept[quarters == name] for name in names)
    return pd.DataFrame([{"quarter": name, **_estimate(part, label, cutoff, resamples)} for name, part in zip(names, parts, strict=True)], columns=QUARTERS)


def _estimate(part: pd.DataFrame, label: Label, cutoff: datetime, resamples: int) -> dict[str, float | int]:
    if part.empty:
        return {"rows": 0, "deals": 0, "matured_rows": 0}
    followed = np.minimum(followed_days(part, cutoff), label.horizon_days)
    back = part[f"days_until_{label.revival}"].fillna(np.inf).to_numpy(dtype=float)
    is_event = (back <= followed) & (back < label.horizon_days)
    days, matured = np.where(is_event, back, followed), part["is_matured"].to_numpy(dtype=bool)
    draws = [kaplan_meier(days, is_event, weight) for weight in evaluate.deal_weights(part["deal_id"], min(resamples, 200))]
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"rows": len(part), "deals": part["deal_id"].nunique(), "running_share": 1 - matured.mean(), "matured_rows": int(matured.sum()),
            "revived_share": float(part.loc[matured, "revived"].mean()) if matured.any() else np.nan,
            "expected_share": kaplan_meier(days, is_event), "ci_low": low, "ci_high": high}


def running(found: pd.DataFrame | None, label: Label, cutoff: datetime, resamples: int) -> pd.DataFrame:
    """Per month of as-of dates, and over all, of windows that still run: the share that should be back by now, and the share that is.

    found: of `refits.said`. said_share: the mean chance to be back within the horizon; difference: seen less expected, with its interval.
    """
    if found is None:
        return pd.DataFrame(columns=RUNNING)
    days = followed_days(found, cutoff)
    kept = found.assign(followed_days=days)[(found["revived"].isna() & (days >= FEWEST_DAYS)).to_numpy()]
    months = kept["as_of"].dt.strftime("%Y-%m").to_numpy()
    parts = {**{name: kept[months == name] for name in np.unique(months)}, "all": kept}
    return pd.DataFrame([{"month": name, **_so_far(part, label, resamples)} for name, part in parts.items() if len(part)], columns=RUNNING)


def _so_far(part: pd.DataFrame, label: Label, resamples: int) -> dict[str, float | int]:
    back = part[f"days_until_{label.revival}"].fillna(np.inf)
    seen = (back <= part["followed_days"]).to_numpy(dtype=float)
    difference = seen - part["expected"].to_numpy(dtype=float)
    low, high = np.quantile(evaluate.resampled_means(part["deal_id"], difference[:, None], resamples), [0.025, 0.975])
    return {"rows": len(part), "deals": part["deal_id"].nunique(), "followed_days": float(part["followed_days"].mean()), "said_share": float(part["p"].mean()),
            "expected_share": float(part["expected"].mean()), "seen_share": float(seen.mean()), "difference": float(difference.mean()),
            "ci_low": low, "ci_high": high}
