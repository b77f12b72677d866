"""The numbers of the report, from the table of predictions: by fold, at capacity, over time, when and won, what was tried."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from dealtriage import evaluate
from dealtriage.features.columns import DAY
from dealtriage.model.after import farthest
from dealtriage.model.restall import LASTS_DAYS
from dealtriage.params import Label

KEY = ["fold", "as_of", "deal_id"]
STRICTNESS = ("any_signal", "signal_and_progress", "won")
MONTH_DAYS = 30.4375


def of(table: pd.DataFrame, model: str) -> pd.DataFrame:
    """The predictions of one model, in an order that all models share."""
    return table[table["model"] == model].sort_values(KEY, kind="stable").reset_index(drop=True)


def revived_shares(chosen: pd.DataFrame, horizon_days: int) -> dict[str, float]:
    """The share of tested rows that revived, by each strictness of the label."""
    return {name: round(float((chosen[f"days_until_{name}"] < horizon_days).mean()), 6) for name in STRICTNESS}


def ended_shares(chosen: pd.DataFrame) -> dict[str, float]:
    """How the windows of the dead rows ended, as shares: still open, lost, lost by a rule of the system, refused."""
    dead = chosen[chosen["revived"] == 0]
    return {str(k): round(float(v), 6) for k, v in dead["ended_by"].value_counts(normalize=True).sort_index().items()}


def by_fold(table: pd.DataFrame) -> pd.DataFrame:
    """Rows, revived share, AUC and log loss of every model at every fold."""
    found = []
    for (fold, model), part in table.groupby(["fold", "model"]):
        y, p = part["revived"].to_numpy(dtype=np.int64), part["p"].to_numpy(dtype=float)
        found.append({"fold": fold, "model": model, "first_as_of": part["as_of"].min(), "rows": len(part),
                      "revived_share": round(y.mean(), 6), "auc": evaluate.weighted_auc(y, p, np.ones(len(y))),
                      "log_loss": round(log_loss(y, p, labels=[0, 1]), 6)})
    return pd.DataFrame(found)


def at_capacity(chosen: pd.DataFrame, capacity: int) -> pd.DataFrame:
    """Of the deals with the highest chances each week, how many revived: k = 1, 2 and 5 times the capacity."""
    ranked = chosen.sort_values(["as_of", "p", "deal_id"], ascending=[True, False, True])
    place = ranked.groupby("as_of").cumcount()
    rows = []
    for k in (capacity, 2 * capacity, 5 * capacity):
        top = ranked[place < k]
        rows.append({"worked_each_week": k, "revived_share": top["revived"].mean(),
                     "share_of_all_revivals": top["revived"].sum() / max(1, chosen["revived"].sum())})
    return pd.DataFrame(rows).round(4)


def capacities(table: pd.DataFrame, model: str, rule: str, capacity: int, resamples: int) -> pd.DataFrame:
    """`at_capacity` for the model beside the best rule, silence and the prevalence, and how many more revived than by silence, with a 95 % interval."""
    said, silence = of(table, model), of(table, "silence")
    found = at_capacity(said, capacity)
    best = at_capacity(of(table, rule), capacity)
    more = [evaluate.capacity_gain(said, silence, int(k), resamples) for k in found["worked_each_week"]]
    return found.assign(rule_revived_share=best["revived_share"], silence_revived_share=[one["rule_revived_share"] for one in more],
                        blind_revived_share=said["revived"].mean(), more_than_silence=[one["gain"] for one in more],
                        more_low=[one["ci"][0] for one in more], more_high=[one["ci"][1] for one in more])  # type: ignore[index]


def caught(said: pd.DataFrame, steps: int = 50) -> pd.DataFrame:
    """Cumulative gains: worked_share of each week's deals, best chances first, and revived_share of all revivals among them."""
    ranked = said.sort_values(["as_of", "p", "deal_id"], ascending=[True, False, True])
    place = (ranked.groupby("as_of").cumcount() + 1) / ranked.groupby("as_of")["p"].transform("size")
    worked, all_of_them = np.linspace(0, 1, steps + 1), max(float(said["revived"].sum()), 1.0)
    return pd.DataFrame({"worked_share": worked, "revived_share": [ranked.loc[place <= share + 1e-9, "revived"].sum() / all_of_them for share in worked]})


def by_month(chosen: pd.DataFrame, silence: pd.DataFrame) -> pd.DataFrame:
    """Per month of as-of dates: what was said and came true, and the log loss of the model and of silence."""
    frame = chosen.assign(month=chosen["as_of"].dt.strftime("%Y-%m"), loss=evaluate.losses(chosen), loss_of_silence=evaluate.losses(silence))
    return pd.DataFrame([{"month": month, **evaluate.came_true(part), "log_loss": part["loss"].mean(), "silence_log_loss": part["loss_of_silence"].mean()}
                         for month, part in frame.groupby("month")])


def by_call(chosen: pd.DataFrame, dead_below: float) -> pd.DataFrame:
    """Per quarter of as-of dates, and of all: the deals that the line would have called stalled or dead, and the share that came back, with a 95 % interval counting deals.

    quarter, called, rows, deals, said_share, came_true_share, ci_low, ci_high.
    """
    frame = chosen.assign(quarter=chosen["as_of"].dt.to_period("Q").astype(str), called=np.where(chosen["p"] < dead_below, "dead", "stalled"))
    parts = [*frame.groupby(["quarter", "called"]), *((("all", called), part) for called, part in frame.groupby("called"))]
    return pd.DataFrame([{"quarter": quarter, "called": called, **evaluate.came_true(part)} for (quarter, called), part in parts])


