"""The gate: the learned model is published only if it earns it; otherwise the best plain rule is, and the report says why."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.metrics import log_loss

from dealtriage import evaluate

SLOPES = (0.8, 1.25)
WIDTH = 1.96  # standard errors on either side of a 95 % interval
MOST_ERROR = 0.05
ORDER = ["fold", "as_of", "deal_id"]
STEEPEST_LEAD = 0.1
LEAK_CHECK = "no alarm of a leak"
LEAST_SUSPECT = 0.75


@dataclass(frozen=True)
class Check:
    """One condition of the gate: whether it holds, and the figures in words."""

    name: str
    passed: bool
    told: str


@dataclass(frozen=True)
class Gate:
    """What the gate needs to know besides the predictions: deals worked on each week, resamples of every interval, deals that make a segment large,
    alarms that rang before (see `alone_alarms`), and the AUC from which a model is too good to be true."""

    capacity: int
    resamples: int
    fewest_deals: int
    alarms: tuple[str, ...] = ()
    leak_auc: float = 0.95


def decide(table: pd.DataFrame, gate: Gate) -> dict[str, object]:
    """chosen: the model to publish, with `why` in words, and all checks. The rule it must beat is the one with the lowest log loss."""
    loss = {(name, bool(rule)): float(log_loss(part["revived"].astype(int), part["p"], labels=[0, 1]))
            for (name, rule), part in table.groupby(["model", "is_rule"])}
    rule = min((name for name, is_rule in loss if is_rule), key=lambda name: loss[name, True])
    learned = next((name for name, is_rule in loss if not is_rule), None)
    if learned is None:
        return {"chosen": rule, "best_rule": rule, "learned": None, "gain": None, "checks": [],
                "why": f"No model was learnt, so the best rule, {rule}, is used."}
    model, plain = (_of(table, name) for name in (learned, rule))
    won = evaluate.gain(model, plain, gate.resamples)
    checks = [_beats(won, loss[learned, False], loss[rule, True]), _useful(model, plain, gate), _calibrated(model, gate), _no_leak(model, gate),
              _fair(model, plain, gate)]
    failed = [check for check in checks if not check.passed]
    why = (f"The learned model beats the best rule, {rule}: {checks[0].told}." if not failed else
           f"The learned model does not pass: {'; '.join(check.told for check in failed)}. The best rule, {rule}, is published.")
    return {"chosen": rule if failed else learned, "best_rule": rule, "learned": learned, "gain": won, "why": why, "checks": [asdict(c) for c in checks]}


def alone_alarms(alone: pd.DataFrame, trusted: tuple[str, ...]) -> tuple[str, ...]:
    """Features that tell stalled from dead suspiciously well alone: by AUC 0.75 or better, and 0.1 better than any feature of another subject.

    alone: feature, subject, auc (0.5 or more). Features named in model.trusted are not suspected.
    """
    asked = alone[~alone["feature"].isin(trusted)]
    found = []
    for row in asked[asked["auc"] >= LEAST_SUSPECT].itertuples():
        others = alone.loc[alone["subject"] != row.subject, "auc"].max()
        if not row.auc < others + STEEPEST_LEAD:
            found.append(f"{row.feature} alone has an AUC of {row.auc:.3f}, no feature of another subject more than {others:.3f}: it may know the outcome")
    return tuple(found)


def _of(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["model"] == name].sort_values(ORDER, kind="stable").reset_index(drop=True)


def _beats(won: dict, model: float, rule: float) -> Check:
    low, high = won["ci"]
    told = f"log loss {model:.3f} against {rule:.3f}, gain {won['log_loss_gain']:.3f} (95 % {low:.3f} to {high:.3f})"
    return Check("lower log loss than the best rule, certainly", low > 0, told if low > 0 else f"it does not beat the rule with confidence ({told})")


def _useful(model: pd.DataFrame, rule: pd.DataFrame, gate: Gate) -> Check:
    found = evaluate.capacity_gain(model, rule, gate.capacity, gate.resamples)
    low, high = found["ci"]  # type: ignore[misc]
    told = (f"of the {gate.capacity} deals with the best chances each week {found['revived_share']:.0%} revived, by the rule {found['rule_revived_share']:.0%} "
            f"(difference 95 % {low:+.0%} to {high:+.0%})")
    error = (high - low) / (2 * WIDTH)
    return Check("no fewer revivals at a rep's capacity, as far as can be told", float(found["gain"]) >= -error, told)  # type: ignore[arg-type]


def _calibrated(model: pd.DataFrame, gate: Gate) -> Check:
    y, p = model["revived"].to_numpy(dtype=np.int64), model["p"].to_numpy(dtype=float)
    error, (slope, _) = evaluate.expected_calibration_error(y, p), evaluate.calibration_line(y, p)
    interval = evaluate.slope_interval(model)
    slope_holds = interval is None or (interval[1] >= SLOPES[0] and interval[0] <= SLOPES[1])
    told = f"calibration error {error:.3f}, slope {'-' if slope is None else f'{slope:.2f}'}" + (f" (95 % {interval[0]:.2f} to {interval[1]:.2f})" if interval else "")
    noise = evaluate.error_of_noise(model, gate.resamples)
    return Check(f"calibrated: error at most {MOST_ERROR} or what chance explains, slope {SLOPES[0]} to {SLOPES[1]}", error <= max(MOST_ERROR, noise) and slope_holds, told)


def _certainly_worse(table: pd.DataFrame) -> pd.Series:
    """Segments whose gain lies under 0 even when it is asked of all of them at once (Bonferroni)."""
    error = (table["gain_high"] - table["gain_low"]) / (2 * WIDTH)
    return table["log_loss_gain"] + norm.isf(0.025 / len(table)) * error < 0


def _no_leak(model: pd.DataFrame, gate: Gate) -> Check:
    y, p = model["revived"].to_numpy(dtype=np.int64), model["p"].to_numpy(dtype=float)
    auc = evaluate.weighted_auc(y, p, np.ones(len(y)))
    alarms = [*gate.alarms, *([f"AUC {auc:.3f} is above {gate.leak_auc}: too good to be true until shown otherwise"] if auc is not None and auc > gate.leak_auc else [])]
    return Check(LEAK_CHECK, not alarms, "; ".join(alarms) or "no alarm")


def _fair(model: pd.DataFrame, rule: pd.DataFrame, gate: Gate) -> Check:
    table = evaluate.by_segment(model, rule, gate.resamples)
    large = table[table["deals"] >= gate.fewest_deals] if len(table) else table
    worse = large[_certainly_worse(large)] if len(large) else large
    told = [f"worse than the rule in {row.kind} {row.segment} ({row.log_loss_gain:.3f}, 95 % to {row.gain_high:.3f})" for row in worse.itertuples()]
    return Check(f"not worse in a segment of {gate.fewest_deals} deals or more", not told, "; ".join(told) or f"{len(large)} large segments, in none certainly worse")
