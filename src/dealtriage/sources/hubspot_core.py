"""How HubSpot's objects become core tables, as SQL: one query per core table."""

from dealtriage.sources.subjects import is_auto_reply

# The ids in an object's `associations` of a kind, or in a column of its own: a list, or ids parted by semicolons.
ASSOCIATED = """
create or replace macro listed_ids(s) as case when s like '[%' then json_extract_string(s, '$[*]') else string_split(replace(s, ',', ';'), ';') end;
create or replace macro associated(associations, kind, s) as list_filter(list_distinct(list_concat(
    coalesce(json_extract_string(associations, '$.' || kind || '.results[*].id'), []), coalesce(json_extract_string(associations, '$.' || kind || '[*].id'), []),
    coalesce(list_transform(listed_ids(s), lambda x: trim(x)), []))), lambda x: x <> '')
"""

EXPLODED = (
    ASSOCIATED,
    """insert into DealPropertyHistory__read by name
       select deal_id, name, nullif(one->>'value', '') as value, as_time(one->>'timestamp') as timestamp,
              one->>'sourceType' as source, one->>'updatedByUserId' as "updatedByUserId", one->>'sourceId' as source_id, _file, _record
       from (select hs_object_id as deal_id, name, unnest((json_extract("propertiesWithHistory", '$."' || name || '"'))::json[]) as one, _file, _record
             from (select *, unnest(['dealstage', 'amount', 'closedate', 'hubspot_owner_id']) as name from Deal__read
                   where "propertiesWithHistory" is not null)
             where json_extract("propertiesWithHistory", '$."' || name || '"') is not null)""",
    """insert into DealPropertyHistory__read by name
       select deal_id, one->>'name' as name, nullif(one->>'value', '') as value, as_time(one->>'timestamp') as timestamp,
              one->>'source' as source, one->>'sourceId' as source_id, _file, _record
       from (select hs_object_id as deal_id, unnest(properties_versions::json[]) as one, _file, _record from Deal__read
             where properties_versions is not null)""",
    """insert into ContactPropertyHistory__read by name
       select contact_id, 'jobtitle' as name, nullif(one->>'value', '') as value, as_time(one->>'timestamp') as timestamp, _file, _record
       from (select hs_object_id as contact_id, unnest(json_extract("propertiesWithHistory", '$.jobtitle')::json[]) as one, _file, _record
             from Contact__read where json_extract("propertiesWithHistory", '$.jobtitle') is not null)""",
    """insert into ContactPropertyHistory__read by name
       select contact_id, one->>'name' as name, nullif(one->>'value', '') as value, as_time(one->>'timestamp') as timestamp, _file, _record
       from (select hs_object_id as contact_id, unnest(properties_versions::json[]) as one, _file, _record from Contact__read
             where properties_versions is not null)""",
    """insert into DealStage__read by name
       select deal_id, regexp_extract(name, 'date_entered_(.+)$', 1) as value, as_time(json_extract_string(properties, '$."' || name || '"')) as date_entered, _file, _record
       from (select hs_object_id as deal_id, properties, unnest(json_keys(properties)) as name, _file, _record from Deal__read where properties is not null)
       where regexp_matches(name, '^hs_(v2_)?date_entered_') and name <> 'hs_v2_date_entered_current_stage'
         and as_time(json_extract_string(properties, '$."' || name || '"')) is not null""",
    """insert into PipelineStage__read by name
       select coalesce(one->>'id', one->>'stageId') as stage_id, one->>'label' as label, as_number(one->>'displayOrder') as display_order, pipeline_id,
              is_true(coalesce(one->>'$.metadata.isClosed', one->>'closedWon')) as is_closed, as_number(one->>'$.metadata.probability') as probability,
              _file, _record
       from (select pipeline_id, unnest(stages::json[]) as one, _file, _record from Pipeline__read where stages is not null)""",
    """insert into OwnerTeam__read by name
       select owner_id, one->>'id' as team_id, is_true(one->>'primary') as is_team_primary, _file, _record
       from (select owner_id, unnest(teams::json[]) as one, _file, _record from Owner__read where teams like '[%')""",
    """insert into Team__read by name
       select one->>'id' as id, any_value(one->>'name') as name, '' as _file, min(_record) as _record
       from (select unnest(teams::json[]) as one, _record from Owner__read where teams like '[%') where one->>'name' is not null group by 1""",
    """insert into DealContact__read by name
       select hs_object_id as deal_id, as_key(unnest(associated(associations, 'contacts', contacts))) as contact_id, _file, _record from Deal__read""",
    """insert into DealCompany__read by name
       select hs_object_id as deal_id, as_key(unnest(associated(associations, 'companies', companies))) as company_id, _file, _record from Deal__read""",
    """insert into MergedDeal__read by name
       select hs_object_id as deal_id, as_key(trim(unnest(string_split(hs_merged_object_ids, ';')))) as merged_deal_id, _file, _record
       from Deal__read where hs_merged_object_ids is not null""",
)

