"""Raw export -> core tables, quarantine, coverage, and the cutoff of everything that follows."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from dealtriage import coverage
from dealtriage.errors import BadInput
from dealtriage.params import Params
from dealtriage.schemas import CORE, Table, as_typed, checked
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.reading import newest_fact, read
from dealtriage.tables import replaced_folder, write_json, write_parquet, write_text
from dealtriage.workspace import Workspace

MEMORY = "3GB"
def run(params: Params, workspace: Workspace) -> str:
    """Read the export, write data/core, return the one-screen summary.

    Raises BadInput when the export cannot be used; data/core is then as it was.
    """
    with replaced_folder(workspace.core) as folder:
        con = _connect(folder)
        quarantine = Quarantine(con)
        rows_read = read(params.source, con, quarantine, folder / "scratch")
        _refuse_mostly_bad(rows_read, quarantine, params.clean.max_bad_share)
        cutoff = _cutoff(params, con)
        for table in CORE:
            _write(con, table, folder)
        bad = quarantine.frame()
        write_parquet(bad, folder / "quarantine.parquet")
        report = coverage.measure(con, cutoff, rows_read, bad, quarantine.set_aside(), quarantine.notes)
        coverage.write(con, report, folder)
        deals = int(con.execute("select count(*) from deals").fetchall()[0][0])
        write_json(folder / "export.json", {"crm": params.source.crm, "cutoff": f"{cutoff:%Y-%m-%d %H:%M:%S}",
                                            "deals": deals, "rows_read": sum(rows_read.values()),
                                            "rows_quarantined": int(bad["is_row_dropped"].sum())})
        text = coverage.summary(report, cutoff, deals)
        write_text(folder / "summary.txt", text)
        con.close()
        (folder / "work.duckdb").unlink()
        shutil.rmtree(folder / "scratch", ignore_errors=True)
    return text


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(folder / "work.duckdb"), config={
        "memory_limit": MEMORY, "temp_directory": str(folder / "spill"), "preserve_insertion_order": True})


def _refuse_mostly_bad(rows_read: dict[str, int], quarantine: Quarantine, most: float) -> None:
    for file, total in rows_read.items():
        bad = quarantine.dropped_rows(file)
        if total and bad / total > most:
            frame = quarantine.frame()
            dropped = frame[(frame["file"] == file) & frame["is_row_dropped"]]
            mostly = dropped[dropped["reason"] == dropped["reason"].value_counts().idxmax()]
            first = mostly.iloc[0]
            raise BadInput(f"{bad} of {total} rows of {file} cannot be used ({bad / total:.1%}), more than "
                           f"clean.max_bad_share allows ({most:.1%}). {len(mostly)} of them like line {first['line']}, "
                           f"{first['column'] or 'the whole line'} = {first['value']}: {first['reason']}.",
                           "Correct the export, or raise clean.max_bad_share if this is known.")


def _cutoff(params: Params, con: duckdb.DuckDBPyConnection) -> datetime:
    newest = newest_fact(con)
    if newest is None:
        raise BadInput("The export holds no dated fact.", "Export history and activities with it.")
    if params.source.exported_at is None:
        return newest.replace(microsecond=0) + timedelta(seconds=1)
    stated = params.source.exported_at.replace(tzinfo=None)
    if stated <= newest:
        raise BadInput(f"source.exported_at is {stated} UTC, but the export holds a fact of {newest} UTC.",
                       "Set source.exported_at to the time of this export, or to null to take it from the data.")
    return stated


def _write(con: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> None:
    path = folder / f"{table.name}.parquet"
    columns = ", ".join(f'"{c.name}"::{c.type} as "{c.name}"' for c in table.columns)
    order = ", ".join(f'"{name}"' for name in table.names_by_key())
    con.execute(f"copy (select {columns} from {table.name} order by {order}) to '{path}' "
                "(format parquet, compression zstd)")
    for batch in pq.ParquetFile(path).iter_batches(batch_size=500_000):
        checked(as_typed(batch.to_pandas(), table), table)

