"""How Dataverse tables become core tables, as SQL: one query per core table. Closings and stages are in dynamics_stages."""

from dealtriage.sources.dynamics_stages import (
    AUDIT_BEGIN,
    AUDITED,
    CLOSINGS,
    DEAL_STAGES,
    HOLDS,
    LABELS,
    MOVES,
    STAGE_COLUMN,
    STAGES,
    STATE,
)
from dealtriage.sources.subjects import is_auto_reply, is_called_off, is_no_show

ACTIVITY_STATE = "option(statecode, ['open', 'completed', 'canceled', 'scheduled'])"
MAIL_STATUS = "option({0}, ['', 'draft', 'completed', 'sent', 'received', 'canceled', 'pending send', 'sending', 'failed'])"
ROLES = "['', 'sender', 'to recipient', 'cc recipient', 'bcc recipient', 'required attendee', 'optional attendee', 'organizer', 'regarding', 'owner']"

UNSENT_MAILS = f"""
create or replace table unsent_mails as
select p.activityid from activitypointer__read p left join email__read e on e.activityid = p.activityid
where kind_of(p.activitytypecode) = 'email' and (
    {MAIL_STATUS.format("coalesce(p.statuscode, e.statuscode)")} in (1, 5, 6, 7)
    or {MAIL_STATUS.format("coalesce(p.statuscode, e.statuscode)")} is distinct from 8 and {ACTIVITY_STATE.replace("statecode", "coalesce(p.statecode, e.statecode)")} in (0, 2))
"""

# What the audit tells of contacts goes to a table of its own.
IS_CONTACTS = """lower(objecttypecode) in ('contact', '2')
    or objecttypecode is null and objectid in (select contactid from contact__read where contactid is not null)"""
CONTACTS_AUDITED = (
    f"""insert into contact_audit__read by name select auditid, objectid as contactid, createdon, changedata, _file, _record, _odd, _is_header
        from audit__read where {IS_CONTACTS}""",
    f"delete from audit__read where {IS_CONTACTS}",
)

TEST_ACCOUNTS = """
create or replace table test_accounts as select accountid from account__read where regexp_matches(name, getvariable('test_deals'), 'i')
"""

# Stages of deals that nothing puts in order.
STAGES_WITHOUT_ORDER = """
with told as (
    select case when (select count(stepname) > 0 from opportunity__read) then trim(stepname)
                when (select count(salesstage) > 0 from opportunity__read) then salesstage else stageid end as stage, salesstage from opportunity__read)
select distinct stage from told
where stage is not null and (as_key(stage) is not null or not regexp_matches(stage, '^\\s*\\d')) and try_cast(salesstage as double) is null
    and stage not in (select unnest(getvariable('stages'))) and stage not in (
        select value from stringmap__read where lower(attributename) = 'salesstage' and value is not null)
order by 1
"""

OWNERS = """
select u.systemuserid as owner_id, u.fullname as name, b.name as team, u.parentsystemuserid as manager_id,
       coalesce(option(u.accessmode, ['read-write', 'administrative', 'read', 'support user', 'non-interactive', 'delegated admin']) in (3, 4, 5), false)
           or u.applicationid is not null or list_contains(getvariable('system_users'), u.fullname)
           or list_contains(getvariable('system_users'), u.systemuserid) as is_system,
       not coalesce(u.isdisabled, false) as is_active
from systemuser u left join businessunit b on b.businessunitid = u.businessunitid
"""

# The newest moment of the export. What only the present values tell is known then: a deal's own last change would tell at
# past dates that nothing came after them.
NEWEST = """
select greatest((select max(createdon) from opportunity), (select max(createdon) from audit), (select max(createdon) from opportunityclose),
                (select max(createdon) from activitypointer), (select max(greatest(createdon, modifiedon)) from quote)) as moment
"""

