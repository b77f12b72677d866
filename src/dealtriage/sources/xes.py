"""XES logs (IEEE 1849), plain or gzipped, streamed into a DuckDB table."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pandas as pd

from dealtriage.errors import BadInput

CHUNK = 200_000
COLUMNS = ["case_id", "activity", "time", "resource", "lifecycle", "amount", "name"]
AMOUNT_KEYS = ("amount", "AMOUNT_REQ", "Amount", "case:amount")


def read_xes(path: Path, con: duckdb.DuckDBPyConnection) -> int:
    """Load the events of an XES file as table `log` of text columns with `_record`. Returns the number of events.

    Uses concept:name of trace and event, time:timestamp, org:resource, lifecycle:transition; the amount is the
    trace's attribute `amount` or `AMOUNT_REQ`. Raises BadInput when the file is cut short or is no XES.
    """
    con.execute(f"create or replace table log ({', '.join(f'{c} varchar' for c in COLUMNS)}, _record bigint)")
    total = 0
    try:
        for chunk in _chunks(path):
            frame = pd.DataFrame(chunk, columns=COLUMNS, dtype="str")
            frame["_record"] = range(total + 1, total + len(frame) + 1)
            con.register("chunk", frame)
            con.execute("insert into log select * from chunk")
            total += len(frame)
    except (ElementTree.ParseError, EOFError, OSError, zlib.error) as error:
        raise BadInput(f"{path} cannot be read after {total:,} events: {error}.",
                       "Fetch the file again; it is cut short or is no XES log.") from error
    return total


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
