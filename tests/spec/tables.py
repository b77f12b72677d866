"""Reads the tables of tests/spec/features/*.md: what happened to some deals on some days, and a feature's value for each.

A section `## name` holds tables. The first column names a deal, a column headed `10 Feb` (of 2024; `31 Dec 2023`) holds what
happened that day, a column headed `asked 1 Mar` the feature's value at 00:00 of that day: a number, `empty`, or nothing (not
asked). All deals of a table live side by side; each was created on 1 January by `rep` unless a cell says `deal_created`.

A cell holds facts, `;` between them: a kind, then as needed `at 17:00`, `logged 2 Mar`, `by anna` (contact), `of kim` (owner),
`in t1` (thread), `due 6 Mar`, `as demo` (the activity: a plan and what became of it have the same), a value `3` or a change
`1 -> 3`, a text in quotes, `by system` for a program.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from tests.conftest import make_facts

FOLDER = Path(__file__).parent / "features"
NUMBER = r"-?[\d.]+(?:e\d+)?"
OPTIONS = {
    "label": r'"([^"]*)"', "at": r"at (\d\d:\d\d)", "logged": r"logged (\d+ \w{3}(?: \d{4})?)", "contact_id": r"by (\w+)", "owner_id": r"of (\w+)",
    "thread_id": r"in (\w+)", "due_at": r"due (\d+ \w{3}(?: \d{4})?)", "activity": r"as (\w+)",
    "change": rf"({NUMBER} -> {NUMBER})", "value": rf"(?<![\w:])({NUMBER})(?![\w:])",
}


@dataclass(frozen=True)
class Spec:
    """One table: the feature, where it stands, its facts, and the expected values by as-of date and deal."""

    feature: str
    place: str
    facts: pd.DataFrame
    expected: dict[datetime, dict[str, float]]


def read_specs() -> list[Spec]:
    """Every table of every page."""
    return [spec for page in sorted(FOLDER.glob("*.md")) for spec in specs_of(page.read_text("utf-8"), page.name)]


def specs_of(text: str, page: str) -> list[Spec]:
    """The tables of one page."""
    found = []
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        name = section.split("\n", 1)[0].strip()
        tables = re.findall(r"(?:^\|.*\|[ ]*\n)+", section + "\n", flags=re.M)
        found += [_spec(name, f"{page}: {name}, table {number}", table) for number, table in enumerate(tables, start=1)]
    return found


def _spec(name: str, place: str, table: str) -> Spec:
    header, _, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()]
    facts, expected = [], {}
    for deal, *cells in rows:
        told = [fact for head, cell in zip(header[1:], cells, strict=True) if not head.startswith("asked")
                for fact in _facts(deal, head, cell, place)]
        if not any(fact["kind"] == "deal_created" for fact in told):
            told.insert(0, {"deal_id": deal, "kind": "deal_created", "occurred_at": datetime(2024, 1, 1), "owner_id": "rep"})
        facts += told
        for head, cell in zip(header[1:], cells, strict=True):
            if head.startswith("asked") and cell:
                expected.setdefault(_day(head.removeprefix("asked ")), {})[deal] = np.nan if cell == "empty" else float(cell)
    return Spec(name, place, make_facts(facts), expected)


def _facts(deal: str, head: str, cell: str, place: str) -> list[dict]:
    return [_fact(deal, _day(head), text.strip(), place) for text in cell.split(";") if text.strip()]


def _fact(deal: str, day: datetime, text: str, place: str) -> dict:
    kind, _, rest = text.partition(" ")
    given = {}
    for option, pattern in OPTIONS.items():
        if match := re.search(pattern, rest):
            given[option], rest = match[1], rest[: match.start()] + rest[match.end():]
    if rest.strip():
        raise ValueError(f"{place}: cannot read {rest.strip()!r} in the cell {text!r}")
    clock = datetime.strptime(given.pop("at", "00:00"), "%H:%M")
    occurred = day + timedelta(hours=clock.hour, minutes=clock.minute)
    fact: dict = {"deal_id": deal, "kind": kind, "occurred_at": occurred}
    if "logged" in given:
        fact["known_at"] = _day(given.pop("logged"))
    if "due_at" in given:
        fact["due_at"] = _day(given.pop("due_at"))
    if "activity" in given:
        fact["fact_id"] = given.pop("activity") + ("#plan" if kind.endswith("_planned") else "")
    if "change" in given:
        fact["value_before"], fact["value"] = (float(number) for number in given.pop("change").split(" -> "))
    if "value" in given:
        fact["value"] = float(given.pop("value"))
    if given.get("contact_id") == "system":
        given.pop("contact_id")
        fact |= {"actor": "system", "is_seller_touch": False}
    return fact | given


def _day(text: str) -> datetime:
    return datetime.strptime(text if text[-4:].isdigit() else f"{text} 2024", "%d %b %Y")
