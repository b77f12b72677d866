"""How Pipedrive's objects become core tables, as SQL: one query per core table.

A deal keeps its stage when it is won or lost; here `won` and `lost` are stages that come after all others, and a deal
opened again is back in the stage it has then.
"""

from dealtriage.sources.history import NO_TITLE_REVISIONS
from dealtriage.sources.subjects import is_auto_reply, is_called_off, is_no_show

STAGES_FROM_PARAMS = """
insert into Stage__read by name
select stage as id, stage as name, n as order_nr, '' as _file, n as _record
from (select unnest(getvariable('stages')) as stage, unnest(range(1, len(getvariable('stages')) + 1)) as n)
"""

# A stage is called by its name; with its pipeline's, where several pipelines have one of that name.
STAGE_NAMES = """
with named as (
    select s.id, s.name, coalesce(p.name, s.pipeline_id, '') as pipeline, coalesce(p.order_nr, 0) as pipeline_order, s.order_nr,
           coalesce(s.is_deleted, not s.active_flag, false) as is_gone,
           case when coalesce(s.is_deal_rot_enabled, true) then s.days_to_rotten end as rotten_days
    from Stage s left join Pipeline p on p.id = s.pipeline_id),
counted as (select *, (select count(distinct pipeline) from named o where o.name = n.name) as pipelines from named n)
select * exclude (pipelines), case when pipelines > 1 or lower(name) in ('won', 'lost') then pipeline || ': ' || name else name end as stage
from counted
"""

STAGES = """
with listed as (
    select stage, arg_min(pipeline_order, (is_gone, id)) as pipeline_order, arg_min(pipeline, (is_gone, id)) as pipeline,
           arg_min(order_nr, (is_gone, id)) as order_nr, arg_min(rotten_days, (is_gone, id)) as rotten_days
    from stage_names group by stage),
placed as (
    select stage, row_number() over (order by pipeline_order, pipeline, order_nr, stage)::int as position, rotten_days from listed),
unlisted as (
    select distinct id as stage, 0 as position from (
        select stage_id as id from Deal union select as_id(old_value) from Flow where field_key = 'stage_id'
        union select as_id(new_value) from Flow where field_key = 'stage_id')
    where id is not null and id not in (select id from stage_names))
select stage, position, false as is_closed, false as is_won, false as is_refusal, rotten_days from placed
union all select stage, position, false, false, false, null from unlisted
union all select stage, (select count(*) from placed)::int + n, true, stage = 'won', false, null from (values ('won', 1), ('lost', 2)) t(stage, n)
order by position, stage
"""

OWNERS = """
with member as (select unnest(from_json(users, '["VARCHAR"]')) as user_id, name, manager_id from Team where users like '[%'),
team as (select as_id(user_id) as user_id, min(name) as name, arg_min(manager_id, name) as manager_id from member group by 1)
select u.id as owner_id, u.name, team.name as team, nullif(team.manager_id, u.id) as manager_id,
       list_contains(getvariable('system_users'), u.name) or list_contains(getvariable('system_users'), u.id) as is_system,
       not coalesce(u.is_deleted, not u.active_flag, false) as is_active
from "User" u left join team on team.user_id = u.id
union all
select '(bulk update)', 'Bulk update', null, null, true, true where exists (from Flow where is_bulk_update_flag)
"""

# `closed_at_now`: a closed deal is closed since it was, by its own time.
DEALS = """
select d.id as deal_id, d.title as name, coalesce(s.now_id, d.org_id) as account_id, coalesce(o.name, d.org_name) as account_name,
       d.add_time as created_at, upper(d.currency) as currency,
       coalesce(list_extract(getvariable('rates'), list_position(getvariable('currencies'), upper(d.currency))), 1.0) as currency_rate,
       d.owner_id as owner_id_now, case when d.status in ('won', 'lost') then d.status else coalesce(n.stage, d.stage_id) end as stage_now,
       nullif(d.value, 0) as amount_now, d.expected_close_date as close_date_now, coalesce(d.status in ('won', 'lost'), false) as is_closed_now,
       coalesce(d.status = 'won', false) as is_won_now, d.lost_reason as loss_reason_now, null::varchar as product_now,
       coalesce(case when d.status = 'won' then d.won_time when d.status = 'lost' then d.lost_time end,
                case when d.status in ('won', 'lost') then coalesce(d.close_time, d.update_time) end) as closed_at_now
from Deal d
left join stage_names n on n.id = d.stage_id
left join OrganizationSurvivors s on s.id = d.org_id
left join OrganizationName o on o.id = coalesce(s.now_id, d.org_id)
"""

KEPT = """
select unnest(['stage', 'amount', 'close_date', 'owner', 'account']) as field, timestamp '1900-01-01' as since where exists (from Flow)
"""

