"""Features that other deals tell, in SQL: whatever was known of them before the last Monday 00:00 (`now.monday`)."""

# Gaps between buyer signals of all deals, in the stage in which they ended.
STAGE_SILENCE = """
with edges as (select unnest([0, 1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180]) as edge),
rounded as (select a.*, max(edge) as passed from now a join edges on edge <= greatest(silence, 0) group by all)
select a.deal_id, a.as_of, avg((h.gap < a.passed)::int) as silence_stage_share
from rounded a left join history h on h.known_at < a.monday and h.gap is not null and h.deal_stage = coalesce(a.stage, 0)
group by all
"""

# All buyers' answers, by weekday and quarter of the day of our message.
REPLIES = """
with answers as (
    select known_at, hour_of_week(last_message_at) as hour, ln(1 + buyer_wait) as log_days from history where buyer_wait is not null),
of_all as (
    select a.deal_id, a.as_of, a.message_at, a.is_waiting, a.monday, avg(log_days) as usual
    from now a left join answers r on r.known_at < a.monday group by all)
select a.deal_id, a.as_of,
    case when is_waiting then (days(a.as_of, message_at) + 1)
        / exp((coalesce(sum(log_days), 0) + 20 * usual) / (count(log_days) + 20)) end as waiting_over_usual
from of_all a left join answers r on r.known_at < a.monday and r.hour = hour_of_week(a.message_at)
group by a.deal_id, a.as_of, message_at, is_waiting, usual
"""

# Stays in a stage that ended with a move to another.
STAGE_STAYS = """
with stays as (
    select known_at, deal_stage as stage, ln(1 + greatest(0, days(occurred_at, stage_since))) as log_days
    from history where kind = 'stage_changed' and stage_since is not null and value <> deal_stage and reopened_n < stage_n)
select a.deal_id, a.as_of, (stage_age + 1) / exp(avg(log_days)) as stage_age_over_usual
from now a left join stays s on s.stage = a.stage and s.known_at < a.monday group by a.deal_id, a.as_of, stage_age
"""

# People engaged in deals that were won, when these first reached a stage.
WON_BREADTH = """
with reached as (
    select deal_id, value as stage, min(n) as n from history where kind = 'stage_changed' group by all),
engaged as (
    select r.deal_id, r.stage, r.n, count(distinct h.contact_id) as people
    from reached r left join history h on h.deal_id = r.deal_id and h.n < r.n and h.is_buyer_signal group by all),
won as (
    select w.known_at, e.stage, ln(1 + people) as log_people
    from history w join engaged e on e.deal_id = w.deal_id and e.n < w.n where w.kind = 'won')
select a.deal_id, a.as_of, case when count(log_people) >= 5 then ln(1 + a.people) - avg(log_people) end as contacts_vs_won
from now a left join won w on w.stage = a.stage and w.known_at < a.monday group by a.deal_id, a.as_of, a.people
"""


def endings(who: str) -> str:
    """How the deals and quiet spells of an `owner` or `account` ended; every closing of a deal counts."""
    return f"""
with endings as (
    select known_at, deal_{who} as who, (kind in ('won', 'lost', 'refused'))::int as closed, (kind = 'won')::int as won,
        (is_back_from_silence or is_lost_in_silence)::int as spells, is_back_from_silence::int as comebacks
    from history where deal_{who} is not null),
added as (
    select a.deal_id, a.as_of, a.{who} as asked,
        {', '.join(f"coalesce(sum({part}), 0) as all_{part}, coalesce(sum({part}) filter (where who = a.{who}), 0) as {part}"
                   for part in ("closed", "won", "spells", "comebacks"))}
    from now a left join endings e on e.known_at < a.monday group by all)
select deal_id, as_of,
    case when asked is not null then closed end as {who}_deals_closed,
    case when asked is not null then shrunk(won, closed, all_won, all_closed) end as {who}_win_share,
    case when asked is not null then shrunk(comebacks, spells, all_comebacks, all_spells) end as {who}_comeback_share
from added
"""


OWNER_LOGGING = """
select a.deal_id, a.as_of, avg(log_lag) as owner_log_lag_days, avg((log_lag <= 1)::int) as owner_prompt_share
from now a left join history h on h.is_by_hand and h.owner_id = a.owner
    and h.known_at < a.monday and h.known_at >= a.monday - interval 91 day
group by all
"""

OWNER_OPEN = """
with touches as (
    select a.deal_id, a.as_of, count(h.n) as touches
    from now a left join history h on h.is_seller_touch and h.deal_owner = a.owner
        and h.known_at < a.monday and h.known_at >= a.monday - interval 28 day
    group by all)
select a.deal_id, a.as_of,
    case when a.owner is not null then count(*) filter (where o.monday = a.monday) end as owner_open_deals,
    avg(is_quiet::int) filter (where o.monday = a.monday) as owner_quiet_share,
    any_value(touches) / nullif(count(*) filter (where o.monday > a.monday - interval 28 day), 0) as owner_touches_per_deal_4w,
    avg(is_active::int) as owner_logged_share
from now a join touches using (deal_id, as_of)
    left join open_deals o on o.owner = a.owner and o.monday <= a.monday and o.monday > a.monday - interval 91 day
group by a.deal_id, a.as_of, a.owner, a.monday
"""

ACCOUNT_OPEN = """
select a.deal_id, a.as_of, case when a.account is not null then count(o.deal_id) end as account_open_deals
from now a left join open_deals o on o.account = a.account and o.monday = a.monday group by a.deal_id, a.as_of, a.account
"""

QUERIES = {"silence by stage": STAGE_SILENCE, "replies by hour": REPLIES, "stays by stage": STAGE_STAYS, "won look-alikes": WON_BREADTH,
           "endings by owner": endings("owner"), "endings by account": endings("account"), "owners' logging": OWNER_LOGGING,
           "owners' open deals": OWNER_OPEN, "accounts' open deals": ACCOUNT_OPEN}
