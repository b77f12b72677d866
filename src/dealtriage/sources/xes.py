"""XES logs (IEEE 1849), plain or gzipped, streamed into a DuckDB table."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pandas as pd

from dealtriage.errors import BadInput
from dealtriage.sources.rows import Rows
from dealtriage.sources.shelf import Item

CHUNK = 200_000
COLUMNS = ["case_id", "activity", "time", "resource", "lifecycle", "amount", "name"]
AMOUNT_KEYS = ("amount", "AMOUNT_REQ", "Amount", "case:amount")


def xes_rows(con: duckdb.DuckDBPyConnection, item: Item) -> Rows:
    """The events of an XES file, one row each: concept:name of trace and event, time:timestamp, org:resource,
    lifecycle:transition; the amount is the trace's attribute `amount` or `AMOUNT_REQ`.

    Fetching raises BadInput when the file is cut short or is no XES.
    """
    def fetch() -> None:
        con.execute(f"create or replace temp table xes_events ({', '.join(f'{c} varchar' for c in COLUMNS)})")
        total = 0
        try:
            for chunk in _chunks(item.path):
                con.register("chunk", pd.DataFrame(chunk, columns=COLUMNS, dtype="str"))
                con.execute("insert into xes_events select * from chunk")
                con.unregister("chunk")
                total += len(chunk)
        except (ElementTree.ParseError, EOFError, OSError, zlib.error) as error:
            raise BadInput(f"{item.name} cannot be read after {total:,} events: {error}.",
                           "Fetch the file again; it is cut short or is no XES log.") from error

    return Rows("xes_events", {name: name for name in COLUMNS}, fetch=fetch)


def _chunks(path: Path) -> Iterator[list[tuple[str | None, ...]]]:
    chunk: list[tuple[str | None, ...]] = []
    with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as handle:
        for _, element in ElementTree.iterparse(handle, events=("end",)):
            if _tag(element) == "trace":
                chunk.extend(_events(element))
                element.clear()
            if len(chunk) >= CHUNK:
                yield chunk
                chunk = []
    yield chunk


def _events(trace: ElementTree.Element) -> Iterator[tuple[str | None, ...]]:
    case = _attributes(trace)
    amount = next((case[key] for key in AMOUNT_KEYS if key in case), None)
    for child in trace:
        if _tag(child) == "event":
            event = _attributes(child)
            yield (case.get("concept:name"), event.get("concept:name"), event.get("time:timestamp"),
                   event.get("org:resource"), event.get("lifecycle:transition"), amount, None)


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    return {child.attrib["key"]: child.attrib.get("value", "") for child in element if "key" in child.attrib}


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
