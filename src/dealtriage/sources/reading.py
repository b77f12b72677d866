"""From what lies at source.path to core tables in DuckDB: the one way that all CRMs' exports take."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path

import duckdb

from dealtriage.errors import BadInput
from dealtriage.params import Source
from dealtriage.sources import history
from dealtriage.sources.catalogue import Found, assign, missing_columns
from dealtriage.sources.crm import Crm, Reading
from dealtriage.sources.load import Reader, create, fill
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.rows import Rows
from dealtriage.sources.rules import newest_moment, set_aside
from dealtriage.sources.shelf import Item, open_shelf
from dealtriage.sources.sql import define_macros, rows

CRMS = ("salesforce", "hubspot", "dynamics", "pipedrive", "event_log")
NEWEST = """
select max(moment) from (select created_at as moment from deals union all select changed_at from deal_changes
  union all select created_at from activities union all select known_at from proposals
  union all select outcome_at from activities where outcome_at < created_at + interval 400 day
  union all select created_at from contact_roles union all select known_at from contact_titles)
"""
log = logging.getLogger(__name__)


def crm_of(name: str) -> Crm:
    """The CRM of that name."""
    found: Crm = import_module(f"dealtriage.sources.{name}").CRM
    return found


def read(source: Source, con: duckdb.DuckDBPyConnection, quarantine: Quarantine, scratch: Path) -> dict[str, int]:
    """Create the core tables in `con`. Returns the rows read per file.

    Raises BadInput when there is nothing to read, a needed table or column is missing, a file is cut short or damaged,
    or no deal is left.
    """
    crm = crm_of(source.crm)
    _check_columns(crm, source)
    define_macros(con, source.timezone)
    crm.define_ids(con)
    reader = Reader(con, scratch, quarantine, source.day_first)
    opened = opened_items(reader, open_shelf(source.path, scratch))
    found = assign({item: list(opened[item].cells) for item in opened}, crm.tables, crm.headers(source))
    reading = Reading(con, source, found, quarantine)
    _refuse_missing(crm, reading)
    counts = _load(reader, crm, found, opened, crm.headers(source))
    _set_variables(reading)
    crm.prepare(reading)
    _settle(crm, reading)
    _map(crm, con)
    if not rows(con, "select count(*) from deals"):
        raise BadInput(f"{source.path} holds no usable {crm.unit}{_what_became(crm, con)}.", crm.when_empty)
    return counts


def newest_fact(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the newest fact of the core tables in `con` was recorded (UTC)."""
    found: datetime | None = con.execute(NEWEST).fetchall()[0][0]
    return found


def opened_items(reader: Reader, items: list[Item]) -> dict[Item, Rows]:
    """Every item that is a table, opened. Databases' tables are read when they are known to be needed."""
    found = {}
    for item in items:
        rows_of_item = reader.open(item)
        if rows_of_item is not None:
            found[item] = rows_of_item
    return found


def _check_columns(crm: Crm, source: Source) -> None:
    known = {f"{table.name}.{column.name}" for table in crm.tables for column in table.columns}
    unknown = sorted(set(source.columns) - known)
    if unknown:
        raise BadInput(f"source.columns names what is not read: {', '.join(unknown)}.",
                       "Write Table.Column with a column of docs/bring-your-own-export.md.")


def _refuse_missing(crm: Crm, reading: Reading) -> None:
    source, found = reading.source, reading.found
    needed = [table.name for table in crm.tables if table.is_needed]
    if not found:
        raise BadInput(f"{source.path} is no {crm.title} export: looked for {', '.join(needed)}; found nothing like it.",
                       f"Run `dealtriage doctor {source.path}`: it says what this is.")
    missing = [name for name in needed if not reading.is_there(name) and name not in source.absent]
    if missing:
        raise BadInput(f"{source.path} lacks {', '.join(missing)}.",
                       "Export these too. If your company does not use one, say so in params.yaml, and know that silence "
                       f"may then mean missing data: source.absent: [{', '.join(missing)}]")
    for one in found:
        if one.missing and one.headers and not _has_sparse_objects(one, found):
            raise missing_columns(one)  # a JSON file without any object has no headers: an empty table
    crm.check(reading)


