"""Who recorded what, by month and by week, and whose deals were open then: SQL over the core tables.

A record counts in the month and week in which it happened. It is its author's; where that is nobody or a program, it is
the owner's whose deal it was then. Owners of deals come from the kept changes alone: before the first one the owner is
unknown and left empty, the present owner is never put in their place.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

LONGEST_WAIT_DAYS = 28

OWNED = """
create or replace temp table owned as
select c.deal_id, greatest(c.changed_at, d.created_at) as since, arg_max(c.new_value, (c.changed_at, c.change_id)) as owner_id
from deal_changes c join deals d using (deal_id) where c.field = 'owner' group by all
"""

HELD = """
create or replace temp table held as
with moves as (
    select deal_id, created_at as moment, 0 as place, created_at as changed_at, '' as change_id, null as owner_id, false as is_closed from deals
    union all
    select c.deal_id, greatest(c.changed_at, d.created_at), 1, c.changed_at, c.change_id, case when c.field = 'owner' then c.new_value end,
           case when c.field = 'stage' then coalesce(s.is_closed, false) end
    from deal_changes c join deals d using (deal_id) left join stages s on s.stage = c.new_value and c.field = 'stage'
    where c.field in ('stage', 'owner')),
states as (
    select deal_id, moment, last_value(owner_id ignore nulls) over w as owner_id, last_value(is_closed ignore nulls) over w as is_closed
    from moves window w as (partition by deal_id order by moment, place, changed_at, change_id rows between unbounded preceding and current row)
    qualify row_number() over (partition by deal_id, moment order by place desc, changed_at desc, change_id desc) = 1),
turns as (
    select * from states window w as (partition by deal_id order by moment)
    qualify row_number() over w = 1 or owner_id is distinct from lag(owner_id) over w or is_closed <> lag(is_closed) over w)
select deal_id, owner_id, since, until from (
    select deal_id, owner_id, is_closed, moment as since, coalesce(lead(moment) over (partition by deal_id order by moment), $cutoff) as until from turns)
where not is_closed and since < until
"""

RECORDED = """
create or replace temp table recorded as
with facts as (
    select 'activities: ' || kind as record, deal_id, owner_id as author_id, coalesce(starts_at, created_at) as moment,
           case when kind in ('call', 'task', 'note') then starts_at when kind = 'meeting' and outcome is not null then coalesce(ends_at, starts_at) end
               as done_at, greatest(created_at, outcome_at) as known_at
    from activities
    union all select 'deal_changes: ' || field, deal_id, author_id, changed_at, null, null from deal_changes where field <> 'account'
    union all select 'proposals: ' || event, deal_id, owner_id, occurred_at, occurred_at, known_at from proposals
    union all select 'contact_roles', deal_id, null, created_at, null, null from contact_roles),
known as (
    select f.record, f.deal_id, f.moment, o.owner_id,
           case when f.done_at is not null then greatest(0, epoch(f.known_at) - epoch(f.done_at)) / 86400 end as lag_days
    from facts f left join owners o on o.owner_id = f.author_id and not o.is_system where f.moment < $cutoff)
select record, deal_id, owner_id, moment, lag_days from known where owner_id is not null
union all
select k.record, k.deal_id, o.owner_id, k.moment, k.lag_days from (from known where owner_id is null) k
asof left join owned o on o.deal_id = k.deal_id and o.since <= k.moment
"""

MONTHS = """
with open_in as (
    select deal_id, owner_id, bool_or(since = created_at and month = date_trunc('month', created_at)) as is_new, month from (
        select h.*, d.created_at, unnest(generate_series(date_trunc('month', since), until - interval 1 microsecond, interval 1 month)) as month
        from held h join deals d using (deal_id)) group by all),
