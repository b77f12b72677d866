"""What every export of the company has that no analysis wants: twins, test deals, orphans, values nobody can read."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

DELETED_EVERY, DELETED_AT = 100, 7  # one deal in so many was entered twice; the twin is deleted
MERGED_EVERY, MERGED_AT = 100, 57  # one in so many was entered twice; the twin was merged into it
TEST_EVERY, TEST_AT = 250, 11  # one in so many brings a test deal along
ORPHAN_EVERY, ORPHAN_AT = 50, 13  # one in so many leaves activities of a deal that is gone
JUNK = 80_000_000  # numbers of records that are none
TEST_ACCOUNT = "Test Account"
STALE_LINKS = 0.3  # share of a merged contact's rows that still carry the old id
BAD_DATES = ("0000-00-00 00:00:00", "2025-02-31 09:00:00", "31.12.", "#REF!")
BAD_AMOUNTS = ("n/a", "12,5,00", "tbd", "#VALUE!")


def has_deleted_twin(number: int) -> bool:
    return number % DELETED_EVERY == DELETED_AT


def has_test_deal(number: int) -> bool:
    return number % TEST_EVERY == TEST_AT


def has_orphans(number: int) -> bool:
    return number % ORPHAN_EVERY == ORPHAN_AT


def twin(number: int) -> int:
    """The number of a deal's twin, deleted or merged away."""
    return JUNK + number * 2


def merged_twins(number: int) -> list[int]:
    """The numbers of the deals that were merged into this one: none for most, else one or two."""
    if number % MERGED_EVERY != MERGED_AT:
        return []
    return [twin(number)] if keeps_merged_twin(number) else [twin(number), JUNK * 3 + number]


def keeps_merged_twin(number: int) -> bool:
    """Whether the deal that was merged into this one is still listed, as deleted."""
    return number % (2 * MERGED_EVERY) == MERGED_AT


def test_deal(number: int) -> int:
    """The number of the test deal that a deal brings along."""
    return JUNK + number * 2 + 1


def gone(number: int) -> int:
    """The number of a deal that is in no table."""
    return JUNK * 2 + number


def spoil(row: dict[str, Any], bad: Mapping[str, Sequence[str]], rng: random.Random, share: float) -> None:
    """With chance `share`, put a value nobody can read into one of the columns that `bad` names."""
    if bad and rng.random() < share:
        column = rng.choice(list(bad))
        row[column] = rng.choice(bad[column])