def _has_sparse_objects(one: Found, found: Sequence[Found]) -> bool:
    """Whether a JSON file lacks columns only because none of its objects has them, as those of another file do."""
    others = {name for other in found if other.table is one.table for name in other.columns}
    return one.item.kind == "json" and set(one.missing) <= others


def _load(reader: Reader, crm: Crm, found: list[Found], opened: dict[Item, Rows], headers: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    counts = {}
    for table in crm.tables:
        create(reader.con, table)
        parts = [one for one in found if one.table is table]
        for one in parts:
            log.info("clean: reading %s", one.item.name)
            counts[one.item.name] = fill(reader, one, opened[one.item])
            _note_missing(reader.quarantine, one, headers.get(table.name, {}))
        if parts and all(opened[one.item].more_follows for one in parts):
            reader.quarantine.note(f"{parts[-1].item.name} says that more follows, and nothing does: is the last page of {table.name} missing?")
        if not parts and table.cost and not table.is_exploded:
            reader.quarantine.note(f"{table.name} is not there: {table.cost}")
    return counts


def _note_missing(quarantine: Quarantine, found: Found, renamed: Mapping[str, str]) -> None:
    absent = [renamed.get(c.name, c.name) for c in found.table.columns if c.name not in found.columns and c.is_missed]
    if absent:
        quarantine.note(f"{found.item.name} has no {', '.join(absent)}: left empty")


def _set_variables(reading: Reading) -> None:
    source = reading.source
    rates = {code.upper(): rate for code, rate in source.currency_rates.items()}
    for name, value in (("answered", source.answered_calls), ("unanswered", source.unanswered_calls),
                        ("test_deals", source.test_deals or "a^"), ("system_users", list(source.system_users)),
                        ("stages", list(source.stages)), ("currencies", list(rates)), ("rates", list(rates.values()))):
        reading.con.execute(f"set variable {name} = ?", [value])


def _settle(crm: Crm, reading: Reading) -> None:
    con, source = reading.con, reading.source
    newest = newest_moment(con, list(crm.tables), source.exported_at)
    link = crm.link(reading)
    for table in crm.tables:
        is_deals = table.name == crm.deals
        if is_deals and source.test_deals:
            table = replace(table, left_out={**table.left_out, "test deal (source.test_deals)": crm.test_deals})
        log.debug("clean: settling %s", table.name)
        set_aside(con, table, link, newest, reading.quarantine)
        if is_deals:
            fold = (link.fold or "{0}").format("deal_id")
            con.execute(f"""create or replace table deal_ids as
                select "{table.key}" as deal_id, bool_or(_why is null) as is_kept, {fold} as folded
                from (select *, "{table.key}" as deal_id from "{table.name}__told") where "{table.key}" is not null group by all""")


def _map(crm: Crm, con: duckdb.DuckDBPyConnection) -> None:
    for name, query in crm.core.items():
        con.execute(f"create or replace table {name} as {query}")
    con.execute("""insert into owners by name select distinct owner_id_now as owner_id, owner_id_now as name, false as is_system, true as is_active
                   from deals_read where owner_id_now is not null and owner_id_now not in (select owner_id from owners)""")
    history.rebuild(con, crm.most_revisions, crm.starts_with_deal)
    con.execute("""create or replace table deals as select d.* exclude (closed_at_now), h.history_since
        from deals_read d left join (select deal_id, max(known_since) as history_since from history_limits where field <> 'account' group by 1) h using (deal_id)""")


def _what_became(crm: Crm, con: duckdb.DuckDBPyConnection) -> str:
    """What became of the rows of the deals' table, where none is left."""
    table = crm.table(crm.deals) if crm.deals else crm.tables[0]
    found = con.execute(f"""select count(*) || ' rows: ' || coalesce(any_value(_why."column" || ' = ' || _why.value || ': '), '') || _why.reason
        from "{table.name}__told" where _why is not null group by _why.reason order by count(*) desc""").fetchall()
    return "".join(f"; {told}" for (told,) in found) or "; its table is empty"
