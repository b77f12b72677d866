"""Metrics, bands and segments, from the predictions table alone."""

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from dealtriage.model.fitting import log_odds

Floats = NDArray[np.float64]
SEED = 20240229


def metrics(table: pd.DataFrame, resamples: int) -> dict[str, object]:
    """The measures of one model's predictions (columns deal_id, p, revived).

    auc_ci is a 95 % interval by resampling deals. ece is the expected calibration error over ten equally filled
    bins; calibration_slope and _intercept come from a logistic regression of the outcome on the log-odds.
    """
    y, p = table["revived"].to_numpy(dtype=np.int64), table["p"].to_numpy(dtype=float)
    share = float(y.mean())
    slope, intercept = calibration_line(y, p)
    return {
        "auc": _auc(y, p), "auc_ci": auc_interval(table, resamples),
        "average_precision": round(float(average_precision_score(y, p)), 6) if 0 < share < 1 else None,
        "log_loss": round(float(log_loss(y, p, labels=[0, 1])), 6), "brier": round(float(brier_score_loss(y, p)), 6),
        "brier_prevalence": round(share * (1 - share), 6), "ece": round(expected_calibration_error(y, p), 6),
        "calibration_slope": slope, "calibration_intercept": intercept, "rows": len(y),
        "deals": int(table["deal_id"].nunique()), "revived_share": round(share, 6)}


def _auc(y: NDArray[np.int64], p: Floats) -> float | None:
    return round(float(roc_auc_score(y, p)), 6) if 0 < y.mean() < 1 else None


def calibration_line(y: NDArray[np.int64], p: Floats) -> tuple[float | None, float | None]:
    """Slope and intercept of the outcome on the log-odds; None where they cannot be told."""
    if not 0 < y.mean() < 1 or np.ptp(p) < 1e-9:
        return None, None
    line = LogisticRegression(C=np.inf).fit(log_odds(p)[:, None], y)
    return round(float(line.coef_[0, 0]), 6), round(float(line.intercept_[0]), 6)


def slope_interval(table: pd.DataFrame) -> tuple[float, float] | None:
    """A 95 % interval of the calibration slope, by its robust standard error over deals; None where it cannot be told."""
    found = line_intervals(table)
    return None if found is None else found[0]


def line_intervals(table: pd.DataFrame) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """95 % intervals of the calibration slope and intercept, by their robust standard errors over deals; None where they cannot be told."""
    y, p = table["revived"].to_numpy(dtype=np.int64), table["p"].to_numpy(dtype=float)
    slope, intercept = calibration_line(y, p)
    if slope is None or intercept is None:
        return None
    design = np.column_stack([log_odds(p), np.ones(len(p))])
    said = 1 / (1 + np.exp(-(design @ [slope, intercept])))
    bread = np.linalg.inv((design * (said * (1 - said))[:, None]).T @ design)
    score = pd.DataFrame(design * (y - said)[:, None]).groupby(pd.factorize(table["deal_id"])[0]).sum().to_numpy()
    errors = np.sqrt(np.diag(bread @ (score.T @ score) @ bread))
    return (slope - 1.96 * errors[0], slope + 1.96 * errors[0]), (intercept - 1.96 * errors[1], intercept + 1.96 * errors[1])


def error_of_noise(table: pd.DataFrame, resamples: int) -> float:
    """The calibration error that perfect chances would stay under in 95 of 100 cases, when the rows of a deal share one fate."""
    p = table["p"].to_numpy(dtype=float)
    codes, names = pd.factorize(table["deal_id"])
    drawn, place = np.random.default_rng(SEED).random((min(resamples, 100), len(names))), _tenths(p)
    found = [_apart((luck[codes] < p).astype(np.int64), p, place) for luck in drawn]
    return float(np.quantile(found, 0.95))


def expected_calibration_error(y: NDArray[np.int64], p: Floats, bins: int = 10) -> float:
    """The mean distance between said and seen shares over equally filled bins of the chance."""
    return _apart(y, p, _tenths(p, bins))


def _apart(y: NDArray[np.int64], p: Floats, place: NDArray[np.int64]) -> float:
    """The mean distance between said and seen shares, when the bin of each row is known."""
    return float(np.abs(np.bincount(place, y - p)).sum() / len(y))


def _tenths(p: Floats, bins: int = 10) -> NDArray[np.int64]:
    """The number of each chance's bin, of equally filled ones."""
    ranks = pd.Series(p).rank(method="average", pct=True).to_numpy()
    return np.minimum((ranks * bins).astype(int), bins - 1)


def error_interval(table: pd.DataFrame, resamples: int) -> list[float]:
    """A 95 % interval of the calibration error, by resampling deals; the bins stay as they are. An error cannot be under 0, so the interval leans upwards."""
    p = table["p"].to_numpy(dtype=float)
    place = _tenths(p)
    apart = (table["revived"].to_numpy(dtype=float) - p)[:, None] * (place[:, None] == np.unique(place))
    return interval(np.abs(resampled_means(table["deal_id"], apart, resamples)).sum(axis=1))


