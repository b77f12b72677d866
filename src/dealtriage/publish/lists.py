"""One CSV per rep and one per manager, ranked by what to do first; the win/loss sheets, and a playbook per deal that has something to do."""

from pathlib import Path

import numpy as np
import pandas as pd

from dealtriage.crm.files import write_crm_files
from dealtriage.errors import BadInput
from dealtriage.params import Params, Publish
from dealtriage.publish.cells import file_names, safe_cell, slug
from dealtriage.publish.playbooks import PAGES, ROLES, Playbooks, with_chance
from dealtriage.tables import by_deal, read_parquet, replaced_folder, write_text
from dealtriage.words import days
from dealtriage.workspace import Workspace

VERBS = {
    "1_withdraw": "withdraw the proposal", "2_rediscover": "rediscover the buyer's needs",
    "3_third_party": "bring in a third party", "close_out": "admit it and close it as lost",
    "ask_the_owner": "find out first: too little is recorded", "leave_alone": "leave alone",
}
WITHOUT_PROPOSAL = "fill in the win/loss sheet before writing again"
EXPIRED = "tell the buyer that the proposal that ran out is off the table"
WAITING = {"2_rediscover": "leave the buyer in peace for now", "3_third_party": "leave it to the third party"}
AS_USUAL = "go on as you would without this list"
DRAWN = "drawn for the experiment"
INTERVIEW = ", ask for a win/loss interview"
STILL_OUT = {"outstanding": "withdraw the proposal, ", "expired": "tell the buyer that the proposal that ran out is off the table, "}
ORDER = {"stalled": 0, "dead": 1, "not_enough_evidence": 2, "active": 3}
UNASSIGNED = "unassigned"
NOTHING_OPEN = "no-open-deals.txt"
NOTE = "No deal was open when the export was made: there is nothing to list. How well the past is told: reports/model-card.md.\n"
CHASING = -0.33
WHO = {name: who for name, (who, _) in ROLES.items()}


def run(params: Params, workspace: Workspace) -> str:
    """Write data/lists: rep-<name>.csv, manager-<name>.csv, winloss/rep-<name>.csv playbooks/rep-<name>/<rank>-<deal>.md, and crm/, the files that the CRM's importers take. Returns where they are.

    When no deal is open, as in a log of finished cases, there is a note instead.
    """
    advice = read_parquet(workspace.advice / "advice.parquet")
    if advice.empty:
        with replaced_folder(workspace.lists) as folder:
            write_text(folder / NOTHING_OPEN, NOTE)
        return NOTE
    advice["owner_id"] = advice["owner_id"].fillna(UNASSIGNED)
    owners = _people(workspace)
    rows = list_rows(advice, params.publish, params.label.horizon_days, owners["name"].to_dict())
    sheets = read_parquet(workspace.advice / "sheets.parquet").merge(rows[["deal_id", "deal", "rank"]], on="deal_id")
    sheets = sheets.sort_values(["owner_id", "rank", "number"], kind="stable")
    with replaced_folder(workspace.lists) as folder:
        names = file_names([(i, owners["name"].get(i, i)) for i in sorted(rows["owner_id"].unique())], "rep")
        for owner_id, own in rows.groupby("owner_id"):
            _write(own.drop(columns=["owner_id", "owner"]), folder / f"{names[str(owner_id)]}.csv")
            mine = sheets[sheets["deal_id"].isin(own["deal_id"])]
            _write(mine[["rank", "deal", "number", "question", "answer", "evidence", "your_answer", "deal_id"]],
                   folder / "winloss" / f"{names[str(owner_id)]}.csv")
        _playbooks(params, workspace, advice, rows, sheets, {str(owner): folder / "playbooks" / name for owner, name in names.items()})
        _managers(rows, owners, folder)
        write_crm_files(params, advice, rows, folder / "crm")
    return f"lists in {workspace.lists}; the fullest is {fullest_list(workspace)} (dealtriage show prints its first lines)"


def fullest_list(workspace: Workspace) -> Path | None:
    """The rep's list with the most stalled deals; None when no deal was open. Raises BadInput when nothing was published."""
    found = sorted(workspace.lists.glob("rep-*.csv"))
    if (workspace.lists / NOTHING_OPEN).is_file():
        return None
    if not found:
        raise BadInput(f"There are no lists in {workspace.lists}.", "Run the pipeline first: dvc repro.")
    return max(found, key=lambda path: int((pd.read_csv(path, usecols=["state"])["state"] == "stalled").sum()))


