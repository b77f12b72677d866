"""Features that one deal's own facts tell, in SQL: aggregates over the facts known at an as-of date, and a few queries."""

from tests.oracle.words import (
    MAIL,
    MESSAGE,
    SIGNAL,
    WORDS,
    balance,
    count,
    kind,
    last,
    recent,
    since,
    since_first,
    trend,
    typical,
)

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
PRICE = f"{AMOUNT} and value_before is not null"
PROPOSED = kind("proposal_sent")
PLAN = kind("meeting_planned", "meeting_cancelled")
AGE = since_first(kind("deal_created"))
NEXT = f"days({last(chr(39).join(['case when kind = ', 'meeting_planned', ' then due_at end']), PLAN)}, any_value(as_of))"
SPOKEN = kind("email_in", "email_out", "note")
FORWARD = "count(distinct case when is_forward and spell > 0 then spell end)"


def speaks_of(*words: str) -> str:
    return count(f"{SPOKEN} and ({' or '.join(f'label ilike {word!r}' for word in words)})", 180)


FEATURES = {
    "silence_days": SILENCE,
    "usual_gap_days": typical("gap"),
    "silence_over_usual_gap": f"({SILENCE} + 1) / (coalesce({typical('gap')}, 7) + 1)",
    "longest_gap_days": "max(gap)",
    "quiet_spells_survived": count("gap >= 14"),
    "buyer_signals_total": count(SIGNAL),
    "gap_irregularity": "case when count(gap) >= 2 then stddev_pop(ln(1 + gap)) end",
    "buyer_reply_working_days": typical("buyer_wait_working"),
    "waiting_days": f"case when {count(f'{MESSAGE} and n > newest_signal_n')} > 0 then {since(MESSAGE)} end",
    "was_silence_broken_by_buyer": f"{last('not is_prompted', 'is_comeback')}::int",
    "spells_broken_by_buyer": count("is_comeback and not is_prompted"),
    "spells_ended_well_share": f"{FORWARD} / nullif({count('is_comeback')}, 0)",
    **{f"buyer_signals_{d}d": count(SIGNAL, d) for d in (7, 14, 30, 90)},
    **{f"seller_touches_{d}d": count("is_seller_touch", d) for d in (7, 14, 30, 90)},
    "buyer_signals_trend": trend(SIGNAL),
    "seller_touches_trend": trend("is_seller_touch"),
    "days_since_seller_touch": since("is_seller_touch"),
    "buyer_reply_days": typical("buyer_wait"),
    "seller_reply_days": typical("seller_wait"),
    "buyer_reply_days_90d": typical("buyer_wait", 90),
    "unanswered_messages": count(f"{MESSAGE} and n > newest_signal_n"),
    "inbound_threads_90d": count(THREAD_IN, 90),
    "hand_90d": f"({balance(count(WORDS, 90), count(MESSAGE, 90))} + "
                f"{balance(count(THREAD_IN, 90), count(THREAD_OUT, 90))} + {WAITING}) / 3",
    "thread_depth_max": f"coalesce(max(thread_depth) filter (where {MAIL}), 0)",
    "thread_depth_latest": last("thread_depth", MAIL),
    "thread_turns_90d": count(f"{MAIL} and thread_kind_before <> kind", 90),
    "threads_90d": f"count(distinct thread_id) filter (where {MAIL} and {recent(90)})",
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
    "proposals_sent": count(PROPOSED),
    "proposals_sent_90d": count(PROPOSED, 90),
    "is_proposal_outstanding": f"({count(f'{PROPOSED} and n > newest_settled_n')} > 0)::int",
    "days_since_proposal": since(PROPOSED),
    "days_since_first_proposal": since_first(PROPOSED),
    "messages_since_proposal": f"case when {count(PROPOSED)} > 0 then {count(f'{MESSAGE} and n > newest_proposal_n')} end",
    "signals_since_proposal": f"case when {count(PROPOSED)} > 0 then {count(f'{SIGNAL} and n > newest_proposal_n')} end",
    "price_changes": count(PRICE),
    "price_changes_90d": count(PRICE, 90),
    "price_change_share": f"case when max(value) filter (where {AMOUNT}) > 0 then "
                          f"{last('value', AMOUNT)} / max(value) filter (where {AMOUNT}) - 1 end",
    "amount": last("value", AMOUNT),
    "proposals_withdrawn": count(kind("proposal_withdrawn")),
    "help_sought": count(kind("discovery_restarted", "third_party_involved")),
    "deal_log_lag_days_180d": f"avg(log_lag) filter (where is_by_hand and {recent(180)})",
    "quarter_end_days": "date_diff('day', any_value(as_of)::date, "
                        "(date_trunc('quarter', any_value(as_of)) + interval 3 month)::date) - 1",
    "year_end_days": "date_diff('day', any_value(as_of)::date, make_date(year(any_value(as_of)), 12, 31))",
    "month": "month(any_value(as_of))",
    "text_price_180d": speaks_of("%price%", "%budget%"),
    "text_delay_180d": speaks_of("%later%", "%on hold%", "%next quarter%"),
    "text_rival_180d": speaks_of("%tender%"),
}

