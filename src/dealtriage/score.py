"""The newest as-of date -> one row per open deal: state, chance, band, reasons."""

import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.engines import each_part
from dealtriage.errors import BadInput
from dealtriage.features.build import whole
from dealtriage.features.registry import by_name
from dealtriage.gaps import told
from dealtriage.lookalikes import Ranges, by_feature
from dealtriage.matrix import KEY, read_stage_names
from dealtriage.model.after import said_after
from dealtriage.model.fitting import chance
from dealtriage.model.store import load_model
from dealtriage.model.when import When
from dealtriage.params import Params, Publish
from dealtriage.reasons import added_by_group, contributions, reasons
from dealtriage.states import settled_states
from dealtriage.tables import (
    batches,
    column_names,
    part_path,
    read_json,
    read_parquet,
    read_parts,
    replaced_folder,
    write_parquet,
)
from dealtriage.whatif import changes
from dealtriage.workspace import Workspace, read_cutoff

BAND_COLUMNS = ["band_low", "band_high", "band_came_true_share", "band_ci_low", "band_ci_high", "band_deals"]
CHANCES = ("rows", "now", "contributions")


def run(params: Params, workspace: Workspace) -> None:
    """Write data/scores: scores.parquet (one row per open deal; among others buyer_adds, seller_adds, communication_adds, terms_adds and
    context_adds, the log-odds that each group of features adds), outlook.parquet (their chances in past weeks),
    contributions.parquet (log-odds each feature adds, against the typical quiet deal)."""
    with replaced_folder(workspace.scores) as folder:
        each_part(params.engine, workspace.features, partial(write_chances, workspace, folder), "chances")
        rows, now, adds = (read_parts(folder / name) for name in CHANCES)
        assemble(params, workspace, folder, rows, now, adds)
        for name in CHANCES:
            shutil.rmtree(folder / name)


def write_chances(workspace: Workspace, folder: Path, number: int) -> None:
    """Write, of one part's deals that are open on the export day: rows/ all their rows with the chance p (empty where the deal is not
    quiet), now/ the newest row of each with all features, contributions/ what each feature adds to it."""
    card, model = read_json(workspace.model / "card.json"), load_model(workspace.model / "model.skops")
    _refuse_missing(card, part_path(workspace.features, number))
    rows = read_parquet(part_path(workspace.cohort / "rows", number)).sort_values(KEY, kind="stable").reset_index(drop=True)
    is_open = rows["deal_id"].isin(rows.loc[rows["is_scoring"], "deal_id"])
    p, newest, begin = np.full(len(rows), np.nan), [rows.iloc[:0]], 0
    for matrix in batches(part_path(workspace.features, number)):
        of = rows.iloc[begin : begin + len(matrix)]
        if not matrix[KEY].reset_index(drop=True).equals(of[KEY].reset_index(drop=True)):
            raise AssertionError(f"features and cohort of part {number} differ in their rows")
        matrix.index = of.index
        asked = is_open[of.index] & of["is_quiet"]
        p[of.index[asked]] = chance(model, matrix.loc[asked, card["features"]])
        newest.append(of[of["is_scoring"]].join(whole(matrix).drop(columns=[*KEY, "silence_days"])))
        begin += len(matrix)
    rows["p"] = p
    now = pd.concat(newest).reindex(columns=[*rows.columns, *(name for name in by_name() if name != "silence_days")])
    now = now.assign(p=p[now.index]).reset_index(drop=True)
    win, restall = (load_model(workspace.model / f"{name}.skops") for name in ("win", "restall"))
    then = said_after(When.from_json(card["when"]), win, restall, tuple(card["when_days"]), now)
    now = now.join(then.where(now["is_quiet"])).assign(restall_if=changes(restall, card.get("restall_levers", {}), now).where(now["is_quiet"], ""))
    adds = contributions(model, now[card["features"]], card["typical_deal"]).where(now["is_quiet"])
    past = rows.loc[is_open, [*KEY, "silence_days", "is_quiet", "is_scoring", "facts_known", "p"]]
    for name, table in zip(CHANCES, (past, now, pd.concat([now[["deal_id"]], adds], axis=1)), strict=True):
        write_parquet(table, part_path(folder / name, number))


def _refuse_missing(card: dict[str, Any], matrix: Path) -> None:
    if missing := sorted(set(card["features"]) - set(column_names(matrix))):
        raise BadInput(f"The model {card['version']} needs the features {', '.join(missing)}, which {matrix} does not hold.",
                       "Train anew (dvc repro), or take them out of features.exclude.")


