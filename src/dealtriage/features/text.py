"""Words in the subjects of mails and notes. Optional: not every company may or wants to read them (`features.include: [text]`).

Only subjects that are written once are read: those of meetings and tasks may be rewritten when the outcome is known.
"""

import numpy as np

from dealtriage.features.columns import Flags, Floats
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import feature

WRITTEN_ONCE = ("email_in", "email_out", "note")
PRICE = r"\b(?:price|pricing|discount|budget|cost|costs|expensive|cheaper)\b"
DELAY = r"\b(?:delay|delayed|postpone|postponed|later|hold|freeze|frozen|next (?:month|quarter|year)|not now|paused?)\b"
RIVAL = r"\b(?:competitor|competing|alternative|alternatives|other vendor|other offer|tender|rfp)\b"
DAYS = 180


def speaks_of(q: Bucket, pattern: str) -> Flags:
    """Mails and notes whose subject matches, in either case."""
    label = q.texts("label")
    hits = label.names.str.contains(pattern, case=False, regex=True).astype(bool)
    return q.is_kind(*WRITTEN_ONCE) & np.append(np.asarray(hits), False)[label.codes]


@feature("count", is_optional=True)
def text_price_180d(q: Bucket) -> Floats:
    """Mails and notes of 180 days whose subject speaks of price, budget or discount (English)."""
    return q.count(speaks_of(q, PRICE), DAYS)


@feature("count", is_optional=True)
def text_delay_180d(q: Bucket) -> Floats:
    """Mails and notes of 180 days whose subject speaks of waiting: later, on hold, next quarter (English)."""
    return q.count(speaks_of(q, DELAY), DAYS)


@feature("count", is_optional=True)
def text_rival_180d(q: Bucket) -> Floats:
    """Mails and notes of 180 days whose subject speaks of another offer: a competitor, an alternative, a tender (English)."""
    return q.count(speaks_of(q, RIVAL), DAYS)
