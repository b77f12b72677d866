"""What the CRM was told wrongly at first, or what has changed since: accounts of deals, titles of people.

Drawn apart from the lives of the deals, so that these stay as they are; the present values are those of `accounts`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .accounts import Account, Contact, accounts_brought, draw_account
from .life import Life

WRONG_EVERY, WRONG_AT = 64, 29  # one deal in so many was opened on another account
WRONG_DAYS = (1.0, 10.0)  # after which it was put right
PROMOTED_SHARE = 0.08  # of contacts, within the window
FORMER = {
    "CFO": "Controller", "COO": "Head of Operations", "Head of Operations": "Plant Manager", "Plant Manager": "Shift Lead",
    "IT Manager": "IT Specialist", "Controller": "Accountant", "Project Lead": "Project Engineer", "Buyer": "Junior Buyer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrongAccount:
    """The account that a deal was opened on, and when it got its own."""

    account: Account
    at: float


@dataclass(frozen=True, slots=True)
class Promotion:
    """The title that someone had, and when they got the present one."""

    title: str
    at: float


def wrong_account(life: Life, seed: int) -> WrongAccount | None:
    """The other account that a deal was opened on, if it was and somebody noticed while it was open."""
    if life.number % WRONG_EVERY != WRONG_AT:
        return None
    rng = random.Random(f"{seed}:wrong account:{life.number}")
    others = [number for number in accounts_brought(0, life.number + 1) if number != life.account.number]
    at = life.created + rng.uniform(*WRONG_DAYS)
    if not others or at >= min(life.end, life.closed_at or life.end):
        return None
    return WrongAccount(draw_account(seed, rng.choice(others), life.rates), at)


def promotion(contact: Contact, seed: int, start: float, end: float) -> Promotion | None:
    """The last step up of a contact between `start` and `end`, if there was one."""
    rng = random.Random(f"{seed}:promotion:{contact.number}")
    if rng.random() >= PROMOTED_SHARE:
        return None
    return Promotion(FORMER[contact.title], rng.uniform(start, end))
