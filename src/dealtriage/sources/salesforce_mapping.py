"""How Salesforce objects become core tables, as SQL: one query per core table.

Times are UTC. A column that only the export day knows ends in `_now`; nothing that trains may read one.
"""

MERGED = """
create or replace table survivors as
with recursive chain(id, now_id, depth) as (
    select Id, Id, 0 from (select Id from Account union all select Id from Contact)
    union all
    select chain.id, m.MasterRecordId, depth + 1 from chain
    join (select Id, MasterRecordId from Account union all select Id, MasterRecordId from Contact) m
      on m.Id = chain.now_id
    where m.MasterRecordId is not null and depth < 20)
select id, arg_max(now_id, depth) as now_id from chain group by id
"""

EMAIL_PEOPLE = """
create or replace table email_people as
select Id as task_id, any_value(WhoId) as who_id, any_value(WhatId) as what_id from Task
where Id in (select ActivityId from EmailMessage where ActivityId is not null) group by Id
"""

EMAILS_WITHOUT_DEAL = """
update EmailMessage set RelatedToId = what_id from email_people
where email_people.task_id = EmailMessage.ActivityId and EmailMessage.RelatedToId is null and what_id is not null
"""

DEALS_IN_SCOPE = """
create or replace table deal_ids as
select deal_id, deal_id in (select Id from Opportunity) as is_kept, lower(left(deal_id, 15)) as folded,
       count(*) over (partition by lower(left(deal_id, 15))) = 1 as is_unique
from every_deal
"""

STAGES_FROM_PARAMS = """
create or replace table OpportunityStage as
select unnest(getvariable('stages')) as MasterLabel, unnest(getvariable('stages')) as ApiName,
       unnest(range(1, len(getvariable('stages')) + 1))::varchar as SortOrder, null::varchar as IsClosed,
       null::varchar as IsWon, '1' as IsActive, 0::bigint as _record;
update OpportunityStage set
    IsClosed = (select max(is_true(o.IsClosed)::int)::varchar from Opportunity o where o.StageName = MasterLabel),
    IsWon = (select max(is_true(o.IsWon)::int)::varchar from Opportunity o where o.StageName = MasterLabel)
"""

STAGES = """
with listed as (
    select MasterLabel as stage, row_number() over (order by is_true(IsClosed), try_cast(SortOrder as double), MasterLabel)
           ::int as position, is_true(IsClosed) as is_closed, is_true(IsWon) as is_won
    from OpportunityStage
    qualify row_number() over (partition by MasterLabel order by is_true(IsActive) desc, _record) = 1),
unlisted as (
    select stage, 0 as position, coalesce(bool_or(is_closed), false) as is_closed, coalesce(bool_or(is_won), false) as is_won
    from (select StageName as stage, is_true(IsClosed) as is_closed, is_true(IsWon) as is_won from Opportunity
          union all select StageName, null, null from OpportunityHistory)
    where stage is not null and stage not in (select MasterLabel from OpportunityStage)
      and stage not in (select ApiName from OpportunityStage where ApiName is not null) group by stage)
select *, false as is_refusal from listed union all select *, false from unlisted order by position, stage
"""

OWNERS = """
select u.Id as owner_id, u.Name as name, r.Name as team, u.ManagerId as manager_id,
       coalesce(u.UserType not in ('Standard', 'PowerPartner'), false)
           or list_contains(getvariable('system_users'), u.Name)
           or list_contains(getvariable('system_users'), u.Id) as is_system,
       u.IsActive is null or is_true(u.IsActive) as is_active
from User u left join UserRole r on r.Id = u.UserRoleId
"""

STAGE_NAME = "coalesce((select min(MasterLabel) from OpportunityStage s where s.ApiName = {0}), {0})"

DEALS = f"""
select o.Id as deal_id, o.Name as name, coalesce(s.now_id, o.AccountId) as account_id,
       a.Name as account_name, as_time(o.CreatedDate) as created_at, o.CurrencyIsoCode as currency,
       coalesce(1 / nullif(as_number(c.ConversionRate), 0), 1.0) as currency_rate, o.OwnerId as owner_id_now,
       {STAGE_NAME.format('o.StageName')} as stage_now, as_number(o.Amount) as amount_now, as_time(o.CloseDate) as close_date_now,
       is_true(o.IsClosed) as is_closed_now, is_true(o.IsWon) as is_won_now, o.LossReason as loss_reason_now,
       coalesce(as_time(o.LastStageChangeDate), as_time(o.LastModifiedDate), as_time(o.CreatedDate)) as stage_at_now
from Opportunity o
left join survivors s on s.id = o.AccountId
left join Account a on a.Id = coalesce(s.now_id, o.AccountId)
left join CurrencyType c on c.IsoCode = o.CurrencyIsoCode
"""

