"""Rolling origin: at each fold learn from what was known, calibrate later, predict the next weeks.

Deals are split into groups by their id; each group is tested in turn by models that saw none of its deals. What is tested is the whole way of
choosing: at each fold and group, candidates are tried on what was known then (see model.selection), and the chosen one is asked about the next weeks.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from dealtriage.calendar import Fold, broken_rule, folds
from dealtriage.errors import BadInput
from dealtriage.evaluate import weighted_auc
from dealtriage.features.columns import DAY
from dealtriage.features.registry import by_name
from dealtriage.matrix import deal_group, feature_columns, read_labelled, read_rotten_days
from dealtriage.model.after import after
from dealtriage.model.candidates import candidates
from dealtriage.model.cure import Watched
from dealtriage.model.fitting import Known, Slice, chance
from dealtriage.model.rules import rules
from dealtriage.model.selection import choose, fit_choice
from dealtriage.params import Label, Params
from dealtriage.tables import write_parquet
from dealtriage.workspace import Workspace, read_cutoff

LEARNED = "learned"
SECOND = 1 / DAY
LOST = ("lost", "lost_by_rule", "refused")
FEWEST_ROWS = 40
FEWEST_OF_EACH = 5
ALARM_ROWS = 200
SEGMENTED = ["stage_position", "amount", "silence_days"]
LABELS = ["revived", "days_until_any_signal", "days_until_signal_and_progress", "days_until_won", "ended_by", "ended_by_whom", "quiet_again_after_days"]


def run(params: Params, workspace: Workspace) -> None:
    """Write data/predictions: what `predictions` makes; alone.parquet, how well each feature tells alone; left_out.parquet, how many
    rows (quiet deal-weeks) and deals were neither learnt from nor tested, by reason (see `labels.label`)."""
    matrix = read_labelled(workspace)
    left_out = matrix[matrix["left_out"] != ""].groupby("left_out", as_index=False).agg(rows=("deal_id", "size"), deals=("deal_id", "nunique"))
    columns = feature_columns(matrix)
    alone = told_alone(matrix[matrix["revived"].notna()], columns)
    refuse_leaks(alone, params.model.leak_auc)
    found = predictions(drawn(matrix, params.backtest.most_deals), columns, params, read_cutoff(workspace), rules(read_rotten_days(workspace)))
    for name, table in {**found, "alone": alone}.items():
        write_parquet(table, workspace.predictions / f"{name}.parquet")
    write_parquet(left_out, workspace.predictions / "left_out.parquet")


def drawn(matrix: pd.DataFrame, most_deals: int) -> pd.DataFrame:
    """All rows of about `most_deals` deals, drawn by their ids; all, where there are no more."""
    deals = matrix["deal_id"].nunique()
    if deals <= most_deals:
        return matrix
    return matrix[deal_group(matrix["deal_id"], deals, "drawn") < most_deals].reset_index(drop=True)


def predictions(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime,
                plain: dict[str, BaseEstimator]) -> dict[str, pd.DataFrame]:
    """Three tables. backtest: fold, deal_id, as_of, model, is_rule, p, the labels and what segments are made of; every test row under every plain rule and
    the learned model. trials: what was tried at each fold and group, and what was chosen (see `selection.Choice`). when: of each test row, share_<n>d (the
    chance to be back after n days, over that within the horizon), wait_days, p_win and p_restall (see `model.after`).

    Raises BadInput when the history is too short to test anything.
    """
    group = deal_group(matrix["deal_id"], params.backtest.deal_groups)
    jobs = [(one, number) for one in planned_folds(params, cutoff) for number in range(params.backtest.deal_groups)]
    parts = Parallel(n_jobs=-1)(delayed(_predict)(matrix, columns, group, one, number, params, plain) for one, number in jobs)
    found = [part for part in parts if part is not None]
    if not found:
        known = matrix["revived"].dropna()
        raise BadInput(
            f"The history is too short to learn from: {len(known)} quiet deal-weeks whose outcome is known, "
            f"{int(known.sum())} of them revived, and no fold has {FEWEST_ROWS} to train on.",
            "Export a longer history, or lower label.horizon_days, backtest.folds, test_weeks or calibration_weeks.")
    order = ["fold", "as_of", "deal_id"]
    return {"backtest": _together(found, "backtest").sort_values([*order, "model"], kind="stable"),
            "trials": _together(found, "trials"), "when": _together(found, "when").sort_values(order, kind="stable")}


def _together(parts: list[dict[str, pd.DataFrame]], name: str) -> pd.DataFrame:
    return pd.concat([part[name] for part in parts], ignore_index=True)


def planned_folds(params: Params, cutoff: datetime) -> list[Fold]:
    """The folds, each checked by a validator that recomputes its dates."""
    planned = folds(cutoff, params.label.horizon_days, params.backtest.folds, params.backtest.test_weeks,
                    params.backtest.calibration_weeks)
    for one in planned:
        if wrong := broken_rule(one, params.label.horizon_days):
            raise AssertionError(f"fold {one.number}: {wrong}")
    return planned


def known_at(matrix: pd.DataFrame, columns: list[str], one: Fold, kept: NDArray[np.bool_], label: Label) -> Known:
    """What may be learnt from at the start of a fold's test, from the `kept` deals: outcomes of windows that are over, and of the others what was known then."""
    as_of = matrix["as_of"]
    followed = ((one.test_start - as_of).dt.total_seconds() / DAY).to_numpy()
    is_over = followed >= label.horizon_days - SECOND
    lost = np.where(matrix["ended_by"].isin(LOST), matrix["ended_after_days"], np.inf)
    back, told = (matrix[f"days_until_{label.revival}{which}"].fillna(np.inf).to_numpy(dtype=float) for which in ("", "_known"))
    back = np.where(is_over | (told <= followed), back, np.inf)
    refused = (matrix["ended_by"] == "refused").to_numpy() & (lost <= followed) & (label.seller_refusal == "exclude") & (back > followed)
    usable = kept & (followed > 0) & np.where(is_over, (matrix["left_out"] == "").to_numpy(), ~matrix["is_in_gap"].to_numpy() & ~refused)
    rows = Slice(matrix[columns], (back < label.horizon_days).astype(np.int64), pd.factorize(matrix["deal_id"])[0],
                 deal_group(matrix["deal_id"], 2, "half"))
    train = (as_of < one.train_end).to_numpy()
    later = as_of.between(one.calibration_start, one.calibration_end, inclusive="left").to_numpy()
    won = matrix["days_until_won"].fillna(np.inf).to_numpy(dtype=float)
    again, again_told = (matrix[f"quiet_again_after_days{which}"].fillna(np.inf).to_numpy(dtype=float) for which in ("", "_known"))
    back, lost, won = (np.where(days <= followed, days, np.inf) for days in (back, lost, won))
    watched = Watched(np.where(is_over, np.maximum(followed, label.horizon_days), followed), back, lost, won, np.where(back + again_told <= followed, again, np.inf))
    return Known(rows.of(train & usable & is_over), rows.of(later & usable & is_over), rows.of(usable), watched.of(usable), label.horizon_days)


