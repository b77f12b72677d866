"""How regular the buyer is, and how long an answer usually takes: in working days, at that hour of the week."""

import numpy as np
import pandas as pd

from dealtriage.features.columns import DAY, MONDAY, WEEK, Floats, Ints, ratio, working_seconds
from dealtriage.features.direction import buyer_words, replies
from dealtriage.features.kernel import EXACT, Bucket
from dealtriage.features.registry import feature, weekly
from dealtriage.features.silence import signal_gaps
from dealtriage.features.weeks import next_monday, sums

PARTS_OF_DAY = 4
SHRINK = 20.0


@feature("log days", missing="fewer than three buyer signals")
def gap_irregularity(q: Bucket) -> Floats:
    """How irregular the gaps between this deal's buyer signals are: (population) standard deviation of log(1 + days), 0 = like
    a clock."""
    return q.spread(np.log1p(signal_gaps(q)))


@feature("working days", missing="the buyer never answered a message")
def buyer_reply_working_days(q: Bucket) -> Floats:
    """How long the buyer usually takes to answer the seller's latest message, Saturdays and Sundays not counted (geometric mean)."""
    return q.typical(working_days(q, replies(q, buyer_words(q), q.is_seller_message)))


def working_days(q: Bucket, waited: Floats) -> Floats:
    """Of a wait that ended with each fact (in days, NaN = none), the part from Monday to Friday."""
    end = q.occurred + q.start
    start = end - np.round(np.nan_to_num(waited) * DAY).astype(np.int64)
    return np.where(np.isnan(waited), np.nan, (working_seconds(end) - working_seconds(start)) / DAY)


@feature("days", missing="no message of ours awaits an answer")
def waiting_days(q: Bucket) -> Floats:
    """Days since our latest message, when no buyer signal became known since it did."""
    waits = q.count_since(q.is_seller_message, q.is_signal) > 0
    return np.where(waits, q.days_since(q.is_seller_message), np.nan)


@weekly
def replies_by_hour(q: Bucket) -> pd.DataFrame:
    """The buyers' answers by weekday and quarter of the day of the message they answer: how many, and the log of the days they took."""
    waited = replies(q, buyer_words(q), q.is_seller_message)
    sent = np.append(q.latest_occurrence(q.is_seller_message), 0)[q.previous(q.is_seller_message)] + q.start
    log_days = np.round(np.log1p(np.nan_to_num(waited)) * EXACT)
    return sums(hour_of_week(sent), next_monday(q.known + q.start), ~np.isnan(waited), replies=1, log_days=log_days)


def hour_of_week(instant: Ints) -> Ints:
    """Weekday and quarter of the day (UTC) as one number from 0 to 27."""
    return (instant - MONDAY) % WEEK // (DAY // PARTS_OF_DAY)


@feature("ratio", missing="no message of ours awaits an answer, or no answer of any buyer is known", trend=-1)
def waiting_over_usual(q: Bucket) -> Floats:
    """waiting_days over the days after which messages sent on that weekday and quarter of the day are usually answered, both plus
    one. Usual: geometric mean of all buyers' answers known by the last Monday, shrunk towards that of all hours by 20 answers."""
    waited = waiting_days(q)
    sent = q.as_of + q.start - np.round(np.nan_to_num(waited) * DAY).astype(np.int64)
    hour = np.where(np.isnan(waited), -1, hour_of_week(sent))
    overall = ratio(q.by_then("replies_by_hour", "log_days"), q.by_then("replies_by_hour", "replies"))
    here, number = q.by_then("replies_by_hour", "log_days", hour), q.by_then("replies_by_hour", "replies", hour)
    usual = np.expm1((here + SHRINK * overall) / (number + SHRINK) / EXACT)
    return (waited + 1) / (usual + 1)
