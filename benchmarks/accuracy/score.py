"""The figures of one model's answer."""

from typing import Any

import numpy as np
import pandas as pd
from benchmarks.accuracy.ceiling import share
from benchmarks.accuracy.task import Answer, Task

from dealtriage.evaluate import gain, metrics

KEPT = ("auc", "auc_ci", "average_precision", "log_loss", "ece", "calibration_slope", "rows", "deals", "revived_share")


def predictions(task: Task, answer: Answer) -> pd.DataFrame:
    """deal_id, revived, p of the rows that were answered."""
    rows = task.split.test if answer.rows is None else task.split.test.iloc[answer.rows]
    return pd.DataFrame({"deal_id": rows["deal_id"].to_numpy(), "revived": rows["revived"].to_numpy(dtype=np.int64), "p": answer.p})


def figures(task: Task, answer: Answer, baseline: Answer, resamples: int) -> dict[str, Any]:
    """All figures of an answer, and its gain over the baseline on the same rows."""
    table, than = predictions(task, answer), predictions(task, baseline)
    if answer.rows is not None:
        than = than.iloc[answer.rows].reset_index(drop=True)
    found = metrics(table, resamples)
    brier, of_prevalence = float(found["brier"]), float(found["brier_prevalence"])  # type: ignore[arg-type]
    return {**{name: found[name] for name in KEPT}, "brier_skill": round(1 - brier / of_prevalence, 6) if of_prevalence else None,
            "gain_over_silence": gain(table, than, resamples), "fit_seconds": round(answer.seconds, 3)}


def with_shares(results: dict[str, dict[str, Any]], ceiling_auc: float | None) -> dict[str, dict[str, Any]]:
    """The same results, each with its share of the ceiling."""
    if ceiling_auc is None:
        return results
    return {name: {**one, "share_of_ceiling": round(share(one["auc"], ceiling_auc), 6)} if one.get("auc") else one for name, one in results.items()}
