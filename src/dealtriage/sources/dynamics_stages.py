"""What stage a Dynamics deal was in, when it was closed, opened again and on hold, as SQL.

A deal keeps its stage when it is won or lost; here `won` and `lost` are stages that come after all others. Every closing
leaves a row of opportunityclose; all else is known from the audit alone, as far back as it reaches.
"""

STATE = "option({0}, ['open', 'won', 'lost'])"
ON_HOLD = "coalesce(option({0}, ['', 'in progress', 'on hold']) = 2, false)"
NO_STAGE, OPEN_AGAIN = "(no stage)", "(open again)"

LABELS = """
select lower(attributename) as attribute, attributevalue as value, arg_min(value, (coalesce(langid, '1033') <> '1033', langid, value)) as label,
       min(displayorder) as displayorder
from stringmap where lower(objecttypecode) in ('opportunity', '3') group by 1, 2
"""

# The column that tells a deal's stage: of each export one, so that its changes are of one kind.
STAGE_COLUMN = """
select case when count(stepname) > 0 then 'stepname' when count(salesstage) > 0 then 'salesstage' else 'stageid' end as name from opportunity
"""

AUDIT_BEGIN = "select min(createdon) as begun_at from audit"

AUDITED = """
select deal_id, moment, id, author_id, one->>'logicalName' as name, nullif(one->>'oldValue', '') as old_value, nullif(one->>'newValue', '') as new_value
from (select deal_id, createdon as moment, auditid as id, userid as author_id, unnest(json_extract(changedata, '$.changedAttributes[*]')) as one from audit)
"""

CLOSINGS = f"""
select * from (
    select c.deal_id, greatest(c.createdon, c.overriddencreatedon) as moment, c.activityid as id, c.createdby as author_id, c.description as reason,
           coalesce({STATE.format("c.opportunitystatecode")}, case when regexp_matches(c.subject, '\\bwon\\b', 'i') then 1 when regexp_matches(c.subject, '\\blost\\b', 'i') then 2 end,
                    {STATE.format("o.statecode")}) as state
    from opportunityclose c join opportunity o on o.opportunityid = c.deal_id)
where state in (1, 2)
"""

DEAL_STAGES = f"""
select o.opportunityid as deal_id, coalesce(case when (select name from stage_column) = 'stepname' then trim(o.stepname) end, l.label, o.salesstage, o.stageid, '{NO_STAGE}') as stage,
       {STATE.format("o.statecode")} as state, try_cast(o.salesstage as double) as place, greatest(o.createdon, o.overriddencreatedon) as created_at,
       coalesce(o.modifiedon, o.createdon) as modified_at
from opportunity o left join labels l on l.attribute = 'salesstage' and l.value = o.salesstage
"""

# A deal was put on hold last at lastonholdtime, whatever the audit kept: where it did not reach that far, the hold was over
# at the next closing, when the audit began or, without one, at the newest moment of the export.
HOLDS = f"""
with audits as (
    select deal_id, moment, id, author_id, {ON_HOLD.format("old_value")} as was_on_hold, {ON_HOLD.format("new_value")} as is_on_hold from audited where name = 'statuscode'),
last_before as (
    select o.opportunityid as deal_id, o.lastonholdtime as moment, (select begun_at from audit_begin) as since, (select moment from newest) as newest_at,
           coalesce(a.was_on_hold, {ON_HOLD.format("o.statuscode")}) as is_still,
           (select min(c.moment) from closings c where c.deal_id = o.opportunityid and c.moment > o.lastonholdtime) as closed_at
    from opportunity o left join (select deal_id, arg_min(was_on_hold, (moment, id)) as was_on_hold from audits group by 1) a on a.deal_id = o.opportunityid
    where o.lastonholdtime is not null and (o.lastonholdtime < (select begun_at from audit_begin) or (select begun_at from audit_begin) is null))
select deal_id, moment, id, author_id, is_on_hold from audits where was_on_hold <> is_on_hold
union all
select deal_id, moment, 'lastonholdtime', null, true from last_before
union all
select deal_id, greatest(moment, least(closed_at, coalesce(since, newest_at))), 'lastonholdtime over', null, false from last_before where not is_still
"""

