"""An event log (XES, XES.gz, or CSV) to core tables, by the mapping in params.yaml (`source.event_log`).

Each activity of the log becomes one or more facts; what a fact may be is listed in KINDS.
"""

from pathlib import Path

import duckdb
import pandas as pd

from dealtriage.errors import BadInput
from dealtriage.params import EventLogMapping, Source
from dealtriage.sources.delimited import TextTable, load_text_table
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.sql import define_macros, rows
from dealtriage.sources.xes import read_xes

# kind in params -> (core table, kind or event there, direction, outcome)
KINDS: dict[str, tuple[str, str, str | None, str | None]] = {
    "buyer_message": ("activities", "email", "in", None),
    "seller_message": ("activities", "email", "out", None),
    "buyer_document": ("activities", "document", "in", None),
    "call_answered": ("activities", "call", "out", "answered"),
    "call_unanswered": ("activities", "call", "out", "unanswered"),
    "meeting_held": ("activities", "meeting", None, "held"),
    "meeting_no_show": ("activities", "meeting", None, "no_show"),
    "seller_work": ("activities", "task", "out", None),
    "proposal_sent": ("proposals", "sent", None, None),
    "proposal_withdrawn": ("proposals", "withdrawn", None, None),
    "proposal_accepted": ("proposals", "accepted", None, None),
    "proposal_rejected": ("proposals", "rejected", None, None),
    "proposal_expired": ("proposals", "expired", None, None),
    "stage": ("deal_changes", "stage", None, None),
    "won": ("deal_changes", "won", None, None),
    "lost": ("deal_changes", "lost", None, None),
    "refused": ("deal_changes", "refused", None, None),
}


def read(source: Source, con: duckdb.DuckDBPyConnection, quarantine: Quarantine) -> dict[str, int]:
    """Create the core tables in `con` from one log file. Returns the rows read per file.

    Raises BadInput for a missing or unreadable file, a mapping that names what does not exist, or a log without cases.
    """
    _check_mapping(source.event_log)
    path = source.path
    if not path.is_file():
        raise BadInput(f"There is no file {path.absolute()}.", "Put the log there or correct source.path.")
    define_macros(con, source.timezone)
    is_xes = path.name.casefold().endswith((".xes", ".xes.gz"))
    total = read_xes(path, con) if is_xes else _read_csv(source, path, con, quarantine)
    _set_aside(con, source.event_log, path.name, quarantine)
    if not rows(con, "select count(*) from log"):
        raise BadInput(f"{path} holds no usable event{_first_complaint(quarantine)}.",
                       "Check source.event_log: column names and activities; times must be like 2026-01-31 13:45:10.")
    _map(con, source)
    return {path.name: total}


def _first_complaint(quarantine: Quarantine) -> str:
    bad = quarantine.frame()
    return "" if bad.empty else f"; line {bad['line'].iloc[0]}, {bad['column'].iloc[0]}: {bad['reason'].iloc[0]}"


def _check_mapping(mapping: EventLogMapping) -> None:
    rules = [rule for many in mapping.activities.values() for rule in many]
    unknown = sorted({rule.kind for rule in rules if rule.kind not in KINDS})
    if unknown:
        raise BadInput(f"source.event_log.activities names unknown kinds: {', '.join(unknown)}.",
                       f"Use one of {', '.join(KINDS)}.")
    stages = sorted({str(rule.stage) for rule in rules if rule.kind == "stage" and rule.stage not in mapping.stages})
    if stages:
        raise BadInput(f"Stages without a place in the order: {', '.join(stages)}.",
                       "List them in source.event_log.stages, first to last.")
    if not rules:
        raise BadInput("source.event_log.activities is empty.", "Say what each activity of the log means.")


def _read_csv(source: Source, path: Path, con: duckdb.DuckDBPyConnection, quarantine: Quarantine) -> int:
    mapping = source.event_log
    headers = {"case_id": mapping.case_column, "activity": mapping.activity_column, "time": mapping.time_column,
               "resource": mapping.resource_column, "lifecycle": mapping.lifecycle_column,
               "amount": mapping.amount_column, "name": mapping.name_column}
    expected = TextTable(("case_id", "activity", "time"), ("resource", "lifecycle", "amount", "name"),
                         'source.event_log.{name}_column: "{header}"')
    return load_text_table(con, path, "log", expected, {k: v for k, v in headers.items() if v}, quarantine)