# A connector's engagement table holds the times that the tables of each kind may lack.
MADE_WHOLE = """
update "{name}__read" set hs_timestamp = coalesce({start}, hs_timestamp);
update "{name}__read" set hs_timestamp = coalesce(hs_timestamp, e.timestamp), hs_createdate = coalesce(hs_createdate, e.created_at),
    hs_lastmodifieddate = coalesce(hs_lastmodifieddate, e.last_updated), hubspot_owner_id = coalesce(hubspot_owner_id, e.owner_id)
    from Engagement__read e where e.id = hs_object_id;
update "{name}__read" set hs_createdate = coalesce(hs_createdate, hs_lastmodifieddate, hs_timestamp) where hs_createdate is null and _odd is null
"""

MERGED_RECORDS = """
select merged_deal_id as id, deal_id as into_id from MergedDeal__read
union all select as_key(trim(unnest(string_split(hs_merged_object_ids, ';')))), hs_object_id from Contact__read where hs_merged_object_ids is not null
union all select as_key(trim(unnest(string_split(hs_merged_object_ids, ';')))), hs_object_id from Company__read where hs_merged_object_ids is not null
"""

TEST_COMPANIES = """
create or replace table test_companies_deals as
select deal_id from DealCompany__read join Company__read on hs_object_id = company_id where regexp_matches(name, getvariable('test_deals'), 'i')
"""

STAGES_FROM_PARAMS = """
insert into PipelineStage__read by name
select stage as stage_id, stage as label, n as display_order, d.is_closed, d.is_won as closed_won, '' as _file, n as _record
from (select unnest(getvariable('stages')) as stage, unnest(range(1, len(getvariable('stages')) + 1)) as n)
left join (select trim(dealstage) as dealstage, bool_or(coalesce(hs_is_closed, false) or coalesce(hs_is_closed_won, false) or coalesce(hs_is_closed_lost, false))
               as is_closed, bool_or(hs_is_closed_won) as is_won from Deal__read group by 1) d on d.dealstage = stage
"""

STAGES_BY_PROBABILITY = """
insert into PipelineStage__read by name
select trim(dealstage) as stage_id, trim(dealstage) as label, coalesce(median(hs_deal_stage_probability), 0) as display_order,
       bool_or(coalesce(hs_is_closed, false) or coalesce(hs_is_closed_won, false) or coalesce(hs_is_closed_lost, false)) as is_closed,
       bool_or(hs_is_closed_won) as closed_won, '' as _file, row_number() over (order by trim(dealstage)) as _record
from Deal__read where dealstage is not null group by trim(dealstage)
"""

# A stage is called by its label; with its pipeline's, where several pipelines have one of that name.
STAGE_NAMES = """
with named as (
    select s.stage_id, s.pipeline_id, trim(s.label) as label, p.label as pipeline, coalesce(p.display_order, 0) as pipeline_order,
           coalesce(s.display_order, 0) as display_order,
           coalesce(s.is_closed, s.closed_won, s.probability in (0, 1), false) or coalesce(s.closed_won, false) as is_closed,
           coalesce(s.closed_won, coalesce(s.is_closed, true) and s.probability = 1, false) as is_won
    from PipelineStage s left join Pipeline p on p.pipeline_id = s.pipeline_id),
counted as (select *, count(*) over (partition by label) as namesakes from named)
select stage_id, pipeline_id, case when namesakes = 1 then label else coalesce(pipeline, pipeline_id) || ': ' || label end as stage, label, is_closed, is_won,
       pipeline_order, display_order from counted
"""

