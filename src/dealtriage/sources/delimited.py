"""Text tables into DuckDB: encoding, delimiter and header found out, every column read as text, bad lines set apart."""

import codecs
import csv
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dealtriage.errors import BadInput
from dealtriage.sources.quarantine import DelimitedFile, Quarantine

DELIMITERS = (",", ";", "\t", "|")
MOST_BROKEN = 0.1
LONGEST_LINE_BYTES = 8_000_000
DUCKDB_ENCODING = {"utf-8-sig": "utf-8", "utf-16": "utf-16", "latin-1": "latin-1"}


@dataclass(frozen=True)
class TextTable:
    """What a reader expects of one file: the columns it cannot do without, and those it takes if they are there."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    rename_in: str = 'source.columns: {{"{file}.{name}": "{header}"}}'  # where params say that a header is another


def load_text_table(con: duckdb.DuckDBPyConnection, path: Path, table: str, expected: TextTable,
                    renamed: Mapping[str, str], quarantine: Quarantine) -> int:
    """Load a delimited text file as table `table` of text columns plus `_record` (its number in the file, from 1).

    Optional columns that the file lacks are null. `renamed` maps our column names to the file's headers. Blank
    cells become null. Lines that are no record of this table go to the quarantine. Returns the rows read, bad ones
    included. Raises BadInput for an unreadable file or a missing column.
    """
    encoding = find_encoding(path)
    delimiter, header = _read_header(path, encoding)
    chosen = _match_columns(path, header, expected, renamed)
    absent = [renamed.get(name, name) for name in expected.optional if chosen[name] is None]
    if absent:
        quarantine.note(f"{path.name} has no {', '.join(absent)}: left empty")
    con.execute(f"""create or replace temp table raw_rows as select *, row_number() over () as _record from read_csv(
        ?, header=false, skip=1, delim='{delimiter}', quote='"', escape='"', auto_detect=false, strict_mode=true,
        columns={{{", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))}}}, encoding='{DUCKDB_ENCODING[encoding]}',
        max_line_size={LONGEST_LINE_BYTES}, buffer_size={LONGEST_LINE_BYTES * 4}, store_rejects=true)""", [str(path)])
    rejected = con.execute("""select line, line_byte_position, any_value(csv_line), string_agg(error_message, '; ')
                              from reject_errors group by all order by line""").fetchall()
    con.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    _refuse_cut_short(path, rejected)
    _quarantine_rejected(path, rejected, quarantine)
    quarantine.know_file(DelimitedFile(path, encoding, delimiter, frozenset(int(r[0]) - 1 for r in rejected)))
    cells = [f"nullif(trim(c{at}), '') as \"{name}\"" if at is not None else f'null::varchar as "{name}"'
             for name, at in chosen.items()]
    con.execute(f'create or replace table "{table}" as select {", ".join(cells)}, _record from raw_rows')
    _drop_repeated_headers(con, path, table, header, expected, chosen, quarantine)
    con.execute("drop table raw_rows")
    return _count(con, table) + quarantine.dropped_rows(path.name)


def find_encoding(path: Path) -> str:
    """UTF-16 by its mark; UTF-8 when all but a few of the characters beyond ASCII fit; Latin-1 otherwise.

    A UTF-8 file with a few broken bytes stays one: its broken lines are quarantined, the others are read right.
    """
    good = broken = 0
    with path.open("rb") as handle:
        if handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        handle.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while block := handle.read(1 << 20):
            if not block.isascii():
                text = decoder.decode(block)
                broken += text.count("\ufffd")
                good += len(text) - len(text.encode("ascii", "ignore"))
    return "utf-8-sig" if broken <= MOST_BROKEN * good else "latin-1"


def _read_header(path: Path, encoding: str) -> tuple[str, list[str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        first = handle.readline(LONGEST_LINE_BYTES)
    if not first.strip():
        raise BadInput(f"{path} is empty.", "Export it again; a file without a header line cannot be read.")
    if "\x00" in first:
        raise BadInput(f"{path} is not a text table.", "Give the CSV files of the export, not an archive or workbook.")
    delimiter = max(DELIMITERS, key=first.count)
    header = [name.strip().strip("\ufeff") for name in next(csv.reader([first], delimiter=delimiter))]
    return delimiter, header


def _match_columns(path: Path, header: Sequence[str], expected: TextTable,
                   renamed: Mapping[str, str]) -> dict[str, int | None]:
    position = {name.casefold(): at for at, name in reversed(list(enumerate(header)))}
    chosen = {name: position.get(renamed.get(name, name).casefold()) for name in expected.required + expected.optional}
    missing = [name for name in expected.required if chosen[name] is None]
    if missing:
        free = [h for h in header if h.casefold() not in {n.casefold() for n in expected.required + expected.optional}]
        raise _missing_columns(path, header, free, {name: renamed.get(name, name) for name in missing}, expected.rename_in)
    return chosen


def _missing_columns(path: Path, header: Sequence[str], free: Sequence[str], missing: Mapping[str, str], rename_in: str) -> BadInput:
    found = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    hints = []
    for name, wanted in sorted(missing.items()):
        near = difflib.get_close_matches(wanted.casefold(), [h.casefold() for h in free], n=1)
        actual = next((h for h in free if near and h.casefold() == near[0]), "its header")
        hints.append(rename_in.format(file=path.stem, name=name.removesuffix("_id"), header=actual))
    return BadInput(f"{path} has no column {', '.join(sorted(missing.values()))}; it has {found}.",
                    "Export the file with these columns, or, where they have other headers, say so in params.yaml: "
                    + "; ".join(hints))


def _refuse_cut_short(path: Path, rejected: Sequence[tuple[int, int, str, str]]) -> None:
    """A last line that ends in the middle of a value says that the rest of the file is missing."""
    for _, byte, text, message in rejected[-1:]:
        is_last = int(byte) + len((text or "").strip().encode("utf-8", "ignore")) >= path.stat().st_size - 2
        if "unterminated quote" in message.casefold() or (is_last and "Found: " in message and _found_fewer(message)):
            line = _lines_at(path, [int(byte)])[int(byte)]
            raise BadInput(f"{path} is cut short: what starts on line {line} does not end.",
                           "Export or copy the file again; what is missing would look like silence.")


def _found_fewer(message: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d+", message)]
    return len(numbers) >= 2 and numbers[1] < numbers[0]


def _quarantine_rejected(path: Path, rejected: Sequence[tuple[int, int, str, str]], quarantine: Quarantine) -> None:
    lines = _lines_at(path, sorted(int(byte) for _, byte, *_ in rejected))
    for _, byte, text, message in rejected:
        quarantine.add_line(path.name, lines[int(byte)], "", (text or "").strip(), message)


def _lines_at(path: Path, offsets: Sequence[int]) -> dict[int, int]:
    lines, line, at = {}, 1, 0
    with path.open("rb") as handle:
        for offset in offsets:
            line += handle.read(max(0, offset - 1 - at)).count(b"\n")
            at = max(at, offset - 1)
            lines[offset] = line
    return lines


def _drop_repeated_headers(con: duckdb.DuckDBPyConnection, path: Path, table: str, header: Sequence[str],
                           expected: TextTable, chosen: Mapping[str, int | None], quarantine: Quarantine) -> None:
    first, second = expected.required[:2]
    same = " and ".join(f"lower(\"{name}\") = '{header[chosen[name] or 0].casefold()}'" for name in (first, second))
    quarantine.add_rows(path.name, table, same, first, "the header line stands here again")
    con.execute(f'delete from "{table}" where {same}')


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f'select count(*) from "{table}"').fetchall()[0][0])
