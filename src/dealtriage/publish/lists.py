"""What people receive: a list per rep and per manager as CSV and workbook, the win/loss sheets, a playbook per deal, and the site."""

from pathlib import Path

import pandas as pd

from dealtriage.crm.files import write_crm_files
from dealtriage.errors import BadInput
from dealtriage.params import Params
from dealtriage.publish.cells import file_names, safe_cell, slug
from dealtriage.publish.playbooks import PAGES, Playbooks
from dealtriage.publish.rows import ORDER
from dealtriage.publish.site.build import write_site
from dealtriage.publish.told import Told, read_told
from dealtriage.publish.workbook import write_workbook
from dealtriage.tables import replaced_folder, write_text
from dealtriage.workspace import Workspace

NOTHING_OPEN = "no-open-deals.txt"
NOTE = "No deal was open when the export was made: there is nothing to list. How well the past is told: reports/model-card.md.\n"
SHEET = ["rank", "deal", "number", "question", "answer", "evidence", "your_answer", "deal_id"]


def run(params: Params, workspace: Workspace) -> str:
    """Write data/lists: rep-<name>.csv and .xlsx, manager-<name>.csv, winloss/rep-<name>.csv, playbooks/rep-<name>/<rank>-<deal>.md, crm/ (what the CRM's importers take) and site/. Returns where they are.

    When no deal is open, as in a log of finished cases, there is a note instead.
    """
    told = read_told(params, workspace)
    if told.advice.empty:
        with replaced_folder(workspace.lists) as folder:
            write_text(folder / NOTHING_OPEN, NOTE)
        return NOTE
    with replaced_folder(workspace.lists) as folder:
        reps, managers = rep_files(told), manager_files(told)
        books = playbooks(told)
        _reps(told, books, reps, folder)
        _managers(told, managers, folder)
        write_crm_files(params, told.advice, told.rows, folder / "crm")
        write_site(told, books, reps, managers, workspace, folder / "site")
    return f"lists in {workspace.lists}; the fullest is {fullest_list(workspace)} (dealtriage show prints its first lines)"


def fullest_list(workspace: Workspace) -> Path | None:
    """The rep's list with the most stalled deals; None when no deal was open. Raises BadInput when nothing was published."""
    found = sorted(workspace.lists.glob("rep-*.csv"))
    if (workspace.lists / NOTHING_OPEN).is_file():
        return None
    if not found:
        raise BadInput(f"There are no lists in {workspace.lists}.", "Run the pipeline first: dvc repro.")
    return max(found, key=lambda path: int((pd.read_csv(path, usecols=["state"])["state"] == "stalled").sum()))


def rep_files(told: Told) -> dict[str, str]:
    """The file name stem of every rep who has open deals."""
    return file_names([(who, told.names.get(who, who)) for who in sorted(told.rows["owner_id"].unique())], "rep")


def manager_files(told: Told) -> dict[str, str]:
    """The file name stem of every manager of such a rep."""
    return file_names([(who, told.names.get(who, who)) for who in sorted(told.managers.dropna().unique())], "manager")


def playbooks(told: Told) -> dict[str, str]:
    """The playbook (Markdown) of every deal of a phase that has one."""
    books = Playbooks(told.params.phases)
    return {one: books.page(deal, told.sheets[one], told.stories.get(one, []), told.differences.get(one, []))
            for one, deal in told.deals.items() if deal["phase"] in PAGES and not deal["is_held_out"]}


def _reps(told: Told, books: dict[str, str], names: dict[str, str], folder: Path) -> None:
    sheets = told.sheet_rows.merge(told.rows[["deal_id", "deal", "rank"]], on="deal_id").sort_values(["owner_id", "rank", "number"], kind="stable")
    for owner_id, own in told.rows.groupby("owner_id"):
        name = names[str(owner_id)]
        listed = own.drop(columns=["owner_id", "owner"])
        _write(listed, folder / f"{name}.csv")
        write_workbook(listed, told.params, told.advice["cutoff"].iloc[0], name, folder / f"{name}.xlsx")
        _write(sheets.loc[sheets["deal_id"].isin(own["deal_id"]), SHEET], folder / "winloss" / f"{name}.csv")
        for row in own[own["deal_id"].isin(books)].itertuples():
            write_text(folder / "playbooks" / name / f"{row.rank:03d}-{slug(row.deal) or slug(row.deal_id)}.md", books[str(row.deal_id)])


def _managers(told: Told, names: dict[str, str], folder: Path) -> None:
    rows = told.rows
    for manager_id, own in rows.assign(manager=told.managers).dropna(subset=["manager"]).groupby("manager"):
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