worked_in as (select distinct deal_id, date_trunc('month', moment) as month from recorded where starts_with(record, 'activities: '))
select r.*, o.team from (
    select record, owner_id, date_trunc('month', moment) as month, count(*) as facts, median(lag_days) as median_lag_days,
           quantile_cont(lag_days, 0.9) as p90_lag_days, null as open_deals, null as without_activity_share from recorded group by all
    union all
    select 'deals', owner_id, month, count(*) filter (is_new), null, null, count(*), avg((w.deal_id is null)::int)
    from open_in left join worked_in w using (deal_id, month) group by all) r left join owners o using (owner_id)
"""

MONTH_COLUMNS = """record, owner_id, team, month::timestamp as month, facts::int as facts, median_lag_days, p90_lag_days, open_deals::int as open_deals,
    without_activity_share::double as without_activity_share"""

WAITS = """
select replace(record, 'activities: ', '') as kind, least(coalesce(median(lag_days), 0), $longest) as wait_days
from recorded where starts_with(record, 'activities: ') group by all
"""

WEEKS = """
select owner_id, replace(record, 'activities: ', '') as kind, date_trunc('week', moment)::timestamp as week, count(*) as records
from recorded where starts_with(record, 'activities: ') and owner_id is not null group by all order by all
"""

OPEN_STEPS = """
select owner_id, week::timestamp as week, sum(step)::bigint as step from (
    select owner_id, date_trunc('week', since) as week, 1 as step from held
    union all select owner_id, date_trunc('week', until), -1 from held)
where owner_id is not null group by all order by all
"""


@dataclass(frozen=True)
class Weeks:
    """What owners recorded each week (weeks are named by their Monday).

    records: owner_id, kind, week, records. open_steps: owner_id, week, step: by how many the deals open at the end of
    the week outnumber those at its start. ends: for each kind, the Monday before which records are complete: a week counts
    only when half of what is usually entered late has had the time to be.
    """

    records: pd.DataFrame
    open_steps: pd.DataFrame
    ends: dict[str, pd.Timestamp]


def prepare(con: duckdb.DuckDBPyConnection, cutoff: datetime) -> None:
    """Make `held` (spells in which a deal was open in one owner's hands), `owned` and `recorded` of the core tables."""
    con.execute(OWNED)
    con.execute(HELD, {"cutoff": cutoff})
    con.execute(RECORDED, {"cutoff": cutoff})


def write_months(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write coverage_months.parquet: one row per kind of record, owner and month (its first day).

    record (such as `activities: call`), owner_id (empty: not known), team (the owner's on the export day), month; facts,
    how many happened in it; median_lag_days and p90_lag_days, how many days after the event what people enter by hand was
    known (empty for mail and for what the CRM writes itself). In the rows of the record `deals`: facts, deals created;
    open_deals, those open at any time of the month; without_activity_share, the share of these without any activity in
    it. A deal that changed hands counts for each owner.
    """
    con.execute(f"copy (select {MONTH_COLUMNS} from ({MONTHS}) order by record, owner_id, month) to '{path}' (format parquet, compression zstd)")


def weeks(con: duckdb.DuckDBPyConnection, cutoff: datetime) -> Weeks:
    """The weekly table that gaps are looked for in."""
    waits = con.execute(WAITS, {"longest": LONGEST_WAIT_DAYS}).fetchall()
    ends = {kind: _monday(pd.Timestamp(cutoff) - pd.Timedelta(days=wait)) for kind, wait in waits}
    return Weeks(con.sql(WEEKS).df(), con.sql(OPEN_STEPS).df(), ends)


def deals_open_in(con: duckdb.DuckDBPyConnection, gaps: pd.DataFrame) -> pd.Series:
    """How many deals were open in each gap in the hands of its owners, by gap_number. gaps: see `gaps.of_owners`."""
    con.register("gaps_of_owners", gaps)
    return con.sql("""
        select gap_number, count(distinct deal_id) as deals from gaps_of_owners g
        join held h on h.owner_id = g.owner_id and h.since < g.gap_end and h.until > g.gap_start group by 1
        """).df().set_index("gap_number")["deals"]


def _monday(instant: pd.Timestamp) -> pd.Timestamp:
    return (instant.normalize() - pd.Timedelta(days=instant.day_of_week)).as_unit("us")