def loss_trend(chosen: pd.DataFrame, resamples: int) -> dict[str, Any]:
    """By how much the log loss rises a month: the slope of a line through the rows, with a 95 % interval by resampling deals; None for a single date."""
    months = ((chosen["as_of"] - chosen["as_of"].min()).dt.total_seconds() / DAY / MONTH_DAYS).to_numpy()
    if np.ptp(months) < 0.5:
        return {"log_loss_a_month": None, "ci": None}
    loss = evaluate.losses(chosen)
    columns = np.column_stack([months, months**2, loss, months * loss])
    slopes = _slope(evaluate.resampled_means(chosen["deal_id"], columns, resamples))
    return {"log_loss_a_month": round(float(_slope(columns.mean(axis=0)[None])[0]), 6), "ci": evaluate.interval(slopes)}


def _slope(means: np.ndarray) -> np.ndarray:
    time, squared, loss, product = means.T
    return (product - time * loss) / np.maximum(squared - time**2, 1e-12)


def when_said(chosen: pd.DataFrame, when: pd.DataFrame, label: Label, cutoff: datetime) -> pd.DataFrame:
    """Per number of days of label.when_days: the mean chance to be back after so many, and the share that was. Only rows followed so long count.

    days, rows, deals, said_share, came_true_share, ci_low, ci_high (95 %, counting deals).
    """
    joined = chosen.merge(when, on=KEY, validate="1:1")
    followed = (cutoff - joined["as_of"]).dt.total_seconds() / DAY
    back = joined[f"days_until_{label.revival}"]
    found = []
    for days in label.when_days:
        asked = joined.assign(p=(joined["p"] * joined[f"share_{days}d"]).clip(upper=1.0), revived=(back < days).astype(float))
        found.append({"days": days, **evaluate.came_true(asked[followed >= days])})
    return pd.DataFrame(found)


def win_said(chosen: pd.DataFrame, when: pd.DataFrame, label: Label, cutoff: datetime) -> pd.DataFrame:
    """Of rows that revived and were followed long enough: the chance said to be won within the longest of label.when_days, and how many were.

    Over all, and by thirds of the chance. Empty where none was followed so long.
    """
    within = farthest(label)
    joined = chosen.merge(when, on=KEY, validate="1:1")
    followed = (cutoff - joined["as_of"]).dt.total_seconds() / DAY
    asked = joined[(joined["revived"] == 1) & (followed >= within)]
    return _by_thirds(asked.assign(p=asked["p_win"], revived=(asked["days_until_won"] < within).astype(float)))


def restall_said(chosen: pd.DataFrame, when: pd.DataFrame, label: Label, cutoff: datetime) -> pd.DataFrame:
    """Of rows that revived and were followed for 60 days after the horizon: the chance said to be quiet again or lost within 60 days, and how many were.

    Over all, and by thirds of the chance. Empty where none was followed so long.
    """
    joined = chosen.merge(when, on=KEY, validate="1:1")
    followed = (cutoff - joined["as_of"]).dt.total_seconds() / DAY
    asked = joined[(joined["revived"] == 1) & (followed >= label.horizon_days + LASTS_DAYS)]
    return _by_thirds(asked.assign(p=asked["p_restall"], revived=(asked["quiet_again_after_days"] <= LASTS_DAYS).astype(float)))


def _by_thirds(asked: pd.DataFrame) -> pd.DataFrame:
    """part, and what `evaluate.came_true` tells of it: of all rows, and of each third of the chance p."""
    if asked.empty:
        return pd.DataFrame(columns=["part", "rows", "deals", "said_share", "came_true_share", "ci_low", "ci_high"])
    third = np.minimum((asked["p"].rank(method="first", pct=True) * 3 - 1e-9).astype(int), 2)
    parts = {"all": asked, **{name: asked[third == number] for number, name in enumerate(("lowest third", "middle third", "highest third"))}}
    return pd.DataFrame([{"part": name, **evaluate.came_true(part)} for name, part in parts.items() if len(part)])


def newest_chances(running: pd.DataFrame) -> str:
    """Whether as many of the newest deals, whose windows still run, are back as their chances say: `too high` (fewer are than chance explains), `too low`, `as expected`; `not known`.

    running: see `sensitivity.censoring.running`.
    """
    whole = running[running["month"] == "all"]
    if whole.empty:
        return "not known"
    low, high = whole[["ci_low", "ci_high"]].iloc[0]
    return "too high" if high < 0 else "too low" if low > 0 else "as expected"


def median_days(chosen: pd.DataFrame, label: Label) -> float | None:
    """After how many days half of those were back that came back within the horizon."""
    back = chosen.loc[chosen["revived"] == 1, f"days_until_{label.revival}"]
    return round(float(back.median()), 6) if len(back) else None


def tried(trials: pd.DataFrame) -> pd.DataFrame:
    """What the selection tried: name, trials, chosen (how often), mean log_loss, better_by (than the first named) and standard_error."""
    if trials.empty:
        return pd.DataFrame(columns=["name", "trials", "chosen", "log_loss", "better_by", "standard_error"])
    return trials.groupby("name", as_index=False, sort=False).agg(
        trials=("name", "size"), chosen=("is_chosen", "sum"), log_loss=("log_loss", "mean"), better_by=("better_by", "mean"),
        standard_error=("standard_error", "mean")).sort_values("log_loss", kind="stable").reset_index(drop=True)