# Moves between stages and openings and closings are two fields of the flow and one of ours: at each change of either,
# the other is what it was changed to last, else what it is before its next change, else what it is now.
MOVES = """
with told as (
    select deal_id, log_time as moment, id, case when is_bulk_update_flag then '(bulk update)' else user_id end as author_id,
           case when field_key = 'stage_id' then as_id(old_value) end as old_stage, case when field_key = 'stage_id' then as_id(new_value) end as new_stage,
           case when field_key = 'status' then nullif(old_value, 'deleted') end as old_status,
           case when field_key = 'status' then nullif(new_value, 'deleted') end as new_status
    from Flow where field_key in ('stage_id', 'status')
    union all
    select id, coalesce(case status when 'won' then won_time else lost_time end, close_time), 'closed', null, null, null, 'open', status
    from Deal where status in ('won', 'lost') and coalesce(case status when 'won' then won_time else lost_time end, close_time) is not null
        and exists (from Flow) and id not in (select deal_id from Flow where field_key = 'status')),
filled as (
    select t.*, coalesce(last_value(new_stage ignore nulls) over past, first_value(old_stage ignore nulls) over later, d.stage_id) as stage_after,
           coalesce(last_value(new_status ignore nulls) over past, first_value(old_status ignore nulls) over later, d.status) as status_after
    from told t join Deal d on d.id = t.deal_id
    window past as (partition by deal_id order by moment, t.id rows between unbounded preceding and current row),
           later as (partition by deal_id order by moment, t.id rows between 1 following and unbounded following)),
both_sides as (
    select *, coalesce(old_stage, lag(stage_after) over w, stage_after) as stage_before,
           coalesce(old_status, lag(status_after) over w, status_after) as status_before
    from filled window w as (partition by deal_id order by moment, id))
select deal_id, moment, m.id, author_id,
       case when status_before in ('won', 'lost') then status_before else coalesce(b.stage, stage_before) end as old_value,
       case when status_after in ('won', 'lost') then status_after else coalesce(a.stage, stage_after) end as value
from both_sides m left join stage_names b on b.id = stage_before left join stage_names a on a.id = stage_after
"""

REVISIONS = """
select deal_id, 'stage' as field, moment, id, author_id, old_value, value, true as has_old from moves where old_value <> value
union all
select deal_id, case field_key when 'value' then 'amount' when 'expected_close_date' then 'close_date' else 'owner' end, log_time, id,
       case when is_bulk_update_flag then '(bulk update)' else user_id end,
       case field_key when 'value' then nullif(as_number(old_value), 0)::varchar when 'expected_close_date' then as_time(old_value)::varchar else as_id(old_value) end,
       case field_key when 'value' then nullif(as_number(new_value), 0)::varchar when 'expected_close_date' then as_time(new_value)::varchar else as_id(new_value) end, true
from Flow where field_key in ('value', 'expected_close_date', 'user_id', 'owner_id')
union all
select deal_id, 'account', moment, id, author_id, old_id, new_id, true from organizations_told where old_id is distinct from new_id
"""

ORGANIZATIONS = """
select deal_id, log_time as moment, f.id, case when is_bulk_update_flag then '(bulk update)' else user_id end as author_id,
       coalesce(o.now_id, as_id(old_value)) as old_id, coalesce(n.now_id, as_id(new_value)) as new_id
from Flow f left join OrganizationSurvivors o on o.id = as_id(old_value) left join OrganizationSurvivors n on n.id = as_id(new_value)
where field_key = 'org_id'
"""

CONTACTS = """
select id as contact_id, name, job_title as title,
       case when email like '[%' then json_extract_string(email, '$[*].value') else [email] end as emails from Person
"""

PEOPLE = "select id as contact_id, job_title as title, null::timestamp as created_at from Person where id not in (select id from PersonSurvivors)"

ADDRESSES = """
select lower(email) as email, min(contact_id) as contact_id from (select contact_id, unnest(emails) as email from contacts) where email is not null group by 1
"""

# The party of a mail on the buyer's side: who wrote to us, or the first we wrote to.
MAILS = f"""
with parties as (
    select *, json_extract_string("from", '$[0].email_address') as sender, coalesce(sent_flag, lower(json_extract_string("from", '$[0].email_address'))
               in (select lower(email) from "User" where email is not null), false) as is_ours from MailMessage),
sides as (select *, case when is_ours then "to" else "from" end as theirs from parties),
named as (select *, json_extract_string(theirs, '$[0].linked_person_id') as person_id, lower(json_extract_string(theirs, '$[0].email_address')) as address from sides)
select 'mail ' || m.id as activity_id, m.deal_id, 'email' as kind, case when is_ours then 'out' else 'in' end as direction,
       case when not is_ours and {is_auto_reply("m.subject")} then 'auto_reply' end as outcome,
       m.message_time as starts_at, m.message_time as ends_at, m.add_time as created_at, m.add_time as outcome_at, null::timestamp as opened_at,
       m.user_id as owner_id, coalesce(s.now_id, m.person_id, a.contact_id, m.address) as contact_id, m.mail_thread_id as thread_id, m.subject
from named m
left join PersonSurvivors s on s.id = m.person_id
left join addresses a on a.email = m.address
"""

