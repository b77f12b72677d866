"""JSON as APIs return it: one object per line, an array, or pages with the objects in `results`, `data` or `value`.

Whatever its form, a file becomes one object per line in the scratch folder, streamed; DuckDB reads those lines.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import duckdb
import ijson
import orjson

from dealtriage.errors import BadInput
from dealtriage.sources.delimited import as_utf8, find_encoding, is_sound_utf8
from dealtriage.sources.quarantine import Quarantine, ReadFile
from dealtriage.sources.rows import Rows, quoted
from dealtriage.sources.shelf import Item

LISTS = ("results", "data", "value", "items", "records")
LONGEST_OBJECT_BYTES = 64_000_000
SAMPLED_OBJECTS = 20_000
PAGE_END_BYTES = 2000
NEXT_PAGE = re.compile(rb'"next"\s*:\s*\{[^{}]*"after"|"@odata\.nextLink"|"more_items_in_collection"\s*:\s*true|"next_cursor"\s*:\s*"')
WRAPPERS = ("properties", "data", "fields", "attributes")  # objects inside of an object whose keys are columns too


def object_rows(con: duckdb.DuckDBPyConnection, item: Item, scratch: Path, quarantine: Quarantine) -> Rows:
    """The objects of a JSON file; a nested `properties` counts as columns, other nested values are JSON text.

    A line of a JSON-lines file that is no object is quarantined; any other damage raises BadInput.
    """
    whole = _as_utf8(item, scratch)
    lines = whole.path if _is_one_per_line(whole) else _one_per_line(whole, scratch)
    everything = f"""read_csv({quoted(str(lines))}, columns={{'line': 'VARCHAR'}}, delim='\x01', quote='', escape='', header=false,
        auto_detect=false, max_line_size={LONGEST_OBJECT_BYTES}, buffer_size={LONGEST_OBJECT_BYTES * 2})"""
    _refuse_cut_short(item.name, lines)
    is_object = "json_valid(line) and line like '{%'"
    sound = f"(select line from {everything} where {is_object})"
    headers = _headers(con, sound)
    if not headers:
        return Rows("(select null as cells where false)", {})
    listed = ", ".join(quoted(path) for path, _ in headers)
    relation = f"(select json_extract_string(line, [{listed}]) as cells from {sound})"
    cells: dict[str, str] = {}
    for at, (_, header) in enumerate(headers, start=1):
        cells.setdefault(header, _cell(f"cells[{at}]", header))

    def settle() -> int:
        bad = con.execute(f"""select n, left(line, 200) from (select line, row_number() over () as n from {everything})
                              where line is not null and not ({is_object})""").fetchall()
        for number, text in bad:
            quarantine.add_line(item.name, number, text, "is no JSON object")
        quarantine.know_file(item.name, ReadFile(lines, "utf-8", None, frozenset(number for number, _ in bad)))
        return len(bad)

    return Rows(relation, cells, more_follows=_says_more_follows(whole.path), settle=settle)


def _says_more_follows(path: Path) -> bool:
    """Whether a page says, before or after its objects, that another one comes."""
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - PAGE_END_BYTES))
        end = handle.read()
        handle.seek(0)
        return bool(NEXT_PAGE.search(handle.read(PAGE_END_BYTES)) or NEXT_PAGE.search(end))


def _cell(text: str, header: str) -> str:
    """A cell's text; Singer's `property_x` are objects with the value and its time."""
    if header.startswith("property_"):
        text = f"case when {text} like '{{%' and json_valid({text}) then {text}->>'$.value' else {text} end"
    return f"nullif(trim({text}), '')"


def _as_utf8(item: Item, scratch: Path) -> Item:
    """The item in UTF-8, as JSON must be: rewritten where it is not."""
    with item.path.open("rb") as handle:
        has_mark = handle.read(3).startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = find_encoding(item.path)
    if encoding == "utf-8-sig" and not has_mark and is_sound_utf8(item.path):
        return item
    return replace(item, path=as_utf8(item.path, encoding, scratch))


def _headers(con: duckdb.DuckDBPyConnection, objects: str) -> list[tuple[str, str]]:
    """(path, header) of every key of the first objects; keys of `properties` before those beside it."""
    sample = f"(select line from {objects} limit {SAMPLED_OBJECTS})"
    inner = [(wrapper, _keys(con, f"select json_keys(line, '$.{wrapper}') as names from {sample} "
                                  f"where json_type(line, '$.{wrapper}') = 'OBJECT'")) for wrapper in WRAPPERS]
    outer = _keys(con, f"select json_keys(line) as names from {sample}")
    nested = [(f'$.{wrapper}."{key}"', key) for wrapper, keys in inner for key in keys]
    return nested + [(f'$."{key}"', key) for key in outer]


def _keys(con: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    found = con.execute(f"select distinct unnest(names) as name from ({query}) order by 1").fetchall()
    return [name for (name,) in found if '"' not in name]


def _is_one_per_line(item: Item) -> bool:
    with item.path.open("rb") as handle:
        first = handle.readline(LONGEST_OBJECT_BYTES).strip()
        second = handle.readline(1000).strip()
    if not first:
        raise BadInput(f"{item.name} is empty.", "Export it again.")
    if not first.startswith(b"{"):
        return False
    try:
        one = orjson.loads(first)
    except orjson.JSONDecodeError:
        return second.startswith(b"{") and first.endswith(b"}")
    return bool(second) or not any(isinstance(one.get(name), list) for name in LISTS)


def _one_per_line(item: Item, scratch: Path) -> Path:
    target = scratch / f"objects-{len(list(scratch.iterdir())):04d}.jsonl"
    try:
        with item.path.open("rb") as source, target.open("wb") as out:
            for found in _objects(source):
                out.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise BadInput(f"{item.name} is no whole JSON: {str(error).splitlines()[0]}.",
                       "Fetch the file again; it is cut short or damaged.") from error
    return target


def _objects(source: IO[bytes]) -> Iterator[Any]:
    prefix = _prefix(source)
    source.seek(0)
    for found in ijson.items(source, prefix, use_float=True, multiple_values=True):
        if isinstance(found, dict):
            page = next((found[name] for name in LISTS if isinstance(found.get(name), list) and "id" not in found), None)
            yield from (found,) if page is None else (one for one in page if isinstance(one, dict))


def _prefix(source: IO[bytes]) -> str:
    """Where the objects are: `item` in an array, `results.item` in a page, the object itself otherwise."""
    for path, event, _ in ijson.parse(source, multiple_values=True):
        if path == "" and event == "start_array":
            return "item"
        if event == "start_array" and path in LISTS:
            return f"{path}.item"
    return ""


def _refuse_cut_short(name: str, lines: Path) -> None:
    """The last line of a file that ends in the middle of an object says that the rest is missing."""
    with lines.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - LONGEST_OBJECT_BYTES))
        last = handle.read().rstrip().rpartition(b"\n")[2]
    if last.startswith(b"{") and not last.endswith(b"}"):
        raise BadInput(f"{name} is cut short: its last object does not end.",
                       "Fetch the file again; what is missing would look like silence.")
