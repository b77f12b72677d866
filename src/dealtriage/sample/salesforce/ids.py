"""Salesforce record ids: 15 base-62 characters and a three-character checksum."""

from __future__ import annotations

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
POD = "7E"  # the two characters every id of one org shares
FIRST = 7_862_017  # an org that is some years old does not start counting at zero

PREFIXES = {
    "Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "OpportunityHistory": "008",
    "OpportunityFieldHistory": "017", "OpportunityContactRole": "00K", "UserRole": "00E", "Task": "00T",
    "Event": "00U", "EmailMessage": "02s", "Quote": "0Q0", "OpportunityStage": "01J", "CurrencyType": "01L",
    "ContactHistory": "03j",
}  # fmt: skip


def checksum(id15: str) -> str:
    """The three characters that make a 15-character id safe to compare without case.

    >>> checksum("0067E0000028LZP")
    'QA2'
    """
    chars = []
    for start in (0, 5, 10):
        bits = sum(1 << j for j, char in enumerate(id15[start : start + 5]) if "A" <= char <= "Z")
        chars.append(CHECKS[bits])
    return "".join(chars)


def extend(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    return id15 + checksum(id15)


def base62(number: int, width: int) -> str:
    """`number` in base 62, padded with zeros to `width` characters."""
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text.rjust(width, "0")


@lru_cache(maxsize=4096)
def make_id(table: str, number: int) -> str:
    """The 18-character id of the `number`-th record of `table`."""
    return extend(PREFIXES[table] + POD + base62(FIRST + number, 10))


class IdSequence:
    """Hands out one table's ids in order; keeps the part that 62 neighbours share."""

    def __init__(self, table: str, number: int = 0) -> None:
        self._head = PREFIXES[table] + POD
        self._next = FIRST + number
        self._block = -1
        self._stem = ""
        self._check = ""
        self._bits = 0

    def take(self) -> str:
        """The next 18-character id."""
        block, digit = divmod(self._next, 62)
        if block != self._block:
            self._open(block)
        self._next += 1
        bits = self._bits | (16 if 10 <= digit < 36 else 0)
        return self._stem + DIGITS[digit] + self._check + CHECKS[bits]

    def _open(self, block: int) -> None:
        self._block = block
        self._stem = self._head + base62(block, 9)
        whole = checksum(self._stem + "0")
        self._check, self._bits = whole[:2], CHECKS.index(whole[2])