# `due_at` is when an activity was to happen; one without a time of day counts as at noon.
ACTIVITIES_READ = """
with timed as (
    select *, case when due_time is not null then as_time(strftime(due_date, '%Y-%m-%d ') || due_time) end as exact_at,
           coalesce(person_id, json_extract_string(participants, '$[0].person_id')) as who_id,
           coalesce(60 * try_cast(split_part(duration, ':', 1) as int) + try_cast(split_part(duration, ':', 2) as int), 0) as minutes,
           case when done then greatest(add_time, coalesce(marked_as_done_time, update_time)) end as done_at,
           case when type = 'call' then 'call' when regexp_matches(type, 'meet|lunch|demo|visit', 'i') then 'meeting'
                when type = 'email' and not (select has_mails from present_tables) then 'email' else 'task' end as told_kind
    from Activity)
select t.id, t.deal_id, t.told_kind, coalesce(exact_at, due_date + interval 12 hour) as due_at, t.add_time, t.done_at, t.minutes, t.owner_id,
       coalesce(s.now_id, t.who_id) as contact_id, t.subject
from timed t left join PersonSurvivors s on s.id = t.who_id
"""

CALLS = """
with logged as (
    select activity_id, bool_or(lower(outcome) = 'connected') as is_answered, min(start_time) as start_time from CallLog where activity_id is not null group by 1)
select a.id, a.deal_id, 'call', 'out', case when done_at is null then null when coalesce(l.is_answered, minutes >= 1) then 'answered' else 'unanswered' end,
       case when done_at is null then null when l.start_time <= done_at then l.start_time when due_at < done_at then due_at else done_at end, due_at,
       add_time, done_at, null::timestamp, owner_id, contact_id, null, subject
from activities_read a left join logged l on l.activity_id = a.id where told_kind = 'call'
union all
select 'call log ' || l.id, l.deal_id, 'call', 'out', case when lower(outcome) = 'connected' then 'answered' else 'unanswered' end,
       start_time, coalesce(end_time, start_time), greatest(start_time, end_time), greatest(start_time, end_time), null, user_id, coalesce(s.now_id, person_id), null, subject
from CallLog l left join PersonSurvivors s on s.id = l.person_id
where activity_id is null or activity_id not in (select id from Activity__told where id is not null)
"""

MEETINGS = f"""
select id, deal_id, case when contact_id is not null or not (select coalesce(bool_or(contact_id is not null), false) from activities_read) then 'meeting' else 'task' end,
       null, case when done_at is null or due_at is null then null when {is_no_show("subject")} then 'no_show' when {is_called_off("subject")} then 'cancelled' else 'held' end,
       due_at, due_at + to_minutes(case when minutes > 0 then minutes else 30 end), add_time, done_at, null::timestamp, owner_id, contact_id, null, subject
from activities_read where told_kind = 'meeting'
"""

OTHERS = """
select id, deal_id, told_kind, 'out', null,
       case when done_at is null then null when told_kind = 'email' and due_at < done_at then due_at else done_at end, due_at, add_time, done_at, null::timestamp, owner_id,
       contact_id, null, subject
from activities_read where told_kind in ('task', 'email')
"""

PROPOSALS = """
select null::varchar as proposal_id, null::varchar as deal_id, null::varchar as event, null::timestamp as occurred_at, null::timestamp as known_at,
       null::double as amount, null::varchar as owner_id, false as is_draft_now, null::timestamp as expires_on_now, null::varchar as name where false
"""

CONTACT_ROLES = """
with told as (
    select deal_id, person_id, add_time from Participant where person_id is not null
    union all select id, person_id, null from Deal where person_id is not null),
roles as (
    select t.deal_id, coalesce(s.now_id, t.person_id) as contact_id, min(t.add_time) as created_at from told t left join PersonSurvivors s on s.id = t.person_id group by 1, 2)
select r.deal_id, r.contact_id, c.name as contact_name, c.title, null::varchar as role, coalesce(r.contact_id = coalesce(s.now_id, d.person_id), false) as is_primary,
       r.created_at, r.deal_id || '-' || r.contact_id as role_id
from roles r join Deal d on d.id = r.deal_id
left join PersonSurvivors s on s.id = d.person_id
left join contacts c on c.contact_id = r.contact_id
"""

CORE = {"stage_names": STAGE_NAMES, "stages": STAGES, "owners": OWNERS, "deals_read": DEALS, "kept": KEPT, "moves": MOVES, "organizations_told": ORGANIZATIONS,
        "revisions": REVISIONS, "contacts": CONTACTS, "people": PEOPLE, "title_revisions": NO_TITLE_REVISIONS, "addresses": ADDRESSES, "activities_read": ACTIVITIES_READ,
        "activities": f"({MAILS}) union all ({CALLS}) union all ({MEETINGS}) union all ({OTHERS})", "proposals": PROPOSALS,
        "contact_roles": CONTACT_ROLES}
