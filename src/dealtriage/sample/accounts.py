"""Buying firms and their people, each drawn from its own number so that any chunk can redraw them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from .rates import Rates
from .words import DEPARTMENTS, FIRST_NAMES, TITLES, TRADES, plain, surname

SLOTS = 8  # contact numbers set aside for each account
MERGED = 7  # the slot of a contact that was merged into the first one


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a buying firm; `slot` 0 is the usual champion."""

    number: int
    slot: int
    first: str
    last: str
    email: str
    title: str
    department: str


@dataclass(frozen=True, slots=True)
class Account:
    """A buying firm."""

    number: int
    name: str
    domain: str
    trade: str
    employees: int
    in_euro: bool
    fiscal_month: int  # 1 to 12, when its budget year starts
    age_days: float  # how long before the window it was entered
    contacts: tuple[Contact, ...]
    has_merged: bool
    has_merged_contact: bool

    @property
    def merged_number(self) -> int:
        """The number of the duplicate that was merged into this account."""
        return 50_000_000 + self.number

    @property
    def merged_contact_number(self) -> int:
        """The number of the duplicate that was merged into the account's first contact."""
        return self.number * SLOTS + MERGED


def account_of(deal: int, rng: random.Random) -> int:
    """The number of the account a deal is with: every third deal is with an older account."""
    accounts = deal - deal // 3
    return rng.randrange(accounts) if deal % 3 == 2 else accounts


def accounts_brought(first: int, last: int) -> range:
    """Numbers of the accounts that deals `first` to `last` (exclusive) bring in."""
    return range(first - first // 3, last - last // 3)


@lru_cache(maxsize=4096)
def draw_account(seed: int, number: int, rates: Rates) -> Account:
    """The account with this number."""
    rng = random.Random(f"{seed}:account:{number}")
    trade = rng.choice(TRADES)
    stem = surname(rng)
    domain = f"{plain(stem)}{number}.example"
    people = 1 + min(5, int(rng.expovariate(0.55)))
    return Account(
        number=number,
        name=f"{stem} {trade}",
        domain=domain,
        trade=trade,
        employees=int(rng.lognormvariate(5.2, 1.1)) + 5,
        in_euro=rng.random() < rates.euro_share,
        fiscal_month=rng.choice((1, 1, 1, 1, 4, 7, 10)),
        age_days=rng.expovariate(1 / 400) + 2,
        contacts=tuple(_contact(rng, number, slot, domain) for slot in range(people)),
        has_merged=rng.random() < rates.dirt.merged_accounts,
        has_merged_contact=rng.random() < rates.dirt.merged_contacts,
    )


def _contact(rng: random.Random, account: int, slot: int, domain: str) -> Contact:
    first, last = rng.choice(FIRST_NAMES), surname(rng)
    return Contact(
        number=account * SLOTS + slot,
        slot=slot,
        first=first,
        last=last,
        email=f"{plain(first)}.{plain(last)}@{domain}",
        title=rng.choice(TITLES),
        department=rng.choice(DEPARTMENTS),
    )
