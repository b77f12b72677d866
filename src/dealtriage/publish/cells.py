"""Names from a CRM are hostile input: made safe as spreadsheet cells and as file names."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from itertools import count

LONGEST_CELL = 300
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
DIRECTION_MARKS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])


def safe_line(text: object, longest: int = 2000) -> str:
    """A text on one line: control and direction marks removed, length bounded. Empty for what is missing."""
    if text is None or text != text:
        return ""
    plain = str(text).translate(DIRECTION_MARKS)
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in plain).strip()
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def safe_cell(text: object) -> str:
    """A text that no spreadsheet runs: formula starts are quoted, control and direction marks removed, length bounded."""
    plain = safe_line(text, LONGEST_CELL)
    return f"'{plain}" if unicodedata.normalize("NFKC", plain).startswith(FORMULA_STARTS) else plain


def csv_cell(text: str) -> str:
    """A text as one field of a CSV line, on one line."""
    plain = safe_line(text, 1000)
    return '"' + plain.replace('"', '""') + '"' if any(sign in plain for sign in ',"') or plain != plain.strip() else plain


def file_names(people: Iterable[tuple[str, str]], prefix: str) -> dict[str, str]:
    """A file name stem for each (id, name), safe on every file system, different for different ids.

    Only a-z, 0-9 and hyphens remain of a name; people who would share a name get part of their id.
    """
    stems = {who: slug(name) for who, name in people}
    taken = list(stems.values())
    unique = {who: stem if stem and taken.count(stem) == 1 else f"{stem}-{slug(who)}".strip("-") for who, stem in stems.items()}
    given: dict[str, str] = {}
    for who, stem in sorted(unique.items()):
        choices = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
        given[who] = next(one for one in choices if one not in given.values() and (one == stem or one not in unique.values()))
    return {who: f"{prefix}-{stem}" for who, stem in given.items()}


def slug(text: str) -> str:
    """What remains of a name in a file name: a-z, 0-9 and hyphens, at most 60."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def page_name(deal_id: str) -> str:
    """The file name of a deal's page: safe on every file system, different for different ids."""
    return f"{slug(deal_id)[:40] or 'deal'}-{hashlib.blake2b(deal_id.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}.html"
