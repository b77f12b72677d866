"""A doctor's report as one screen of text."""

from collections.abc import Iterable, Iterator

from dealtriage.doctor.examine import Report, TableReport
from dealtriage.params import source_block

MOST_LINES = 8


def as_text(report: Report) -> str:
    """The report for a terminal: what this is, what is there and what is not, what is odd, and the params to paste."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.path}: {report.title + ', ' + report.form if report.crm else 'not known'}"
    if report.problem:
        yield from ("", f"PROBLEM: {report.problem}.", f"  What to do: {report.next_step}")
    if report.looked_for:
        yield from ("", "looked for", *(f"  {title:<12} {', '.join(needs)}" for title, needs in report.looked_for.items()))
        yield from ("", "found", *_some(f"  {told}" for told in report.not_used))
        return
    if report.deals:
        yield from ("", f"{report.deals:,} deals, {report.open_deals:,} of them open; from {report.first_fact} to {report.last_fact} UTC")
    yield from ("", "tables", *(_table(table) for table in report.tables))
    if report.not_there:
        yield from ("", "not there, and what it costs", *(f"  {name:<24} {cost}" for name, cost in report.not_there.items()))
    if report.not_used:
        yield from ("", "not used: " + ", ".join(_some(report.not_used)))
    if report.deals:
        yield from ("", "history", *(_some(f"  {line}" for line in report.history) or ["  complete, as far as can be told"]))
        yield from ("", "worth a look", *(_some(f"  {line}" for line in report.suspicious) or ["  nothing odd"]))
    if report.quarantined:
        yield from ("", "cannot be used", *_some(f"  {n:>9,} {what}" for what, n in report.quarantined.items()))
    if report.activities:
        yield from ("", "activities", *(f"  {n:>9,} {name}" for name, n in list(report.activities.items())[:40]))
    yield from ("", "for params.yaml", *(f"  {line}" for line in source_block(report.params).splitlines()))
    if "://" in report.path or ":/" in report.path:
        yield "  # better: write the URL into a file data/raw/<name>.url and name that file as path; params.yaml is tracked and logged"


def _table(table: TableReport) -> str:
    files = table.files[0] if len(table.files) == 1 else f"{len(table.files)} files: {table.files[0]}, ..."
    lack = f"; LACKS {', '.join(table.missing_required)}" if table.missing_required else ""
    lack += f"; without {', '.join(table.missing)}" if table.missing else ""
    return f"  {table.table:<24} {table.rows:>9,} rows  {files}{' (' + table.written + ')' if table.written else ''}{lack}"


def _some(lines: Iterable[str]) -> list[str]:
    told = list(lines)
    return told if len(told) <= MOST_LINES else [*told[:MOST_LINES], f"  ... and {len(told) - MOST_LINES} more (--json tells all)"]
