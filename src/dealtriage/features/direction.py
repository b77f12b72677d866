"""Who writes, who waits, who starts: the balance between buyer and seller."""

import numpy as np

from dealtriage.features.columns import Flags, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature

HAND_DAYS = 90
SHRINK = 3.0


@feature("count")
def buyer_signals_7d(q: Bucket) -> Floats:
    """Buyer signals that became known in the last 7 days."""
    return q.count(q.is_signal, 7)


@feature("count")
def buyer_signals_14d(q: Bucket) -> Floats:
    """Buyer signals that became known in the last 14 days."""
    return q.count(q.is_signal, 14)


@feature("count")
def buyer_signals_30d(q: Bucket) -> Floats:
    """Buyer signals that became known in the last 30 days."""
    return q.count(q.is_signal, 30)


@feature("count")
def buyer_signals_90d(q: Bucket) -> Floats:
    """Buyer signals that became known in the last 90 days."""
    return q.count(q.is_signal, 90)


@feature("count")
def seller_touches_7d(q: Bucket) -> Floats:
    """Times the seller reached out or worked with the buyer, known in the last 7 days."""
    return q.count(q.is_touch, 7)


@feature("count")
def seller_touches_14d(q: Bucket) -> Floats:
    """Times the seller reached out or worked with the buyer, known in the last 14 days."""
    return q.count(q.is_touch, 14)


@feature("count")
def seller_touches_30d(q: Bucket) -> Floats:
    """Times the seller reached out or worked with the buyer, known in the last 30 days."""
    return q.count(q.is_touch, 30)


@feature("count")
def seller_touches_90d(q: Bucket) -> Floats:
    """Times the seller reached out or worked with the buyer, known in the last 90 days."""
    return q.count(q.is_touch, 90)


def trend(recent: Floats, before: Floats) -> Floats:
    """log of the rate of 30 days against the rate of the 90 days before them, one added to both counts of 30 days."""
    return np.log((recent + 1) / (before / 3 + 1))


@feature("log ratio", low=None, trend=1)
def buyer_signals_trend(q: Bucket) -> Floats:
    """Whether the buyer makes more or less of an effort: buyer signals of the last 30 days against a third of those of the 90 days
    before, one added to both, as a logarithm. -0.7 = half as many."""
    return trend(q.count(q.is_signal, 30), q.count(q.is_signal, 120) - q.count(q.is_signal, 30))


@feature("log ratio", low=None)
def seller_touches_trend(q: Bucket) -> Floats:
    """Whether the seller pulls harder: touches of the last 30 days against a third of those of the 90 days before, as a logarithm,
    one added to both."""
    return trend(q.count(q.is_touch, 30), q.count(q.is_touch, 120) - q.count(q.is_touch, 30))


@feature("days", missing="the seller never reached out")
def days_since_seller_touch(q: Bucket) -> Floats:
    """Days since the seller last reached out or worked with the buyer."""
    return q.days_since(q.is_touch)


def buyer_words(q: Bucket) -> Flags:
    """Facts in which the buyer spoke: mail and calls in, documents returned."""
    return q.is_kind("email_in", "call_in", "document_in")


def replies(q: Bucket, by: Flags, to: Flags) -> Floats:
    """For each fact `by` one side that answers the other, the days the other waited; NaN where it answers nothing.

    It answers when a message of the other side came since this side's previous one.
    """
    other, own = q.previous(to), q.previous(by)
    return np.where(by & (other > own), q.days_after(by, to), np.nan)


@feature("days", missing="the buyer never answered a message")
def buyer_reply_days(q: Bucket) -> Floats:
    """How long the buyer usually takes to answer the seller's latest message (geometric mean)."""
    return q.typical(replies(q, buyer_words(q), q.is_seller_message))


@feature("days", missing="the seller never answered a message")
def seller_reply_days(q: Bucket) -> Floats:
    """How long the seller usually takes to answer the buyer's latest message (geometric mean)."""
    return q.typical(replies(q, q.is_seller_message, buyer_words(q)))


@feature("days", missing="the buyer answered no message in 90 days")
def buyer_reply_days_90d(q: Bucket) -> Floats:
    """How long the buyer took to answer in the last 90 days (geometric mean)."""
    return q.typical(replies(q, buyer_words(q), q.is_seller_message), HAND_DAYS)


@feature("count")
def unanswered_messages(q: Bucket) -> Floats:
    """Seller messages since the last buyer signal: chasing without an answer."""
    return q.count_since(q.is_seller_message, q.is_signal)


@feature("count")
def inbound_threads_90d(q: Bucket) -> Floats:
    """Mail threads that the buyer opened in the last 90 days."""
    return q.count(thread_starts(q) & q.is_kind("email_in"), HAND_DAYS)


def thread_starts(q: Bucket) -> Flags:
    """Messages that are the first of their thread in this deal."""
    return q.is_first_of(q.thread.codes, q.is_kind("email_in", "email_out"))


@feature("score", low=-1, high=1, trend=1)
def hand_90d(q: Bucket) -> Floats:
    """Who does the work in the relationship over 90 days: who starts threads, who writes, who is made to wait; mean of
    three shares shrunk towards 0. Near 0 a partnership, below -0.33 the seller chases, above 0.33 the buyer chases."""
    written = balance(q.count(buyer_words(q), HAND_DAYS), q.count(q.is_seller_message, HAND_DAYS))
    started = balance(q.count(thread_starts(q) & q.is_kind("email_in"), HAND_DAYS),
                      q.count(thread_starts(q) & q.is_kind("email_out"), HAND_DAYS))
    return (written + started + waiting(q)) / 3


def balance(buyer: Floats, seller: Floats) -> Floats:
    """(buyer - seller) / (buyer + seller), shrunk towards 0 where there is little of both."""
    return (buyer - seller) / (buyer + seller + SHRINK)


def waiting(q: Bucket) -> Floats:
    """Positive where the buyer is the one kept waiting; 0 where either side has answered nothing."""
    answers_in = replies(q, buyer_words(q), q.is_seller_message)
    answers_out = replies(q, q.is_seller_message, buyer_words(q))
    ours, theirs = q.typical(answers_out, HAND_DAYS), q.typical(answers_in, HAND_DAYS)
    number = q.count(~np.isnan(answers_in), HAND_DAYS) + q.count(~np.isnan(answers_out), HAND_DAYS)
    share = np.divide(ours - theirs, ours + theirs, out=np.zeros(len(ours)), where=(ours + theirs) > 0)
    return np.nan_to_num(share) * number / (number + SHRINK)
