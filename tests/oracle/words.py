"""The words of the oracle in SQL: what counts as a message, a word of the buyer, a reply; and short ways to say an aggregate."""

SIGNAL = "is_buyer_signal"
MESSAGE = "kind in ('email_out', 'call_unanswered')"
WORDS = "kind in ('email_in', 'call_in', 'document_in')"
MAIL = "kind in ('email_in', 'email_out') and thread_id is not null"
SETTLED = "kind in ('proposal_withdrawn', 'proposal_accepted', 'proposal_rejected', 'proposal_expired')"
BY_HAND = ("kind in ('call_in', 'call_answered', 'call_unanswered', 'meeting_held', 'meeting_no_show', 'task_done', 'note')"
           " and actor <> 'system'")

MACROS = """
create macro days(later, earlier) as (epoch(later) - epoch(earlier)) / 86400.0;
create macro working_days(earlier, later) as list_sum([
    case when isodow(day) <= 5 then greatest(0, days(least(later, day + interval 1 day), greatest(earlier, day))) else 0 end
    for day in generate_series(date_trunc('day', earlier), later, interval 1 day)]);
create macro hour_of_week(instant) as isodow(instant) * 10 + hour(instant) // 6;
create macro shrunk(part, whole, all_part, all_whole) as (part + 10.0 * (all_part + 1) / (all_whole + 2)) / (whole + 10);
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


def trend(condition: str) -> str:
    return f"ln(({count(condition, 30)} + 1) / (({count(condition, 120)} - {count(condition, 30)}) / 3.0 + 1))"
