"""docs/data-dictionary.md, made from the registry and the schemas."""

from dealtriage.features.registry import SUBJECTS, features
from dealtriage.schemas import CORE, FACTS, Table

HEAD = """# Data dictionary

Made by `dealtriage dictionary` from the code; a test compares them. All times are UTC. Every feature of a deal and an
as-of date sees only facts with `known_at` before that date; windows count by `known_at`, "days since" by `occurred_at`.

## Features

"""


def dictionary() -> str:
    """The whole document."""
    lines = [HEAD.rstrip("\n"), ""]
    for subject in SUBJECTS:
        lines += [f"### {subject.replace('_', ' ')}", "", "| feature | meaning | unit | range | empty when |",
                  "| --- | --- | --- | --- | --- |"]
        for one in features():
            if one.subject == subject:
                lines.append(f"| `{one.name}` | {one.meaning} | {one.unit} | {_range(one.low, one.high)} | {one.missing} |")
        lines.append("")
    lines += ["## Tables", "", "A column is *immutable*, *historised* (its value at any date is known) or *overwritten* "
              "(only its newest value is kept: never read by what trains).", ""]
    for table in (*CORE, FACTS):
        lines += _table(table)
    return "\n".join(lines)


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any"
    return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip() if high is not None else f"from {low:g}"


def _table(table: Table) -> list[str]:
    lines = [f"### {table.name}", "", f"Sorted by {', '.join(table.key)}.", "", "| column | type | kept | may be empty |",
             "| --- | --- | --- | --- |"]
    lines += [f"| `{c.name}` | {c.type} | {c.permanence} | {'yes' if c.nullable else 'no'} |" for c in table.columns]
    return [*lines, ""]
