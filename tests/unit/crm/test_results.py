"""What Data Loader and Bulk API 2.0 return: counted, explained, and sorted into what is worth another try."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dealtriage.cli import app
from dealtriage.crm.answers import ANSWERS, PHRASES, code_of
from dealtriage.crm.results import read_results, told
from dealtriage.errors import BadInput

LOCKED = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: 006B:--"
ASKED = ["Id", "Dealtriage_Reason_1__c"]


def write(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerows([header, *rows])
    return path


def rows_in(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


def bulk(folder: Path) -> list[Path]:
    return [write(folder / "job-successfulResults.csv", ["sf__Id", "sf__Created", *ASKED], [["006A", "false", "006A", "fine"], ["006F", "false", "006F", "fine"]]),
            write(folder / "job-failedResults.csv", ["sf__Id", "sf__Error", *ASKED],
                  [["006B", LOCKED, "006B", 'a "quoted", one'], ["006C", "ENTITY_IS_DELETED:entity is deleted:--", "006C", "gone"], ["006F", LOCKED, "006F", "went in by the second load"],
                   ["006D", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Guard: execution of BeforeUpdate\n\x1b[31mcaused by: X:--", "006D", "#N/A"]]),
            write(folder / "job-unprocessedRecords.csv", ASKED, [["006E", "ünprocessed"]])]


def test_bulk_api_files(tmp_path: Path) -> None:
    text = told(read_results(bulk(tmp_path)), tmp_path / "retry.csv")
    assert "2 went in, 4 did not." in text
    assert f"1 x UNABLE_TO_LOCK_ROW\n  e.g. 006B: {LOCKED}\n  What to do: someone else was writing the deal" in text
    assert "A trigger or flow".casefold() in text
    assert "\x1b" not in text
    assert "not worth another try" in text
    assert rows_in(tmp_path / "retry.csv") == [ASKED, ["006B", 'a "quoted", one'], ["006D", "#N/A"], ["006E", "ünprocessed"]]


def test_data_loader_files(tmp_path: Path) -> None:
    asked = ["ID", "DEALTRIAGE_RANK__C"]
    files = [write(tmp_path / "success070126.csv", [*asked, "STATUS"], [["006A", "1", "Item Updated"]]),
             write(tmp_path / "error070126.csv", [*asked, "ERROR"], [
                 ["006B", "2", "unable to obtain exclusive access to this record"], ["006C", "3", "No such column 'X__c' on entity 'Opportunity'"],
                 ["006D", "4", "invalid cross reference id"], ["006E", "5", "something new"], ["006F", "6", ""]])]
    text = told(read_results(files), tmp_path / "retry.csv")
    assert "1 went in, 5 did not." in text
    assert all(code in text for code in ("UNABLE_TO_LOCK_ROW", "INVALID_FIELD", "INVALID_CROSS_REFERENCE_KEY", "another error"))
    assert rows_in(tmp_path / "retry.csv") == [asked, ["006B", "2"], ["006C", "3"]]


def test_the_retry_file_loads_and_can_be_asked_about_again(tmp_path: Path) -> None:
    told(read_results(bulk(tmp_path)), tmp_path / "retry.csv")
    back = write(tmp_path / "again-successfulResults.csv", ["sf__Id", "sf__Created", *ASKED], [["x", "false", *row] for row in rows_in(tmp_path / "retry.csv")[1:]])
    assert "5 went in, 1 did not." in told(read_results([*bulk(tmp_path), back]), tmp_path / "retry2.csv")
    assert not (tmp_path / "retry2.csv").exists()


def test_empty_files_and_other_code_pages(tmp_path: Path) -> None:
    (tmp_path / "failedResults.csv").write_bytes(b"")
    (tmp_path / "error.csv").write_bytes("ID,NAME,ERROR\r\n006A,Müller,entity is locked\r\n".encode("cp1252"))
    rows = read_results([tmp_path / "failedResults.csv", tmp_path / "error.csv"])
    assert [(row.code, row.cells) for row in rows] == [("ENTITY_IS_LOCKED", {"ID": "006A", "NAME": "Müller"})]


@pytest.mark.parametrize(("text", "message"), [
    ("Id,Name\n006A,x\n", "is no result file"), ("Name,ERROR\nx,y\n", "is no result file"), ("Id,ERROR\n006A\n", "1 cells under 2 columns")])
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(BadInput, match=message):
        read_results([tmp_path / "a.csv"])
    with pytest.raises(BadInput, match="There is no"):
        read_results([tmp_path / "b.csv"])


def test_phrases_lead_to_codes_that_are_known() -> None:
    assert set(PHRASES.values()) <= set(ANSWERS)
    assert [code_of("INVALID_FIELD: x"), code_of("x"), code_of("Entity is locked")] == ["INVALID_FIELD", "", "ENTITY_IS_LOCKED"]


def test_the_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["crm-results", *map(str, bulk(tmp_path)), "--retry", str(tmp_path / "again.csv")])
    assert (done.exit_code, "holds the 3 worth" in done.output.replace("\n", " ")) == (0, True)
