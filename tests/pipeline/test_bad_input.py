"""Every source, damaged in every way real exports are: rows are quarantined or the run ends with exit code 2 and says
what to do; nothing is lost in silence, and the results of the last good run stay."""

import csv
import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import pytest

from dealtriage import clean
from dealtriage.errors import BadInput
from dealtriage.sample import write_sample
from dealtriage.tables import read_parquet
from tests.exports import params_for, workspace

DOORS = ("salesforce", "hubspot", "dynamics", "pipedrive")
DEALS = {"salesforce": "Opportunity.csv", "hubspot": "deals.jsonl", "dynamics": "opportunity.csv", "pipedrive": "deals.jsonl"}
#        id, name, amount, made, a column nobody can do without
FIELDS = {"salesforce": ("Id", "Name", "Amount", "CreatedDate", "StageName"),
          "hubspot": ("hs_object_id", "dealname", "amount", "createdate", "dealstage"),
          "dynamics": ("opportunityid", "name", "estimatedvalue", "createdon", "statecode"),
          "pipedrive": ("id", "title", "value", "add_time", "status")}
PEOPLE = {"salesforce": ("Contact.csv", "Id", "MasterRecordId"), "hubspot": ("contacts.jsonl", "hs_object_id", "hs_merged_object_ids"),
          "dynamics": ("contact.csv", "contactid", "masterid"), "pipedrive": ("persons.jsonl", "id", "merge_what_id")}


@cache
def pristine(door: str) -> Path:
    folder = Path(mkdtemp(prefix=f"dealtriage-{door}-"))
    write_sample(folder / "raw", folder / "truth", deals=40, seed=3, months=12, exported_at=datetime(2026, 6, 29, 6, tzinfo=UTC), crm=door)
    return folder / "raw"


class Export:
    """A copy of an export whose rows can be changed, whatever their form."""

    def __init__(self, door: str, folder: Path) -> None:
        self.door, self.folder = door, Path(shutil.copytree(pristine(door), folder / "raw"))
        self.deals = self.folder / DEALS[door]

    def change(self, edit: Callable[[list[dict]], None], path: Path | None = None) -> None:
        path = path or self.deals
        rows = self.rows(path)
        edit(rows)
        self.write(path, rows)

    def rows(self, path: Path) -> list[dict]:
        if path.suffix == ".csv":
            with path.open(encoding="iso-8859-1" if path.name == "Account.csv" else "utf-8-sig", newline="") as handle:
                return list(csv.DictReader(handle))
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def write(self, path: Path, rows: list[dict], delimiter: str = ",", encoding: str = "utf-8") -> None:
        out = io.StringIO()
        if path.suffix == ".csv":
            writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n", delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        else:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_bytes(out.getvalue().encode(encoding))

    def fields(self, row: dict) -> dict:
        return row["properties"] if self.door == "hubspot" else row

    def set(self, row: dict, name: str, value: object) -> None:
        self.fields(row)[name] = value
        if self.door == "hubspot" and name == "hs_object_id":
            row["id"] = value

    def read(self, tmp: Path, **source: object) -> dict[str, pd.DataFrame]:
        columns = {"salesforce": {"Opportunity.LossReason": "Loss_Reason__c", "Event.Outcome": "Outcome__c"}}.get(self.door, {})
        params = params_for(self.folder, **{"crm": self.door, "columns": columns, **source})
        clean.run(params, workspace(tmp))
        return {path.stem: read_parquet(path) for path in workspace(tmp).core.glob("*.parquet")}


@pytest.fixture(params=DOORS)
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Export:
    return Export(request.param, tmp_path)


def refused(export: Export, tmp: Path, message: str) -> None:
    """The run ends with what to do, and the tables of the last good run are untouched."""
    Export(export.door, tmp / "good").read(tmp)
    before = {path.name: path.read_bytes() for path in workspace(tmp).core.iterdir()}
    with pytest.raises(BadInput, match=message) as error:
        export.read(tmp)
    assert error.value.next_step
    assert {path.name: path.read_bytes() for path in workspace(tmp).core.iterdir()} == before


