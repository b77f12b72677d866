"""Writes the site: a folder per rep that holds all of that rep's pages and nothing of anybody else's, one per manager, and what concerns the whole company."""

import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.params import Params
from dealtriage.publish.cells import page_name
from dealtriage.publish.rows import ORDER
from dealtriage.publish.site.drawing import Past, svg
from dealtriage.publish.site.honesty import read_honesty
from dealtriage.publish.site.pages import Pages
from dealtriage.publish.site.team import team
from dealtriage.publish.told import Told, read_facts
from dealtriage.tables import read_csv_table, write_text
from dealtriage.winloss.story import SIGNS
from dealtriage.workspace import Workspace

log = logging.getLogger(__name__)
FEW = 150  # deals that are drawn faster than another process starts


@dataclass(frozen=True)
class Rep:
    """All that the pages of one rep show; it travels to the process that writes them."""

    name: str
    folder: Path
    rows: list[dict[str, Any]]
    deals: dict[str, dict[str, Any]]
    pasts: dict[str, Past]
    sheets: dict[str, list[dict[str, Any]]]
    stories: dict[str, list[dict[str, Any]]]
    books: dict[str, str]


def write_site(told: Told, books: dict[str, str], reps: dict[str, str], managers: dict[str, str], workspace: Workspace, folder: Path) -> None:
    """Write site/: index.html, rep-<name>/ with index.html and deals/, manager-<name>/index.html; how-often-right.html beside each, as a folder may be all that somebody is given.

    books: the playbook of each deal; reps, managers: the folder of each by owner id.
    """
    pages = Pages(told.params)
    honesty = read_honesty(workspace, told.params)
    _write_reps(told.params, _bundles(told, books, reps, workspace, folder))
    proposals = told.advice.set_index("deal_id")["proposal"]
    rows = told.rows.assign(manager=told.managers, proposal=told.rows["deal_id"].map(proposals), page=[f"../{reps[str(row.owner_id)]}/deals/{page_name(str(row.deal_id))}" for row in told.rows.itertuples()])
    for manager_id, own in rows.dropna(subset=["manager"]).groupby("manager"):
        write_text(folder / managers[str(manager_id)] / "index.html", pages.manager(told.names.get(str(manager_id), str(manager_id)), team(own), _team_rows(own)))
    write_text(folder / "index.html", pages.home(team(rows), _directory(told, reps), _directory(told, managers), honesty))
    for place in (folder, *(folder / name for name in (*reps.values(), *managers.values()))):
        write_text(place / "how-often-right.html", pages.honesty(honesty))


def _bundles(told: Told, books: dict[str, str], reps: dict[str, str], workspace: Workspace, folder: Path) -> list[Rep]:
    facts = {str(one): own for one, own in read_facts(workspace, told.advice["deal_id"]).groupby("deal_id")}
    weeks = {str(one): own for one, own in _with_bands(told.weeks, workspace).groupby("deal_id")}
    bundles = []
    for owner_id, own in told.rows.groupby("owner_id"):
        ids = [str(one) for one in own["deal_id"]]
        sheets, stories = ({one: table[one] for one in ids if one in table} for table in (told.sheets, told.stories))
        bundles.append(Rep(
            told.names.get(str(owner_id), str(owner_id)), folder / reps[str(owner_id)], [{str(k): v for k, v in row.items()} for row in own.to_dict("records")],
            {one: told.deals[one] for one in ids}, {one: _past(told, told.deals[one], facts[one], weeks.get(one)) for one in ids},
            sheets, stories, {one: books[one] for one in ids if one in books}))
    return bundles


def _past(told: Told, deal: dict[str, Any], facts: pd.DataFrame, weeks: pd.DataFrame | None) -> Past:
    params = told.params
    shown = pd.DataFrame({"as_of": [], "p": [], "low": [], "high": []}) if weeks is None else weeks
    return Past(facts, shown, None if pd.isna(deal["turned_at"]) else deal["turned_at"], deal["created_at"], deal["cutoff"], params.cohort.quiet_days, params.publish.dead_below)


def _with_bands(weeks: pd.DataFrame, workspace: Workspace) -> pd.DataFrame:
    """deal_id, as_of, p; low, high: the interval of what came true of chances like it."""
    bands = read_csv_table(workspace.reports / "tables" / "bands.csv")
    place = np.clip(np.searchsorted(bands["high"], weeks["p"].fillna(0), side="right"), 0, len(bands) - 1)
    is_told = weeks["p"].notna()
    return weeks.assign(low=pd.Series(bands["ci_low"].to_numpy()[place], index=weeks.index).where(is_told), high=pd.Series(bands["ci_high"].to_numpy()[place], index=weeks.index).where(is_told))


def _write_reps(params: Params, bundles: list[Rep]) -> None:
    """Write the pages of every rep, over all cores where it is worth starting other processes."""
    cores = min(params.engine.workers or len(os.sched_getaffinity(0)), len(bundles))
    if cores < 2 or sum(len(one.rows) for one in bundles) <= FEW:
        for bundle in bundles:
            write_rep(params, bundle)
        return
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(write_rep, [params] * len(bundles), bundles), start=1):
            log.info("pages: rep %d of %d", done, len(bundles))


def write_rep(params: Params, rep: Rep) -> None:
    """Write one rep's folder: the list, and a page per deal."""
    pages = Pages(params)
    write_text(rep.folder / "index.html", pages.rep(rep.name, [{**row, "page": f"deals/{page_name(row['deal_id'])}"} for row in rep.rows]))
    for row in rep.rows:
        one = row["deal_id"]
        text = pages.deal(row, rep.deals[one], svg(rep.pasts[one]), rep.sheets.get(one, []), rep.stories.get(one, []), rep.books.get(one), _last_sign(rep.pasts[one].facts))
        write_text(rep.folder / "deals" / page_name(one), text)


def _last_sign(facts: pd.DataFrame) -> dict[str, Any] | None:
    """When the buyer last gave a sign, and which; None where there was none."""
    signs = facts[facts["is_buyer_signal"]].sort_values("occurred_at", kind="stable")
    return None if signs.empty else {"at": signs["occurred_at"].iloc[-1], "what": SIGNS[signs["kind"].iloc[-1]]}


def _team_rows(own: pd.DataFrame) -> list[dict[str, Any]]:
    """The team's quiet deals, what matters most first."""
    quiet = own[own["state"] != "active"].assign(order=own["state"].str.replace(" ", "_").map(ORDER))
    shown = quiet.sort_values(["order", "value_at_stake", "amount", "deal_id"], ascending=[True, False, False, True], kind="stable")
    return [{str(k): v for k, v in row.items()} for row in shown.to_dict("records")]


def _directory(told: Told, folders: dict[str, str]) -> list[tuple[str, str]]:
    """Name and page of each, by name."""
    return sorted((told.names.get(who, who), f"{folder}/index.html") for who, folder in folders.items())


