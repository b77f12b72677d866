"""How Salesforce objects become core tables, as SQL: one query per core table.

A column that only the export day knows ends in `_now`; nothing that trains may read one.
"""

from dealtriage.sources.subjects import is_auto_reply, is_called_off, is_no_show

STAGE_NAME = "coalesce((select min(MasterLabel) from OpportunityStage s where s.ApiName = {0}), {0})"

STAGES_FROM_PARAMS = """
insert into OpportunityStage__read by name
select stage as MasterLabel, n as SortOrder, o.IsClosed, o.IsWon, '' as _file, n as _record
from (select unnest(getvariable('stages')) as stage, unnest(range(1, len(getvariable('stages')) + 1)) as n)
left join (select StageName, bool_or(IsClosed) as IsClosed, bool_or(IsWon) as IsWon from Opportunity__read group by 1) o
    on o.StageName = stage
"""

STAGES_BY_PROBABILITY = """
insert into OpportunityStage__read by name
select StageName as MasterLabel, coalesce(median(Probability), 0) as SortOrder, bool_or(IsClosed) as IsClosed, bool_or(IsWon) as IsWon,
       '' as _file, row_number() over (order by StageName) as _record
from (select StageName, Probability, IsClosed, IsWon from Opportunity__read
      union all select StageName, Probability, null, null from OpportunityHistory__read) where StageName is not null group by 1
"""

STAGES = """
with listed as (
    select MasterLabel as stage, row_number() over (order by coalesce(IsClosed, false), SortOrder, MasterLabel)::int as position,
           coalesce(IsClosed, false) as is_closed, coalesce(IsWon, false) as is_won from OpportunityStage
    qualify row_number() over (partition by MasterLabel order by coalesce(IsActive, false) desc, _record) = 1),
unlisted as (
    select stage, 0 as position, coalesce(bool_or(is_closed), false) as is_closed, coalesce(bool_or(is_won), false) as is_won
    from (select StageName as stage, IsClosed as is_closed, IsWon as is_won from Opportunity
          union all select StageName, null, null from OpportunityHistory)
    where stage is not null and stage not in (select MasterLabel from OpportunityStage)
      and stage not in (select ApiName from OpportunityStage where ApiName is not null) group by stage)
select *, false as is_refusal, null::double as rotten_days from listed
union all select *, false, null from unlisted order by position, stage
"""

OWNERS = """
select u.Id as owner_id, u.Name as name, r.Name as team, u.ManagerId as manager_id,
       coalesce(u.UserType not in ('Standard', 'PowerPartner'), false)
           or list_contains(getvariable('system_users'), u.Name) or list_contains(getvariable('system_users'), u.Id) as is_system,
       coalesce(u.IsActive, true) as is_active
from User u left join UserRole r on r.Id = u.UserRoleId
"""

DEALS = f"""
select o.Id as deal_id, o.Name as name, coalesce(s.now_id, o.AccountId) as account_id, coalesce(a.Name, o.AccountName) as account_name,
       o.CreatedDate as created_at, o.CurrencyIsoCode as currency,
       coalesce(1 / nullif(c.ConversionRate, 0), list_extract(getvariable('rates'), list_position(getvariable('currencies'), upper(o.CurrencyIsoCode))), 1.0)
           as currency_rate, o.OwnerId as owner_id_now, {STAGE_NAME.format("o.StageName")} as stage_now, o.Amount as amount_now,
       o.CloseDate as close_date_now, coalesce(o.IsClosed, st.is_closed, false) as is_closed_now,
       coalesce(o.IsWon, st.is_won, false) as is_won_now, o.LossReason as loss_reason_now, o.Product as product_now,
       coalesce(o.LastStageChangeDate, o.LastModifiedDate, o.CreatedDate) as closed_at_now
from Opportunity o
left join survivors s on s.id = o.AccountId
left join AccountName a on a.Id = coalesce(s.now_id, o.AccountId)
left join CurrencyType c on c.IsoCode = o.CurrencyIsoCode
left join stages st on st.stage = {STAGE_NAME.format("o.StageName")}
"""

# Of an account's change there are two rows, one with ids and one with names; who exports reports has the names alone.
ACCOUNT_IDS = "Field = 'Account' and (starts_with(as_key(NewValue), '001') or starts_with(as_key(OldValue), '001'))"

# Nothing tells whether changes of accounts and titles are kept, but that there is one.
KEPT = f"""
select 'owner' as field, min(CreatedDate) as since from OpportunityFieldHistory where Field in ('Owner', 'created') having count(*) > 0
union all
select unnest(['stage', 'amount', 'close_date']), since from (select min(CreatedDate) as since from OpportunityFieldHistory
    where not exists (from OpportunityHistory) and not exists (from OpportunityVersions) having count(*) > 0)
union all
select 'account', min(CreatedDate) from OpportunityFieldHistory having count(*) filter ({ACCOUNT_IDS}) > 0
union all
select 'title', min(CreatedDate) from ContactHistory having count(*) filter (Field = 'Title') > 0
"""