STAGES = """
with listed as (
    select stage, row_number() over (order by is_closed, pipeline_order, display_order, stage)::int as position, is_closed, is_won from stage_names),
unlisted as (
    select distinct trim(dealstage) as stage, 0 as position, bool_or(coalesce(hs_is_closed, false) or coalesce(hs_is_closed_won, false)
           or coalesce(hs_is_closed_lost, false)) as is_closed, bool_or(coalesce(hs_is_closed_won, false)) as is_won
    from Deal where trim(dealstage) not in (select stage_id from stage_names) and trim(dealstage) not in (select label from stage_names)
      and trim(dealstage) not in (select stage from stage_names) group by 1)
select *, false as is_refusal, null::double as rotten_days from listed
union all select *, false, null from unlisted where stage is not null order by position, stage
"""

STAGE_KEYS = """
select key, any_value(stage) as stage from (select stage_id as key, stage from stage_names
    union all select label, stage from stage_names union all select stage, stage from stage_names) group by key
"""

OWNERS = """
with team as (select o.owner_id, arg_max(t.name, (coalesce(o.is_team_primary, false), t.id)) as name from OwnerTeam o join Team t on t.id = o.team_id group by 1)
select o.owner_id, coalesce(nullif(concat_ws(' ', o.first_name, o.last_name), ''), o.email) as name, team.name as team, null::varchar as manager_id,
       list_contains(getvariable('system_users'), concat_ws(' ', o.first_name, o.last_name)) or list_contains(getvariable('system_users'), o.owner_id) as is_system,
       not coalesce(o.archived, false) as is_active
from Owner o left join team using (owner_id)
union all
select '(automation)', 'Workflow', null, null, true, true where exists (from DealPropertyHistory where source in ('AUTOMATION_PLATFORM', 'WORKFLOWS', 'WORKFLOW'))
"""

DEALS = """
select d.hs_object_id as deal_id, d.dealname as name, c.hs_object_id as account_id, coalesce(c.name, d.associated_company) as account_name,
       d.createdate as created_at, d.deal_currency_code as currency,
       coalesce(d.hs_exchange_rate, list_extract(getvariable('rates'), list_position(getvariable('currencies'), upper(d.deal_currency_code))), 1.0) as currency_rate,
       d.hubspot_owner_id as owner_id_now, coalesce(k.stage, trim(d.dealstage)) as stage_now, d.amount as amount_now, d.closedate as close_date_now,
       coalesce(d.hs_is_closed, d.hs_is_closed_won or d.hs_is_closed_lost, s.is_closed, false) as is_closed_now,
       coalesce(d.hs_is_closed_won, s.is_won, false) as is_won_now, d.closed_lost_reason as loss_reason_now, d.dealtype as product_now,
       coalesce(d.hs_v2_date_entered_current_stage, case when coalesce(d.hs_is_closed, d.hs_is_closed_won or d.hs_is_closed_lost, s.is_closed)
                then least(d.closedate, d.hs_lastmodifieddate) end, d.hs_lastmodifieddate, d.createdate) as closed_at_now
from Deal d
left join stage_keys k on k.key = trim(d.dealstage)
left join stages s on s.stage = coalesce(k.stage, trim(d.dealstage))
left join (select deal_id, min(company_id) as company_id from DealCompany group by 1) dc on dc.deal_id = d.hs_object_id
left join Company c on c.hs_object_id = dc.company_id
"""

REVISIONS = """
with told as (
    select deal_id, case name when 'dealstage' then 'stage' when 'closedate' then 'close_date' when 'hubspot_owner_id' then 'owner' else name end as field,
           timestamp as moment, case when source in ('AUTOMATION_PLATFORM', 'WORKFLOWS', 'WORKFLOW') then '(automation)'
                else o.owner_id end as author_id, value
    from DealPropertyHistory h left join (select user_id, min(owner_id) as owner_id from Owner where user_id is not null group by 1) o
        on o.user_id = coalesce(h."updatedByUserId", regexp_extract(h.source_id, '^userId:(\\d+)$', 1))
    where name in ('dealstage', 'amount', 'closedate', 'hubspot_owner_id') and value is not null
    union all
    select deal_id, 'stage', date_entered, null, value from DealStage
    where deal_id not in (select deal_id from DealPropertyHistory where name = 'dealstage'))
select deal_id, field, moment, field || '@' || moment as id, min(author_id) as author_id, null::varchar as old_value,
       case field when 'stage' then coalesce(min(k.stage), min(trim(value))) when 'amount' then min(as_number(value))::varchar
                  when 'close_date' then min(as_time(value))::varchar else min(as_id(value)) end as value, false as has_old
from told left join stage_keys k on field = 'stage' and k.key = trim(value) group by deal_id, field, moment
"""

