"""The page docs/what-is-read.md, written from what the sources declare."""

from dealtriage.sources.declared import RawTable
from dealtriage.sources.reading import CRMS, crm_of

HEAD = """# What is read

Every table and column that dealtriage reads, per CRM; what is not listed is not read, and cannot reach a model. Written by
`dealtriage dictionary` from the declarations in `src/dealtriage/sources`.

*immutable*: never changes after the row appears. *historised*: its changes are kept with their times, or its newest value has a
time of its own. *overwritten*: only the newest value is there; it is used on the export day alone. **Bold**: the table cannot be read
without it.
"""


def what_is_read() -> str:
    """The page, as Markdown."""
    return "\n".join([HEAD, *(line for name in CRMS for line in _crm(name))]) + "\n"


def _crm(name: str) -> list[str]:
    crm = crm_of(name)
    return [f"## {crm.title}", "", *(line for table in crm.tables for line in _table(table))]


def _table(table: RawTable) -> list[str]:
    also = [f"`{other}`" for other in table.names[1:] if other != "*"]
    needed = "needed" if table.is_needed else f"without it, {table.cost}" if table.cost else "taken where it is there"
    lines = [f"### {table.name}", "", f"{needed}{'; also called ' + ', '.join(also) if also else ''}", ""]
    for permanence in ("immutable", "historised", "overwritten"):
        columns = [c for c in table.columns if c.permanence == permanence and not c.name.startswith("_")]
        if columns:
            told = ", ".join(f"**{c.name}**" if c.is_required else c.name for c in columns)
            lines.append(f"* {permanence}: {told}")
    return [*lines, ""]
