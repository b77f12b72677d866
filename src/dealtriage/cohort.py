"""Which deals are asked about, and when: the open deals that have gone quiet, at weekly as-of dates.

At the scoring date, the export's cutoff, every open deal is kept, quiet or not.
"""

from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from dealtriage.calendar import mondays
from dealtriage.engines import each_part
from dealtriage.errors import BadInput
from dealtriage.features.columns import Coded, Columns, coded, columns_of
from dealtriage.features.kernel import Bucket
from dealtriage.features.silence import silence_days
from dealtriage.gaps import of_owners, reached
from dealtriage.kinds import BACKGROUND, KINDS
from dealtriage.labels import COLUMNS_READ, label
from dealtriage.params import Cohort, Params
from dealtriage.tables import PartColumns, part_path, read_parquet, replaced_folder, write_parquet
from dealtriage.workspace import Workspace, read_cutoff

OPENING, CLOSING = ("deal_created", "reopened"), ("won", "lost", "refused")


def run(params: Params, workspace: Workspace) -> None:
    """Write data/cohort: rows/ (deal_id, as_of, ...), labels/ (what came of them), open/ (every open deal at every Monday)."""
    if params.cohort.after not in (None, *KINDS):
        raise BadInput(f"cohort.after is {params.cohort.after}, which is no kind of fact.", f"Use one of {', '.join(KINDS)}.")
    with replaced_folder(workspace.cohort) as folder:
        each_part(params.engine, workspace.timeline, partial(write_rows, params, workspace, folder, None), "cohort")
        each_part(params.engine, workspace.timeline, partial(write_labels, params, workspace, folder), "labels")


def write_rows(params: Params, workspace: Workspace, folder: Path, since: datetime | None, number: int) -> None:
    """Write the rows of one part, and its open deals. `since`: only as-of dates after it."""
    cutoff, facts = read_cutoff(workspace), PartColumns(part_path(workspace.timeline, number))
    q = Bucket(facts, grid(facts, cutoff, since))
    write_parquet(cohort_rows(q, params.cohort, cutoff, _gaps(workspace)), part_path(folder / "rows", number))
    write_parquet(open_mondays(q), part_path(folder / "open", number))


def write_labels(params: Params, workspace: Workspace, folder: Path, number: int) -> None:
    """Write what came of the rows of one part."""
    facts = read_parquet(part_path(workspace.timeline, number), list(COLUMNS_READ))
    rows = read_parquet(part_path(folder / "rows", number))
    write_parquet(label(facts, rows, read_cutoff(workspace), params.label, params.cohort.quiet_days), part_path(folder / "labels", number))


def _gaps(workspace: Workspace) -> pd.DataFrame:
    gaps, owners = (read_parquet(workspace.core / f"{name}.parquet") for name in ("gaps", "owners"))
    return of_owners(gaps, owners)


def grid(facts: pd.DataFrame | Columns, cutoff: datetime, since: datetime | None = None) -> pd.DataFrame:
    """Every deal at every Monday after its first fact, and at the cutoff; of these, the instants after `since`."""
    columns = columns_of(facts)
    deals = coded(columns["deal_id"])
    first_known = pd.Series(columns["known_at"].to_numpy()).groupby(deals.codes).min()
    spans = first_known.set_axis(deals.names[first_known.index]).sort_index()
    weeks = mondays(spans.min().to_pydatetime(), cutoff)
    instants = weeks.append(pd.DatetimeIndex([cutoff], dtype=weeks.dtype)).unique()
    instants = instants if since is None else instants[instants > pd.Timestamp(since)]
    first = np.searchsorted(instants.to_numpy(), spans.to_numpy(), side="right")
    length = len(instants) - first
    at = np.repeat(first - (np.cumsum(length) - length), length) + np.arange(length.sum())
    deal = pd.Categorical.from_codes(np.repeat(np.arange(len(length)), length), spans.index)
    return pd.DataFrame({"deal_id": deal, "as_of": instants.to_numpy()[at]})


def is_open(q: Bucket) -> np.ndarray:
    """Rows whose deal exists and is not closed, by what was known then."""
    created = q.count(q.is_kind("deal_created")) > 0
    closed = q.last(q.is_kind(*OPENING, *CLOSING), q.is_kind(*CLOSING).astype(float))
    return created & (closed == 0)


def open_mondays(q: Bucket) -> pd.DataFrame:
    """deal_id and as_of of every open deal at every Monday."""
    midnight = q.rows["as_of"].dt.normalize() == q.rows["as_of"]
    monday = midnight & (q.rows["as_of"].dt.day_of_week == 0)
    return q.rows[is_open(q) & monday].reset_index(drop=True)


def cohort_rows(q: Bucket, params: Cohort, cutoff: datetime, gaps: pd.DataFrame) -> pd.DataFrame:
    """Quiet open deals each Monday, and all open ones at the cutoff.

    Columns: deal_id, as_of, silence_days, is_quiet, is_scoring (the row of the cutoff), facts_known, known_until (how
    many facts of the deal, and the newest; not counting what is known of its account and people), gap_number (of the gap that the silence reaches into, of those who had the deal
    then; 0 if none: see `gaps.reached`), is_in_gap. `gaps`: see `gaps.of_owners`.
    """
    silence = silence_days(q)
    started = q.days_since_first(q.is_kind(params.after or "deal_created")) >= (params.quiet_days if params.after else 0)
    told = ~q.is_kind(*BACKGROUND)
    rows = q.rows.assign(silence_days=silence, is_quiet=(silence >= params.quiet_days) & started,
                         is_scoring=q.rows["as_of"] == cutoff, facts_known=q.count(told).astype("int32"), known_until=q.known_until(told))
    asked = is_open(q) & (rows["is_quiet"] | rows["is_scoring"])
    kept = rows[asked].reset_index(drop=True)
    number = reached(kept.assign(owner_id=Coded(q.owner.codes[asked], q.owner.words).series()), gaps)
    return kept.assign(gap_number=number, is_in_gap=number > 0)