CONTACTS = """
select hs_object_id as contact_id, nullif(concat_ws(' ', firstname, lastname), '') as name, jobtitle as title, lower(email) as email from Contact
"""

PEOPLE = "select hs_object_id as contact_id, jobtitle as title, null::timestamp as created_at from Contact where hs_object_id not in (select id from survivors)"

TITLE_REVISIONS = """
select contact_id, timestamp as moment, 'jobtitle@' || timestamp as id, null::varchar as old_value, min(value) as value, false as has_old
from ContactPropertyHistory where name = 'jobtitle' group by contact_id, timestamp
"""

TIED = """
select d.deal_id, d.engagement_id, c.contact_id from (select distinct deal_id, engagement_id from EngagementDeal) d
left join (select engagement_id, min(contact_id) as contact_id from EngagementContact group by 1) c using (engagement_id)
"""

EMAILS = f"""
select e.hs_object_id as activity_id, t.deal_id, 'email' as kind, case when upper(e.hs_email_direction) like 'INCOMING%' then 'in' else 'out' end as direction,
       case when upper(e.hs_email_status) in ('BOUNCED', 'FAILED') then 'bounced'
            when upper(e.hs_email_direction) like 'INCOMING%' and {is_auto_reply('e.hs_email_subject')} then 'auto_reply' end as outcome,
       e.hs_timestamp as starts_at, e.hs_timestamp as ends_at, e.hs_createdate as created_at, e.hs_createdate as outcome_at, null::timestamp as opened_at,
       e.hubspot_owner_id as owner_id, coalesce(t.contact_id, c.contact_id,
            lower(case when upper(e.hs_email_direction) like 'INCOMING%' then e.hs_email_from_email else e.hs_email_to_email end)) as contact_id,
       e.hs_email_thread_id as thread_id, e.hs_email_subject as subject
from Email e join tied t on t.engagement_id = e.hs_object_id
left join (select email, min(contact_id) as contact_id from contacts where email is not null group by 1) c
    on c.email = lower(case when upper(e.hs_email_direction) like 'INCOMING%' then e.hs_email_from_email else e.hs_email_to_email end)
"""

# HubSpot's own outcomes of calls have these ids; a portal's own are told by source.answered_calls as their text.
DISPOSITIONS = """
select * from (values ('f240bbac-87c9-4f6e-bf70-924b57d47db7', 'Connected'), ('9d9162e7-6cf3-4944-bf63-4dff82258764', 'Busy'),
    ('a4c4c377-d246-4b32-a13b-75a56a4cd0ff', 'Left live message'), ('b2cf5968-551e-4856-9783-52b3da59a7d0', 'Left voicemail'),
    ('73a0d17f-1163-4015-bdd5-ec830791da20', 'No answer'), ('17b47fee-58de-441e-a44c-c6300d46f273', 'Wrong number')) t(id, label)
"""

CALLS = """
select e.hs_object_id, t.deal_id, 'call', case when upper(e.hs_call_direction) = 'INBOUND' then 'in' else 'out' end,
       case when upper(e.hs_call_direction) = 'INBOUND' and e.hs_call_disposition is null then 'answered'
            when coalesce(l.label, e.hs_call_disposition) is not null and not regexp_full_match(coalesce(l.label, e.hs_call_disposition), '[0-9a-f-]{36}') then case
                 when regexp_matches(coalesce(l.label, e.hs_call_disposition), getvariable('answered'), 'i')
                      and not regexp_matches(coalesce(l.label, e.hs_call_disposition), getvariable('unanswered'), 'i') then 'answered' else 'unanswered' end
            when upper(e.hs_call_status) in ('NO_ANSWER', 'BUSY', 'FAILED', 'CANCELED', 'MISSED') then 'unanswered'
            when e.hs_call_duration >= 60000 then 'answered' else 'unanswered' end,
       e.hs_timestamp, e.hs_timestamp, e.hs_createdate, e.hs_createdate, null, e.hubspot_owner_id, t.contact_id, null, e.hs_call_title
from Call e join tied t on t.engagement_id = e.hs_object_id left join dispositions l on l.id = lower(e.hs_call_disposition)
"""

