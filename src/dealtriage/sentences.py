"""What is said of a deal's feature: a short sentence with its numbers, fit to be read aloud."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dealtriage.words import days, many, times

Row = Mapping[Any, Any]
Sentence = Callable[[float, Row, float], str | None]

RECENT_DAYS = 45
CHASING = 0.33
QUICK_DAYS = 2
MOST = 0.5
LEVELS = {1: "an employee", 2: "a manager", 3: "a head or director", 4: "on the board or an owner"}


def say(feature: str, row: Row, effect: float) -> str | None:
    """The sentence about one feature of a deal. None where nothing is to be said of it, as of a value that is missing for want of data.

    row: all features of the deal, and stage_name and furthest_name. effect: what the feature adds (log-odds). What sounds like blame or trouble
    is said only where it lowers the chance.
    """
    value = row[feature]
    if np.isnan(value):
        return ABSENT.get(feature)
    return SENTENCES[feature](value, row, effect) if feature in SENTENCES else None


def silence(value: float, row: Row, effect: float) -> str:
    """How long ago the buyer was heard from, and how soon they usually answer."""
    if row["buyer_signals_total"] == 0:
        return f"the deal began only {days(value)} ago" if effect > 0 else f"no sign of the buyer in the {days(value)} since the deal began"
    heard = f"heard from the buyer only {days(value)} ago" if effect > 0 and value < RECENT_DAYS else f"last heard from the buyer {days(value)} ago"
    if not np.isnan(row["buyer_reply_days"]):
        return f"{heard}; they usually answer within {days(max(row['buyer_reply_days'], 1))}"
    if not np.isnan(row["usual_gap_days"]):
        return f"{heard}; usually they are heard from {_every(row['usual_gap_days'])}"
    return heard


def _over_gap(value: float, row: Row, effect: float) -> str | None:
    if np.isnan(row["usual_gap_days"]):
        return None
    return f"silent for {days(row['silence_days'])}; usually they are heard from {_every(row['usual_gap_days'])}"


def _own_share(value: float, row: Row, effect: float) -> str:
    if value in (0, 1):
        return "they were never silent for so long before" if value else "all their earlier gaps were longer than this silence"
    return f"this silence is longer than {value:.0%} of their earlier gaps"


def _both_sides(value: float, row: Row, effect: float) -> str:
    if np.isnan(row["seller_touches_90d"]):
        return f"{_none_or(value, 'sign')} of the buyer in 90 days"
    return f"in 90 days {_none_or(value, 'sign')} of the buyer, and {_none_or(row['seller_touches_90d'], 'approach', 'approaches')} of ours"


def _hand(value: float, row: Row, effect: float) -> str:
    who = "we do most of the work" if value < -CHASING else "the buyer does most of the work" if value > CHASING else "both sides do their part"
    return who if np.isnan(row["buyer_signals_90d"]) else f"{who}: {_both_sides(row['buyer_signals_90d'], row, effect)}"


def _unanswered(value: float, row: Row, effect: float) -> str:
    sent = f"{_none_or(value, 'message')} of ours {'so far' if row['buyer_signals_total'] == 0 else 'since their last sign'}"
    if value == 0:
        return sent
    return f"{sent}, none answered" if effect < 0 else f"we stayed in touch: {sent}"


def _waiting(value: float, row: Row, effect: float) -> str | None:
    if np.isnan(row["waiting_days"]) or value <= 0:
        return None
    usual = max((row["waiting_days"] + 1) / value - 1, 1)
    return f"our latest message has waited {days(row['waiting_days'])}; what is sent at that hour of the week is usually answered within {days(usual)}"


def _lost_people(value: float, row: Row, effect: float) -> str | None:
    if effect > 0 or value < 1:
        return None
    if row["contacts_engaged"] == value == 1:
        return "the only person of the buyer once engaged was not heard from in 60 days"
    of = "" if np.isnan(row["contacts_engaged"]) else f" of {row['contacts_engaged']:.0f}"
    return f"{many(value, 'person', 'people') if not of else f'{value:.0f}'}{of} once engaged not heard from in 60 days"


def _met(value: float, row: Row, effect: float) -> str:
    total = row["meetings_held_total"]
    return f"last met {days(value)} ago" + ("" if np.isnan(total) else f", {many(total, 'meeting')} in all")


def _stage_age(value: float, row: Row, effect: float) -> str:
    back = f", put back {times(row['stage_moves_back'])}" if row["stage_moves_back"] >= 1 and effect < 0 else ""
    old = "" if np.isnan(row["deal_age_days"]) else f"; the deal is {days(row['deal_age_days'])} old"
    return f"in {row['stage_name']} for {days(value)}{back}{old}"


def _stage_over_usual(value: float, row: Row, effect: float) -> str | None:
    return None if np.isnan(row["stage_age_days"]) else f"in {row['stage_name']} for {days(row['stage_age_days'])}, {value:.1f} times as long as usual"


def _overdue(value: float, row: Row, effect: float) -> str:
    return f"close date passed {days(value)} ago" if value > 0 else f"close date lies {days(-value)} ahead"


def _price(value: float, row: Row, effect: float) -> str | None:
    return f"the price was cut by {-value:.0%}" if value < -0.005 else None


def _outstanding(value: float, row: Row, effect: float) -> str:
    if not value:
        return "no proposal is out"
    return "a proposal is out" + ("" if np.isnan(row["days_since_proposal"]) else f", the latest sent {days(row['days_since_proposal'])} ago")


def _own_deals(value: float, row: Row, effect: float) -> str:
    quiet = row["owner_quiet_share"]
    return f"the owner carries {many(row['owner_open_deals'], 'open deal')}" + ("" if np.isnan(quiet) else f", {quiet:.0%} of them quiet")


def _quiet_share(value: float, row: Row, effect: float) -> str:
    return f"{value:.0%} of the owner's open deals are quiet" if np.isnan(row["owner_open_deals"]) else _own_deals(value, row, effect)


def _account_wins(value: float, row: Row, effect: float) -> str | None:
    return f"about {value:.0%} of this account's deals are won" if row["account_deals_closed"] >= 1 and effect > 0 else None


def _our_reply(value: float, row: Row, effect: float) -> str | None:
    """Quick answers of ours are told for a deal, slow ones against it; not the other way round."""
    if (value <= QUICK_DAYS) != (effect > 0):
        return None
    return f"we usually answer within {days(max(value, 1))}" if effect > 0 else f"we usually need {days(value)} to answer"


def _comebacks(value: float, row: Row, effect: float) -> str | None:
    """That buyers come back from most silences is told for a deal, that they do not against it; not the other way round."""
    return f"buyers of this account come back from about {value:.0%} of their silences" if (value >= MOST) == (effect > 0) else None


def _meetings(value: float, row: Row, effect: float) -> str | None:
    return f"{_none_or(value, 'meeting')} held so far" if (value >= 1) == (effect > 0) else None


def _every(value: float) -> str:
    return "every day" if value < 2 else f"every {days(value)}"


def _none_or(value: float, one: str, more: str | None = None) -> str:
    return many(value, one, more) if round(value) else f"no {one}"


def _count(text: str, one: str, more: str | None = None) -> Sentence:
    """`{}` becomes the count with its noun, or `no` and the noun."""
    return lambda value, row, effect: text.format(_none_or(value, one, more))


def _any(text: str, one: str, more: str | None = None) -> Sentence:
    """As `_count`, but nothing is said of none."""
    return lambda value, row, effect: text.format(many(value, one, more)) if value >= 1 else None


def _against(sentence: Sentence) -> Sentence:
    """Said only where it lowers the chance."""
    return lambda value, row, effect: sentence(value, row, effect) if effect < 0 else None


def _days(text: str, at_least: float = 0) -> Sentence:
    return lambda value, row, effect: text.format(days(max(value, at_least)))


def _often(text: str, never: str | None = None) -> Sentence:
    return lambda value, row, effect: text.format(times(value)) if value >= 1 else never


def _plain(text: str) -> Sentence:
    """`{}` takes the number, with a format of its own."""
    return lambda value, row, effect: text.format(value)


def _side(more: str, less: str, same: str | None = None) -> Sentence:
    return lambda value, row, effect: more if value > 0 else less if value < 0 else same


SENTENCES: dict[str, Sentence] = {
    "silence_days": silence, "silence_over_usual_gap": _over_gap, "silence_own_share": _own_share,
    "usual_gap_days": lambda value, row, effect: f"usually they are heard from {_every(value)}",
    "longest_gap_days": _days("the longest silence they came back from was {}"),
    "silence_stage_share": _plain("this silence is longer than {:.0%} of the gaps in this stage"),
    "quiet_spells_survived": _often("the buyer came back from silence {} before", "the first time that the buyer went quiet"),
    "buyer_signals_total": _count("{} of the buyer since the deal began", "sign"),
    "gap_irregularity": lambda value, row, effect: f"the gaps between their signs vary by a factor of {np.exp(value):.1f}",
    "buyer_reply_working_days": _days("counted in working days, they usually answer within {}", 1),
    "waiting_days": _days("our latest message has waited {}"), "waiting_over_usual": _waiting,
    "was_silence_broken_by_buyer": _side("they ended the last silence on their own", "", "the last silence ended only after we had reached out"),
    "spells_broken_by_buyer": _any("they ended {} on their own", "silence"),
    "spells_ended_well_share": _plain("{:.0%} of their earlier silences ended with the deal moving on"),
    **{f"buyer_signals_{n}d": _count(f"{{}} of the buyer in {n} days", "sign") for n in (7, 14, 30)}, "buyer_signals_90d": _both_sides,
    **{f"seller_touches_{n}d": _count(f"{{}} of ours in {n} days", "approach", "approaches") for n in (7, 14, 30, 90)},
    "buyer_signals_trend": _side("more signs of the buyer in 30 days than in the months before", "fewer signs of the buyer in 30 days than in the months before"),
    "seller_touches_trend": _side("we reach out more often than in the months before", "we reach out less often than in the months before"),
    "days_since_seller_touch": _days("we last reached out {} ago"), "unanswered_messages": _unanswered, "hand_90d": _hand,
    "buyer_reply_days": _days("they usually answer within {}", 1), "seller_reply_days": _our_reply,
    "buyer_reply_days_90d": _days("in 90 days they answered within {}", 1),
    "inbound_threads_90d": _count("{} begun by the buyer in 90 days", "mail thread"),
    "thread_depth_max": _any("the longest mail thread has {}", "mail"),
    "thread_depth_latest": lambda value, row, effect: f"the latest mail is number {value:.0f} of its thread" if value > 1 else "the latest mail began a new thread",
    "thread_turns_90d": _count("{} of 90 days answered the other side", "mail"), "threads_90d": _count("{} in 90 days", "mail thread"),
    "contacts_engaged": _count("{} of the buyer engaged so far", "person", "people"),
    "contacts_new_60d": _count("{} of the buyer joined in 60 days", "person", "people"),
    "contacts_active_60d": _count("{} of the buyer heard from in 60 days", "person", "people"), "contacts_lost_60d": _lost_people,
    "contact_roles_total": _count("{} named on the deal", "contact"),
    "champion_share": _plain("{:.0%} of their signs came from one person"),
    "champion_silence_days": _days("their most active person was last heard from {} ago"),
    "is_champion_gone": _side("their most active person seems gone", ""),
    "seniority_reached": lambda value, row, effect: f"the most senior person heard from is {LEVELS[int(value)]}",
    "contacts_vs_won": _side("more people engaged than deals won had in this stage", "fewer people engaged than deals won had in this stage"),
    "bounced_90d": _against(_any("{} bounced in 90 days: somebody may have left", "mail")),
    "emails_opened_30d": _any("the buyer opened {} of ours in 30 days", "mail"),
    "days_since_email_opened": _days("the buyer last opened a mail of ours {} ago"),
    "meetings_held_90d": _count("{} held in 90 days", "meeting"), "meetings_held_total": _meetings, "days_since_meeting": _met,
    "no_shows_180d": _against(_any("the buyer missed {} in half a year", "meeting")),
    "meetings_cancelled_90d": _against(_any("{} called off or moved in 90 days", "meeting")),
    "next_meeting_days": _days("a meeting is planned in {}"),
    "next_steps_set": _count("{} set so far", "next step"), "days_since_next_step_set": _days("a next step was last set {} ago"),
    "next_steps_ahead": _count("{} lies ahead", "next step", "next steps"),
    "next_steps_missed": _against(_any("{} passed without a word of what became of it", "next step")),
    "next_steps_kept_share": _plain("{:.0%} of the next steps due were done"),
    "deal_age_days": _days("the deal is {} old"), "stage_age_days": _stage_age, "stage_age_over_usual": _stage_over_usual,
    "stage_position": lambda value, row, effect: f"it stands in {row['stage_name']}",
    "stage_furthest": lambda value, row, effect: f"the furthest stage it reached is {row['furthest_name']}",
    "stage_moves_back": _against(_often("put back to an earlier stage {}")),
    "times_reopened": _often("reopened {} after it was closed"),
    "close_date_pushes": _against(_often("close date pushed {}")), "close_date_pushes_90d": _against(_often("close date pushed {} in 90 days")),
    "close_date_pushed_days": _against(lambda value, row, effect: f"close date pushed by {days(value)} in all" if value >= 1 else None),
    "close_date_overdue_days": _overdue,
    "proposals_sent": _count("{} sent so far", "proposal"), "proposals_sent_90d": _count("{} sent in 90 days", "proposal"),
    "is_proposal_outstanding": _outstanding, "days_since_proposal": _days("the latest proposal was sent {} ago"),
    "days_since_first_proposal": _days("the first proposal was sent {} ago"),
    "price_changes": _often("the amount was changed {}", "the amount was never changed"),
    "price_changes_90d": _often("the amount was changed {} in 90 days", "the amount was not changed in 90 days"),
    "messages_since_proposal": _count("{} of ours since the latest proposal", "message"),
    "signals_since_proposal": _count("{} of the buyer since the latest proposal", "sign"),
    "price_change_share": _price, "amount": _plain("the amount is {:,.0f}"),
    "help_sought": _often("discovery restarted or a third party brought in {}"),
    "account_deals_closed": _count("{} with the same account", "earlier deal"), "account_win_share": _account_wins,
    "account_comeback_share": _comebacks,
    "account_open_deals": _count("{} with the same account", "open deal"),
    "owner_open_deals": _own_deals, "owner_quiet_share": _quiet_share,
    "owner_touches_per_deal_4w": _plain("the owner reaches out {:.1f} times a week per open deal"),
    "deal_log_lag_days_180d": _days("calls and meetings of this deal are logged {} later"),
    "text_price_180d": _any("{} of 180 days about the price", "mail or note", "mails or notes"),
    "text_delay_180d": _any("{} of 180 days about waiting", "mail or note", "mails or notes"),
    "text_rival_180d": _any("{} of 180 days about another offer", "mail or note", "mails or notes"),
}
"""Features without a sentence are the same for every deal (the season), would judge the owner rather than the deal, cannot be acted on (its pace), or would speak
against what is advised (withdrawn proposals)."""

NO_PROPOSAL, NO_STEP, NO_ANSWER = "no proposal sent so far", "no next step was ever set", "the buyer never answered a message of ours"
ABSENT = {
    "days_since_meeting": "no meeting held so far", "next_meeting_days": "no meeting is planned",
    "days_since_proposal": NO_PROPOSAL, "days_since_first_proposal": NO_PROPOSAL, "messages_since_proposal": NO_PROPOSAL,
    "signals_since_proposal": NO_PROPOSAL, "days_since_next_step_set": NO_STEP, "next_steps_kept_share": "no next step was due yet",
    "days_since_seller_touch": "we never reached out", "buyer_reply_days": NO_ANSWER, "buyer_reply_working_days": NO_ANSWER,
    "buyer_reply_days_90d": "the buyer answered no message in 90 days", "days_since_email_opened": "no mail of ours was seen to be opened",
    "waiting_days": "no message of ours awaits an answer", "close_date_overdue_days": "no close date is set",
    "was_silence_broken_by_buyer": "no earlier silence has ended", "spells_ended_well_share": "no earlier silence has ended",
}
"""What is said where the absence itself is a fact about the deal, and no gap in the data."""
