"""The stage: all refits and checks on one split, the newest of the backtest, written to data/sensitivity."""

from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from dealtriage.backtest import drawn, planned_folds
from dealtriage.calendar import WEEK, Fold, fold, last_matured
from dealtriage.matrix import feature_columns, read_labelled
from dealtriage.params import Params
from dealtriage.reasons import GROUPS, group_of
from dealtriage.sensitivity import censoring, drift, tables
from dealtriage.sensitivity.refits import Refit, in_test, narrowed, relabelled, said
from dealtriage.tables import replaced_folder, write_json, write_parquet
from dealtriage.workspace import Workspace, read_cutoff

MOST_DEALS = 8_000
THIRDS, HALVES = 3, 2
SHARES = (1.0, 0.5, 0.25, 0.125)
REVIVALS = ("any_signal", "signal_and_progress", "won")
LONGER = (2.0, 1.5)


def run(params: Params, workspace: Workspace) -> None:
    """Write data/sensitivity: learning, labels, ablation, censoring, running, base_rate and drift.parquet (see `tables`, `censoring`, `drift`), split.json."""
    everything, cutoff = read_labelled(workspace), read_cutoff(workspace)
    matrix = drawn(everything, min(MOST_DEALS, params.backtest.most_deals))
    columns, resamples = feature_columns(matrix), params.backtest.bootstrap
    newest = Refit(planned_folds(params, cutoff)[-1], params.label, THIRDS)
    cells, asked = label_refits(matrix, columns, params, cutoff)
    by_share, without, by_label = _all(matrix, columns, params, cutoff, newest, cells)
    whole = by_share.get(1.0)
    learnt = matrix[(matrix["as_of"] <= last_matured(newest.one.test_start, params.label.horizon_days)) & (matrix["left_out"] == "")]
    found = {
        "learning": tables.learning_curve(by_share, THIRDS / (THIRDS - 1), resamples), "labels": tables.label_rows(by_label, resamples),
        "ablation": tables.ablation(without, columns, resamples),
        "censoring": censoring.by_quarter(matrix, params.label, cutoff, resamples), "running": censoring.running(whole, params.label, cutoff, resamples),
        "base_rate": drift.base_rate(everything), "drift": drift.moved_features(learnt, drift.newest_rows(matrix, cutoff), columns)}
    with replaced_folder(workspace.sensitivity) as folder:
        for name, table in found.items():
            write_parquet(table, folder / f"{name}.parquet")
        write_json(folder / "split.json", {
            "candidate": params.model.candidates[0], "deals": int(matrix["deal_id"].nunique()), "deals_in_all": int(everything["deal_id"].nunique()),
            **_dates("test", newest.one), **({} if asked is None else _dates("labels_test", asked))})


def _dates(name: str, one: Fold) -> dict[str, str]:
    return {f"{name}_start": f"{one.test_start:%Y-%m-%d}", f"{name}_end": f"{one.test_end:%Y-%m-%d}"}


def label_refits(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime) -> tuple[dict[tuple[str, int], Refit], Fold | None]:
    """A refit for each strictness and each horizon: half, once, and twice or one and a half times the usual one, as the history allows.

    All are asked about the same fold, which is over under the longest horizon; where refusals are excluded, they are others under each label.
    """
    usual = params.label.horizon_days
    for longest in (*(round(times * usual) for times in LONGER), usual):
        end = last_matured(cutoff, longest) + pd.Timedelta(seconds=1)
        start = end - params.backtest.test_weeks * WEEK
        horizons = sorted({max(usual // 2, 1), usual, longest})
        cells = {(revival, days): Refit(fold(0, start, end, days, params.backtest.calibration_weeks),
                                        params.label.model_copy(update={"revival": revival, "horizon_days": days}), HALVES)
                 for revival in REVIVALS for days in horizons}
        if _is_enough(matrix, columns, params, cutoff, cells[params.label.revival, longest]):
            return cells, cells[params.label.revival, usual].one
    return {}, None


def _is_enough(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime, refit: Refit) -> bool:
    """Whether rows were known by then and rows are asked about, so that a refit is worth trying."""
    rows = relabelled(matrix, refit.label, cutoff)
    over = rows[(rows["as_of"] <= last_matured(refit.one.test_start, refit.label.horizon_days)) & rows["revived"].notna()]
    return over["revived"].nunique() == 2 and over["deal_id"].nunique() >= 100 and rows.loc[in_test(rows, refit.one), "deal_id"].nunique() >= 50


def _all(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime, newest: Refit, cells: dict[tuple[str, int], Refit],
         ) -> tuple[dict[float, pd.DataFrame], dict[str, pd.DataFrame], dict[tuple[str, int], pd.DataFrame]]:
    """All refits, over this machine's cores: by share of the deals, by group of features left out (none: ""), by label. Those that cannot be fitted are absent."""
    present = [group for group in GROUPS if any(group_of(name) == group for name in columns)]
    halved = narrowed(newest, groups=HALVES)
    jobs: dict[Any, Refit] = {**{("share", share): narrowed(newest, share=share, asks_running=share == 1) for share in SHARES},
                                 **{("without", group): narrowed(halved, without=group) for group in ["", *present]}, **cells}
    work = delayed(partial(_limited, matrix, columns, params, cutoff))
    found = dict(zip(jobs, Parallel(n_jobs=-1)(work(refit) for refit in jobs.values()), strict=True))
    kept = {key: one for key, one in found.items() if one is not None and one["revived"].notna().any()}
    return ({share: kept["share", share] for share in SHARES if ("share", share) in kept},
            {group: kept["without", group] for group in ["", *present] if ("without", group) in kept}, {key: kept[key] for key in cells if key in kept})


def _limited(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime, refit: Refit) -> pd.DataFrame | None:
    with threadpool_limits(1):
        return said(matrix, columns, params, cutoff, refit)