DEAL_CHANGES = f"""
with snapshots as (
    select deal_id, as_time(CreatedDate) as moment, Id as id, CreatedById as author_id,
           {STAGE_NAME.format("StageName")} as stage, as_number(Amount)::varchar as amount,
           as_time(CloseDate)::varchar as close_date
    from OpportunityHistory),
long as (unpivot snapshots on stage, amount, close_date into name field value value),
ordered as (select *, lag(value) over (partition by deal_id, field order by moment, id) as old_value from long),
field_history as (
    select deal_id, as_time(CreatedDate) as moment, Id as id, CreatedById as author_id,
           case Field when 'StageName' then 'stage' when 'Amount' then 'amount' when 'CloseDate' then 'close_date'
                else 'owner' end as field, OldValue as old_value, NewValue as value
    from OpportunityFieldHistory where Field in ('StageName', 'Amount', 'CloseDate', 'Owner')),
owners as (
    select deal_id, moment, id, author_id, field, sf_id(old_value) as old_value, sf_id(value) as value
    from field_history where field = 'owner' and sf_id(value) is not null and starts_with(value, '005')),
kept_since as (select min(as_time(CreatedDate)) as moment from OpportunityFieldHistory where Field = 'Owner' or Field = 'created'),
first_owner as (
    select d.deal_id, greatest(d.created_at, (select moment from kept_since)) as moment, '' as id, null::varchar as author_id, 'owner' as field,
           null::varchar as old_value, coalesce(
               (select arg_min(o.old_value, (o.moment, o.id)) from owners o where o.deal_id = d.deal_id), d.owner_id_now) as value
    from deals d),
without_snapshots as (
    select h.* replace (case field when 'amount' then as_number(value)::varchar
                        when 'close_date' then as_time(value)::varchar else value end as value)
    from field_history h where field <> 'owner' and deal_id not in (select deal_id from snapshots)),
history as (
    select deal_id, moment, id, author_id, field, old_value, value from ordered where value is distinct from old_value
    union all select deal_id, moment, id, author_id, field, old_value, value from without_snapshots
    union all select deal_id, moment, id, author_id, field, old_value, value from owners
    union all select deal_id, moment, id, author_id, field, old_value, value from first_owner),
unrecorded as (
    select d.deal_id, greatest(d.stage_at_now, d.created_at) as moment, '' as id, null::varchar as author_id,
           'stage' as field, h.value as old_value, d.stage_now as value
    from deals d left join (select deal_id, arg_max(value, (moment, id)) as value from history where field = 'stage' group by 1) h
    using (deal_id) where d.stage_now is distinct from h.value and d.stage_now is not null)
select deal_id, moment as changed_at, field, old_value, value as new_value, author_id, id as change_id from history
union all select deal_id, moment, field, old_value, value, author_id, id from unrecorded
"""

CONTACTS = """
select c.Id as contact_id, coalesce(c.Name, nullif(concat_ws(' ', c.FirstName, c.LastName), '')) as name,
       c.Title as title, lower(c.Email) as email from Contact c
"""

EMAILS = """
select e.Id as activity_id, e.deal_id, 'email' as kind, case when is_true(e.Incoming) then 'in' else 'out' end
       as direction, case when is_true(e.IsBounced) then 'bounced'
            when is_true(e.Incoming) and (e.AutomationType is not null or regexp_matches(e.Subject,
                 '^(auto(matic)?[ -]?(reply|response)|auto:|out of (the )?office|abwesenheit)', 'i'))
            then 'auto_reply' end as outcome,
       as_time(e.MessageDate) as starts_at, as_time(e.MessageDate) as ends_at, as_time(e.CreatedDate) as created_at,
       as_time(e.CreatedDate) as outcome_at, as_time(e.FirstOpenedDate) as opened_at,
       e.CreatedById as owner_id, coalesce(s.now_id, w.who_id, c.contact_id,
            lower(case when is_true(e.Incoming) then e.FromAddress else e.ToAddress end)) as contact_id,
       e.ThreadIdentifier as thread_id, e.Subject as subject
from EmailMessage e
left join email_people w on w.task_id = e.ActivityId
left join survivors s on s.id = w.who_id
left join (select email, min(contact_id) as contact_id from contacts where email is not null group by 1) c
    on c.email = lower(case when is_true(e.Incoming) then e.FromAddress else e.ToAddress end)
"""

