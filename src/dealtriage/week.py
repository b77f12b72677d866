"""A new week: yesterday's tables and model, today's export, and only the as-of dates in between.

Nothing is learnt or judged anew. Facts that were known at a past date do not change, so the chances of past weeks and the weekly
sums of all deals are taken over, and the cohort and its features are made for dates after the last export alone.
"""

import shutil
from datetime import datetime
from functools import partial

import pandas as pd

from dealtriage import clean, recommend, timeline
from dealtriage.cohort import write_rows
from dealtriage.engines import each_part
from dealtriage.errors import BadInput
from dealtriage.features.build import add_up, chosen, write_matrix, write_sums
from dealtriage.params import Params
from dealtriage.publish import lists
from dealtriage.score import CHANCES, assemble, write_chances
from dealtriage.tables import read_parquet, read_parts, replaced_folder
from dealtriage.winloss import build as winloss
from dealtriage.workspace import Workspace, read_cutoff

TAKEN_OVER = ("models/model.skops", "models/win.skops", "models/restall.skops", "models/card.json", "models/lookalikes.parquet", "models/past.parquet",
              *(f"reports/tables/{name}.csv" for name in ("bands", "calls", "capacity")), "reports/figures/reliability.png")
GOES_ON = ("data/recommended/log.parquet", "data/evidence/evidence.parquet")  # what was recommended so far, and what came of it


def run(params: Params, before: Workspace, workspace: Workspace) -> str:
    """Write core tables to lists under `workspace`, scored with the model of `before`. Returns one line about what was worked on.

    Raises BadInput when `before` holds no scores, or the export is not newer than its.
    """
    if before.root.resolve() == workspace.root.resolve():
        raise BadInput(f"The new week would take the place of the run {before.root} that it is based on.", "Give another folder as --out, such as weeks/2026-07-06.")
    since = read_cutoff(before)
    for name in TAKEN_OVER:
        _take_over(before, workspace, name)
    clean.run(params, workspace)
    if read_cutoff(workspace) <= since:
        raise BadInput(f"The export was made at {read_cutoff(workspace):%Y-%m-%d %H:%M}, not after that of {before.root} ({since:%Y-%m-%d %H:%M}).",
                       "Give the new export in source.path, or --since an older run.")
    timeline.run(params, workspace)
    _rows(params, workspace, since)
    _features(params, before, workspace, since)
    _scores(params, before, workspace, since)
    winloss.run(params, workspace)
    _go_on(before, workspace)
    said = recommend.run(params, workspace)
    lists.run(params, workspace)
    rows = read_parts(workspace.cohort / "rows", ["deal_id", "as_of"])
    deals, dates = rows["deal_id"].nunique(), rows["as_of"].nunique()
    told = f"{deals:,} deals asked about on {dates} dates after {since:%Y-%m-%d %H:%M}"
    return f"{told}\n{said}" if said else told


def _take_over(before: Workspace, workspace: Workspace, name: str) -> None:
    source, target = before.root / name, workspace.root / name
    if not source.is_file():
        raise BadInput(f"There is no {source}.", "Run all stages once (dvc repro), and give that run's folder as --since.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _go_on(before: Workspace, workspace: Workspace) -> None:
    """Copy what grows from run to run, where there is such."""
    for name in GOES_ON:
        if (before.root / name).is_file():
            _take_over(before, workspace, name)


def _rows(params: Params, workspace: Workspace, since: datetime) -> None:
    with replaced_folder(workspace.cohort) as folder:
        each_part(params.engine, workspace.timeline, partial(write_rows, params, workspace, folder, since), "cohort")


def _features(params: Params, before: Workspace, workspace: Workspace, since: datetime) -> None:
    with replaced_folder(workspace.weeks) as folder:
        each_part(params.engine, workspace.timeline, partial(write_sums, workspace, folder), "weekly sums")
        add_up(folder, before.weeks, since)
    with replaced_folder(workspace.features) as folder:
        work = partial(write_matrix, workspace, folder, chosen(params.features), params.features)
        each_part(params.engine, workspace.timeline, work, "features")


def _scores(params: Params, before: Workspace, workspace: Workspace, since: datetime) -> None:
    with replaced_folder(workspace.scores) as folder:
        each_part(params.engine, workspace.features, partial(write_chances, workspace, folder), "chances")
        rows, now, adds = (read_parts(folder / name) for name in CHANCES)
        assemble(params, workspace, folder, pd.concat([_past(before, now, since), rows], ignore_index=True), now, adds)
        for name in CHANCES:
            shutil.rmtree(folder / name)


def _past(before: Workspace, now: pd.DataFrame, since: datetime) -> pd.DataFrame:
    """The Mondays of earlier outlooks of the deals that are still open. The last export's own instant is none of them."""
    outlook = read_parquet(before.scores / "outlook.parquet")
    is_monday = (outlook["as_of"].dt.day_of_week == 0) & (outlook["as_of"].dt.normalize() == outlook["as_of"])
    kept = outlook[is_monday & outlook["deal_id"].isin(now["deal_id"]) & (outlook["as_of"] <= since)]
    return kept.assign(is_quiet=True, is_scoring=False)
