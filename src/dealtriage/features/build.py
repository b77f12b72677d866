"""Timeline and as-of rows -> the matrix: one column per registered feature."""

import shutil
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from dealtriage.engines import each_part
from dealtriage.errors import BadInput
from dealtriage.features.columns import Columns, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import Feature, by_name, weekly_tables
from dealtriage.features.weeks import Weeks, total
from dealtriage.params import Features, Params
from dealtriage.tables import PartColumns, part_path, parts, read_parquet, replaced_folder, write_parquet, write_pieces
from dealtriage.workspace import Workspace


def run(params: Params, workspace: Workspace) -> None:
    """Write data/weeks: the registered weekly sums. data/features: deal_id, as_of and one column per feature, for every row of the
    cohort."""
    names = chosen(params.features)
    with replaced_folder(workspace.weeks) as folder:
        each_part(params.engine, workspace.timeline, partial(write_sums, workspace, folder), "weekly sums")
        add_up(folder)
    with replaced_folder(workspace.features) as folder:
        each_part(params.engine, workspace.timeline, partial(write_matrix, workspace, folder, names, params.features), "features")


def chosen(params: Features) -> list[str]:
    """The features that become columns: all but the optional ones, with what `include` names and without what `exclude` names.

    Both name features or subjects. Raises BadInput for a name that is neither.
    """
    known = by_name()
    subjects = {one.subject for one in known.values()}
    for key, given in (("include", params.include), ("exclude", params.exclude)):
        if unknown := sorted(set(given) - set(known) - subjects):
            raise BadInput(f"features.{key} names unknown features: {', '.join(unknown)}.",
                           "docs/data-dictionary.md lists them all.")
    return [name for name, one in known.items() if (not one.is_optional or {name, one.subject} & {*params.include})
            and not {name, one.subject} & {*params.exclude}]


def write_sums(workspace: Workspace, folder: Path, number: int) -> None:
    """Write the weekly sums of one part, a file per weekly table."""
    q = read_bucket(part_path(workspace.timeline, number), part_path(workspace.cohort / "open", number))
    for name, table in weekly_sums(q).items():
        write_parquet(table, part_path(folder / name, number))


def weekly_sums(q: Bucket) -> dict[str, pd.DataFrame]:
    """The weekly tables of one bucket, asked about every open deal at every Monday."""
    return {name: table(q) for name, table in weekly_tables().items()}


def add_up(folder: Path, before: Path | None = None, since: datetime | None = None) -> None:
    """Replace each weekly table's parts by one file with their sum. Weeks up to `since` are taken from the tables in `before`."""
    for name in weekly_tables():
        table = total(read_parquet(part) for part in parts(folder / name))
        if before and since:
            old = read_parquet(before / f"{name}.parquet")
            table = total([old[old["week_end"] <= since], table[table["week_end"] > since]])
        write_parquet(table, folder / f"{name}.parquet")
        shutil.rmtree(folder / name)


def read_weeks(folder: Path) -> Weeks:
    """The weekly tables that an earlier run of the stage wrote."""
    return Weeks({name: read_parquet(folder / f"{name}.parquet") for name in weekly_tables()})


def write_matrix(workspace: Workspace, folder: Path, names: list[str], params: Features, number: int) -> None:
    """Write the matrix of one part."""
    rows, facts = part_path(workspace.cohort / "rows", number), part_path(workspace.timeline, number)
    q = read_bucket(facts, rows, read_weeks(workspace.weeks), params.fiscal_year_start)
    write_pieces((table_of(piece, names) for piece in q.pieces()), part_path(folder, number))


def read_bucket(facts: Path, rows: Path, weeks: Weeks | None = None, fiscal_year_start: int = 1) -> Bucket:
    """The bucket of one part of a timeline and the as-of rows asked about it."""
    return Bucket(PartColumns(facts), PartColumns(rows), weeks, fiscal_year_start)


def table_of(q: Bucket, names: list[str]) -> pa.Table:
    """deal_id, as_of and the named features as they are written."""
    columns = {name: pa.array(values, from_pandas=True) for name, values in answers(q, names).items()}
    return pa.table({**{name: q.keys[name] for name in q.keys.column_names}, **columns})


def read_features(path: Path) -> pd.DataFrame:
    """deal_id, as_of and every registered feature of one part; those that were left out are empty."""
    return whole(read_parquet(path))


def whole(matrix: pd.DataFrame) -> pd.DataFrame:
    """A matrix with every registered feature; those that were left out are empty."""
    return matrix.reindex(columns=["deal_id", "as_of", *by_name()])


def matrix(facts: pd.DataFrame | Columns, rows: pd.DataFrame, weeks: Weeks, names: list[str], fiscal_year_start: int = 1) -> pd.DataFrame:
    """deal_id, as_of and the named features (float64), one row per row of `rows`, sorted by deal_id and as_of."""
    q = Bucket(facts, rows, weeks, fiscal_year_start)
    return pd.DataFrame({"deal_id": q.rows["deal_id"], "as_of": q.rows["as_of"], **answers(q, names)})


def answers(q: Bucket, names: list[str]) -> dict[str, Floats]:
    """The named features by name. Raises BadInput when a feature's answer cannot be one."""
    known = by_name()
    return {name: _sound(known[name], known[name].ask(q), len(q.as_of)) for name in names}


def _sound(one: Feature, answer: Floats, rows: int) -> Floats:
    values = np.asarray(answer, dtype=np.float64)
    if values.shape != (rows,):
        raise BadInput(f"The feature {one.name} answers with shape {values.shape} where {rows} as-of rows ask.",
                       "It must return one number per row (is there a `return`?): ask the Bucket (q.count, q.last, ...) rather than its facts.")
    low, high = -np.inf if one.low is None else one.low, np.inf if one.high is None else one.high
    for extreme in (np.fmin.reduce(values), np.fmax.reduce(values)) if rows else ():
        if np.isinf(extreme):
            raise BadInput(f"The feature {one.name} is not finite somewhere.", "Divide with `ratio`; what is not known is NaN.")
        if extreme < low - 1e-9 or extreme > high + 1e-9:
            raise BadInput(f"The feature {one.name} is {extreme:g} somewhere; it is declared to lie between {low:g} and {high:g}.",
                           "Correct the function, or the bounds in its @feature(...).")
    return values