def list_rows(advice: pd.DataFrame, params: Publish, horizon_days: int, names: dict[str, str]) -> pd.DataFrame:
    """Every open deal as a row of its owner's list, in the owner's order, texts safe for a spreadsheet.

    rank counts per owner, deals to wait for after those with something to do; do_this_week marks the first `publish.capacity` rows with something to do.
    """
    p = advice[f"p_revive_{horizon_days}d"]
    ranked = advice.assign(
        order=advice["state"].map(ORDER), p=p, is_waiting=(advice["step"] == "wait") | advice["is_held_out"],
        worth=advice["value_at_stake"].where(advice["state"] == "stalled", advice["amount"]).fillna(0.0))
    ranked = ranked.sort_values(["owner_id", "order", "is_waiting", "worth", "p", "deal_id"],
                                ascending=[True, True, True, False, False, True], kind="stable").reset_index(drop=True)
    rank = ranked.groupby("owner_id").cumcount() + 1
    return pd.DataFrame({
        "rank": rank,
        "do_this_week": np.where((rank <= params.capacity) & (ranked["phase"] != "leave_alone") & ~ranked["is_waiting"], "yes", ""),
        "do_next": _verbs(ranked), "deal": ranked["deal_name"], "account": ranked["account_name"],
        "amount": ranked["amount"].round(), "state": ranked["state"].str.replace("_", " "),
        f"chance_to_revive_{horizon_days}d": ranked["p"].map(lambda v: "" if np.isnan(v) else f"{v:.0%}"),
        "how_often_true": [_band(row) for row in ranked.itertuples()],
        "silence": [_silence(row) for row in ranked.itertuples()],
        "reason_1": ranked["reason_1"], "reason_2": ranked["reason_2"], "reason_3": ranked["reason_3"],
        "who_chases": ranked["hand_90d"].map(_hand),
        "why_this_phase": _whys(ranked, params.dead_below), "phase": ranked["phase"].str.replace("_", " ").mask(ranked["is_held_out"], ""),
        "third_party": ranked["role"].map(WHO).mask(ranked["is_held_out"], ""),
        "value_at_stake": ranked["value_at_stake"].round(), "stage": ranked["stage"],
        "recorded_until": ranked["data_until"].dt.strftime("%Y-%m-%d"),
        "computed_from_export_of": ranked["cutoff"].dt.strftime("%Y-%m-%d %H:%M UTC"),
        "model_version": ranked["model_version"], "deal_id": ranked["deal_id"], "owner_id": ranked["owner_id"],
        "owner": ranked["owner_id"].map(names).fillna(ranked["owner_id"])})


def _verbs(ranked: pd.DataFrame) -> pd.Series:
    verbs = ranked["phase"].map(VERBS)
    is_withdrawing = ranked["phase"] == "1_withdraw"
    verbs = verbs.mask(is_withdrawing & ranked["proposal"].isin(["none", "withdrawn"]), WITHOUT_PROPOSAL)
    verbs = verbs.mask(is_withdrawing & (ranked["proposal"] == "expired"), EXPIRED)
    is_interview = ranked["role"] == "win_loss_interview"
    verbs = verbs.where((ranked["role"] == "") | is_interview, verbs + ": " + ranked["role"].map(WHO))
    verbs = verbs.mask(is_interview, verbs + INTERVIEW)
    for proposal, first in STILL_OUT.items():
        verbs = verbs.mask((ranked["phase"] == "close_out") & (ranked["proposal"] == proposal), first + verbs)
    if_silent = ranked["phase_if_silent"].map(VERBS)
    if_silent = if_silent.mask((ranked["phase_if_silent"] == "1_withdraw") & ranked["proposal"].isin(["none", "withdrawn"]), WITHOUT_PROPOSAL)
    if_silent = if_silent.mask((ranked["phase_if_silent"] == "1_withdraw") & (ranked["proposal"] == "expired"), EXPIRED)
    verbs = verbs.mask(if_silent.notna(), verbs + "; if the buyer is silent indeed: " + if_silent)
    verbs = verbs.mask(ranked["step"] == "wait", ranked["phase"].map(WAITING))
    verbs = verbs.mask(ranked["is_held_out"], AS_USUAL)
    meeting = ranked["next_meeting_days"].map(lambda ahead: "" if np.isnan(ahead) else f"keep the meeting in {days(ahead)}; ")
    return verbs.where(~ranked["state"].isin(["stalled", "dead"]), meeting + verbs)


