"""Look at an export: identify it, read it in a scratch folder, and tell what was found."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from dealtriage.doctor.identify import Identified, identify
from dealtriage.doctor.suspicions import suspicions
from dealtriage.errors import BadInput
from dealtriage.params import Source
from dealtriage.sources.declared import RawTable
from dealtriage.sources.event_log import KINDS
from dealtriage.sources.load import Reader
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.reading import CRMS, crm_of, newest_fact, opened_items, read
from dealtriage.sources.rows import Rows
from dealtriage.sources.shelf import Item, open_shelf
from dealtriage.sources.sql import define_macros, rows

MEMORY = "3GB"
MOST_BAD = 0.02  # clean.max_bad_share of params.yaml


@dataclass
class TableReport:
    """One table of the export: where it lies, how many rows were read, which columns are missing."""

    table: str
    files: list[str]
    rows: int = 0
    written: str = ""  # encoding and delimiter
    missing_required: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass
class Report:
    """Everything the doctor has to say; `problem` is set when the export cannot be read as it is."""

    path: str
    crm: str | None = None
    title: str = ""
    form: str = ""
    tables: list[TableReport] = field(default_factory=list)
    not_there: dict[str, str] = field(default_factory=dict)
    not_used: list[str] = field(default_factory=list)
    looked_for: dict[str, list[str]] = field(default_factory=dict)
    deals: int = 0
    open_deals: int = 0
    first_fact: str | None = None
    last_fact: str | None = None
    history: list[str] = field(default_factory=list)
    suspicious: list[str] = field(default_factory=list)
    quarantined: dict[str, int] = field(default_factory=dict)
    activities: dict[str, int] = field(default_factory=dict)
    problem: str | None = None
    next_step: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return asdict(self)


def examine(location: Path, scratch: Path, defaults: Mapping[str, Any]) -> Report:
    """Look at whatever lies at `location` (folder, zip, file, database URL). `defaults`: further values of `source`.

    Raises BadInput only when nothing can be opened there.
    """
    con = duckdb.connect(str(scratch / "work.duckdb"), config={"memory_limit": MEMORY, "temp_directory": str(scratch / "spill")})
    report = Report(str(location))
    try:
        define_macros(con, "UTC")
        reader = Reader(con, scratch / "first", Quarantine(con))
        items = open_shelf(location, scratch / "first")
        opened, damaged = opened_one_by_one(reader, items)
        known = identify(location, opened)
        if known is None:
            _tell_unknown(report, items, opened)
        else:
            _tell_tables(report, known, items, opened)
            _doubt_absent(report, known, damaged)
            if known.crm.name == "event_log":
                _tell_activities(report, known, con, opened)
                return report
            _tell_contents(report, known, con, scratch, {**defaults, **known.source})
        if damaged and report.problem is None:
            report.problem, report.next_step = damaged[0].message.rstrip("."), damaged[0].next_step
    finally:
        con.close()
    return report


def opened_one_by_one(reader: Reader, items: list[Item]) -> tuple[dict[Item, Rows], list[BadInput]]:
    """The items that can be opened, and what is wrong with the others."""
    opened: dict[Item, Rows] = {}
    damaged = []
    for item in items:
        try:
            opened |= opened_items(reader, [item])
        except BadInput as error:
            damaged.append(error)
    return opened, damaged


def _tell_unknown(report: Report, items: list[Item], opened: Mapping[Item, Rows]) -> None:
    report.problem = "This is none of the exports dealtriage knows"
    report.next_step = "Compare the files with docs/bring-your-own-export.md; name other headers in source.columns"
    report.looked_for = {crm.title: [_needs(table) for table in crm.tables if table.is_needed] for crm in map(crm_of, CRMS)}
    report.not_used = [f"{item.name}: {', '.join(list(opened[item].cells)[:8]) if item in opened else 'no table'}" for item in items[:20]]


def _needs(table: RawTable) -> str:
    return f"{table.name} ({', '.join(table.required[:4])})"


def _tell_tables(report: Report, known: Identified, items: list[Item], opened: Mapping[Item, Rows]) -> None:
    report.crm, report.title, report.form = known.crm.name, known.crm.title, known.crm.form(known.found)
    report.params = dict(known.source)
    custom = known.source.get("columns", {})
    for table in known.crm.tables:
        parts = [one for one in known.found if one.table is table]
        if parts:
            absent = [c.name for c in table.columns if c.is_missed and not any(c.name in one.columns for one in parts)
                      and f"{table.name}.{c.name}" not in custom]
            required = [name for name in table.required if name in absent]
            report.tables.append(TableReport(table.name, [one.item.name for one in parts], written=opened[parts[0].item].written,
                                             missing_required=required, missing=[n for n in absent if n not in required]))
        elif table.cost and not table.is_exploded:
            report.not_there[table.name] = table.cost
    used = {one.item for one in known.found}
    report.not_used = [item.name for item in items if item not in used]


def _doubt_absent(report: Report, known: Identified, damaged: list[BadInput]) -> None:
    """A needed table counts as absent only where nothing that lies there could be it."""
    absent = list(report.params.get("absent", []))
    if not absent:
        return
    if damaged:
        report.params["absent"] = [name for name in absent if not any(name.casefold() in error.message.casefold() for error in damaged)]
    others = [name for name in report.not_used if not name.casefold().endswith(("license", ".md", ".pdf"))]
    told = f"{', '.join(absent)}: not found. `absent` says that your company has none; silence may then only be missing data"
    report.suspicious.append(told + (f". Is it one of the files not used ({', '.join(others[:5])})?" if others else ""))


def _tell_activities(report: Report, known: Identified, con: duckdb.DuckDBPyConnection, opened: Mapping[Item, Rows]) -> None:
    """An event log is known when each activity has a meaning; nobody but its owner can say which."""
    log = known.found[0]
    rows_of_log = opened[log.item]
    rows_of_log.fetch()
    told = con.execute(f"select {rows_of_log.cells[log.columns['activity']]} as name, count(*) from {rows_of_log.relation} group by 1 order by 2 desc, 1")
    report.activities = {str(name): int(n) for name, n in told.fetchall()}
    report.tables[0].rows = sum(report.activities.values())
    report.params["event_log"] = {**report.params["event_log"], "stages": [], "activities": {}, "ignored": list(report.activities)}
    report.problem = "An event log: what its activities mean must be said"
    report.next_step = f"Move those that mean something from `ignored` to `activities`, each with a kind of {', '.join(KINDS)}"


def _tell_contents(report: Report, known: Identified, con: duckdb.DuckDBPyConnection, scratch: Path, source: Mapping[str, Any]) -> None:
    quarantine = Quarantine(con)
    shutil.rmtree(scratch / "first", ignore_errors=True)  # what was unpacked to look at it
    try:
        counts = read(Source.model_validate(source), con, quarantine, scratch / "second")
    except BadInput as error:
        report.problem, report.next_step = error.message.rstrip("."), error.next_step
        for table in report.tables:
            table.rows = _rows_loaded(con, table.table)
        return
    except ValidationError as error:
        report.problem, report.next_step = f"{error.error_count()} values of `source` cannot be used", str(error)
        return
    for table in report.tables:
        table.rows = sum(counts.get(name, 0) for name in table.files)
    cutoff = newest_fact(con)
    first, open_deals, deals = con.execute("select min(created_at), count(*) filter (not is_closed_now), count(*) from deals").fetchall()[0]
    report.deals, report.open_deals = int(deals), int(open_deals)
    report.first_fact, report.last_fact = str(first), str(cutoff) if cutoff else None
    report.history = _history(con)
    bad = quarantine.frame()
    report.quarantined = {f"{file}, {column}: {reason}": int(n) for (file, column, reason), n in
                          bad.groupby(["file", "column", "reason"]).size().items()}
    report.suspicious += [*(suspicions(con, cutoff) if cutoff else []),
                          *(n for n in quarantine.notes if any(mark in n for mark in ("upper case", "cannot be told", "more follows")))]
    if "labels" in report.form and source.get("timezone") == "UTC":
        report.suspicious.append("times carry no zone and are taken as UTC: set source.timezone to the zone of the account that exported them")
    _tell_too_many_bad(report, counts, quarantine)
    if not con.execute("select count(*) from activities where kind in ('email', 'call', 'meeting', 'document')").fetchall()[0][0]:
        report.problem = "No mail, call or meeting is about any deal: silence could not be told from missing data"
        report.next_step = "Export activities too, with the ids of their deals"


def _rows_loaded(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table had when its reading ended early."""
    there = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
    name = next((name for name in (f"{table}__told", f"{table}__read") if name in there), None)
    return rows(con, f'select count(*) from "{name}"') if name else 0


def _tell_too_many_bad(report: Report, counts: Mapping[str, int], quarantine: Quarantine) -> None:
    for file, total in counts.items():
        bad = quarantine.dropped_rows(file)
        if total and bad / total > MOST_BAD:
            report.suspicious.insert(0, f"{bad:,} of {total:,} rows of {file} cannot be used: more than clean.max_bad_share ({MOST_BAD:.0%}) lets pass")


def _history(con: duckdb.DuckDBPyConnection) -> list[str]:
    told = con.execute("""
        select field, count(*), (select count(*) from deals), min(known_since)::date, max(known_since)::date from history_limits
        where field <> 'account' or field in (select field from kept)  -- most CRMs keep no past accounts: not worth a line
        group by field order by field""").fetchall()
    return [f"{field.replace('_', ' ')}: of {n:,} of {deals:,} deals nothing is known before a date between {first} and {last}"
            for field, n, deals, first, last in told]