def test_a_good_export_is_read(export: Export, tmp_path: Path) -> None:
    found = export.read(tmp_path)
    assert len(found["deals"]) == 40
    assert len(found["activities"]) > 500


@pytest.mark.parametrize("left", [0.5, 0.98])
def test_a_file_cut_short(export: Export, tmp_path: Path, left: float) -> None:
    text = export.deals.read_bytes()
    cut = int(left * len(text))
    while text[cut - 1 : cut] in (b"\n", b"}", b'"', b","):  # inside of a value
        cut -= 1
    export.deals.write_bytes(text[:cut])
    refused(export, tmp_path, "cut short")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter(export: Export, tmp_path: Path, delimiter: str) -> None:
    if export.deals.suffix != ".csv":
        pytest.skip("JSON has no delimiter")
    export.write(export.deals, export.rows(export.deals), delimiter)
    assert len(export.read(tmp_path)["deals"]) == 40


def test_a_delimiter_nobody_uses(export: Export, tmp_path: Path) -> None:
    if export.deals.suffix != ".csv":
        pytest.skip("JSON has no delimiter")
    export.write(export.deals, export.rows(export.deals), "^")
    refused(export, tmp_path, "has no column")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig"])
def test_another_encoding(export: Export, tmp_path: Path, encoding: str) -> None:
    name = FIELDS[export.door][1]
    told = "Café Zürich – “Bühne” €" if encoding not in ("latin-1",) else "Café Zürich"
    export.change(lambda rows: export.set(rows[0], name, told))
    rows = [{k: (v.encode(encoding, "ignore").decode(encoding) if isinstance(v, str) else v) for k, v in row.items()}
            for row in export.rows(export.deals)]
    export.write(export.deals, rows, encoding=encoding)
    assert told in set(export.read(tmp_path)["deals"]["name"])


def test_a_byte_that_is_no_text(export: Export, tmp_path: Path) -> None:
    name = FIELDS[export.door][1]
    export.change(lambda rows: [export.set(row, name, "Zürich Zürich Zürich") for row in rows])
    export.deals.write_bytes(export.deals.read_bytes().replace("Zürich".encode(), b"Z\xffrich", 1))
    found = export.read(tmp_path)
    assert len(found["deals"]) + (found["quarantine"]["file"] == export.deals.name).sum() >= 40
    assert "Zürich Zürich Zürich" in set(found["deals"]["name"])


def test_the_header_again(export: Export, tmp_path: Path) -> None:
    if export.deals.suffix != ".csv":
        pytest.skip("JSON has no header")
    lines = export.deals.read_text("utf-8").splitlines(keepends=True)
    export.deals.write_text("".join([*lines, lines[0]]), "utf-8")
    found = export.read(tmp_path)
    assert len(found["deals"]) == 40
    assert "the header line stands here again" in set(found["quarantine"]["reason"])


def test_a_missing_column(export: Export, tmp_path: Path) -> None:
    missing = FIELDS[export.door][4]
    export.change(lambda rows: [export.fields(row).pop(missing) for row in rows])
    refused(export, tmp_path, f"has no column {missing}")


def test_the_same_ids_again(export: Export, tmp_path: Path) -> None:
    export.change(lambda rows: rows.extend(rows[:10]))
    found = export.read(tmp_path)
    assert len(found["deals"]) == 40
    again = found["quarantine"]["reason"] == "the same id stands in an earlier row"
    assert again.sum() == 10