# A record that was brought from elsewhere has its old date in createdon, and the day it came in overriddencreatedon.
DEALS = f"""
with closed as (select deal_id, max(moment) as closed_at, arg_max(reason, (moment, id)) as reason from closings group by 1)
select o.opportunityid as deal_id, o.name, coalesce(s.now_id, o.parentaccountid, o.customerid) as account_id, a.name as account_name,
       ds.created_at, upper(c.isocurrencycode) as currency,
       coalesce(1 / nullif(c.exchangerate, 0), 1 / nullif(o.exchangerate, 0), 1.0) as currency_rate,
       o.ownerid as owner_id_now, case coalesce({STATE.format("o.statecode")}, 0) when 1 then 'won' when 2 then 'lost' else ds.stage end as stage_now,
       o.estimatedvalue as amount_now, o.estimatedclosedate as close_date_now, coalesce({STATE.format("o.statecode")} in (1, 2), false) as is_closed_now,
       coalesce({STATE.format("o.statecode")} = 1, false) as is_won_now,
       case when {STATE.format("o.statecode")} = 2 then coalesce(closed.reason, l.label, o.statuscode) end as loss_reason_now, null::varchar as product_now,
       case when {STATE.format("o.statecode")} in (1, 2) then coalesce(closed.closed_at, ds.modified_at) end as closed_at_now
from opportunity o
join deal_stages ds on ds.deal_id = o.opportunityid
left join closed on closed.deal_id = o.opportunityid
left join survivors s on s.id = coalesce(o.parentaccountid, o.customerid)
left join (select accountid, any_value(name) as name from account group by 1) a on a.accountid = coalesce(s.now_id, o.parentaccountid, o.customerid)
left join transactioncurrency c on c.transactioncurrencyid = o.transactioncurrencyid
left join labels l on l.attribute = 'statuscode' and l.value = o.statuscode
"""

KEPT = """
select field, (select begun_at from audit_begin) as since from (values ('stage', (select name from stage_column)), ('amount', 'estimatedvalue'),
    ('close_date', 'estimatedclosedate'), ('owner', 'ownerid'), ('account', (select mode(name) from account_columns))) t(field, name)
where name in (select name from audited)
union all
select 'title', min(createdon) from contact_audit having (select count(*) > 0 from title_revisions)
"""

# The column that tells a deal's account.
ACCOUNT_COLUMNS = """
select opportunityid as deal_id, case when parentaccountid is not null or opportunityid in (select deal_id from audited where name = 'parentaccountid')
                                      then 'parentaccountid' else 'customerid' end as name from opportunity
"""

ACCOUNTS = """
select a.deal_id, a.moment, a.id, a.author_id, coalesce(o.now_id, as_id(split_part(a.old_value, ',', -1))) as old_id,
       coalesce(n.now_id, as_id(split_part(a.new_value, ',', -1))) as new_id
from audited a join account_columns c on c.deal_id = a.deal_id and c.name = a.name
left join survivors o on o.id = as_id(split_part(a.old_value, ',', -1)) left join survivors n on n.id = as_id(split_part(a.new_value, ',', -1))
"""

REVISIONS = """
select deal_id, 'stage' as field, moment, id, author_id, old_value, value, has_old from moves
union all
select deal_id, case name when 'estimatedvalue' then 'amount' when 'estimatedclosedate' then 'close_date' else 'owner' end, moment, id, author_id,
       case name when 'estimatedvalue' then as_number(old_value)::varchar when 'estimatedclosedate' then month_first_time(old_value)::varchar else as_id(split_part(old_value, ',', -1)) end,
       case name when 'estimatedvalue' then as_number(new_value)::varchar when 'estimatedclosedate' then month_first_time(new_value)::varchar else as_id(split_part(new_value, ',', -1)) end, true
from audited where name in ('estimatedvalue', 'estimatedclosedate', 'ownerid')
union all
select deal_id, 'account', moment, id, author_id, old_id, new_id, true from accounts_told where old_id is distinct from new_id
union all
select deal_id, 'on_hold', moment, id, author_id, (not is_on_hold)::varchar, is_on_hold::varchar, true from holds
"""

CONTACTS = """
select contactid as contact_id, coalesce(fullname, nullif(concat_ws(' ', firstname, lastname), '')) as name, jobtitle as title, lower(emailaddress1) as email from contact
"""

PEOPLE = "select contactid as contact_id, jobtitle as title, createdon as created_at from contact where contactid not in (select id from survivors)"

TITLE_REVISIONS = """
select contactid as contact_id, createdon as moment, auditid as id, nullif(one->>'oldValue', '') as old_value, nullif(one->>'newValue', '') as value,
       true as has_old
from (select *, unnest(json_extract(changedata, '$.changedAttributes[*]')) as one from contact_audit) where one->>'logicalName' = 'jobtitle'
"""