def brier_skill(table: pd.DataFrame, resamples: int) -> dict[str, object]:
    """By how much the Brier score is better than that of saying the tested rows' own share for all, as a part of the latter, with a 95 % interval by
    resampling deals. None where all had one outcome."""
    y, p = table["revived"].to_numpy(dtype=float), table["p"].to_numpy(dtype=float)
    if not 0 < y.mean() < 1:
        return {"brier_skill": None, "ci": None}
    drawn = resampled_means(table["deal_id"], np.column_stack([(p - y) ** 2, y]), resamples)
    told = drawn[(drawn[:, 1] > 0) & (drawn[:, 1] < 1)]
    skill = 1 - told[:, 0] / (told[:, 1] * (1 - told[:, 1]))
    return {"brier_skill": round(float(1 - ((p - y) ** 2).mean() / (y.mean() * (1 - y.mean()))), 6), "ci": interval(skill)}


def interval(values: Floats) -> list[float]:
    """The middle 95 % of values."""
    return [round(float(q), 6) for q in np.quantile(values, [0.025, 0.975])]


def auc_interval(table: pd.DataFrame, resamples: int) -> list[float] | None:
    """The middle 95 % of the AUC over resamples of deals; None where one class is absent."""
    y, p = table["revived"].to_numpy(dtype=np.int64), table["p"].to_numpy(dtype=float)
    found = [auc for weight in deal_weights(table["deal_id"], resamples) if (auc := weighted_auc(y, p, weight)) is not None]
    return [round(float(q), 6) for q in np.quantile(found, [0.025, 0.975])] if found else None


def weighted_auc(y: NDArray[np.int64], p: Floats, weight: Floats) -> float | None:
    """The AUC with row weights; ties count half."""
    _, place = np.unique(p, return_inverse=True)
    positive, negative = np.bincount(place, weight * y), np.bincount(place, weight * (1 - y))
    pairs = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else None


def deal_weights(deal_ids: pd.Series, resamples: int) -> list[Floats]:
    """Row weights of bootstrap samples of deals: how often each row's deal was drawn."""
    codes, names = pd.factorize(deal_ids)
    rng = np.random.default_rng(SEED)
    return [np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names)).astype(float)[codes]
            for _ in range(resamples)]


def resampled_means(deal_ids: pd.Series, values: Floats, resamples: int) -> Floats:
    """The mean of each column of `values` (one row per row) in resamples of deals: one row per resample."""
    codes, names = pd.factorize(deal_ids)
    sums = np.column_stack([np.bincount(codes, column, len(names)) for column in values.T])
    rows, rng = np.bincount(codes, minlength=len(names)), np.random.default_rng(SEED)
    drawn = (np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names)) for _ in range(resamples))
    return np.array([(often @ sums) / (often @ rows) for often in drawn])


def losses(table: pd.DataFrame) -> Floats:
    """The log loss of each row."""
    return _losses(table["revived"].to_numpy(dtype=np.int64), table["p"].to_numpy(dtype=float))


def gain(better: pd.DataFrame, than: pd.DataFrame, resamples: int) -> dict[str, float | list[float]]:
    """By how much the log loss of one table is lower than the other's on the same rows, with a 95 % interval.

    Paired bootstrap over deals.
    """
    y = better["revived"].to_numpy(dtype=np.int64)
    difference = _losses(y, than["p"].to_numpy(float)) - _losses(y, better["p"].to_numpy(float))
    codes, names = pd.factorize(better["deal_id"])
    sums, rows = np.bincount(codes, difference), np.bincount(codes)
    drawn = np.random.default_rng(SEED).integers(0, len(names), (resamples, len(names)))
    interval = np.quantile(sums[drawn].sum(axis=1) / rows[drawn].sum(axis=1), [0.025, 0.975])
    return {"log_loss_gain": round(float(difference.mean()), 6), "ci": [round(float(q), 6) for q in interval]}


def capacity_gain(better: pd.DataFrame, than: pd.DataFrame, capacity: int, resamples: int) -> dict[str, float | list[float]]:
    """How many more of the `capacity` deals with the best chances each week revived by one table than by the other, as a share of these, with a 95 % interval.

    Same rows in both. Paired bootstrap over deals; who is among the best stays as it was.
    """
    chosen = [_at_the_top(table, capacity) for table in (better, than)]
    y = better["revived"].to_numpy(dtype=float)
    codes, names = pd.factorize(better["deal_id"])
    worth = np.array([np.bincount(codes, top * y, len(names)) for top in chosen])
    size = np.array([np.bincount(codes, top, len(names)) for top in chosen])
    drawn = np.random.default_rng(SEED).integers(0, len(names), (resamples, len(names)))
    shares = worth[:, drawn].sum(axis=2) / np.maximum(size[:, drawn].sum(axis=2), 1)
    here = worth.sum(axis=1) / np.maximum(size.sum(axis=1), 1)
    return {"gain": round(float(here[0] - here[1]), 6), "ci": [round(float(q), 6) for q in np.quantile(shares[0] - shares[1], [0.025, 0.975])],
            "revived_share": round(float(here[0]), 6), "rule_revived_share": round(float(here[1]), 6)}


