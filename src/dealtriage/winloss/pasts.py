"""Deals in their own past: the open quiet ones week by week, the closed ones at the instant they were closed."""

from pathlib import Path

import numpy as np
import pandas as pd

from dealtriage.cohort import CLOSING, grid
from dealtriage.features.build import chosen, matrix, read_weeks, whole
from dealtriage.features.weeks import Weeks
from dealtriage.gauge import gauge
from dealtriage.matrix import KEY
from dealtriage.model.fitting import chance
from dealtriage.model.store import load_model
from dealtriage.params import Params
from dealtriage.tables import part_path, read_json, read_parquet, write_parquet
from dealtriage.winloss.said import said
from dealtriage.winloss.story import stories
from dealtriage.winloss.turning import turning_points
from dealtriage.workspace import Workspace, read_cutoff

WEEKLY = [*KEY, "p", "silence_days", "gauge", "hand_90d", "buyer_signals_7d", "seller_touches_7d"]
NO_ROWS = pd.DataFrame({"deal_id": pd.Series(dtype="str"), "as_of": pd.Series(dtype="datetime64[us]")})
PARTS = ("weeks", "closings", "now", "turns", "stories")


def write_pasts(params: Params, workspace: Workspace, folder: Path, asked: pd.Series, number: int) -> None:
    """Write, of one part: weeks/ (of each asked deal every Monday until the export and the export itself: chance, gauge, hand), now/ (its
    newest row with all features and what was said), turns/ and stories/ (when it went wrong and what happened then), closings/ (every closed deal at the instant of its closing: all features, what was said, and how it ended)."""
    cutoff, facts, weeks = read_cutoff(workspace), read_parquet(part_path(workspace.timeline, number)), read_weeks(workspace.weeks)
    own = facts[facts["deal_id"].isin(asked)]
    past = _weeks(params, workspace, own, weeks)
    write_parquet(past.reindex(columns=WEEKLY), part_path(folder / "weeks", number))
    newest = past[past["as_of"] == pd.Timestamp(cutoff)].reset_index(drop=True)
    write_parquet(_with_said(own, newest, params), part_path(folder / "now", number))
    turned = turning_points(past[[*KEY, "p", "silence_days", "gauge", "buyer_signals_total"]])
    write_parquet(turned, part_path(folder / "turns", number))
    write_parquet(stories(own, turned), part_path(folder / "stories", number))
    ends = closings(facts)
    of = facts[facts["deal_id"].isin(ends["deal_id"])]
    found = whole(matrix(of, ends[KEY], weeks, chosen(params.features), params.features.fiscal_year_start)) if len(ends) else whole(NO_ROWS)
    found = found.merge(ends, on=KEY, validate="1:1")
    write_parquet(_with_said(of, found, params), part_path(folder / "closings", number))


def closings(facts: pd.DataFrame) -> pd.DataFrame:
    """deal_id, as_of (when the closing was known), ending (won, lost, refused) and is_by_rule of every deal that is closed, by its last closing."""
    moves = facts[facts["kind"].isin(["reopened", *CLOSING])].drop_duplicates("deal_id", keep="last")
    ended = moves[moves["kind"].isin(CLOSING)]
    return pd.DataFrame({"deal_id": ended["deal_id"].to_numpy(), "as_of": ended["known_at"].to_numpy(), "ending": ended["kind"].to_numpy(),
                         "is_by_rule": (ended["actor"] == "system").to_numpy()})


def _weeks(params: Params, workspace: Workspace, facts: pd.DataFrame, weeks: Weeks) -> pd.DataFrame:
    card, model = read_json(workspace.model / "card.json"), load_model(workspace.model / "model.skops")
    if facts.empty:
        return whole(NO_ROWS).assign(p=pd.Series(dtype=float), gauge=pd.Series(dtype=float))
    rows = _since_reopened(grid(facts, read_cutoff(workspace)), facts)
    table = whole(matrix(facts, rows, weeks, chosen(params.features), params.features.fiscal_year_start))
    p = chance(model, table[card["features"]])
    return table.assign(p=np.asarray(p), gauge=gauge(table))


def _since_reopened(rows: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The rows after a deal was last reopened: what was before that was another life."""
    reopened = facts[facts["kind"] == "reopened"].groupby("deal_id")["known_at"].max().astype("datetime64[us]")
    since = reopened.reindex(rows["deal_id"]).to_numpy()
    return rows[~(rows["as_of"].to_numpy() <= since)].reset_index(drop=True)


def _with_said(facts: pd.DataFrame, rows: pd.DataFrame, params: Params) -> pd.DataFrame:
    return pd.concat([rows.reset_index(drop=True), said(facts, rows, {str(name): pattern for name, pattern in params.winloss.said.items()}).add_prefix("said_")], axis=1)