# Who took part in an activity: whether we sent it, and the buyer on either end of it.
SIDES = f"""
with parties as (
    select p.activityid, option(p.participationtypemask, {ROLES}) as role, coalesce(s.now_id, p.partyid) as party_id, (p._file, p._record) as place,
           case when lower(p.partyobjecttypecode) in ('contact', '2') or p.partyobjecttypecode is null and p.partyid in (select contactid from contact) then 'contact'
                when lower(p.partyobjecttypecode) in ('systemuser', '8') or p.partyobjecttypecode is null and p.partyid in (select systemuserid from systemuser) then 'user' end as kind
    from activityparty p left join survivors s on s.id = p.partyid)
select activityid, bool_or(kind = 'user') filter (role = 1) as is_ours, min(party_id) filter (role = 1 and kind = 'contact') as sender_id,
       arg_min(party_id, (role, place)) filter (role in (2, 5, 6, 7) and kind = 'contact') as receiver_id
from parties group by 1
"""

# Every activity with what either of its tables knows; `is_ours`: its direction, by its column, else by its sender.
ACTIVITIES_READ = f"""
with direction as (
    select activityid, directioncode from email union all select activityid, directioncode from phonecall),
whole as (
    select p.activityid as id, p.deal_id, kind_of(p.activitytypecode) as kind, coalesce(p.subject, e.subject, c.subject, a.subject, t.subject) as subject,
           coalesce(p.actualstart, e.actualstart, c.actualstart, a.actualstart) as actualstart, coalesce(p.actualend, e.actualend, c.actualend, a.actualend, t.actualend) as actualend,
           coalesce(p.scheduledstart, a.scheduledstart) as scheduledstart, coalesce(p.scheduledend, a.scheduledend, t.scheduledend) as scheduledend,
           coalesce(c.actualdurationminutes, p.actualdurationminutes) as minutes, p.ownerid as owner_id, greatest(p.createdon, p.overriddencreatedon) as created_at,
           coalesce(p.modifiedon, e.modifiedon, c.modifiedon, a.modifiedon, t.modifiedon, p.createdon) as modified_at,
           coalesce(p.statecode, e.statecode, c.statecode, a.statecode, t.statecode) as statecode, coalesce(p.statuscode, e.statuscode) as mail_status,
           e.senton, coalesce(e.conversationtrackingid, left(e.conversationindex, 44), e.trackingtoken) as thread_id, e.sender, e.torecipients, c.leftvoicemail
    from activitypointer p left join email e using (activityid) left join phonecall c using (activityid) left join appointment a using (activityid)
    left join task t using (activityid))
select w.* exclude (statecode, mail_status), {ACTIVITY_STATE} as state, {MAIL_STATUS.format("mail_status")} as status, s.sender_id, s.receiver_id,
       coalesce(case when lower(d.directioncode) in ('true', '1', 'outgoing', 'yes') then true when lower(d.directioncode) in ('false', '0', 'incoming', 'no') then false end,
                s.is_ours, case when s.sender_id is not null or {MAIL_STATUS.format("mail_status")} = 4 and kind = 'email' then false end, true) as is_ours
from whole w left join sides s on s.activityid = w.id left join direction d on d.activityid = w.id
"""

EMAILS = f"""
with told as (
    select *, case when is_ours then receiver_id else sender_id end as party_id, coalesce(senton, actualend, created_at) as sent_at,
           lower(case when is_ours then trim(split_part(torecipients, ';', 1)) else sender end) as address from activities_read where kind = 'email')
select t.id as activity_id, t.deal_id, 'email' as kind, case when is_ours then 'out' else 'in' end as direction,
       case when status = 8 then 'bounced' when not is_ours and {is_auto_reply("t.subject")} then 'auto_reply' end as outcome,
       sent_at as starts_at, sent_at as ends_at, t.created_at, t.created_at as outcome_at, null::timestamp as opened_at, t.owner_id,
       coalesce(party_id, c.contact_id, address) as contact_id, t.thread_id, t.subject
from told t left join (select email, min(contact_id) as contact_id from contacts where email is not null group by 1) c on c.email = t.address
"""