def assemble(params: Params, workspace: Workspace, folder: Path, rows: pd.DataFrame, now: pd.DataFrame, adds: pd.DataFrame) -> None:
    """Write the three tables from what `write_chances` wrote for all parts, one after the other."""
    card, horizon = read_json(workspace.model / "card.json"), params.label.horizon_days
    if (card["horizon_days"], card["revival"]) != (horizon, params.label.revival):
        raise BadInput(f"The model {card['version']} tells {card['revival']} within {card['horizon_days']} days, but label asks for {params.label.revival} within {horizon}.",
                       "Train anew (dvc repro), or set label back.")
    bands = pd.read_csv(workspace.reports / "tables" / "bands.csv")
    order = now.sort_values(KEY, kind="stable").index
    now, adds = now.loc[order].reset_index(drop=True), adds.loc[order].reset_index(drop=True)
    rows = rows.sort_values(KEY, kind="stable").reset_index(drop=True)
    facts = _deal_facts(workspace)
    now["owner"] = now["deal_id"].map(facts.set_index("deal_id")["owner_id"])
    now["gap"] = now["gap_number"].map(_gaps_in_words(workspace)).astype("str").fillna("")
    scores = _scores(params.publish, rows, now, bands)
    added = adds[card["features"]]
    why = reasons(now, added, card["typical_deal"], read_stage_names(workspace), _lookalikes(workspace))
    scores = scores.join(why).join(added_by_group(added)).assign(
        model_version=card["version"], cutoff=pd.Timestamp(read_cutoff(workspace)).as_unit("us"))
    scores = scores.join(_then(now, card["when_days"], horizon)).rename(columns={"p": f"p_revive_{horizon}d"}).merge(facts, on="deal_id", how="left")
    scores["value_at_stake"] = scores[f"p_revive_{horizon}d"] * scores["p_win_if_revived"] * scores["amount"]
    write_parquet(scores, folder / "scores.parquet")
    write_parquet(rows.loc[rows["is_quiet"], [*KEY, "silence_days", "facts_known", "p"]], folder / "outlook.parquet")
    write_parquet(adds, folder / "contributions.parquet")


def _then(now: pd.DataFrame, when_days: list[int], horizon: int) -> pd.DataFrame:
    """p_revive_<n>d for the other days, wait_days_if_revived, p_win_if_revived, p_restall and restall_if (see `whatif.changes`); empty for deals that are not quiet."""
    chances = {f"p_revive_{days}d": (now["p"] * now[f"share_{days}d"]).clip(upper=1.0) for days in when_days if days != horizon}
    return pd.DataFrame({**chances, "wait_days_if_revived": now["wait_days"], "p_win_if_revived": now["p_win"], "p_restall": now["p_restall"], "restall_if": now["restall_if"]})


def _scores(params: Publish, rows: pd.DataFrame, now: pd.DataFrame, bands: pd.DataFrame) -> pd.DataFrame:
    recent = rows[rows["as_of"] >= rows["as_of"].max() - timedelta(weeks=params.history_weeks)]
    state = settled_states(recent[recent["is_quiet"]], params.dead_below, params.margin)
    scores = now[["deal_id", "as_of", "p", "silence_days", "usual_gap_days", "buyer_reply_days", "hand_90d", "next_meeting_days"]].copy()
    scores["state"] = np.where(now["is_quiet"], now["deal_id"].map(state), "active")
    scores["why_no_evidence"] = ""
    place = np.searchsorted(bands["low"].to_numpy()[1:], scores["p"].fillna(0), side="right")
    for name in BAND_COLUMNS:
        scores[name] = bands[name.removeprefix("band_")].to_numpy()[place]
    scores.loc[~now["is_quiet"], BAND_COLUMNS] = np.nan
    for why, thin in _too_little(params, now, bands, place):
        doubted = now["is_quiet"].to_numpy() & thin & (scores["state"] != "not_enough_evidence").to_numpy()
        scores.loc[doubted, "why_no_evidence"] = np.broadcast_to(why, len(scores))[doubted]
        scores.loc[doubted, "state"] = "not_enough_evidence"
    scores["data_until"] = now["known_until"]
    return scores


def _too_little(params: Publish, now: pd.DataFrame, bands: pd.DataFrame, place: np.ndarray) -> list[tuple[str | pd.Series, np.ndarray]]:
    usual = now.groupby("owner")["owner_logged_share"].first().median()
    is_judged = params.min_logged_share > 0 and usual > 0  # not where the feature was left out
    unlogged = ~(now["owner_logged_share"] >= params.min_logged_share * usual).to_numpy() & is_judged
    width = (bands["ci_high"] - bands["ci_low"]).to_numpy()[place]
    thin = (bands["deals"].to_numpy()[place] < params.min_band_deals) | (width > params.max_band_width)
    return [("the owner records far less than others do, so silence may only be missing data", unlogged),
            (now["gap"] + ", weeks of this silence", now["is_in_gap"].to_numpy()),
            ("too few past deals had a chance like this one's to say how often it comes true", thin)]


def _gaps_in_words(workspace: Workspace) -> dict[int, str]:
    return {gap.gap_number: told(gap, is_named=False) for gap in read_parquet(workspace.core / "gaps.parquet").itertuples()}


def _lookalikes(workspace: Workspace) -> Ranges:
    """How past deals fared, as training wrote it down."""
    return by_feature(read_parquet(workspace.model / "lookalikes.parquet"))


def _deal_facts(workspace: Workspace) -> pd.DataFrame:
    """What the lists show of a deal on the export day: names, owner, stage, amount in corporate currency."""
    deals = read_parquet(workspace.core / "deals.parquet")
    return pd.DataFrame({
        "deal_id": deals["deal_id"], "deal_name": deals["name"], "account_name": deals["account_name"],
        "owner_id": deals["owner_id_now"], "stage": deals["stage_now"],
        "amount": deals["amount_now"] * deals["currency_rate"], "loss_reason": deals["loss_reason_now"]})

