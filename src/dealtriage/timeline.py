"""Core tables -> timeline: one row per fact about a deal, with when it happened and when it could be known.

Each kind of fact is one query below. `known_at` is never before the record existed; a plan is known when it is
made, its outcome when that was recorded.
"""

import shutil
from pathlib import Path

import duckdb

from dealtriage.errors import BadInput
from dealtriage.kinds import BUYER_SIGNALS, SELLER_TOUCHES
from dealtriage.params import Params
from dealtriage.schemas import CORE, FACTS, as_typed, checked
from dealtriage.seniority import seniority
from dealtriage.tables import part_path, replaced_folder, write_parquet
from dealtriage.workspace import Workspace, read_cutoff

COLUMNS = "deal_id, known_at, occurred_at, kind, fact_id, contact_id, owner_id, thread_id, value, value_before, due_at, label"

CREATED = """
select d.deal_id, d.created_at, d.created_at, 'deal_created', d.deal_id, null, c.new_value, null, null, null, null, null
from deals d left join (
    select deal_id, arg_min(new_value, (changed_at, change_id)) as new_value, min(changed_at) as changed_at
    from deal_changes where field = 'owner' group by 1) c on c.deal_id = d.deal_id and c.changed_at <= d.created_at
"""

STAGE_FACTS = """
with moves as (
    select c.deal_id, c.changed_at, c.change_id, c.author_id, c.new_value, s.position, s.is_closed, s.is_won,
           s.is_refusal, coalesce(lag(s.is_closed) over w, false) as was_closed,
           last_value(case when not s.is_closed then s.position end ignore nulls) over earlier as position_before
    from deal_changes c left join stages s on s.stage = c.new_value where c.field = 'stage'
    window w as (partition by c.deal_id order by c.changed_at, c.change_id),
           earlier as (partition by c.deal_id order by c.changed_at, c.change_id rows between unbounded preceding and 1 preceding))
select deal_id, changed_at, changed_at, kind, change_id, null, author_id, null, position, position_before, null, new_value
from (select *, unnest(case
        when is_closed then [case when is_won then 'won' when is_refusal then 'refused' else 'lost' end]
        when was_closed then ['reopened', 'stage_changed'] else ['stage_changed'] end) as kind from moves)
"""

FIELD_FACTS = """
with numbers as (
    select c.deal_id, c.changed_at, c.change_id, c.author_id, c.field, try_cast(c.new_value as double) * d.currency_rate as amount,
           try_cast(c.new_value as timestamp) as date, row_number() over w as n,
           lag(try_cast(c.new_value as double) * d.currency_rate) over w as amount_before,
           lag(try_cast(c.new_value as timestamp)) over w as date_before, c.new_value, d.created_at
    from deal_changes c join deals d using (deal_id) where c.field in ('amount', 'close_date', 'owner')
    window w as (partition by c.deal_id, c.field order by c.changed_at, c.change_id))
select deal_id, changed_at, changed_at, field || '_changed', change_id || '#' || field, null,
       case when field = 'owner' then new_value else author_id end, null,
       case field when 'amount' then amount when 'close_date' then (epoch(date) - epoch(date_before)) / 86400 end,
       case field when 'amount' then amount_before end, case field when 'close_date' then date end, null
from numbers where field <> 'owner' or n > 1 or changed_at > created_at
"""

ACCOUNTS = """
select deal_id, changed_at, changed_at, 'account_changed', change_id || '#account', null, author_id, null, null, null, null, new_value
from deal_changes where field = 'account'
"""

HOLDS = """
select deal_id, changed_at, changed_at, case when new_value = 'true' then 'put_on_hold' else 'taken_off_hold' end, change_id || '#on_hold', null,
       author_id, null, null, null, null, null from deal_changes where field = 'on_hold'
"""

EMAILS = """
select deal_id, greatest(starts_at, created_at), starts_at, case when kind = 'document' then 'document_in'
       when outcome = 'auto_reply' then 'email_auto_reply' when outcome = 'bounced' then 'email_bounced'
       when direction = 'in' then 'email_in' else 'email_out' end,
       activity_id, contact_id, owner_id, thread_id, null, null, null, subject
from activities where kind in ('email', 'document') and starts_at is not null and starts_at < cutoff
union all
select deal_id, greatest(opened_at, created_at), opened_at, 'email_opened', activity_id || '#opened', contact_id, owner_id,
       thread_id, null, null, null, subject from activities where kind = 'email' and direction = 'out' and opened_at < cutoff
"""

CALLS = """
select deal_id, greatest(starts_at, created_at, outcome_at), starts_at, case when direction = 'in' then 'call_in'
       when outcome = 'answered' then 'call_answered' else 'call_unanswered' end,
       activity_id, contact_id, owner_id, null, null, null, null, subject
from activities where kind = 'call' and starts_at is not null and starts_at < cutoff and direction <> 'internal'
"""

MEETINGS = """
select deal_id, created_at, created_at, 'meeting_planned', activity_id || '#plan', contact_id, owner_id, null, null, null,
       starts_at, subject from activities where kind = 'meeting' and created_at < starts_at
union all
select deal_id, case when outcome = 'cancelled' then outcome_at else greatest(ends_at, outcome_at) end,
       case when outcome = 'cancelled' then least(starts_at, outcome_at) else starts_at end, 'meeting_' || outcome,
       activity_id, contact_id, owner_id, null, null, null, starts_at, subject
from activities where kind = 'meeting' and outcome is not null
     and (outcome_at < cutoff or outcome_at is null) and (outcome = 'cancelled' or greatest(ends_at, outcome_at) < cutoff)
"""