PLAIN = f"select deal_id, as_of, {', '.join(f'{sql} as {name}' for name, sql in FEATURES.items())} from known group by deal_id, as_of"

OWN_SILENCE = """
select a.deal_id, a.as_of, avg((k.gap < a.silence)::int) as silence_own_share
from now a left join known k on k.deal_id = a.deal_id and k.as_of = a.as_of and k.gap is not null group by all
"""

CHAMPION = f"""
with persons as (
    select deal_id, as_of, contact_id, count(*) as signals, max(n) as newest_n, max(occurred_at) as heard_at
    from known where {SIGNAL} and contact_id is not null group by all),
champions as (
    select *, sum(signals) over (partition by deal_id, as_of) as signals_of_all
    from persons qualify row_number() over (partition by deal_id, as_of order by signals desc, newest_n) = 1),
bounces as (
    select deal_id, as_of, contact_id, max(occurred_at) as bounced_at from known where kind = 'email_bounced' group by all)
select deal_id, as_of,
    signals / signals_of_all as champion_share,
    days(as_of, heard_at) as champion_silence_days,
    (coalesce(signals >= 3 and (days(as_of, heard_at) > 60 or coalesce(bounced_at > heard_at, false)), false))::int as is_champion_gone
from now left join champions using (deal_id, as_of) left join bounces using (deal_id, as_of, contact_id)
"""

# The title somebody had when they gave a signal, and those they came to have after a signal.
SENIORITY = f"""
with at_signal as (
    select s.deal_id, s.as_of, arg_max(t.value, t.n) as level
    from known s join known t on t.deal_id = s.deal_id and t.as_of = s.as_of and t.contact_id = s.contact_id and t.n < s.n
    where s.{SIGNAL} and t.kind = 'title_known' group by s.deal_id, s.as_of, s.n),
after_signal as (
    select t.deal_id, t.as_of, t.value as level
    from known t join known s on t.deal_id = s.deal_id and t.as_of = s.as_of and t.contact_id = s.contact_id and s.n < t.n
    where s.{SIGNAL} and t.kind = 'title_known'),
levels as (select * from at_signal union all select * from after_signal)
select deal_id, as_of, max(level) as seniority_reached from now left join levels using (deal_id, as_of) group by all
"""

# A plan and what became of it have the same activity: the plan's fact is named `<activity>#plan`.
PROMISES = """
with plans as (
    select deal_id, as_of, due_at, occurred_at, replace(fact_id, '#plan', '') as activity
    from known where kind in ('task_planned', 'meeting_planned') and due_at is not null),
outcomes as (
    select deal_id, as_of, fact_id as activity,
        kind in ('task_done', 'discovery_restarted', 'third_party_involved', 'meeting_held') as is_kept
    from known where kind in ('task_done', 'discovery_restarted', 'third_party_involved', 'meeting_held',
                              'meeting_no_show', 'meeting_cancelled')),
steps as (select *, due_at < as_of as is_due from plans left join outcomes using (deal_id, as_of, activity))
select deal_id, as_of,
    count(due_at) as next_steps_set,
    days(as_of, max(occurred_at)) as days_since_next_step_set,
    count(*) filter (where not is_due and is_kept is null) as next_steps_ahead,
    count(*) filter (where is_due and is_kept is null) as next_steps_missed,
    count(*) filter (where is_due and is_kept) / nullif(count(*) filter (where is_due), 0) as next_steps_kept_share
from now left join steps using (deal_id, as_of) group by deal_id, as_of
"""

QUERIES = {"one deal's facts": PLAIN, "own silence": OWN_SILENCE, "champions": CHAMPION, "seniority": SENIORITY, "promises": PROMISES}