TASKS = """
with task as (
    select *, as_time(CreatedDate) as created_at, as_time(CompletedDateTime) as completed_at,
           as_time(LastModifiedDate) as modified_at, as_time(ActivityDate) as due_at,
           is_true(IsClosed) or Status in ('Completed', 'Closed') as is_done,
           coalesce(TaskSubtype = 'Call' or CallType is not null or Type = 'Call', false) as is_call,
           coalesce(TaskSubtype in ('Email', 'ListEmail') or Type = 'Email', false) as is_email from Task),
timed as (
    select *, case when completed_at is not null then greatest(created_at, completed_at)
                   when due_at::date <= created_at::date or due_at is null then created_at
                   else greatest(created_at, modified_at, due_at + interval 12 hour) end as done_at from task)
select t.Id as activity_id, t.deal_id, case when is_call then 'call' when is_email then 'email' else 'task' end as kind,
       case when t.CallType = 'Inbound' then 'in' when t.CallType = 'Internal' then 'internal' else 'out' end as direction,
       case when is_call then case
            when t.CallType = 'Inbound' then 'answered'
            when t.CallDisposition is not null then case
                 when regexp_matches(t.CallDisposition, getvariable('answered'), 'i')
                      and not regexp_matches(t.CallDisposition, getvariable('unanswered'), 'i')
                 then 'answered' else 'unanswered' end
            when try_cast(t.CallDurationInSeconds as double) >= 60 then 'answered' else 'unanswered' end end as outcome,
       case when not is_done then null
            when is_call and due_at::date < done_at::date then due_at::date + interval 12 hour
            else coalesce(completed_at, done_at) end as starts_at,
       due_at as ends_at, created_at, case when is_done then done_at end as outcome_at, null::timestamp as opened_at,
       t.OwnerId as owner_id, coalesce(s.now_id, t.WhoId) as contact_id, null::varchar as thread_id,
       concat_ws(': ', nullif(t.Type, 'Other'), t.Subject) as subject
from timed t left join survivors s on s.id = t.WhoId
"""

MEETINGS = """
with told as (
    select *, coalesce(Outcome, Subject) as words,
           Outcome is not null or regexp_matches(Subject, '^(no[ -]?show|cancel|reschedul|postpone)', 'i') as is_recorded,
           WhoId is not null or not (select coalesce(bool_or(WhoId is not null), false) from Event) as has_buyer,
           (select coalesce(bool_or(Outcome is not null), false) from Event) as are_recorded from Event)
select v.Id as activity_id, v.deal_id, case when has_buyer then 'meeting' else 'task' end as kind,
       null::varchar as direction,
       case when regexp_matches(words, '^(no[ -]?show)', 'i') then 'no_show'
            when regexp_matches(words, '^(cancel|reschedul|postpone)', 'i') then 'cancelled'
            when regexp_matches(v.Outcome, '^(held|completed|done|attended)', 'i') then 'held'
            when not are_recorded then 'held' end as outcome,
       as_time(v.StartDateTime) as starts_at,
       coalesce(as_time(v.EndDateTime), as_time(v.StartDateTime)
                + to_minutes(coalesce(try_cast(v.DurationInMinutes as int), 30))) as ends_at,
       as_time(v.CreatedDate) as created_at,
       case when is_recorded then greatest(as_time(v.CreatedDate), as_time(v.LastModifiedDate))
            else as_time(v.CreatedDate) end as outcome_at,
       null::timestamp as opened_at, v.OwnerId as owner_id, coalesce(s.now_id, v.WhoId) as contact_id,
       null::varchar as thread_id, v.Subject as subject
from told v left join survivors s on s.id = v.WhoId
"""

STATUS_EVENT = """case when regexp_matches(Status, '^(withdrawn|cancelled|canceled|recalled)', 'i') then 'withdrawn'
            when regexp_matches(Status, '^(accepted|signed)', 'i') then 'accepted'
            when regexp_matches(Status, '^(denied|declined)', 'i') then 'rejected'
            when regexp_matches(Status, '^expired', 'i') then 'expired' end"""

PROPOSALS = f"""
select Id as proposal_id, deal_id, 'sent' as event, as_time(CreatedDate) as occurred_at,
       as_time(CreatedDate) as known_at, as_number(GrandTotal) as amount, CreatedById as owner_id,
       regexp_matches(Status, '^(draft|needs review|in review|rejected)', 'i') as is_draft_now,
       as_time(ExpirationDate) as expires_on_now, Name as name
from Quote
union all
select Id, deal_id, {STATUS_EVENT}, greatest(as_time(LastModifiedDate), as_time(CreatedDate)),
       greatest(as_time(LastModifiedDate), as_time(CreatedDate)), as_number(GrandTotal), null, false,
       as_time(ExpirationDate), Name
from Quote where {STATUS_EVENT} is not null
"""

CONTACT_ROLES = """
select r.deal_id, coalesce(s.now_id, r.ContactId) as contact_id, c.name as contact_name, c.title, r.Role as role,
       is_true(r.IsPrimary) as is_primary, as_time(r.CreatedDate) as created_at, r.Id as role_id
from OpportunityContactRole r
left join survivors s on s.id = r.ContactId
left join contacts c on c.contact_id = coalesce(s.now_id, r.ContactId)
"""

CORE_TABLES = {
    "stages": STAGES,
    "owners": OWNERS,
    "deals": DEALS,
    "deal_changes": DEAL_CHANGES,
    "contacts": CONTACTS,
    "activities": f"({EMAILS}) union all ({TASKS}) union all ({MEETINGS})",
    "proposals": PROPOSALS,
    "contact_roles": CONTACT_ROLES,
}