# Each audit row that tells of the stage or the state; what they were when the audit began; closings; and, before a closing
# of a deal that nothing showed opened again, that it must have been: then the closing counts a second later, as facts of one
# instant have no order. At each, what is not told is what it was changed to last, else what it was before it was changed
# next, else what it is now; a state that is not audited is not taken from now.
MOVES = f"""
with stage_audits as (
    select a.deal_id, a.moment, a.id, a.author_id, a.name <> 'statecode' as is_stage, {STATE.format("old_value")} as old_state, {STATE.format("new_value")} as new_state,
           case a.name when 'stepname' then trim(old_value) when 'salesstage' then coalesce(o.label, old_value) else as_id(old_value) end as old_stage,
           case a.name when 'stepname' then trim(new_value) when 'salesstage' then coalesce(n.label, new_value) else as_id(new_value) end as new_stage
    from audited a left join labels o on o.attribute = a.name and o.value = a.old_value left join labels n on n.attribute = a.name and n.value = a.new_value
    where a.name in ((select name from stage_column), 'statecode')),
audits as (
    select deal_id, moment, id, any_value(author_id) as author_id, bool_or(is_stage) as tells_stage, bool_or(not is_stage) as tells_state,
           any_value(old_stage) filter (is_stage) as old_stage, any_value(new_stage) filter (is_stage) as new_stage,
           any_value(old_state) filter (not is_stage) as old_state, any_value(new_state) filter (not is_stage) as new_state
    from stage_audits group by deal_id, moment, id),
state_audits as (select count(*) > 0 as is_told from audits where tells_state),
begun as (
    select d.deal_id, b.begun_at as moment, coalesce(first.stage, d.stage) as stage,
           coalesce(first.state, case when not (select is_told from state_audits) then
                        (select arg_max(c.state, (c.moment, c.id)) from closings c where c.deal_id = d.deal_id and c.moment < b.begun_at) end,
                    case when exists (from closings c where c.deal_id = d.deal_id and c.moment >= b.begun_at) then 0 end,
                    case when (select is_told from state_audits) then d.state end, 0) as state
    from deal_stages d cross join audit_begin b
    left join (select deal_id, arg_min(old_stage, (moment, id)) filter (tells_stage) as stage, arg_min(old_state, (moment, id)) filter (tells_state) as state
               from audits group by 1) first on first.deal_id = d.deal_id
    where d.created_at < b.begun_at and (select name from stage_column) in (select name from audited)),
openings as (
    select deal_id, moment from audits where new_state = 0 union all select deal_id, moment from begun where state = 0),
again as (
    select deal_id, moment, id from (select *, lag(moment) over (partition by deal_id order by moment, id) as before from closings) c
    where before is not null and not exists (from openings o where o.deal_id = c.deal_id and o.moment > before and o.moment <= c.moment)),
told as (
    select deal_id, moment, id, author_id, tells_stage, tells_state, old_stage, new_stage, old_state, new_state, true as has_old, false as is_again from audits
    union all select deal_id, moment, '', null, true, true, null, stage, null, state, true, false from begun
    union all select deal_id, moment, id, author_id, false, true, null, null, null, state, false, false from closings
    union all select deal_id, moment, '!' || id, null, false, true, null, null, null, 0, false, true from again
    union all select d.deal_id, d.modified_at, 'closed', null, false, true, null, null, null, d.state, false, false
              from deal_stages d, audit_begin b
              where d.state in (1, 2) and (d.created_at >= b.begun_at or not (select is_told from state_audits)) and d.deal_id not in (select deal_id from closings)
                and d.deal_id not in (select deal_id from audits where new_state in (1, 2))),
timed as (
    select t.* replace (case when not is_again and g.id is not null then t.moment + interval 1 second else t.moment end as moment)
    from told t left join (select distinct on (deal_id, moment) * from again) g on g.deal_id = t.deal_id and g.moment = t.moment),
filled as (
    select t.*, coalesce(last_value(new_stage ignore nulls) over past, first_value(old_stage ignore nulls) over later, d.stage) as stage_after,
           coalesce(last_value(new_state ignore nulls) over past, first_value(old_state ignore nulls) over later, d.state, 0) as state_after
    from timed t join deal_stages d on d.deal_id = t.deal_id
    window past as (partition by t.deal_id order by moment, id rows between unbounded preceding and current row),
           later as (partition by t.deal_id order by moment, id rows between 1 following and unbounded following)),
both_sides as (
    select *, case when tells_stage then old_stage else coalesce(lag(stage_after) over w, stage_after) end as stage_before,
           case when tells_state then old_state else coalesce(lag(state_after) over w, state_after) end as state_before
    from filled window w as (partition by deal_id order by moment, id))
select deal_id, moment, id, author_id, case when has_old then case state_before when 1 then 'won' when 2 then 'lost' else stage_before end end as old_value,
       case state_after when 1 then 'won' when 2 then 'lost' else case when is_again then '{OPEN_AGAIN}' else stage_after end end as value, has_old
from both_sides
"""

STAGES = f"""
with place as (
    select stage, min(place) as place from deal_stages group by 1),
listed as (
    select stage, list_position(getvariable('stages'), stage) as listed, case when as_key(stage) is null then try_cast(regexp_extract(stage, '^\\s*(\\d+)', 1) as int) end as number, coalesce(p.place, try_cast(l.value as double)) as place,
           l.displayorder
    from (select stage from deal_stages union select value from moves union select old_value from moves where old_value is not null) s
    left join place p using (stage) left join (select label, min(value) as value, min(displayorder) as displayorder from labels where attribute = 'salesstage' group by 1) l on l.label = s.stage
    where stage not in ('won', 'lost', '{NO_STAGE}', '{OPEN_AGAIN}')),
placed as (
    select stage, row_number() over (order by nullif(listed, 0) nulls last, number nulls last, place nulls last, displayorder nulls last, stage)::int as position
    from listed where coalesce(nullif(listed, 0), number, place, displayorder) is not null),
unplaced as (
    select stage from listed union select stage from deal_stages union select value from moves)
select stage, position, false as is_closed, false as is_won, false as is_refusal, null::double as rotten_days from placed
union all select stage, 0, false, false, false, null from unplaced where stage not in (select stage from placed) and stage not in ('won', 'lost')
union all select stage, (select count(*) from placed)::int + n, true, stage = 'won', false, null from (values ('won', 1), ('lost', 2)) t(stage, n)
order by position, stage
"""