MEETINGS_TIED = """
select coalesce(bool_or(t.contact_id is not null), false) as has_contacts from tied t join Meeting m on m.hs_object_id = t.engagement_id
"""

MEETINGS = """
select e.hs_object_id, t.deal_id, case when t.contact_id is not null or not (select has_contacts from meetings_tied) then 'meeting' else 'task' end,
       null, case when replace(upper(e.hs_meeting_outcome), ' ', '_') = 'NO_SHOW' then 'no_show'
            when upper(e.hs_meeting_outcome) in ('CANCELED', 'CANCELLED', 'RESCHEDULED') then 'cancelled'
            when upper(e.hs_meeting_outcome) = 'COMPLETED' then 'held'
            when not (select coalesce(bool_or(upper(hs_meeting_outcome) <> 'SCHEDULED'), false) from Meeting) then 'held' end,
       e.hs_timestamp, coalesce(e.hs_meeting_end_time, e.hs_timestamp + interval 30 minute), e.hs_createdate,
       case when upper(e.hs_meeting_outcome) <> 'SCHEDULED' then greatest(e.hs_createdate, e.hs_lastmodifieddate) else e.hs_createdate end,
       null, e.hubspot_owner_id, t.contact_id, null, e.hs_meeting_title
from Meeting e join tied t on t.engagement_id = e.hs_object_id
"""

TASKS = """
select e.hs_object_id, t.deal_id, 'task', 'out', null, case when is_done then coalesce(e.hs_task_completion_date, e.hs_lastmodifieddate, e.hs_createdate) end,
       e.hs_timestamp, e.hs_createdate, case when is_done then greatest(e.hs_createdate, coalesce(e.hs_task_completion_date, e.hs_lastmodifieddate)) end, null,
       e.hubspot_owner_id, t.contact_id, null, e.hs_task_subject
from (select *, coalesce(upper(hs_task_status) = 'COMPLETED', false) as is_done from Task) e join tied t on t.engagement_id = e.hs_object_id
"""

NOTES = """
select e.hs_object_id, t.deal_id, 'note', null, null, e.hs_timestamp, e.hs_timestamp, e.hs_createdate, e.hs_createdate, null, e.hubspot_owner_id, t.contact_id, null, null
from Note e join tied t on t.engagement_id = e.hs_object_id
"""

PROPOSALS = """
select hs_object_id as proposal_id, deal_id, 'sent' as event, hs_createdate as occurred_at, hs_createdate as known_at, hs_quote_amount as amount,
       hubspot_owner_id as owner_id, coalesce(upper(hs_status) in ('DRAFT', 'PENDING_APPROVAL', 'REJECTED'), false) as is_draft_now,
       hs_expiration_date as expires_on_now, hs_title as name
from Quote join tied on engagement_id = hs_object_id
union all
select hs_object_id, deal_id, 'accepted', hs_esign_date, greatest(hs_esign_date, hs_createdate), hs_quote_amount, null, false, hs_expiration_date, hs_title
from Quote join tied on engagement_id = hs_object_id where hs_esign_date is not null
"""

CONTACT_ROLES = """
select d.deal_id, d.contact_id, c.name as contact_name, c.title, null::varchar as role, false as is_primary, null::timestamp as created_at,
       d.deal_id || '-' || d.contact_id as role_id
from (select distinct deal_id, contact_id from DealContact where contact_id is not null) d left join contacts c using (contact_id)
"""

CORE = {"stage_names": STAGE_NAMES, "stage_keys": STAGE_KEYS, "stages": STAGES, "owners": OWNERS, "deals_read": DEALS,
        "kept": "select null::varchar as field, null::timestamp as since where false", "revisions": REVISIONS, "contacts": CONTACTS, "people": PEOPLE,
        "title_revisions": TITLE_REVISIONS, "tied": TIED,
        "dispositions": DISPOSITIONS, "meetings_tied": MEETINGS_TIED, "activities": f"({EMAILS}) union all ({CALLS}) union all ({MEETINGS}) union all ({TASKS}) union all ({NOTES})",
        "proposals": PROPOSALS, "contact_roles": CONTACT_ROLES}
