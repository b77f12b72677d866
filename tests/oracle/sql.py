"""The features in SQL, written apart from src: one aggregate over the facts known at each as-of date."""

SIGNAL = "is_buyer_signal"
MESSAGE = "kind in ('email_out', 'call_unanswered')"
WORDS = "kind in ('email_in', 'call_in', 'document_in')"
SETTLED = "kind in ('proposal_withdrawn', 'proposal_accepted', 'proposal_rejected', 'proposal_expired')"

KNOWN = f"""
with base as (
    select a.deal_id, a.as_of, f.* exclude (deal_id),
           row_number() over (partition by a.deal_id, a.as_of order by f.known_at, f.occurred_at, f.kind, f.fact_id) as n
    from asked a join facts f on f.deal_id = a.deal_id and f.known_at < a.as_of),
looked_back as (
    select *,
        max(occurred_at) filter (where {SIGNAL}) over before as last_signal_at,
        max(occurred_at) filter (where {MESSAGE}) over before as last_message_at,
        max(occurred_at) filter (where {WORDS}) over before as last_words_at,
        coalesce(max(n) filter (where {MESSAGE}) over before, 0) as last_message_n,
        coalesce(max(n) filter (where {WORDS}) over before, 0) as last_words_n,
        coalesce(max(n) filter (where {SIGNAL}) over whole, 0) as newest_signal_n,
        coalesce(max(n) filter (where {SETTLED}) over whole, 0) as newest_settled_n,
        min(n) filter (where {SIGNAL}) over (partition by deal_id, as_of, contact_id) = n as is_new_contact,
        max(n) filter (where {SIGNAL}) over (partition by deal_id, as_of, contact_id) as contact_newest_n,
        min(n) filter (where kind in ('email_in', 'email_out')) over (partition by deal_id, as_of, thread_id) = n as is_new_thread
    from base window before as (partition by deal_id, as_of order by n rows between unbounded preceding and 1 preceding),
                     whole as (partition by deal_id, as_of))
select *, case when {SIGNAL} and last_signal_at is not null then greatest(0, days(occurred_at, last_signal_at)) end as gap,
       case when {WORDS} and last_message_n > last_words_n then greatest(0, days(occurred_at, last_message_at)) end as buyer_wait,
       case when {MESSAGE} and last_words_n > last_message_n then greatest(0, days(occurred_at, last_words_at)) end as seller_wait
from looked_back
"""


def recent(days: int) -> str:
    return f"known_at >= as_of - interval {days} day"


def count(condition: str, days: int | None = None) -> str:
    window = f" and {recent(days)}" if days else ""
    return f"count(*) filter (where {condition}{window})"


def since(condition: str) -> str:
    return f"days(any_value(as_of), max(occurred_at) filter (where {condition}))"


def since_first(condition: str) -> str:
    return f"days(any_value(as_of), min(occurred_at) filter (where {condition}))"


def typical(column: str, days: int | None = None) -> str:
    window = f" filter (where {recent(days)})" if days else ""
    return f"(exp(avg(ln(1 + {column})){window}) - 1)"


def last(column: str, condition: str) -> str:
    return f"arg_max_null({column}, n) filter (where {condition})"


def kind(*names: str) -> str:
    return f"kind in ({', '.join(repr(n) for n in names)})"


def balance(buyer: str, seller: str) -> str:
    return f"(({buyer} - {seller}) / ({buyer} + {seller} + 3.0))"


SILENCE = f"coalesce({since(SIGNAL)}, {since_first(kind('deal_created'))})"
THREAD_IN, THREAD_OUT = "is_new_thread and kind = 'email_in'", "is_new_thread and kind = 'email_out'"
OURS, THEIRS = typical("seller_wait", 90), typical("buyer_wait", 90)
ANSWERS = f"({count('buyer_wait is not null', 90)} + {count('seller_wait is not null', 90)})"
WAITING = (f"(case when coalesce({OURS} + {THEIRS}, 0) > 0 then ({OURS} - {THEIRS}) / ({OURS} + {THEIRS}) else 0 end"
           f" * {ANSWERS} / ({ANSWERS} + 3.0))")
PUSHED = "kind = 'close_date_changed' and value > 0"
ENGAGED = count(f"is_new_contact and {SIGNAL}")
ACTIVE = f"count(distinct contact_id) filter (where {SIGNAL} and {recent(60)})"
AMOUNT = kind("amount_changed")
PLAN = kind("meeting_planned", "meeting_cancelled")
AGE = since_first(kind("deal_created"))
NEXT = f"days({last(chr(39).join(['case when kind = ', 'meeting_planned', ' then due_at end']), PLAN)}, any_value(as_of))"

