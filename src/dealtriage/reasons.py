"""Why a deal's chance is what it is: what each subject adds to the log-odds, told as a sentence with its numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from dealtriage.features.registry import by_name
from dealtriage.model.fitting import chance, log_odds
from dealtriage.words import days, many, times

COUNT = 3
SMALLEST = 0.05
RECENT_DAYS = 45


def contributions(model: BaseEstimator, rows: pd.DataFrame, typical: dict[str, float | None]) -> pd.DataFrame:
    """What each feature adds to a deal's log-odds, against a deal that is typical in everything else.

    One column per feature, one row per row of `rows`. Exact for a model that is additive on the log-odds scale, as
    all that may be published are: the sum over features is the distance from the typical deal.
    """
    base = pd.DataFrame([typical], columns=rows.columns, dtype=float)
    origin = log_odds(chance(model, base))[0]
    repeated = base.loc[np.zeros(len(rows), dtype=int)].reset_index(drop=True)
    adds = {name: log_odds(chance(model, repeated.assign(**{name: rows[name].to_numpy()}))) - origin
            for name in rows.columns}
    return pd.DataFrame(adds, index=rows.index)


def reasons(rows: pd.DataFrame, adds: pd.DataFrame, stage_names: dict[int, str]) -> pd.DataFrame:
    """reason_1 to reason_3 for every row: the subjects that move its chance most, each as a sentence.

    most_against: the sentence of the subject that lowers the chance most. Empty where the model has no further reason, and for rows without contributions (deals that are not quiet).
    """
    known = by_name()
    subjects = adds.T.groupby([known[name].subject for name in adds.columns], sort=False).sum(min_count=1).T
    told = [_told(dict(row), subjects.loc[at], stage_names) for at, row in zip(rows.index, rows.to_dict("records"), strict=True)]
    return pd.DataFrame(told, columns=[*(f"reason_{n + 1}" for n in range(COUNT)), "most_against"], index=rows.index)


def _told(row: dict[Any, Any], adds: pd.Series, stage_names: dict[int, str]) -> list[str]:
    if adds.isna().all():
        return [""] * (COUNT + 1)
    found: list[str] = []
    for subject in adds.abs().sort_values(ascending=False, kind="stable").index:
        effect = adds[subject]
        sentence = SENTENCES[subject](row, effect, stage_names) if subject in SENTENCES else None
        if sentence and abs(effect) >= SMALLEST and len(found) < COUNT:
            found.append(f"{'speaks for it' if effect > 0 else 'speaks against it'}: {sentence}")
    if not found:
        found = [f"speaks neither way: {silence(row, 0.0, stage_names)}"]
    return [*found, *[""] * (COUNT - len(found)), _most_against(row, adds, stage_names)]


def _most_against(row: dict[Any, Any], adds: pd.Series, stage_names: dict[int, str]) -> str:
    for subject in adds[adds <= -SMALLEST].sort_values(kind="stable").index:
        if subject in SENTENCES and (sentence := SENTENCES[subject](row, adds[subject], stage_names)):
            return sentence
    return ""


def silence(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str:
    if not row["buyer_signals_total"] and effect > 0:
        return f"the deal began only {days(row['silence_days'])} ago"
    if not row["buyer_signals_total"]:
        return f"no sign of the buyer in the {days(row['silence_days'])} since the deal began"
    ago = days(row["silence_days"])
    heard = f"heard from the buyer only {ago} ago" if effect > 0 and row["silence_days"] < RECENT_DAYS else f"last heard from the buyer {ago} ago"
    if not np.isnan(row["buyer_reply_days"]):
        return f"{heard}; they usually answer within {days(max(row['buyer_reply_days'], 1))}"
    if not np.isnan(row["usual_gap_days"]):
        return f"{heard}; usually they are heard from every {days(max(row['usual_gap_days'], 1))}"
    return heard


def direction(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str:
    if effect < 0 and row["unanswered_messages"] >= 1:
        return f"{many(row['unanswered_messages'], 'message')} of ours since their last sign, none answered"
    if effect > 0 and not row["buyer_signals_90d"]:
        return f"we stayed in touch: {many(row['seller_touches_90d'], 'approach', 'approaches')} in 90 days"
    return (f"in 90 days {many(row['buyer_signals_90d'], 'sign')} of the buyer, and "
            f"{many(row['seller_touches_90d'], 'approach', 'approaches')} of ours")


def people(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str:
    if effect < 0 and row["bounced_90d"] >= 1:
        return f"{many(row['bounced_90d'], 'mail')} bounced in 90 days: somebody may have left"
    if effect < 0 and row["contacts_lost_60d"] == row["contacts_engaged"] == 1:
        return "the only person of the buyer once engaged was not heard from in 60 days"
    if effect < 0 and row["contacts_lost_60d"] >= 1:
        return (f"{row['contacts_lost_60d']:.0f} of {many(row['contacts_engaged'], 'person', 'people')} once engaged "
                "not heard from in 60 days")
    if effect > 0 and row["emails_opened_30d"] >= 1:
        return f"the buyer opened {many(row['emails_opened_30d'], 'mail')} of ours in 30 days"
    return f"{many(row['contacts_engaged'], 'person', 'people')} of the buyer engaged so far"


def meetings(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str:
    if not np.isnan(row["next_meeting_days"]):
        return f"a meeting is planned in {days(row['next_meeting_days'])}"
    if effect < 0 and row["no_shows_180d"] >= 1:
        return f"the buyer missed {many(row['no_shows_180d'], 'meeting')} in half a year"
    if effect < 0 and row["meetings_cancelled_90d"] >= 1:
        return f"{many(row['meetings_cancelled_90d'], 'meeting')} called off or moved in 90 days"
    if not np.isnan(row["days_since_meeting"]):
        return f"last met {days(row['days_since_meeting'])} ago, {many(row['meetings_held_total'], 'meeting')} in all"
    return "no meeting held so far"


def stage(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if np.isnan(row["stage_position"]):
        return None
    name = stage_names.get(int(row["stage_position"]), "its stage")
    back = f", put back {times(row['stage_moves_back'])}" if row["stage_moves_back"] else ""
    return f"in {name} for {days(row['stage_age_days'])}{back}; the deal is {days(row['deal_age_days'])} old"


def close_date(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if row["close_date_pushes"]:
        return (f"close date pushed {times(row['close_date_pushes'])}, by "
                f"{days(row['close_date_pushed_days'])} in all")
    if np.isnan(row["close_date_overdue_days"]):
        return None
    overdue = row["close_date_overdue_days"]
    return f"close date passed {days(overdue)} ago" if overdue > 0 else f"close date lies {days(-overdue)} ahead"


def terms(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str:
    if not row["proposals_sent"]:
        return "no proposal sent so far"
    sent = f"{many(row['proposals_sent'], 'proposal')} sent, the latest {days(row['days_since_proposal'])} ago"
    cut = row["price_change_share"]
    return sent if np.isnan(cut) or cut > -0.005 else f"{sent}; the price was cut by {-cut:.0%}"


def logging(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if np.isnan(row["owner_logged_share"]):
        return None
    return f"something was recorded in {row['owner_logged_share']:.0%} of the weeks of the owner's deals"


def rhythm(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if np.isnan(row["waiting_over_usual"]):
        return None
    usual = max((row["waiting_days"] + 1) / row["waiting_over_usual"] - 1, 1)
    return f"our latest message has waited {days(row['waiting_days'])}; what is sent at that hour of the week is usually answered within {days(usual)}"


def spells(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if not row["quiet_spells_survived"] >= 1:
        return None
    how = "on their own" if row["was_silence_broken_by_buyer"] else "after we had reached out"
    return f"the buyer came back from silence {times(row['quiet_spells_survived'])} before, the last time {how}"


def threads(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if not row["thread_depth_max"] >= 1:
        return None
    if not row["thread_turns_90d"]:
        return "no mail of 90 days answered the other side"
    return f"{many(row['thread_turns_90d'], 'mail')} of 90 days answered the other side; the longest thread has {row['thread_depth_max']:.0f}"


def promises(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str:
    if effect < 0 and row["next_steps_missed"] >= 1:
        return f"{many(row['next_steps_missed'], 'next step')} passed without a word of what became of it"
    if row["next_steps_ahead"] >= 1:
        return f"{many(row['next_steps_ahead'], 'next step')} set"
    return "no next step is set"


def accounts(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if not row["account_deals_closed"] >= 1:
        return None
    return f"{many(row['account_deals_closed'], 'earlier deal')} with the same account"


def owners(row: dict[str, Any], effect: float, stage_names: dict[int, str]) -> str | None:
    if np.isnan(row["owner_quiet_share"]):
        return None
    return f"the owner carries {many(row['owner_open_deals'], 'open deal')}, {row['owner_quiet_share']:.0%} of them quiet"


SENTENCES: dict[str, Callable[[dict[str, Any], float, dict[int, str]], str | None]] = {
    "silence": silence, "direction": direction, "people": people, "meetings": meetings, "stage": stage,
    "close_date": close_date, "terms": terms, "logging": logging, "rhythm": rhythm, "spells": spells, "threads": threads,
    "promises": promises, "accounts": accounts, "owners": owners,
}
