"""Mail threads: how deep the talk goes, and whether it goes both ways."""

import numpy as np

from dealtriage.features.columns import Flags, Floats, Ints
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature


def mails(q: Bucket) -> Flags:
    """Mails in and out that belong to a thread."""
    return q.is_kind("email_in", "email_out") & (q.thread.codes >= 0)


def depths(q: Bucket) -> Floats:
    """For each mail, how many mails its thread has in this deal up to it."""
    return q.number_of_same(q.thread.codes, mails(q)).astype(np.float64)


def turns(q: Bucket) -> Flags:
    """Mails that answer the other side: the mail before them in their thread went the other way."""
    before: Ints = q.previous_same(q.thread.codes, mails(q))
    incoming = q.is_kind("email_in")
    return (before >= 0) & (np.append(incoming, False)[before] != incoming)


@feature("count")
def thread_depth_max(q: Bucket) -> Floats:
    """Mails in the longest thread."""
    return np.nan_to_num(q.largest(mails(q), depths(q)))


@feature("count", missing="no mail belongs to a thread")
def thread_depth_latest(q: Bucket) -> Floats:
    """Which mail of its thread the latest mail is, 1 = it began one."""
    return q.last(mails(q), depths(q))


@feature("count")
def thread_turns_90d(q: Bucket) -> Floats:
    """Mails of the last 90 days that answered the other side in the same thread."""
    return q.count(turns(q), 90)


@feature("count")
def threads_90d(q: Bucket) -> Floats:
    """Different mail threads with a mail in the last 90 days."""
    return q.distinct(q.thread.codes, mails(q), 90)