def _predict(matrix: pd.DataFrame, columns: list[str], group: NDArray[np.int64], one: Fold, tested: int,
             params: Params, plain: dict[str, BaseEstimator]) -> dict[str, pd.DataFrame] | None:
    known = known_at(matrix, columns, one, group != tested, params.label)
    as_of = matrix["as_of"].between(one.test_start, one.test_end, inclusive="left").to_numpy()
    test = matrix[as_of & (group == tested) & matrix["revived"].notna().to_numpy()]
    finished = known.finished
    if len(finished.y) < FEWEST_ROWS or finished.fewest < FEWEST_OF_EACH or test.empty:
        return None
    with threadpool_limits(1):
        choice = choose(plain, candidates(params.model.candidates, columns, params.model.seed), known, params.model.search_seconds)
        fitted = {**{name: clone(rule).fit(finished.X, finished.y) for name, rule in plain.items()}, LEARNED: fit_choice(choice, known)}
        asked = test.reindex(columns=["deal_id", "as_of", *LABELS, *SEGMENTED]).assign(fold=one.number)
        found = [asked.assign(model=name, is_rule=name in plain, p=chance(model, test[columns])) for name, model in fitted.items()]
        return {"backtest": pd.concat(found)[["fold", "deal_id", "as_of", "model", "is_rule", "p", *LABELS, *SEGMENTED]],
                "trials": choice.trials.assign(fold=one.number, deal_group=tested),
                "when": asked[["fold", "deal_id", "as_of"]].join(after(known, params.label, test[columns]))}


def told_alone(matrix: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """How well each feature alone tells stalled from dead: feature, subject, auc (0.5 or more). Empty where too few rows could tell."""
    y = matrix["revived"].to_numpy(dtype=np.int64)
    if len(y) < ALARM_ROWS or np.bincount(y, minlength=2).min() < ALARM_ROWS // 10:
        return pd.DataFrame({"feature": pd.Series(dtype="str"), "subject": pd.Series(dtype="str"), "auc": pd.Series(dtype="float64")})
    weight = np.ones(len(y))
    found = [weighted_auc(y, matrix[name].fillna(matrix[name].min() - 1).fillna(0).to_numpy(dtype=float), weight) for name in columns]
    subjects = [known.subject if (known := by_name().get(name)) else "" for name in columns]
    return pd.DataFrame({"feature": columns, "subject": subjects, "auc": [max(auc, 1 - auc) for auc in found if auc is not None]})


def refuse_leaks(alone: pd.DataFrame, most: float) -> None:
    """Raise BadInput when one feature alone tells the classes apart better than AUC `most`: it knows the outcome."""
    for row in alone[alone["auc"] > most].itertuples():
        raise BadInput(f"The feature {row.feature} alone tells stalled from dead with an AUC of {row.auc:.3f}. It probably knows the outcome.",
                       f"Look at where its facts come from; to go on without it: features.exclude: [{row.feature}]")