TASKS = """
select deal_id, created_at, created_at, 'task_planned', activity_id || '#plan', contact_id, owner_id, null, null, null,
       ends_at, subject from activities where kind = 'task' and (starts_at is null or created_at < starts_at)
union all
select deal_id, greatest(starts_at, created_at, outcome_at), starts_at, case
       when regexp_matches(subject, nullif(getvariable('third_party'), ''), 'i') then 'third_party_involved'
       when regexp_matches(subject, nullif(getvariable('discovery'), ''), 'i') then 'discovery_restarted' else 'task_done' end,
       activity_id, contact_id, owner_id, null, null, null, null, subject
from activities where kind = 'task' and starts_at is not null and starts_at < cutoff
"""

PROPOSALS = """
select p.deal_id, p.known_at, p.occurred_at, 'proposal_' || p.event, p.proposal_id || '#' || p.event, null, p.owner_id, null,
       p.amount * d.currency_rate, null, null, p.name
from proposals p join deals d using (deal_id) where p.known_at < cutoff
"""

CONTACTS = """
select deal_id, created_at, created_at, 'contact_added', role_id, contact_id, null, null, null, null, null, role
from contact_roles where created_at is not null
"""

NOTES = """
select deal_id, greatest(starts_at, created_at), starts_at, 'note', activity_id, contact_id, owner_id, null, null, null, null, subject
from activities where kind = 'note' and starts_at < cutoff
"""

# Made of the other facts: a title is known of a deal once one of them tells that its bearer takes part; of the titles known
# by then the newest counts.
TITLES = f"""
with parts as (select deal_id, contact_id, min(known_at) as since from facts where contact_id is not null group by all),
known as (
    select p.deal_id, p.contact_id, greatest(t.known_at, p.since) as known_at, t.title from parts p join contact_titles t using (contact_id)
    qualify row_number() over (partition by p.deal_id, p.contact_id, greatest(t.known_at, p.since) order by t.known_at desc) = 1)
select deal_id, known_at, known_at as occurred_at, 'title_known' as kind, contact_id || '#title' as fact_id, contact_id, null as owner_id, null as thread_id,
       {seniority("title")} as value, null as value_before, null as due_at, title as label
from known where title is not null
"""

QUERIES = (CREATED, STAGE_FACTS, FIELD_FACTS, ACCOUNTS, HOLDS, EMAILS, CALLS, MEETINGS, TASKS, NOTES, PROPOSALS, CONTACTS)


def run(params: Params, workspace: Workspace) -> None:
    """Write data/timeline: part files of about timeline.bucket_deals deals each, sorted by deal and known_at."""
    read_cutoff(workspace)  # says what to do where there are no core tables
    with replaced_folder(workspace.timeline) as folder:
        con = duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(folder / "spill")})
        for table in CORE:
            con.execute(f"create view {table.name} as from '{workspace.core / table.name}.parquet'")
        con.execute(f"create macro cutoff_at() as (select cutoff::timestamp from '{workspace.core / 'export.json'}')")
        con.execute("set variable discovery = ?", [params.timeline.discovery_subjects])
        con.execute("set variable third_party = ?", [params.timeline.third_party_subjects])
        _refuse_without_activity(con)
        deals = int(con.execute("select count(*) from deals").fetchall()[0][0])
        buckets = -(-deals // params.timeline.bucket_deals)
        union = " union all ".join(f"({query})" for query in QUERIES).replace("< cutoff", "< cutoff_at()")
        con.execute(f"""copy (select f.*, md5_number_lower(f.deal_id) % {buckets} as bucket
            from ({union}) f({COLUMNS})) to '{folder / "buckets"}' (format parquet, partition_by (bucket))""")
        con.execute("set variable buyer = ?", [list(BUYER_SIGNALS)])
        con.execute("set variable seller = ?", [list(SELLER_TOUCHES)])
        for number in range(buckets):
            frame = con.sql(_sorted_bucket(folder / "buckets" / f"bucket={number}")).df()
            write_parquet(checked(as_typed(frame, FACTS), FACTS), part_path(folder, number))
        con.close()
        for scratch in ("buckets", "spill"):
            shutil.rmtree(folder / scratch, ignore_errors=True)


def _refuse_without_activity(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("select count(*) from activities where kind in ('email', 'call', 'meeting', 'document')").fetchall()
    if not found[0][0]:
        raise BadInput("The export holds no mail, call or meeting about any deal: nothing tells silence from missing data.",
                       "Export activities too (see docs/bring-your-own-export.md), or check that they point at deals.")


def _sorted_bucket(folder: Path) -> str:
    return f"""
        with facts as (select {COLUMNS} from read_parquet('{folder}/*.parquet', hive_partitioning=false))
        select f.deal_id, f.known_at, f.occurred_at, f.kind, f.fact_id,
               case when coalesce(o.is_system, false) then 'system'
                    when list_contains(getvariable('buyer'), f.kind) then 'buyer'
                    when f.kind in ('email_auto_reply') then 'system' else 'seller' end as actor,
               list_contains(getvariable('buyer'), f.kind) as is_buyer_signal,
               list_contains(getvariable('seller'), f.kind) and not coalesce(o.is_system, false) as is_seller_touch,
               f.contact_id, f.owner_id, f.thread_id, f.value::double as value, f.value_before::double as value_before,
               f.due_at, f.label
        from (from facts union all ({TITLES})) f left join owners o on o.owner_id = f.owner_id
        order by f.deal_id, f.known_at, f.occurred_at, f.kind, f.fact_id"""
