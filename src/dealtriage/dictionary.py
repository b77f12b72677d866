"""docs/data-dictionary.md, made from the registry, the schemas and the tables that say what each feature means."""

import re
from pathlib import Path

from dealtriage.errors import BadInput
from dealtriage.features.registry import SUBJECTS, Feature, features
from dealtriage.kinds import BUYER_SIGNALS, SELLER_TOUCHES
from dealtriage.schemas import CORE, FACTS, Table

HEAD = """# Data dictionary

Made by `dealtriage dictionary` from the code; a test compares them. All times are UTC. Every feature of a deal and an
as-of date sees only facts with `known_at` before that date; windows count by `known_at`, "days since" by `occurred_at`.

## Features

Under each feature stands one of the tables that its tests read: what happened to some deals on some days, and the feature's value when
asked at 00:00 of a day. The deals of a table live side by side; each was created on 1 January 2024 by `rep` unless a cell says otherwise.
A cell tells kinds of facts, and where they matter when they were logged, by whom, a value or its change.

"""

WORDS = (
    ("buyer signal", BUYER_SIGNALS, ""), ("seller touch", SELLER_TOUCHES, "; not what a program did"),
    ("message of ours", ("email_out", "call_unanswered"), ": it awaits an answer"), ("answer of theirs", ("email_in", "call_in", "document_in"), ""))

SHARES = """A deal is open from its creation, or from its reopening, until it is won, lost or refused. "Latest" means the latest to happen among what is
known. A share that is shrunk towards that of all by ten is (part + 10 * c) / (whole + 10), where c = (part of all + 1) / (whole of all + 2).
"""


def dictionary(specs: Path) -> str:
    """The whole document. `specs`: the folder of the tables, a page per subject with a section `## name` per feature.

    Raises BadInput where a feature has no table.
    """
    tables = {name: table for page in sorted(specs.glob("*.md")) for name, table in first_tables(page.read_text("utf-8")).items()}
    missing = [one.name for one in features() if one.name not in tables]
    if missing:
        raise BadInput(f"No table in {specs} says what {', '.join(missing)} means.", "Write one: docs/add-a-feature.md.")
    words = [f"* {word}: {', '.join(f'`{kind}`' for kind in kinds)}{more}" for word, kinds, more in WORDS]
    lines = [HEAD.rstrip("\n"), "", *words, "", SHARES]
    for subject in SUBJECTS:
        lines += [f"### {subject.replace('_', ' ')}", ""]
        lines += [line for one in features() if one.subject == subject for line in _feature(one, tables[one.name])]
    lines += ["## Tables", "", "A column is *immutable*, *historised* (its value at any date is known) or *overwritten* "
              "(only its newest value is kept: never read by what trains).", ""]
    for table in (*CORE, FACTS):
        lines += _table(table)
    return "\n".join(lines)


def first_tables(page: str) -> dict[str, str]:
    """The first table of each section of a page, by the section's name."""
    found = {}
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        if table := re.search(r"(?:^\|.*\|[ ]*\n?)+", section, flags=re.M):
            found[section.split("\n", 1)[0].strip()] = table[0].strip()
    return found


def _feature(one: Feature, table: str) -> list[str]:
    told = [one.unit, _range(one.low, one.high), one.missing if one.missing == "never empty" else f"empty: {one.missing}"]
    if one.is_optional:
        told.append("optional: a column only where `features.include` names it or its subject")
    return [f"#### `{one.name}`", "", one.meaning, "", f"*{'; '.join(told)}*", "", table, ""]


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any"
    return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip() if high is not None else f"from {low:g}"


def _table(table: Table) -> list[str]:
    lines = [f"### {table.name}", "", f"Sorted by {', '.join(table.key)}.", "", "| column | type | kept | may be empty |",
             "| --- | --- | --- | --- |"]
    lines += [f"| `{c.name}` | {c.type} | {c.permanence} | {'yes' if c.nullable else 'no'} |" for c in table.columns]
    return [*lines, ""]
