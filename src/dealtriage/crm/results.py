"""The files that Data Loader and Bulk API 2.0 return: how many rows went in, why others did not, which are worth another try."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dealtriage.crm.answers import answer_to, code_of
from dealtriage.errors import BadInput
from dealtriage.publish.cells import safe_line
from dealtriage.tables import write_text

OURS = {"sf__id", "sf__created", "sf__error", "status", "error"}
AGAIN = {"now": "worth another try", "then": "worth another try once that is done", "never": "not worth another try"}
SHOWN = 160


@dataclass(frozen=True)
class Row:
    """A row that came back: its cells as they were sent, without what the importer added. error: "" where it went in."""

    id: str
    cells: dict[str, str]
    error: str

    @property
    def code(self) -> str:
        return code_of(self.error)


def read_results(files: Iterable[Path]) -> list[Row]:
    """The rows of success, error, successfulResults, failedResults and unprocessedRecords files.

    Raises BadInput where a file is none of them.
    """
    return [row for path in files for row in _rows(path)]


def told(rows: list[Row], retry: Path) -> str:
    """How many went in, how many failed by error and what to do next; writes the rows worth another try to `retry`, if there are any.

    A row that went in by another of the files counts as gone in, not as failed.
    """
    well = {row.id for row in rows if not row.error}
    failed = [row for row in rows if row.error and row.id not in well]
    again = {row.id: row for row in failed if answer_to(row.code).again != "never"}
    lines = [f"{len(well):,} went in, {len({row.id for row in failed}):,} did not."]
    for code, count in Counter(row.code for row in failed).most_common():
        example, answer = next(row for row in failed if row.code == code), answer_to(code)
        lines += [f"\n{count:,} x {code or 'another error'}", f"  e.g. {safe_line(example.id, 40)}: {safe_line(example.error, SHOWN)}",
                  f"  What to do: {answer.step} ({AGAIN[answer.again]}).", ]
    if again:
        _write(list(again.values()), retry)
        lines.append(f"\n{retry} holds the {len(again):,} worth another try; load it like the first file.")
    return "\n".join(lines) + "\n"


def _write(rows: list[Row], path: Path) -> None:
    out = io.StringIO(newline="")
    header = list(dict.fromkeys(name for row in rows for name in row.cells))
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells for row in rows)
    write_text(path, out.getvalue())


def _rows(path: Path) -> list[Row]:
    lines = csv.reader(io.StringIO(_text(path), newline=""))
    header = next(lines, [])
    names = [name.strip().casefold() for name in header]
    if not header:
        return []  # Bulk API answers with nothing where there is nothing
    if "id" not in names or not (set(names) & (OURS - {"sf__id"}) or "unprocessed" in path.name.casefold()):
        raise BadInput(f"{path} is no result file: its columns are {safe_line(', '.join(header), SHOWN)}.",
                       "Give Data Loader's success and error files, or Bulk API's successfulResults, failedResults and unprocessedRecords.")
    return [_row(header, names, cells, path) for cells in lines if cells]


def _row(header: list[str], names: list[str], cells: list[str], path: Path) -> Row:
    if len(cells) != len(header):
        raise BadInput(f"{path} has a row of {len(cells)} cells under {len(header)} columns.", "Give the file as the importer wrote it.")
    by_name = dict(zip(names, cells, strict=True))
    sent = {name: cell for name, cell in zip(header, cells, strict=True) if name.strip().casefold() not in OURS}
    return Row(by_name["id"], sent, _error(by_name, path))


def _error(cells: dict[str, str], path: Path) -> str:
    if "sf__created" in cells or "status" in cells:
        return ""
    if "sf__error" in cells or "error" in cells:
        return cells.get("sf__error", cells.get("error", "")).strip() or "no reason given"
    return f"UNPROCESSED: {path.name}"


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"There is no {path}.", "Give the files that the importer wrote.")
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # Data Loader's choice on Windows unless told otherwise
