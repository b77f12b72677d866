"""Whatever a file holds, the readers give it back or say what is wrong; they never make something else of it."""

import csv
import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealtriage.errors import BadInput
from dealtriage.sources import quarantine
from dealtriage.sources.catalogue import assign
from dealtriage.sources.declared import folded, table
from dealtriage.sources.load import Reader, create, fill
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.salesforce_ids import canonical_ids, define_id_macros
from dealtriage.sources.shelf import labels_of, open_shelf
from dealtriage.sources.sql import define_macros, define_plain_ids

BRIEF = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
PRINTABLE = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
CELLS = st.text(st.one_of(PRINTABLE, st.sampled_from('",;\n\t|\'{}[]')), max_size=30)
THINGS = table("Thing", """
    key    id    immutable  must
    first  text  immutable  must
    second text  immutable  must
""", key="key", is_needed=True)


def loaded(folder: Path) -> tuple[list[tuple[str | None, str | None]], int]:
    """(first, second) of every row of the table in a folder, in order, and how many lines were refused."""
    con = duckdb.connect()
    define_macros(con, "UTC")
    define_plain_ids(con)
    reader = Reader(con, folder.parent / "scratch", Quarantine(con))
    opened = {item: reader.open(item) for item in open_shelf(folder, reader.scratch)}
    found = assign({item: list(rows.cells) for item, rows in opened.items() if rows}, [THINGS], {})
    create(con, THINGS)
    for one in found:
        fill(reader, one, opened[one.item])  # type: ignore[arg-type]
    told = con.execute("select first, second from Thing__read order by _record").fetchall()
    refused = con.execute("select count(*) from quarantine").fetchall()[0][0]
    con.close()
    return told, refused


def kept(text: str) -> str | None:
    """A cell as it should come out: without blanks around it, null if nothing is left."""
    blanks = "".join({character for character in text if unicodedata.category(character) == "Zs"})
    return text.strip(blanks) or None if blanks else text or None


@BRIEF
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_delimited_file_gives_back_what_was_written(rows: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "raw"
        folder.mkdir()
        with (folder / "thing.csv").open("w", encoding=encoding, newline="") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_ALL, delimiter=delimiter, lineterminator="\n")
            writer.writerows([("key", "first", "second"), *((str(n), *row) for n, row in enumerate(rows))])
        told, refused = loaded(folder)
    assert (told, refused) == ([(kept(a), kept(b)) for a, b in rows], 0)


@BRIEF
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(["lines", "array", "page", "one page, indented"]))
def test_json_gives_back_what_was_written(rows: list[tuple[str, str]], form: str) -> None:
    objects = [{"id": str(n), "properties": {"key": str(n), "first": a, "second": b}} for n, (a, b) in enumerate(rows)]
    text = {"lines": "".join(json.dumps(one) + "\n" for one in objects), "array": json.dumps(objects), "page": json.dumps({"results": objects}),
            "one page, indented": json.dumps({"success": True, "data": objects}, indent=2)}[form]
    with TemporaryDirectory() as name:
        folder = Path(name) / "raw"
        folder.mkdir()
        (folder / "things.json").write_text(text, "utf-8")
        told, refused = loaded(folder)
    assert (told, refused) == ([(kept(a), kept(b)) for a, b in rows], 0)


@BRIEF
@given(st.binary(min_size=1, max_size=400), st.sampled_from(["thing.csv", "thing.json", "thing.parquet", "thing.csv.gz", "export.zip", "thing.xes"]))
def test_any_bytes_are_read_or_refused(content: bytes, file: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "raw"
        folder.mkdir()
        (folder / file).write_bytes(content)
        try:
            loaded(folder)
        except BadInput as error:
            assert error.next_step


@BRIEF
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_records_are_told_by_the_line_they_start_on(rows: list[tuple[str, str]], block: int, ending: str) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(quarantine, "BLOCK", block)
        path, starts, line = Path(name) / "thing.csv", {}, 2
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator=ending)
            writer.writerow(("first", "second"))
            for number, row in enumerate(rows, start=1):
                starts[number] = line
                line += 1 + "".join(row).count("\n")
                writer.writerow(row)
        assert quarantine.lines_of_records(quarantine.ReadFile(path, "utf-8", ","), starts) == starts


def asked(query: str, value: object) -> object:
    con = duckdb.connect()
    define_macros(con, "UTC")
    answer = con.execute(query, [value]).fetchall()[0][0]
    con.close()
    return answer


@BRIEF
@given(st.integers(-10**9, 10**9), st.integers(0, 99), st.sampled_from(["{0}{1:,}.{2:02d}", "{0}${1:,}.{2:02d}", "{0}{1}.{2:02d}", "{0}USD {1:,}.{2:02d}"]))
def test_numbers_as_people_write_them(whole: int, cents: int, form: str) -> None:
    text = form.format("-" if whole < 0 else "", abs(whole), cents)
    if "$-" in text or "-$" in text or "-USD" in text:
        text = text.lstrip("-")
        whole = abs(whole)
    assert asked("select as_number(?)", text) == pytest.approx((-1 if whole < 0 else 1) * (abs(whole) + cents / 100))


@BRIEF
@given(st.text(max_size=20))
def test_what_is_no_number_is_none(text: str) -> None:
    answer = asked("select as_number(?)", text)
    assert answer is None or any(character.isdigit() for character in text)


@BRIEF
@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)),
       st.sampled_from(["%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f+0000", "%Y-%m-%d %H:%M:%S.%f UTC", "ms"]))
def test_times_in_every_form(moment: datetime, form: str) -> None:
    text = str(round(moment.replace(tzinfo=UTC).timestamp() * 1000)) if form == "ms" else moment.strftime(form)
    if form == "ms" and len(text) != 13:
        return
    assert asked("select as_time(?)", text) == moment


@BRIEF
@given(st.lists(st.text("ABCXYZabcxyz0123456789", min_size=15, max_size=15), min_size=1, max_size=50))
def test_ids_are_the_same_in_sql_and_in_python(stems: list[str]) -> None:
    con = duckdb.connect()
    define_id_macros(con)
    con.register("given", pa.table({"id": pa.array(stems)}))
    told = [row[0] for row in con.execute("select whole_key(id) from given").fetchall()]
    con.close()
    assert told == canonical_ids(pa.array(stems)).to_pylist()


@given(st.text(max_size=30))
def test_folding_a_header_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text) or folded(text).startswith("propert")


@pytest.mark.parametrize(("stem", "label"), [
    ("hubspot-crm-exports-all-deals-2024-05-01", "deals"), ("sf_opportunity_history_data", "opportunityhistory"), ("deals_page_12", "deals"),
    ("Opportunity", "opportunity"), ("OpportunityFieldHistory", "opportunityfieldhistory"), ("stg_salesforce__task", "task"), ("activitypointer", "activitypointer")])
def test_what_a_file_may_be_called(stem: str, label: str) -> None:
    assert label in labels_of(stem)