def _playbooks(params: Params, workspace: Workspace, advice: pd.DataFrame, rows: pd.DataFrame, sheets: pd.DataFrame, folders: dict[str, Path]) -> None:
    """Write a playbook for every deal of a phase that has one, into its owner's folder, named by its rank and the deal."""
    books = Playbooks(params.phases)
    asked = advice[advice["phase"].isin(PAGES) & ~advice["is_held_out"]]
    place = rows.set_index("deal_id")[["rank", "deal"]]
    own, stories, differences = (by_deal(table) for table in (sheets, *(read_parquet(workspace.winloss / f"{name}.parquet") for name in ("stories", "differences"))))
    for deal in with_chance(asked, params.label.horizon_days).to_dict("records"):
        one = deal["deal_id"]
        text = books.page(deal, own[one], stories.get(one, []), differences.get(one, []))
        write_text(folders[str(deal["owner_id"])] / f"{place.loc[one, 'rank']:03d}-{slug(place.loc[one, 'deal']) or slug(one)}.md", text)


def _whys(ranked: pd.DataFrame, dead_below: float) -> pd.Series:
    why = ranked["why_phase"].where(ranked["why_no_evidence"] == "", ranked["why_no_evidence"]).mask(ranked["is_held_out"], DRAWN)
    is_kept = (ranked["state"] == "stalled") & (ranked["p"] < dead_below) | (ranked["state"] == "dead") & (ranked["p"] >= dead_below)
    return why.where(~is_kept, why + f"; so close to the line of {dead_below:.0%} that it keeps last week's state")


def _band(row: object) -> str:
    low, high, share, deals = (getattr(row, f"band_{name}") for name in ("low", "high", "came_true_share", "deals"))
    if np.isnan(deals) or np.isnan(share) or not deals:
        return ""
    return f"{deals:,.0f} past deals were given {low:.0%} to {high:.0%}; {share:.0%} of those weeks led to a comeback"


def _hand(hand: float) -> str:
    return "we chase" if hand < CHASING else "the buyer chases" if hand > -CHASING else "balanced"


def _silence(row: object) -> str:
    silence, usual = row.silence_days, row.usual_gap_days  # type: ignore[attr-defined]
    return days(silence) if np.isnan(usual) else f"{days(silence)}, usual gap {days(max(usual, 1))}"


def _people(workspace: Workspace) -> pd.DataFrame:
    owners = read_parquet(workspace.core / "owners.parquet").set_index("owner_id")
    owners["name"] = owners["name"].fillna(owners.index.to_series())
    return owners


def _managers(rows: pd.DataFrame, owners: pd.DataFrame, folder: Path) -> None:
    manager = rows["owner_id"].map(owners["manager_id"])
    names = file_names([(i, owners["name"].get(i, i)) for i in sorted(manager.dropna().unique())], "manager")
    for manager_id, own in rows.assign(manager=manager).dropna(subset=["manager"]).groupby("manager"):
        ordered = own.assign(order=own["state"].str.replace(" ", "_").map(ORDER)).sort_values(
            ["order", "value_at_stake", "amount", "deal_id"], ascending=[True, False, False, True], kind="stable")
        _write(ordered.assign(rank=range(1, len(ordered) + 1)).drop(columns=["manager", "owner_id", "order"])[
            ["rank", "owner", *[c for c in rows.columns if c not in ("rank", "owner", "owner_id")]]],
            folder / f"{names[str(manager_id)]}.csv")


def _write(rows: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = rows.select_dtypes(include=["object", "string"]).columns
    safe = rows.assign(**{name: rows[name].map(safe_cell) for name in texts})
    numbers = {name: safe[name].map(lambda v: "" if pd.isna(v) else f"{v:.0f}") for name in safe.columns if name not in texts}
    safe.assign(**numbers).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