FEATURES = {
    "silence_days": SILENCE,
    "usual_gap_days": typical("gap"),
    "silence_over_usual_gap": f"({SILENCE} + 1) / (coalesce({typical('gap')}, 7) + 1)",
    "longest_gap_days": "max(gap)",
    "quiet_spells_survived": count("gap >= 14"),
    "buyer_signals_total": count(SIGNAL),
    **{f"buyer_signals_{d}d": count(SIGNAL, d) for d in (7, 14, 30, 90)},
    **{f"seller_touches_{d}d": count("is_seller_touch", d) for d in (7, 14, 30, 90)},
    "days_since_seller_touch": since("is_seller_touch"),
    "buyer_reply_days": typical("buyer_wait"),
    "seller_reply_days": typical("seller_wait"),
    "buyer_reply_days_90d": typical("buyer_wait", 90),
    "unanswered_messages": count(f"{MESSAGE} and n > newest_signal_n"),
    "inbound_threads_90d": count(THREAD_IN, 90),
    "hand_90d": f"({balance(count(WORDS, 90), count(MESSAGE, 90))} + "
                f"{balance(count(THREAD_IN, 90), count(THREAD_OUT, 90))} + {WAITING}) / 3",
    "contacts_engaged": ENGAGED,
    "contacts_new_60d": count(f"is_new_contact and {SIGNAL}", 60),
    "contacts_active_60d": ACTIVE,
    "contacts_lost_60d": f"{ENGAGED} - {ACTIVE}",
    "contact_roles_total": count(kind("contact_added")),
    "bounced_90d": count(kind("email_bounced"), 90),
    "emails_opened_30d": count(kind("email_opened"), 30),
    "days_since_email_opened": since(kind("email_opened")),
    "meetings_held_90d": count(kind("meeting_held"), 90),
    "meetings_held_total": count(kind("meeting_held")),
    "days_since_meeting": since(kind("meeting_held")),
    "no_shows_180d": count(kind("meeting_no_show"), 180),
    "meetings_cancelled_90d": count(kind("meeting_cancelled"), 90),
    "next_meeting_days": f"case when {NEXT} >= 0 then {NEXT} end",
    "deal_age_days": AGE,
    "stage_age_days": since(kind("stage_changed", "reopened")),
    "stage_position": last("value", kind("stage_changed")),
    "stage_furthest": f"max(value) filter (where {kind('stage_changed')})",
    "stage_moves_back": count(f"{kind('stage_changed')} and value < value_before"),
    "times_reopened": count(kind("reopened")),
    "stage_pace": f"{count(kind('stage_changed'))} * 30 / greatest({AGE}, 1)",
    "close_date_pushes": count(PUSHED),
    "close_date_pushes_90d": count(PUSHED, 90),
    "close_date_pushed_days": f"coalesce(sum(value) filter (where {PUSHED}), 0)",
    "close_date_overdue_days": f"days(any_value(as_of), {last('due_at', kind('close_date_changed'))})",
    "proposals_sent": count(kind("proposal_sent")),
    "is_proposal_outstanding": f"({count('kind = ' + repr('proposal_sent') + ' and n > newest_settled_n')} > 0)::int",
    "days_since_proposal": since(kind("proposal_sent")),
    "days_since_first_proposal": since_first(kind("proposal_sent")),
    "price_changes": count(f"{AMOUNT} and value_before is not null"),
    "price_change_share": f"case when max(value) filter (where {AMOUNT}) > 0 then "
                          f"{last('value', AMOUNT)} / max(value) filter (where {AMOUNT}) - 1 end",
    "amount": last("value", AMOUNT),
    "proposals_withdrawn": count(kind("proposal_withdrawn")),
    "help_sought": count(kind("discovery_restarted", "third_party_involved")),
    "quarter_end_days": "date_diff('day', any_value(as_of)::date, "
                        "(date_trunc('quarter', any_value(as_of)) + interval 3 month)::date) - 1",
    "month": "month(any_value(as_of))",
}

BY_HAND = "('call_in', 'call_answered', 'call_unanswered', 'meeting_held', 'meeting_no_show', 'task_done', 'note')"

OWNER_WEEKS = f"""
with mondays as (
    select unnest(generate_series(timestamp '2024-01-01', timestamp '2025-02-03', interval 7 day)) as week_end),
at_week as (
    select m.week_end, f.deal_id,
           arg_max(f.owner_id, (f.known_at, f.occurred_at, f.kind, f.fact_id))
               filter (where f.kind in ('deal_created', 'owner_changed')) as owner_id,
           arg_max(f.kind, (f.known_at, f.occurred_at, f.kind, f.fact_id))
               filter (where f.kind in ('deal_created', 'reopened', 'won', 'lost', 'refused')) as newest,
           bool_or(f.kind = 'deal_created') as exists_then,
           bool_or(f.known_at >= m.week_end - interval 7 day) as is_active
    from mondays m join facts f on f.known_at < m.week_end group by all),
kept as (
    select owner_id, week_end, count(*) as open_deals, count(*) filter (where is_active) as active_deals
    from at_week where exists_then and newest in ('deal_created', 'reopened') and owner_id is not null group by all),
logged as (
    select f.owner_id, m.week_end, count(*) as logged, sum(days(f.known_at, f.occurred_at)) as lag_days,
           count(*) filter (where days(f.known_at, f.occurred_at) <= 1) as prompt
    from mondays m join facts f on f.known_at < m.week_end and f.known_at >= m.week_end - interval 7 day
    where f.kind in {BY_HAND} and f.owner_id is not null group by all)
select * from kept full join logged using (owner_id, week_end)
"""

OWNER_FEATURES = {
    "owner_log_lag_days": "sum(lag_days) / nullif(sum(logged), 0)",
    "owner_prompt_share": "sum(prompt) / nullif(sum(logged), 0)",
    "owner_logged_share": "sum(active_deals) / nullif(sum(open_deals), 0)",
    "owner_open_deals": "case when any_value(a.owner) is not null then "
                        "coalesce(sum(open_deals) filter (where week_end = date_trunc('week', a.as_of)), 0) end",
}