ACCOUNTS = f"""
select deal_id, CreatedDate as moment, h.Id as id, CreatedById as author_id, coalesce(o.now_id, as_key(OldValue)) as old_value,
       coalesce(n.now_id, as_key(NewValue)) as value
from OpportunityFieldHistory h left join survivors o on o.id = as_key(OldValue) left join survivors n on n.id = as_key(NewValue)
where {ACCOUNT_IDS}
"""

REVISIONS = f"""
with snapshots as (
    select deal_id, CreatedDate as moment, Id as id, CreatedById as author_id, {STAGE_NAME.format("StageName")} as stage,
           Amount::varchar as amount, CloseDate::varchar as close_date, null::varchar as owner,
           null::varchar as account from OpportunityHistory
    union all
    select deal_id, _fivetran_start, 'version', null, {STAGE_NAME.format("StageName")}, Amount::varchar, CloseDate::varchar, OwnerId,
           coalesce(s.now_id, AccountId)
    from OpportunityVersions left join survivors s on s.id = AccountId)
select deal_id, field, moment, id, author_id, null::varchar as old_value, value, false as has_old
from (unpivot snapshots on stage, amount, close_date, owner, account into name field value value)
union all
select deal_id, 'owner', CreatedDate, Id, CreatedById, as_key(OldValue), as_key(NewValue), true
from OpportunityFieldHistory where Field = 'Owner' and as_key(NewValue) is not null and starts_with(NewValue, '005')
union all
select deal_id, 'account', moment, id, author_id, old_value, value, true from accounts_told where old_value is distinct from value
union all
select deal_id, case Field when 'StageName' then 'stage' when 'Amount' then 'amount' else 'close_date' end, CreatedDate, Id, CreatedById,
       case Field when 'Amount' then as_number(OldValue)::varchar when 'CloseDate' then as_time(OldValue)::varchar else OldValue end,
       case Field when 'Amount' then as_number(NewValue)::varchar when 'CloseDate' then as_time(NewValue)::varchar else NewValue end, true
from OpportunityFieldHistory where Field in ('StageName', 'Amount', 'CloseDate') and NewValue is not null
    and deal_id not in (select deal_id from snapshots)
"""

CONTACTS = """
select c.Id as contact_id, coalesce(c.Name, nullif(concat_ws(' ', c.FirstName, c.LastName), '')) as name, c.Title as title,
       lower(c.Email) as email from Contact c
"""

PEOPLE = "select Id as contact_id, Title as title, CreatedDate as created_at from Contact where Id not in (select id from survivors)"

TITLE_REVISIONS = """
select ContactId as contact_id, CreatedDate as moment, Id as id, OldValue as old_value, NewValue as value, true as has_old
from ContactHistory where Field = 'Title'
union all
select Id, _fivetran_start, 'version', null, Title, false from ContactVersions
"""

EMAILS = f"""
select e.Id as activity_id, e.deal_id, 'email' as kind, case when e.Incoming then 'in' else 'out' end as direction,
       case when e.IsBounced then 'bounced'
            when e.Incoming and (e.AutomationType is not null or {is_auto_reply("e.Subject")}) then 'auto_reply' end as outcome,
       e.MessageDate as starts_at, e.MessageDate as ends_at, e.CreatedDate as created_at, e.CreatedDate as outcome_at,
       e.FirstOpenedDate as opened_at, e.CreatedById as owner_id,
       coalesce(s.now_id, w.who_id, c.contact_id, lower(case when e.Incoming then e.FromAddress else e.ToAddress end)) as contact_id,
       e.ThreadIdentifier as thread_id, e.Subject as subject
from EmailMessage e
left join email_people w on w.task_id = e.ActivityId
left join survivors s on s.id = w.who_id
left join (select email, min(contact_id) as contact_id from contacts where email is not null group by 1) c
    on c.email = lower(case when e.Incoming then e.FromAddress else e.ToAddress end)
"""