def test_merges_in_a_circle(export: Export, tmp_path: Path) -> None:
    path, key, master = PEOPLE[export.door]

    def circle(rows: list[dict]) -> None:
        one, two = str(export.fields(rows[0])[key]), str(export.fields(rows[1])[key])
        for row, other in ((rows[0], two), (rows[1], one)):
            export.set(row, master, int(other) if export.door == "pipedrive" else other)
    export.change(circle, export.folder / path)
    assert len(export.read(tmp_path)["deals"]) == 40


@pytest.mark.parametrize("when", ["1970-01-01 00:00:00", "2099-12-31 00:00:00"])
def test_dates_of_another_age(export: Export, tmp_path: Path, when: str) -> None:
    made = FIELDS[export.door][3]
    export.change(lambda rows: export.set(rows[0], made, when))
    found = export.read(tmp_path)
    assert len(found["deals"]) == 39
    assert (found["quarantine"]["reason"] == "lies outside the time of this export").sum() == 1


@pytest.mark.parametrize("written", ["1,234.50", "$1,234.50", "1.234,50 €", "USD 1,234.50", "1 234,50"])
def test_amounts_as_people_write_them(export: Export, tmp_path: Path, written: str) -> None:
    key, amount = FIELDS[export.door][0], FIELDS[export.door][2]
    export.change(lambda rows: export.set(rows[0], amount, written))
    deal = str(export.fields(export.rows(export.deals)[0])[key])
    assert export.read(tmp_path)["deals"].set_index("deal_id").loc[deal.strip("{}").lower() if export.door == "dynamics" else deal, "amount_now"] == 1234.5


@pytest.mark.parametrize("text", ["x" * 10_000, 'two\nlines, "quoted", and a ; or \t', "'; drop table deals; --", "\u202eback\u0007"])
def test_hostile_names(export: Export, tmp_path: Path, text: str) -> None:
    name = FIELDS[export.door][1]
    export.change(lambda rows: export.set(rows[0], name, text))
    found = export.read(tmp_path)
    assert text.strip(" ") in set(found["deals"]["name"])
    assert len(found["deals"]) == 40


def test_a_table_without_rows(export: Export, tmp_path: Path) -> None:
    header = export.deals.read_text("utf-8").split("\n")[0] + "\n" if export.deals.suffix == ".csv" else '{"results": []}'
    export.deals.write_text(header, "utf-8")
    refused(export, tmp_path, "holds no usable deal")


def test_an_empty_file(export: Export, tmp_path: Path) -> None:
    export.deals.write_text("")
    refused(export, tmp_path, "is empty")


def test_a_workbook_with_the_name_of_a_table(export: Export, tmp_path: Path) -> None:
    export.deals.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    refused(export, tmp_path, "is not a text table|is no whole JSON")


def test_the_same_in_a_zip(export: Export, tmp_path: Path) -> None:
    expected = export.read(tmp_path / "plain")
    shutil.make_archive(str(tmp_path / "export"), "zip", export.folder)
    export.folder = tmp_path / "export.zip"
    found = export.read(tmp_path / "zip")
    for name in ("deals", "activities", "deal_changes"):
        pd.testing.assert_frame_equal(found[name], expected[name])


def test_an_archive_that_reaches_outside(export: Export, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../evil.csv", "a,b\n1,2\n")
    export.folder = tmp_path / "evil.zip"
    refused(export, tmp_path, "outside of the archive")
    assert not list(tmp_path.parent.glob("evil.csv"))


def test_a_zip_bomb(export: Export, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Opportunity.csv", b"0" * 120_000_000)
    export.folder = tmp_path / "bomb.zip"
    refused(export, tmp_path, "zip bomb")


@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_a_damaged_archive(export: Export, tmp_path: Path, damage: str) -> None:
    shutil.make_archive(str(tmp_path / "export"), "zip", export.folder)
    path = tmp_path / "export.zip"
    content = bytearray(path.read_bytes())
    if damage == "garbled":
        content[200:2000] = struct.pack("1800s", b"?" * 1800)
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    export.folder = path
    refused(export, tmp_path, "cannot be unpacked")
