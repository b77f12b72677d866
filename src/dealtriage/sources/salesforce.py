"""Salesforce weekly Data Export (a folder of CSV files, one per object) to core tables.

`salesforce_files` says which columns are taken, `salesforce_rows` which rows are set aside, `salesforce_mapping` what becomes of
the others, in SQL.
"""

from pathlib import Path

import duckdb

from dealtriage.errors import BadInput
from dealtriage.params import Source
from dealtriage.sources.delimited import load_text_table
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.salesforce_files import FILES
from dealtriage.sources.salesforce_ids import define_id_function
from dealtriage.sources.salesforce_mapping import CORE_TABLES, STAGES_FROM_PARAMS
from dealtriage.sources.salesforce_rows import set_aside
from dealtriage.sources.sql import define_macros, rows

COSTS = {
    "Quote": ": no proposals are known",
    "OpportunityFieldHistory": ": the present owner is taken for all of a deal's life",
    "OpportunityContactRole": ": contacts attached to deals are not known",
    "User": ": owners are shown by their ids, and there are no managers' lists",
    "UserRole": ": teams are not known",
    "Account": ": account names are not known",
    "Contact": ": people are told apart by their mail addresses",
    "CurrencyType": ": all amounts are taken to be in one currency",
    "Task": ", as source.absent says: calls and tasks are not known",
    "Event": ", as source.absent says: meetings are not known",
    "EmailMessage": ", as source.absent says: mail is known only as far as tasks mirror it",
}
NEEDED = ("Opportunity", "OpportunityHistory", "Task", "Event", "EmailMessage")
def read(source: Source, con: duckdb.DuckDBPyConnection, quarantine: Quarantine) -> dict[str, int]:
    """Create the core tables in `con` from the export's folder. Returns the rows read per file.

    Raises BadInput for a wrong folder, missing files or columns, or an export without deals.
    """
    _check_columns(source)
    paths = _find_files(source)
    define_macros(con, source.timezone)
    define_id_function(con)
    counts = {}
    for name, expected in FILES.items():
        if name in paths:
            counts[paths[name].name] = load_text_table(con, paths[name], name, expected, _renamed(source, name),
                                                       quarantine)
        else:
            quarantine.note(f"{name}.csv is not there{COSTS.get(name, '')}")
            columns = ", ".join(f'null::varchar as "{c}"' for c in expected.required + expected.optional)
            con.execute(f'create or replace table "{name}" as select {columns}, 0::bigint as _record where false')
    files = {name: path.name for name, path in paths.items()}
    set_aside(con, source, files, quarantine)
    if not rows(con, "select count(*) from Opportunity"):
        raise BadInput(f"{paths['Opportunity']} holds no usable deal.",
                       "Check that the export includes all opportunities, and source.test_deals.")
    _map(con, source)
    return counts


def _find_files(source: Source) -> dict[str, Path]:
    folder = source.path
    if not folder.exists():
        raise BadInput(f"There is no folder {folder.absolute()}.", "Put the export there or correct source.path.")
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder.", "Unpack the Data Export and name its folder in source.path.")
    lower = {path.name.casefold(): path for path in sorted(folder.iterdir()) if path.is_file()}
    found = {name: lower[f"{name.casefold()}.csv"] for name in FILES if f"{name.casefold()}.csv" in lower}
    if not found:
        here = ", ".join(sorted(lower)[:8]) or "nothing"
        raise BadInput(f"{folder} is no Salesforce Data Export: looked for {', '.join(f'{n}.csv' for n in NEEDED)}; "
                       f"found {here}.", "Name the folder that holds these files in source.path.")
    missing = [name for name in NEEDED if name not in found and name not in source.absent]
    if missing:
        raise BadInput(f"{folder} lacks {', '.join(f'{name}.csv' for name in missing)}.",
                       "Export these objects too. If your company does not use one, say so in params.yaml, and know "
                       f"that silence may then mean missing data: source.absent: [{', '.join(missing)}]")
    if "OpportunityStage" not in found and not source.stages:
        raise BadInput(f"{folder} lacks OpportunityStage.csv, so the order of the stages is not known.",
                       "Export it, or list the stages in order in source.stages.")
    return found


def _check_columns(source: Source) -> None:
    known = {f"{file}.{name}" for file, table in FILES.items() for name in table.required + table.optional}
    unknown = sorted(set(source.columns) - known)
    if unknown:
        raise BadInput(f"source.columns names what is not read: {', '.join(unknown)}.",
                       "Write File.Column with a column of docs/bring-your-own-export.md.")


def _renamed(source: Source, file: str) -> dict[str, str]:
    prefix = file + "."
    return {key.removeprefix(prefix): header for key, header in source.columns.items() if key.startswith(prefix)}


def _map(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    con.execute("set variable answered = ?", [source.answered_calls])
    con.execute("set variable unanswered = ?", [source.unanswered_calls])
    con.execute("set variable system_users = ?", [list(source.system_users)])
    if source.stages:
        con.execute("set variable stages = ?", [list(source.stages)])
        con.execute(STAGES_FROM_PARAMS)
    for table, query in CORE_TABLES.items():
        con.execute(f"create or replace table {table} as {query}")