CALLS = """
select id, deal_id, 'call', case when is_ours then 'out' else 'in' end,
       case when state = 1 then case when not coalesce(leftvoicemail, false) and (minutes > 0 or not (select coalesce(bool_or(minutes > 0), false)
                from activities_read where kind = 'call')) then 'answered' else 'unanswered' end end,
       case when state = 1 then coalesce(actualstart, actualend, created_at) end, actualend, created_at,
       case when state = 1 then greatest(created_at, coalesce(actualend, modified_at)) end, null, owner_id,
       case when is_ours then receiver_id else coalesce(sender_id, receiver_id) end, null, subject
from activities_read where kind = 'call'
"""

MEETINGS = f"""
with told as (select *, coalesce(receiver_id, sender_id) as contact_id, coalesce(scheduledstart, actualstart) as starts_at from activities_read where kind = 'meeting')
select id, deal_id, case when contact_id is not null or not (select coalesce(bool_or(contact_id is not null), false) from told) then 'meeting' else 'task' end, null,
       case when state not in (1, 2) or starts_at is null then null when {is_no_show("subject")} then 'no_show'
            when state = 2 or {is_called_off("subject")} then 'cancelled' else 'held' end,
       starts_at, coalesce(scheduledend, actualend, starts_at + interval 30 minute), created_at,
       case when state in (1, 2) then greatest(created_at, modified_at) end, null, owner_id, contact_id, null, subject
from told
"""

TASKS = """
select id, deal_id, 'task', 'out', null, case when state = 1 then greatest(created_at, coalesce(actualend, modified_at)) end, scheduledend, created_at,
       case when state = 1 then greatest(created_at, coalesce(actualend, modified_at)) end, null, owner_id, receiver_id, null, subject
from activities_read where kind = 'task'
"""

QUOTE_EVENT = """case when option(statecode, ['draft', 'active', 'won', 'closed']) = 2 then 'accepted'
            else case option(statuscode, ['', 'in progress', 'in progress', 'open', 'won', 'lost', 'canceled', 'revised']) when 5 then 'rejected' when 6 then 'withdrawn' end end"""

PROPOSALS = f"""
with told as (select *, {QUOTE_EVENT} as event, greatest(createdon, overriddencreatedon) as made_at from quote)
select quoteid as proposal_id, deal_id, 'sent' as event, made_at as occurred_at, made_at as known_at, totalamount as amount, createdby as owner_id,
       coalesce(option(statecode, ['draft', 'active', 'won', 'closed']) = 0, false) as is_draft_now, effectiveto as expires_on_now, name
from told
union all
select quoteid, deal_id, event, greatest(modifiedon, made_at), greatest(modifiedon, made_at), totalamount, null, false, effectiveto, name
from told where event is not null
"""

CONTACT_ROLES = """
with told as (
    select deal_id, case when record1id = deal_id then record2id else record1id end as person_id, greatest(createdon, overriddencreatedon) as made_at, false as is_main from connection
    union all select opportunityid, unnest([parentcontactid, customerid]), null, true from opportunity),
roles as (
    select t.deal_id, coalesce(s.now_id, t.person_id) as contact_id, min(t.made_at) as created_at, bool_or(is_main) as is_primary
    from told t left join survivors s on s.id = t.person_id group by 1, 2)
select r.deal_id, r.contact_id, c.name as contact_name, c.title, null::varchar as role, r.is_primary, r.created_at, r.deal_id || '-' || r.contact_id as role_id
from roles r join contacts c using (contact_id)
"""

CORE = {"labels": LABELS, "stage_column": STAGE_COLUMN, "audit_begin": AUDIT_BEGIN, "audited": AUDITED, "newest": NEWEST, "closings": CLOSINGS, "deal_stages": DEAL_STAGES,
        "holds": HOLDS, "moves": MOVES, "stages": STAGES, "owners": OWNERS, "deals_read": DEALS, "account_columns": ACCOUNT_COLUMNS, "accounts_told": ACCOUNTS,
        "people": PEOPLE, "title_revisions": TITLE_REVISIONS, "kept": KEPT, "revisions": REVISIONS, "contacts": CONTACTS,
        "sides": SIDES, "activities_read": ACTIVITIES_READ, "activities": f"({EMAILS}) union all ({CALLS}) union all ({MEETINGS}) union all ({TASKS})",
        "proposals": PROPOSALS, "contact_roles": CONTACT_ROLES}
