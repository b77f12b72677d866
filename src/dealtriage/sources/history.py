"""What a deal's stage, amount, close date, owner and account were at each past date, and the titles of the buyer's people,
from whatever history the CRM keeps.

A source gives `revisions` (deal_id, field, moment, id, author_id, old_value, value, has_old), the present values in
`deals_read`, and `kept` (field, since): from when on changes of a field are kept, of deals without any change too. A
field whose history is snapshots, or that has none, is not in it. For titles it gives `title_revisions` (contact_id, moment,
id, old_value, value, has_old) and `people` (contact_id, title, created_at): contacts that were not merged into others.

* A value before the first change is that change's old value; where nothing changed since changes are kept, it is the
  present one, rolled back. Neither reaches further back than changes are kept.
* Where only values are kept, not what they replaced, nothing is known before the first.
* The present value, where the history does not end with it, is known at the export's newest moment, not since the deal was
  last modified: that nothing came after its last change is what became of the deal. Only a closing has a time of its own.
"""

import duckdb

FIELDS = ("stage", "amount", "close_date", "owner", "account")
LATE = "interval 1 day"  # a stage or owner that comes later than this after the deal was made had one before

NO_TITLE_REVISIONS = """
select null::varchar as contact_id, null::timestamp as moment, null::varchar as id, null::varchar as old_value, null::varchar as value, false as has_old where false
"""

NEWEST = """
set variable newest_moment = (select max(moment) from (
    select max(created_at) as moment from deals_read union all select max(closed_at_now) from deals_read where is_closed_now
    union all select max(moment) from revisions union all select max(moment) from title_revisions
    union all select max(created_at) from activities union all select max(known_at) from proposals))
"""

# Deals and contacts side by side: `of` is the one or the other, as the field tells.
PRESENT = """
create or replace temp table present as
    select deal_id as of, 'stage' as field, stage_now as value,
           case when is_closed_now then closed_at_now else getvariable('newest_moment') end as moment, created_at from deals_read
    union all select deal_id, 'amount', amount_now::varchar, getvariable('newest_moment'), created_at from deals_read
    union all select deal_id, 'close_date', close_date_now::varchar, getvariable('newest_moment'), created_at from deals_read
    union all select deal_id, 'owner', owner_id_now, getvariable('newest_moment'), created_at from deals_read
    union all select deal_id, 'account', account_id, getvariable('newest_moment'), created_at from deals_read
    union all select contact_id, 'title', title, getvariable('newest_moment'), created_at from people
"""

REVISED = """
create or replace temp table revised as
select deal_id as of, field, moment, id, author_id, old_value, value, has_old from revisions
union all
select contact_id, 'title', moment, id, null, old_value, value, has_old from title_revisions where contact_id in (select contact_id from people)
"""

SPANS = """
create or replace temp table spans as
select p.of, p.field, p.created_at, p.value as value_now, greatest(p.moment, p.created_at) as moment_now,
       k.since, r.n, r.first_at, r.old_value, r.has_old, r.last_value, r.last_at
from present p left join kept k using (field)
left join (select of, field, count(*) as n, min(moment) as first_at, arg_max(moment, (moment, id)) as last_at,
                  arg_min(coalesce(old_value, ''), (moment, id)) as old_value, arg_min(has_old, (moment, id)) as has_old,
                  arg_max(coalesce(value, ''), (moment, id)) as last_value
           from revised group by all) r using (of, field)
"""

CHANGES = """
create or replace temp table changes as
with ordered as (
    select of, field, moment, id, author_id, value, has_old, old_value,
           lag(value) over (partition by of, field order by moment, id) as before,
           row_number() over (partition by of, field order by moment, id) as n from revised),
recorded as (
    select of, moment, field, coalesce(case when has_old then old_value end, before) as old_value, value, author_id, id
    from ordered where value is distinct from before or n = 1 and has_old and old_value is not null),
at_the_start as (
    select of, greatest(created_at, since) as moment, field, null::varchar as old_value,
           case when n is null then value_now else nullif(old_value, '') end as value, null::varchar as author_id, '' as id
    from spans where since is not null and (n is null or has_old and first_at > greatest(created_at, since))),
now as (
    select of, case when n is null then moment_now else greatest(moment_now, last_at) end as moment, field,
           nullif(last_value, '') as old_value, value_now as value, null::varchar as author_id, '~' as id
    from spans where value_now is not null and (n is null and since is null or n is not null and value_now <> last_value))
select * from recorded
union all select * from at_the_start where value is not null
union all select * from now
"""

DEAL_CHANGES = """
create or replace table deal_changes as
select of as deal_id, moment as changed_at, field, old_value, value as new_value, author_id, id as change_id from changes where field <> 'title'
"""

CONTACT_TITLES = """
create or replace table contact_titles as
select of as contact_id, moment as known_at, value as title from changes where field = 'title'
qualify row_number() over (partition by of, moment order by id desc) = 1
"""

LIMITS = f"""
create or replace table history_limits as
select of as deal_id, field, known_since from (
    select of, field, case
        when since is null and n is null and value_now is not null then moment_now
        when since > created_at then since
        when n >= coalesce(getvariable('most_revisions'), 1000000000) and first_at > created_at then first_at
        when n > 0 and not has_old and getvariable('starts_with_deal') and field in ('stage', 'owner') and first_at > created_at + {LATE} then first_at end as known_since
    from spans where field <> 'title') where known_since is not null
"""


def rebuild(con: duckdb.DuckDBPyConnection, most_revisions: int | None, starts_with_deal: bool) -> None:
    """Make `deal_changes`, `contact_titles` and `history_limits` (deal_id, field, known_since: nothing is known of the
    field before).

    `most_revisions`: how many of a field's newest values the CRM keeps, if it forgets the others; `starts_with_deal`:
    whether a deal has a stage and an owner from its first day on.
    """
    con.execute("set variable starts_with_deal = ?", [starts_with_deal])
    con.execute("set variable most_revisions = ?", [most_revisions])
    for statement in (NEWEST, PRESENT, REVISED, SPANS, CHANGES, DEAL_CHANGES, CONTACT_TITLES, LIMITS):
        con.execute(statement)
