"""What refits found, as tables with 95 % intervals: the learning curve, other labels, groups of features left out."""

import numpy as np
import pandas as pd

from dealtriage import evaluate
from dealtriage.model.base import Floats
from dealtriage.reasons import GROUPS, group_of
from dealtriage.sensitivity.refits import as_table

LEARNING = ["learnt_deals", "is_measured", "rows", "deals", "auc", "auc_low", "auc_high", "log_loss_gain", "gain_low", "gain_high",
            "more", "more_low", "more_high"]
LABELS = ["revival", "horizon_days", "rows", "deals", "revived_share", "auc", "auc_low", "auc_high", "silence_auc", "log_loss_gain", "gain_low", "gain_high"]
ABLATION = ["left_out", "features", "rows", "deals", "log_loss_rise", "rise_low", "rise_high", "auc"]


def learning_curve(by_share: dict[float, pd.DataFrame], in_all: float, resamples: int) -> pd.DataFrame:
    """One row per share of the deals learnt from; and two that are no measurement: all deals, `in_all` times as many, and twice that (see `extrapolated`).

    log_loss_gain: over the rule of silence learnt from all deals; more: than from the fewer deals of the row above. Empty where nothing could be fitted.
    """
    if 1.0 not in by_share:
        return pd.DataFrame(columns=LEARNING)
    rule = as_table(by_share[1.0], "p_silence")
    said = [as_table(one) for _, one in sorted(by_share.items())]
    before = [None, *said[:-1]]
    measured = pd.DataFrame([_on_share(one, fewer, rule, resamples) for one, fewer in zip(said, before, strict=True)])
    if len(measured) < 3:
        return measured.reindex(columns=LEARNING)
    more = extrapolated(said, rule, measured["learnt_deals"].to_numpy(dtype=float), (in_all, 2 * in_all), resamples)
    return pd.concat([measured, pd.DataFrame(more)], ignore_index=True).reindex(columns=LEARNING)


def _on_share(said: pd.DataFrame, fewer: pd.DataFrame | None, rule: pd.DataFrame, resamples: int) -> dict[str, object]:
    more = {} if fewer is None else dict(zip(("more", "more_low", "more_high"), _gain(said, fewer, resamples).values(), strict=True))
    return {**more, "learnt_deals": float(said["learnt_deals"].mean()), "is_measured": True, **told(said, resamples), **_gain(said, rule, resamples)}


def extrapolated(said: list[pd.DataFrame], rule: pd.DataFrame, learnt: Floats, times: tuple[float, ...], resamples: int) -> list[dict[str, object]]:
    """The gain from so many times as many deals, if it goes on rising in a line with 1 / root of the deals. Resampled by deals, like any gain.

    said: of the same rows, one table per number of deals `learnt` from, fewest first.
    """
    differences = np.column_stack([evaluate.losses(rule) - evaluate.losses(one) for one in said])
    means = np.vstack([differences.mean(axis=0), evaluate.resampled_means(rule["deal_id"], differences, resamples)])
    slope, height = np.polyfit(learnt**-0.5, means.T, 1)
    rows, before = [], means[:, -1]
    for deals in learnt[-1] * np.array(times):
        gains = height + slope * deals**-0.5
        low, high = np.quantile(gains[1:], [0.025, 0.975])
        more, before = gains - before, gains
        more_low, more_high = np.quantile(more[1:], [0.025, 0.975])
        rows.append({"learnt_deals": deals, "is_measured": False, "rows": len(rule), "deals": rule["deal_id"].nunique(), "log_loss_gain": gains[0],
                     "gain_low": low, "gain_high": high, "more": more[0], "more_low": more_low, "more_high": more_high})
    return rows


def label_rows(cells: dict[tuple[str, int], pd.DataFrame], resamples: int) -> pd.DataFrame:
    """One row per strictness and horizon of the label: how many revived, and how well the model and silence tell."""
    rows = []
    for (revival, horizon_days), found in cells.items():
        said, rule = as_table(found), as_table(found, "p_silence")
        rows.append({"revival": revival, "horizon_days": horizon_days, "revived_share": float(said["revived"].mean()), **told(said, resamples),
                     "silence_auc": told(rule, 0)["auc"], **_gain(said, rule, resamples)})
    return pd.DataFrame(rows, columns=LABELS)


def ablation(without: dict[str, pd.DataFrame], columns: list[str], resamples: int) -> pd.DataFrame:
    """One row per group of features: by how much the log loss rises without it, the greatest rise first. without[""]: none left out."""
    if "" not in without:
        return pd.DataFrame(columns=ABLATION)
    rows = []
    for group in (one for one in GROUPS if one in without):
        said = as_table(without[group])
        won = evaluate.gain(as_table(without[""]), said, resamples)
        low, high = won["ci"]  # type: ignore[misc]
        rows.append({"left_out": group, "features": sum(group_of(name) == group for name in columns), "rows": len(said), "deals": said["deal_id"].nunique(),
                     "log_loss_rise": won["log_loss_gain"], "rise_low": low, "rise_high": high, "auc": told(said, 0)["auc"]})
    return pd.DataFrame(rows, columns=ABLATION).sort_values("log_loss_rise", ascending=False, kind="stable").reset_index(drop=True)


def told(said: pd.DataFrame, resamples: int) -> dict[str, object]:
    """rows, deals, and the AUC with its interval; empty where one outcome is absent."""
    y, p = said["revived"].to_numpy(dtype=np.int64), said["p"].to_numpy(dtype=float)
    auc = evaluate.weighted_auc(y, p, np.ones(len(y)))
    low, high = (evaluate.auc_interval(said, resamples) if resamples else None) or (np.nan, np.nan)
    return {"rows": len(said), "deals": said["deal_id"].nunique(), "auc": np.nan if auc is None else auc, "auc_low": low, "auc_high": high}


def _gain(said: pd.DataFrame, rule: pd.DataFrame, resamples: int) -> dict[str, object]:
    won = evaluate.gain(said, rule, resamples)
    low, high = won["ci"]  # type: ignore[misc]
    return {"log_loss_gain": won["log_loss_gain"], "gain_low": low, "gain_high": high}