def _at_the_top(table: pd.DataFrame, capacity: int) -> Floats:
    """1 for the rows with the best chances of each as-of date, as many as the capacity; ties go by deal id."""
    order = table.sort_values(["as_of", "p", "deal_id"], ascending=[True, False, True], kind="stable").index
    place = pd.Series(table["as_of"].loc[order].groupby(table["as_of"].loc[order]).cumcount(), index=order)
    return (place.reindex(table.index) < capacity).to_numpy(dtype=float)


def _losses(y: NDArray[np.int64], p: Floats) -> Floats:
    return -np.where(y == 1, np.log(p), np.log1p(-p))


def bands(table: pd.DataFrame, borders: tuple[float, ...], fewest_deals: int) -> pd.DataFrame:
    """How often each band of chances came true in the backtest; a band with too few deals joins its neighbour.

    low, high; rows, deals; said_share, the mean chance; came_true_share; ci_low, ci_high: a 95 % Wilson interval that counts deals, not rows,
    because the rows of a deal share one fate.
    """
    edges = [0.0, *_wide_enough(table, list(borders), fewest_deals), 1.0]
    place = np.searchsorted(edges[1:-1], table["p"], side="right")
    found = []
    for number, (low, high) in enumerate(pairwise(edges)):
        came = came_true(table[place == number])
        found.append({"low": low, "high": high, **came} if came["rows"] else {"low": low, "high": high, **came, "ci_low": 0.0, "ci_high": 1.0})
    return pd.DataFrame(found)


def _wide_enough(table: pd.DataFrame, borders: list[float], fewest_deals: int) -> list[float]:
    """The borders that remain when the thinnest band, time and again, joins its thinner neighbour."""
    while borders:
        deals = table.groupby(np.searchsorted(borders, table["p"], side="right"))["deal_id"].nunique()
        counts = deals.reindex(range(len(borders) + 1), fill_value=0).tolist()
        thinnest = int(np.argmin(counts))
        if counts[thinnest] >= fewest_deals:
            break
        below_is_thinner = thinnest == len(borders) or (thinnest > 0 and counts[thinnest - 1] <= counts[thinnest + 1])
        borders = [b for at, b in enumerate(borders) if at != (thinnest - 1 if below_is_thinner else thinnest)]
    return borders


def segments(table: pd.DataFrame) -> pd.DataFrame:
    """Which segments each row belongs to: columns stage, size (thirds of the amount), silence and month, as words; empty where not known."""
    silence = pd.cut(table["silence_days"], [0, 30, 60, 120, np.inf], right=False, labels=["under 30 days", "30 to 60 days", "60 to 120 days", "120 days or more"])
    return pd.DataFrame({"stage": table["stage_position"].map("stage {:.0f}".format, na_action="ignore"), "size": _thirds(table["amount"]),
                         "silence": silence.astype("object"), "month": table["as_of"].dt.strftime("%Y-%m")}, index=table.index)


def _thirds(amount: pd.Series) -> pd.Series:
    if amount.nunique() < 3:
        return pd.Series(None, index=amount.index, dtype="object")
    borders = amount.quantile([1 / 3, 2 / 3]).to_numpy()
    names = np.array(["small", "middle", "large"], dtype=object)
    return pd.Series(np.where(amount.isna(), None, names[np.searchsorted(borders, amount.fillna(0))]), index=amount.index, dtype="object")


def by_segment(model: pd.DataFrame, rule: pd.DataFrame, resamples: int) -> pd.DataFrame:
    """How the chances came true in each segment, and the gain over a rule there. Both tables hold the same rows in the same order.

    kind, segment, rows, deals, said_share, came_true_share, ci_low, ci_high (95 %, Wilson, counting deals), log_loss_gain, gain_low, gain_high (95 %).
    """
    model, rule = model.reset_index(drop=True), rule.reset_index(drop=True)
    found = []
    for kind, names in segments(model).items():
        for name, part in model.groupby(names):
            won = gain(part, rule.loc[part.index], resamples)
            found.append({"kind": kind, "segment": name, **came_true(part), "log_loss_gain": won["log_loss_gain"],
                          "gain_low": won["ci"][0], "gain_high": won["ci"][1]})  # type: ignore[index]
    return pd.DataFrame(found)


def came_true(part: pd.DataFrame) -> dict[str, float | int]:
    """rows, deals, said_share (the mean of p), came_true_share and its 95 % Wilson interval ci_low, ci_high, which counts deals."""
    deals, share = part["deal_id"].nunique(), float(part["revived"].mean()) if len(part) else np.nan
    interval = binomtest(round(share * deals), deals).proportion_ci(method="wilson") if deals else None
    return {"rows": len(part), "deals": deals, "said_share": float(part["p"].mean()) if len(part) else np.nan, "came_true_share": share,
            "ci_low": interval.low if interval else np.nan, "ci_high": interval.high if interval else np.nan}
