"""An event log (XES, XES.gz, or CSV) to core tables, by the mapping in params.yaml (`source.event_log`).

Each activity of the log becomes one or more facts; what a fact may be is listed in KINDS.
"""

import pandas as pd

from dealtriage.errors import BadInput
from dealtriage.params import EventLogMapping, Source
from dealtriage.sources.crm import Crm, Reading
from dealtriage.sources.declared import table
from dealtriage.sources.history import NO_TITLE_REVISIONS
from dealtriage.sources.sql import define_plain_ids

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


LOG = table("log", """
    case_id    text    immutable  must | case:concept:name
    activity   text    immutable  must | concept:name
    time       time    immutable  must | time:timestamp
    resource   text    immutable       | org:resource
    lifecycle  text    immutable       | lifecycle:transition
    amount     number  immutable
    name       text    immutable
""", names="*", dated="time", is_needed=True, rename_in='source.event_log.{short}_column: "{header}"',
    left_out={"another lifecycle step": "not list_contains(getvariable('lifecycle'), r.lifecycle)",
              "ignored activity": "list_contains(getvariable('known'), r.activity) and not list_contains(getvariable('used'), r.activity)"},
    unusable={"no case": ("case_id", "r.case_id is null"), "no activity": ("activity", "r.activity is null"),
              "this activity has no meaning in source.event_log.activities or .ignored": (
                  "activity", "not list_contains(getvariable('known'), r.activity)")})


def headers(source: Source) -> dict[str, dict[str, str]]:
    """How the log calls its columns; XES says it itself."""
    if ".xes" in source.path.name.casefold():
        return {}
    mapping = source.event_log
    told = {"case_id": mapping.case_column, "activity": mapping.activity_column, "time": mapping.time_column,
            "resource": mapping.resource_column, "lifecycle": mapping.lifecycle_column,
            "amount": mapping.amount_column, "name": mapping.name_column}
    return {"log": {column: header for column, header in told.items() if header}}


def check(reading: Reading) -> None:
    """The mapping must name what there is."""
    _check_mapping(reading.source.event_log)


def prepare(reading: Reading) -> None:
    """What each activity means becomes a table."""
    con, mapping = reading.con, reading.source.event_log
    known = [*mapping.activities, *mapping.ignored]
    for name, value in (("known", known), ("lifecycle", list(mapping.lifecycle_values)), ("used", list(mapping.activities))):
        con.execute(f"set variable {name} = ?", [value])
    rules = [(activity, *KINDS[rule.kind], rule.stage) for activity, many in mapping.activities.items() for rule in many]
    con.register("rules_frame", pd.DataFrame(
        rules, columns=["activity", "target", "kind", "direction", "outcome", "stage"]).astype("str"))
    con.execute("create or replace table rules as select * from rules_frame")
    stages = [(name, False, False, False) for name in mapping.stages]
    stages += [("won", True, True, False), ("lost", True, False, False), ("refused", True, False, True)]
    con.register("stage_frame", pd.DataFrame(stages, columns=["stage", "is_closed", "is_won", "is_refusal"]))
    con.execute("""create or replace table stages as select stage, row_number() over ()::int as position, is_closed, is_won, is_refusal,
                   null::double as rotten_days from stage_frame""")


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


EVENTS = """
select case_id as deal_id, time as moment, activity, resource as owner_id, case_id || '#' || lpad(_record::varchar, 12, '0') as event_id,
       r.target, r.kind, r.direction, r.outcome, r.stage
from log join rules r using (activity)
"""

CORE = {
    "events": EVENTS,
    "owners": """
        select distinct resource as owner_id, resource as name, null::varchar as team, null::varchar as manager_id,
               coalesce(list_contains(getvariable('system_users'), resource), false) as is_system, true as is_active
        from log where resource is not null""",
    "kept": "select null::varchar as field, null::timestamp as since where false",
    "revisions": """
        select deal_id, 'stage' as field, moment, event_id as id, owner_id as author_id, null::varchar as old_value,
               case when kind = 'stage' then stage else kind end as value, false as has_old from events where target = 'deal_changes'
        union all
        select case_id, 'amount', min(time), case_id || '#amount', null, null, arg_min(amount, (time, _record))::varchar, false
        from log group by case_id having count(amount) > 0
        union all
        select deal_id, 'owner', moment, event_id || '#owner', owner_id, null, owner_id, false from (
            select *, lag(owner_id) over (partition by deal_id order by moment, event_id) as before from (
                select distinct deal_id, moment, owner_id, event_id from events where owner_id is not null
                and not coalesce(list_contains(getvariable('system_users'), owner_id), false)))
        where owner_id is distinct from before""",
    "deals_read": """
        with newest as (select deal_id, arg_max(value, (moment, id)) filter (field = 'stage') as stage,
                               arg_max(value, (moment, id)) filter (field = 'owner') as owner from revisions group by 1)
        select l.case_id as deal_id, coalesce(min(l.name), l.case_id) as name, null::varchar as account_id,
               null::varchar as account_name, min(l.time) as created_at, null::varchar as currency, 1.0 as currency_rate,
               min(n.owner) as owner_id_now, min(n.stage) as stage_now, arg_min(l.amount, (l.time, l._record)) as amount_now,
               null::timestamp as close_date_now, coalesce(bool_or(t.is_closed), false) as is_closed_now,
               coalesce(bool_or(t.is_won), false) as is_won_now, null::varchar as loss_reason_now, null::varchar as product_now,
               max(l.time) as closed_at_now
        from log l left join newest n on n.deal_id = l.case_id left join stages t on t.stage = n.stage group by l.case_id""",
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
    "people": "select null::varchar as contact_id, null::varchar as title, null::timestamp as created_at where false",
    "title_revisions": NO_TITLE_REVISIONS,
}

CRM = Crm(name="event_log", title="event log", tables=(LOG,), deals="", define_ids=define_plain_ids, core=CORE, check=check, prepare=prepare,
          headers=headers, form=lambda found: "event log", starts_with_deal=False, unit="event",
          when_empty="Check source.event_log: column names and activities; times must be like 2026-01-31 13:45:10.")