TASKS = """
with task as (
    select *, coalesce(IsClosed, false) or coalesce(Status in ('Completed', 'Closed'), false) as is_done,
           coalesce(TaskSubtype = 'Call' or CallType is not null or Type = 'Call', false) as is_call,
           coalesce(TaskSubtype in ('Email', 'ListEmail') or Type = 'Email', false) as is_email from Task),
timed as (
    select *, case when CompletedDateTime is not null then greatest(CreatedDate, CompletedDateTime)
                   when ActivityDate::date <= CreatedDate::date or ActivityDate is null then CreatedDate
                   else greatest(CreatedDate, LastModifiedDate, ActivityDate + interval 12 hour) end as done_at from task)
select t.Id as activity_id, t.deal_id, case when is_call then 'call' when is_email then 'email' else 'task' end as kind,
       case when t.CallType = 'Inbound' then 'in' when t.CallType = 'Internal' then 'internal' else 'out' end as direction,
       case when is_call then case
            when t.CallType = 'Inbound' then 'answered'
            when t.CallDisposition is not null then case
                 when regexp_matches(t.CallDisposition, getvariable('answered'), 'i')
                      and not regexp_matches(t.CallDisposition, getvariable('unanswered'), 'i')
                 then 'answered' else 'unanswered' end
            when t.CallDurationInSeconds >= 60 then 'answered' else 'unanswered' end end as outcome,
       case when not is_done then null
            when is_call and ActivityDate::date < done_at::date then ActivityDate::date + interval 12 hour
            else coalesce(CompletedDateTime, done_at) end as starts_at,
       ActivityDate as ends_at, CreatedDate as created_at, case when is_done then done_at end as outcome_at,
       null::timestamp as opened_at, t.OwnerId as owner_id, coalesce(s.now_id, t.WhoId) as contact_id, null::varchar as thread_id,
       concat_ws(': ', nullif(t.Type, 'Other'), t.Subject) as subject
from timed t left join survivors s on s.id = t.WhoId
"""

MEETINGS = f"""
with told as (
    select *, coalesce(Outcome, Subject) as words,
           Outcome is not null or {is_no_show("Subject")} or {is_called_off("Subject")} as is_recorded,
           WhoId is not null or not (select coalesce(bool_or(WhoId is not null), false) from Event) as has_buyer,
           (select coalesce(bool_or(Outcome is not null), false) from Event) as are_recorded from Event)
select v.Id as activity_id, v.deal_id, case when has_buyer then 'meeting' else 'task' end as kind, null::varchar as direction,
       case when {is_no_show("words")} then 'no_show'
            when {is_called_off("words")} then 'cancelled'
            when regexp_matches(v.Outcome, '^(held|completed|done|attended)', 'i') then 'held'
            when not are_recorded then 'held' end as outcome,
       v.StartDateTime as starts_at,
       coalesce(v.EndDateTime, v.StartDateTime + to_minutes(coalesce(v.DurationInMinutes, 30)::int)) as ends_at,
       v.CreatedDate as created_at,
       case when is_recorded then greatest(v.CreatedDate, v.LastModifiedDate) else v.CreatedDate end as outcome_at,
       null::timestamp as opened_at, v.OwnerId as owner_id, coalesce(s.now_id, v.WhoId) as contact_id,
       null::varchar as thread_id, v.Subject as subject
from told v left join survivors s on s.id = v.WhoId
"""

STATUS_EVENT = """case when regexp_matches(Status, '^(withdrawn|cancelled|canceled|recalled)', 'i') then 'withdrawn'
            when regexp_matches(Status, '^(accepted|signed)', 'i') then 'accepted'
            when regexp_matches(Status, '^(denied|declined)', 'i') then 'rejected'
            when regexp_matches(Status, '^expired', 'i') then 'expired' end"""

PROPOSALS = f"""
select Id as proposal_id, deal_id, 'sent' as event, CreatedDate as occurred_at, CreatedDate as known_at, GrandTotal as amount,
       CreatedById as owner_id, coalesce(regexp_matches(Status, '^(draft|needs review|in review|rejected)', 'i'), false) as is_draft_now,
       ExpirationDate as expires_on_now, Name as name
from Quote
union all
select Id, deal_id, {STATUS_EVENT}, greatest(LastModifiedDate, CreatedDate), greatest(LastModifiedDate, CreatedDate), GrandTotal, null,
       false, ExpirationDate, Name
from Quote where {STATUS_EVENT} is not null
"""

CONTACT_ROLES = """
select r.deal_id, coalesce(s.now_id, r.ContactId) as contact_id, c.name as contact_name, c.title, r.Role as role,
       coalesce(r.IsPrimary, false) as is_primary, r.CreatedDate as created_at, r.Id as role_id
from OpportunityContactRole r
left join survivors s on s.id = r.ContactId
left join contacts c on c.contact_id = coalesce(s.now_id, r.ContactId)
"""

CORE = {"stages": STAGES, "owners": OWNERS, "deals_read": DEALS, "kept": KEPT, "accounts_told": ACCOUNTS, "revisions": REVISIONS,
        "contacts": CONTACTS, "people": PEOPLE, "title_revisions": TITLE_REVISIONS,
        "activities": f"({EMAILS}) union all ({TASKS}) union all ({MEETINGS})", "proposals": PROPOSALS, "contact_roles": CONTACT_ROLES}
