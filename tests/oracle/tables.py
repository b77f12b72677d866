"""The tables that the oracle's queries read, in the order in which they are made. From `facts` and `asked` (deal_id, as_of)."""

from tests.oracle.words import BY_HAND, MAIL, MESSAGE, SETTLED, SIGNAL, WORDS

# Every fact with its number `n` in the order in which its deal's facts became known, and what the facts before it told.
HISTORY = f"""
with numbered as (
    select *, row_number() over (partition by deal_id order by known_at, occurred_at, kind, fact_id) as n from facts),
looked_back as (
    select *,
        max(occurred_at) filter (where {SIGNAL}) over before as last_signal_at,
        max(occurred_at) filter (where {MESSAGE}) over before as last_message_at,
        max(occurred_at) filter (where {WORDS}) over before as last_words_at,
        coalesce(max(n) filter (where {MESSAGE}) over before, 0) as last_message_n,
        coalesce(max(n) filter (where {WORDS}) over before, 0) as last_words_n,
        min(occurred_at) filter (where kind = 'deal_created') over before as created_at,
        arg_max_null(owner_id, n) filter (where kind in ('deal_created', 'owner_changed')) over before as deal_owner,
        arg_max_null(label, n) filter (where kind = 'account_changed') over before as deal_account,
        coalesce(arg_max(value, n) filter (where kind = 'stage_changed') over before, 0) as deal_stage,
        max(occurred_at) filter (where kind = 'stage_changed') over before as stage_since,
        coalesce(max(n) filter (where kind = 'stage_changed') over before, 0) as stage_n,
        coalesce(max(n) filter (where kind = 'reopened') over before, 0) as reopened_n,
        contact_id is not null and min(n) filter (where {SIGNAL}) over (partition by deal_id, contact_id) = n as is_new_contact,
        min(n) filter (where {MAIL}) over (partition by deal_id, thread_id) = n as is_new_thread,
        count(*) filter (where {MAIL}) over thread_so_far as thread_depth,
        arg_max(kind, n) filter (where {MAIL}) over thread_before as thread_kind_before
    from numbered
    window before as (partition by deal_id order by n rows between unbounded preceding and 1 preceding),
           thread_so_far as (partition by deal_id, thread_id order by n),
           thread_before as (partition by deal_id, thread_id order by n rows between unbounded preceding and 1 preceding)),
waited as (
    select *,
        case when {SIGNAL} and last_signal_at is not null then greatest(0, days(occurred_at, last_signal_at)) end as gap,
        case when {WORDS} and last_message_n > last_words_n then greatest(0, days(occurred_at, last_message_at)) end as buyer_wait,
        case when {MESSAGE} and last_words_n > last_message_n then greatest(0, days(occurred_at, last_words_at)) end as seller_wait,
        kind in ('proposal_sent', 'meeting_held') or (kind = 'stage_changed' and value > value_before) as is_forward
    from looked_back)
select *,
    coalesce(gap >= 14, false) as is_comeback,
    {SIGNAL} and coalesce(days(occurred_at, coalesce(last_signal_at, created_at)) >= 14, false) as is_back_from_silence,
    kind in ('lost', 'refused')
        and coalesce(days(occurred_at, coalesce(last_signal_at, created_at)) >= 14, false) as is_lost_in_silence,
    case when buyer_wait is not null then working_days(least(last_message_at, occurred_at), occurred_at) end as buyer_wait_working,
    {BY_HAND} as is_by_hand, days(known_at, occurred_at) as log_lag
from waited
"""

# For every comeback, whether the seller had reached out in the 7 days before it, or did it: a call of ours that they took.
COMEBACKS = """
select s.deal_id, s.n, coalesce(bool_or(t.n is not null), false) as is_prompted
from history s left join history t on t.deal_id = s.deal_id and t.n <= s.n and t.is_seller_touch
    and t.occurred_at > s.occurred_at - interval 7 day and t.occurred_at <= s.occurred_at
where s.is_comeback group by all
"""

# The facts known at each as-of date, and what all of these together tell.
KNOWN = f"""
select a.as_of, h.*, c.is_prompted,
    coalesce(max(h.n) filter (where {SIGNAL}) over whole, 0) as newest_signal_n,
    coalesce(max(h.n) filter (where {SETTLED}) over whole, 0) as newest_settled_n,
    coalesce(max(h.n) filter (where kind = 'proposal_sent') over whole, 0) as newest_proposal_n,
    count(*) filter (where is_comeback) over (partition by h.deal_id, a.as_of order by h.n) as spell
from asked a join history h on h.deal_id = a.deal_id and h.known_at < a.as_of
    left join comebacks c on c.deal_id = h.deal_id and c.n = h.n
window whole as (partition by h.deal_id, a.as_of)
"""

# One row per asked row: whose deal it was then, in which stage, silent for how long; and the last Monday.
NOW = f"""
select deal_id, as_of, date_trunc('week', as_of) as monday,
    arg_max_null(owner_id, n) filter (where kind in ('deal_created', 'owner_changed')) as owner,
    arg_max_null(label, n) filter (where kind = 'account_changed') as account,
    arg_max(value, n) filter (where kind = 'stage_changed') as stage,
    days(as_of, coalesce(max(occurred_at) filter (where {SIGNAL}), min(occurred_at) filter (where kind = 'deal_created'))) as silence,
    days(as_of, max(occurred_at) filter (where kind in ('stage_changed', 'reopened'))) as stage_age,
    count(distinct contact_id) filter (where {SIGNAL}) as people,
    max(occurred_at) filter (where {MESSAGE}) as message_at,
    count(*) filter (where {MESSAGE} and n > newest_signal_n) > 0 as is_waiting
from known group by deal_id, as_of
"""

# Every open deal at every Monday, by what was known then.
OPEN = f"""
with mondays as (
    select unnest(generate_series((select date_trunc('week', min(known_at)) from facts),
                                  (select max(as_of)::timestamp from asked), interval 7 day)) as monday),
at_monday as (
    select m.monday, h.deal_id,
        arg_max_null(owner_id, n) filter (where kind in ('deal_created', 'owner_changed')) as owner,
        arg_max_null(label, n) filter (where kind = 'account_changed') as account,
        arg_max(kind, n) filter (where kind in ('deal_created', 'reopened', 'won', 'lost', 'refused')) as newest,
        bool_or(kind = 'deal_created') as is_created,
        count(*) filter (where known_at >= m.monday - interval 7 day and kind not in ('title_known', 'account_changed')) > 0 as is_active,
        days(m.monday, coalesce(max(occurred_at) filter (where {SIGNAL}),
                                min(occurred_at) filter (where kind = 'deal_created'))) >= 14 as is_quiet
    from mondays m join history h on h.known_at < m.monday group by m.monday, h.deal_id)
select * from at_monday where is_created and newest in ('deal_created', 'reopened')
"""

TABLES = {"history": HISTORY, "comebacks": COMEBACKS, "known": KNOWN, "now": NOW, "open_deals": OPEN}
