"""Names from a CRM are hostile input: made safe as spreadsheet cells and as file names."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

LONGEST_CELL = 300
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
DIRECTION_MARKS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])


def safe_line(text: object, longest: int = 2000) -> str:
    """A text on one line: control and direction marks removed, length bounded. Empty for what is missing."""
    if text is None or text != text:
        return ""
    plain = str(text).translate(DIRECTION_MARKS)
    plain = "".join(" " if unicodedata.category(c) == "Cc" else c for c in plain).strip()
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def safe_cell(text: object) -> str:
    """A text that no spreadsheet runs: formula starts are quoted, control and direction marks removed, length bounded."""
    plain = safe_line(text, LONGEST_CELL)
    return f"'{plain}" if unicodedata.normalize("NFKC", plain).startswith(FORMULA_STARTS) else plain


def file_names(people: Iterable[tuple[str, str]], prefix: str) -> dict[str, str]:
    """A file name stem for each (id, name), safe on every file system, different for different ids.

    Only a-z, 0-9 and hyphens remain of a name; people who would share a name get part of their id.
    """
    stems = {who: slug(name) for who, name in people}
    taken = list(stems.values())
    unique = {who: stem if stem and taken.count(stem) == 1 else f"{stem}-{slug(who)}".strip("-") for who, stem in stems.items()}
    seen: dict[str, int] = {}
    for who, stem in sorted(unique.items()):
        seen[stem] = seen.get(stem, 0) + 1
        unique[who] = f"{prefix}-{stem}" if seen[stem] == 1 else f"{prefix}-{stem}-{seen[stem]}"
    return unique


def slug(text: str) -> str:
    """What remains of a name in a file name: a-z, 0-9 and hyphens, at most 60."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def page_name(deal_id: str) -> str:
    """The file name of a deal's page: safe on every file system, different for different ids."""
    return f"{slug(deal_id)[:40] or 'deal'}-{hashlib.blake2b(deal_id.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}.html"