def _set_aside(con: duckdb.DuckDBPyConnection, mapping: EventLogMapping, file: str, quarantine: Quarantine) -> None:
    known = [*mapping.activities, *mapping.ignored]
    con.execute("set variable known = ?", [known])
    con.execute("set variable lifecycle = ?", [list(mapping.lifecycle_values)])
    con.execute("set variable used = ?", [list(mapping.activities)])
    for where, column, reason in (
            ("case_id is null", "case_id", "no case"), ("activity is null", "activity", "no activity"),
            ("as_time(time) is null", "time", "is no time")):
        quarantine.add_rows(file, "log", where, column, reason)
        con.execute(f"delete from log where {where}")
    for where, rule in (("lifecycle is not null and not list_contains(getvariable('lifecycle'), lifecycle)",
                         "another lifecycle step"),
                        ("list_contains(getvariable('known'), activity) "
                         "and not list_contains(getvariable('used'), activity)", "ignored activity")):
        quarantine.count(file, rule, rows(con, f"select count(*) from log where {where}"))
        con.execute(f"delete from log where {where}")
    quarantine.add_rows(file, "log", "not list_contains(getvariable('known'), activity)", "activity",
                        "this activity has no meaning in source.event_log.activities or .ignored")
    con.execute("delete from log where not list_contains(getvariable('known'), activity)")


def _map(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    mapping = source.event_log
    rules = [(activity, *KINDS[rule.kind], rule.stage) for activity, many in mapping.activities.items() for rule in many]
    con.register("rules_frame", pd.DataFrame(
        rules, columns=["activity", "target", "kind", "direction", "outcome", "stage"]).astype("str"))
    con.execute("create or replace table rules as select * from rules_frame")
    stages = [(name, False, False, False) for name in mapping.stages]
    stages += [("won", True, True, False), ("lost", True, False, False), ("refused", True, False, True)]
    con.register("stage_frame", pd.DataFrame(stages, columns=["stage", "is_closed", "is_won", "is_refusal"]))
    con.execute("""create or replace table stages as
                   select stage, row_number() over ()::int as position, is_closed, is_won, is_refusal from stage_frame""")
    con.execute("set variable system_users = ?", [list(source.system_users)])
    for table, query in CORE_TABLES.items():
        con.execute(f"create or replace table {table} as {query}")


EVENTS = """
select case_id as deal_id, as_time(time) as moment, activity, resource as owner_id, case_id || '#' || lpad(_record::varchar, 12, '0') as event_id,
       r.target, r.kind, r.direction, r.outcome, r.stage
from log join rules r using (activity)
"""

CORE_TABLES = {
    "events": EVENTS,
    "owners": """
        select distinct resource as owner_id, resource as name, null::varchar as team, null::varchar as manager_id,
               coalesce(list_contains(getvariable('system_users'), resource), false) as is_system, true as is_active
        from log where resource is not null""",
    "deal_changes": """
        select deal_id, moment as changed_at, 'stage' as field, null::varchar as old_value,
               case when kind = 'stage' then stage else kind end as new_value, owner_id as author_id,
               event_id as change_id from events where target = 'deal_changes'
        union all
        select case_id, min(as_time(time)), 'amount', null, arg_min(as_number(amount), (as_time(time), _record))::varchar,
               null, case_id || '#amount' from log group by case_id having count(as_number(amount)) > 0
        union all
        select deal_id, moment, 'owner', null, owner_id, owner_id, event_id || '#owner' from (
            select *, lag(owner_id) over (partition by deal_id order by moment, event_id) as before from (
                select distinct deal_id, moment, owner_id, event_id from events where owner_id is not null
                and not coalesce(list_contains(getvariable('system_users'), owner_id), false)))
        where owner_id is distinct from before""",
    "deals": """
        with last_stage as (select deal_id, arg_max(new_value, (changed_at, change_id)) as stage from deal_changes
                            where field = 'stage' group by 1),
        last_owner as (select deal_id, arg_max(new_value, (changed_at, change_id)) as owner from deal_changes
                       where field = 'owner' group by 1)
        select l.case_id as deal_id, coalesce(min(l.name), l.case_id) as name, null::varchar as account_id,
               null::varchar as account_name, min(as_time(l.time)) as created_at, null::varchar as currency,
               1.0 as currency_rate, min(o.owner) as owner_id_now, min(s.stage) as stage_now,
               min(as_number(l.amount)) as amount_now, null::timestamp as close_date_now,
               coalesce(bool_or(t.is_closed), false) as is_closed_now, coalesce(bool_or(t.is_won), false) as is_won_now,
               null::varchar as loss_reason_now
        from log l left join last_stage s on s.deal_id = l.case_id left join stages t on t.stage = s.stage
        left join last_owner o on o.deal_id = l.case_id group by l.case_id""",
    "activities": """
        select event_id || '#' || kind as activity_id, deal_id, kind, direction, outcome, moment as starts_at,
               moment as ends_at, moment as created_at, moment as outcome_at, null::timestamp as opened_at, owner_id,
               case when direction = 'in' then deal_id end as contact_id, null::varchar as thread_id,
               activity as subject from events where target = 'activities'""",
    "proposals": """
        select event_id as proposal_id, deal_id, kind as event, moment as occurred_at, moment as known_at,
               null::double as amount, owner_id, false as is_draft_now, null::timestamp as expires_on_now,
               activity as name from events where target = 'proposals'""",
    "contact_roles": """
        select null::varchar as role_id, null::varchar as deal_id, null::varchar as contact_id,
               null::varchar as contact_name, null::varchar as title, null::varchar as role, false as is_primary,
               null::timestamp as created_at where false""",
}
