"""Which rows are set aside: without an id or a date, copies, deleted, left out by a source's rule, about no deal of the export.

Every table `T__read` becomes a table `T__told`, each row with why it is not wanted, and a view `T` of those that are,
children with their `deal_id`.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import duckdb

from dealtriage.sources.declared import RawTable
from dealtriage.sources.load import complaints
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.rows import quoted

EARLIEST = "timestamp '1990-01-01'"
FAR_AFTER = "interval 400 days"
FAR_AHEAD = "interval 1100 days"  # what is planned
DELETED = "coalesce(_fivetran_deleted, false) or not coalesce(_fivetran_active, true) or _ab_cdc_deleted_at is not null or _sdc_deleted_at is not null"


@dataclass(frozen=True)
class DealLink:
    """How children find their deal: the table `deal_ids` (deal_id, is_kept; folded, is_unique), and SQL that folds an id
    where ids have lost their case on the way."""

    fold: str | None = None


def set_aside(con: duckdb.DuckDBPyConnection, table: RawTable, link: DealLink, newest: datetime, quarantine: Quarantine) -> None:
    """Tell of each row of a table why it is not wanted, if it is not; count or quarantine it; make the view of the others."""
    _duplicates(con, table)
    quarantine.add(complaints(con, table, [*_times(table), table.key or ""]))
    con.execute(f"""create or replace table "{table.name}__told" as
        select r.* exclude (_odd, _is_header){", " + _deal_columns(link) if table.deal else ""}, {_why(table, link, newest)} as _why
        from "{table.name}__read" r {_deal_joins(table, link) if table.deal else ""}
        left join duplicates dup on dup.of = r."{table.key or table.columns[0].name}" """)
    con.execute(f'drop table "{table.name}__read"')
    quarantine.add(f"""select _file as file, _record as record, _why."column" as "column", _why.value as value,
        _why.reason as reason, true as is_row_dropped from "{table.name}__told" where not _why.is_rule""")
    quarantine.count(f"""select _file as file, _why.reason as rule, count(*) as rows from "{table.name}__told"
        where _why.is_rule group by all""")
    con.execute(f'create or replace view "{table.name}" as select * exclude (_why) from "{table.name}__told" where _why is null')


def newest_moment(con: duckdb.DuckDBPyConnection, tables: list[RawTable], exported_at: datetime | None) -> datetime:
    """What lies after this is no date of this export: when it was made, or 400 days after all but a few of its rows."""
    if exported_at is not None:
        return exported_at.replace(tzinfo=None)
    union = " union all ".join(f'select "{t.dated}"::date as day from "{t.name}__read"' for t in tables if t.dated)
    found: datetime | None = con.execute(f"""
        with days as (select day, count(*) as n from ({union}) where day is not null group by 1)
        select min(day) + {FAR_AFTER} from (select day, sum(n) over (order by day) / sum(n) over () as share from days)
        where share >= 0.995""").fetchall()[0][0]
    return found or datetime(9999, 1, 1)


def _duplicates(con: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """For each key that stands in several rows: the row to keep (the newest, else the first), and whether they differ."""
    if table.key is None:
        con.execute("create or replace temp table duplicates as select null::varchar as of, 0 as keep, null as kept_file, false as is_older")
        return
    at = f'coalesce("{table.modified}", timestamp \'1900-01-01\')' if table.modified else "timestamp '1900-01-01'"
    live = f"not ({DELETED})"
    con.execute(f"""create or replace temp table duplicates as
        select "{table.key}" as of, arg_max(_record, ({live}, {at}, -_record)) as keep,
               arg_max(_file, ({live}, {at}, -_record)) as kept_file, min({at}) < max({at}) or bool_or({DELETED}) as is_older
        from "{table.name}__read" where "{table.key}" in (
            select "{table.key}" from "{table.name}__read" group by 1 having count(*) > 1) group by 1""")


def _why(table: RawTable, link: DealLink, newest: datetime) -> str:
    cases = [("r._is_header", _bad(table.columns[0].name, "the header line stands here again"))]
    if table.key:
        again = "dup.of is not null and (r._record, r._file) is distinct from (dup.keep, dup.kept_file)"
        cases += [(f'r."{table.key}" is null', _bad(table.key, "no id that can be read", _as_written(table.key))),
                  (f"{again} and dup.is_older", _rule("older copy of the same record")),
                  (f"{again} and r._file is distinct from dup.kept_file", _rule("stands in another file too")),
                  (again, _bad(table.key, "the same id stands in an earlier row", f'r."{table.key}"'))]
    if not table.keeps_versions:
        cases.append((DELETED, _rule("deleted, says the copying tool")))
    cases += [(condition, _rule(rule)) for rule, condition in table.left_out.items()]
    cases += [(condition, _bad(column, reason, f'r."{column}"::varchar')) for reason, (column, condition) in table.unusable.items()]
    cases += [_no_time(name) for name in _times(table)]
    limits = {table.dated: "", table.happened: f" + {FAR_AHEAD}"}
    cases += [(f"r.\"{name}\" < {EARLIEST} or r.\"{name}\" > timestamp '{newest:%Y-%m-%d %H:%M:%S}'{after}",
               _bad(name, "lies outside the time of this export", f'r."{name}"::varchar')) for name, after in limits.items() if name]
    if table.deal:
        name = next((c.name for c in table.columns if re.search(rf"\b{c.name}\b", table.deal)), "")
        cases += [(f"({table.deal}) is null", _rule("not about a deal")),
                  ("not d.is_kept or (d.deal_id is null and f.is_unique and not f.is_kept)" if link.fold else "not d.is_kept",
                   _rule("belongs to a deal left out"))]
        if link.fold:
            cases.append(("d.deal_id is null and not f.is_unique", _bad(
                name, "has lost its upper case and fits several deals: export 18-character ids", f"({table.deal})")))
        cases.append(("d.deal_id is null" + (" and f.deal_id is null" if link.fold else ""),
                      _bad(name, "points at a deal that is not in the export", f"({table.deal})")))
    return "case " + " ".join(f"when {where} then {what}" for where, what in cases) + " end"


def _times(table: RawTable) -> list[str]:
    return [name for name in (table.dated, table.happened) if name]


def _no_time(name: str) -> tuple[str, str]:
    return f'r."{name}" is null', _bad(name, "is no time", _as_written(name))


def _as_written(name: str) -> str:
    return f"list_filter(r._odd, lambda x: x.\"column\" = {quoted(name)})[1].value"


def _bad(column: str, reason: str, value: str = "null::varchar") -> str:
    return f"{{'is_rule': false, 'column': {quoted(column)}, 'value': {value}, 'reason': {quoted(reason)}}}"


def _rule(reason: str) -> str:
    return f"{{'is_rule': true, 'column': '', 'value': null::varchar, 'reason': {quoted(reason)}}}"


def _deal_columns(link: DealLink) -> str:
    return "coalesce(d.deal_id, case when f.is_unique then f.deal_id end) as deal_id" if link.fold else "d.deal_id"


def _deal_joins(table: RawTable, link: DealLink) -> str:
    joins = f"left join deal_ids d on d.deal_id = ({table.deal})"
    if link.fold:
        joins += f""" left join (select folded, min(deal_id) as deal_id, bool_and(is_kept) as is_kept, count(*) = 1 as is_unique
            from deal_ids group by 1) f on d.deal_id is null and f.folded = case when d.deal_id is null then {link.fold.format(f"({table.deal})")} end"""
    return joins
