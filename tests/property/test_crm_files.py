"""Whatever a text holds: it stays in its cell, no spreadsheet runs it, it fits the field, and JSON gives it back."""

import csv
import json
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealtriage.crm.fields import CRMS
from dealtriage.crm.results import read_results, told
from dealtriage.crm.rows import crm_ids
from dealtriage.publish.cells import FORMULA_STARTS, safe_line
from tests.unit.crm.lists import deal_ids, published

BRIEF = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("=+-@|%\t\r\n\",;'\u202e\ufeff🦄")), max_size=400)
FILES = {"salesforce": "opportunities.csv", "hubspot": "deals.csv", "pipedrive": "deals.csv"}


@pytest.mark.parametrize("crm", FILES)
@BRIEF
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_any_text_stays_in_its_cell(crm: str, texts: list[str]) -> None:
    with TemporaryDirectory() as name:
        folder = published(Path(name), crm, len(texts), texts)[1].lists / "crm"
        content = (folder / FILES[crm]).read_text("utf-8")
    rows = list(csv.reader(content.splitlines()[:1])) + list(csv.reader(content.split("\n")[1:-1]))
    assert len(rows) == len(texts) + 1
    assert {len(row) for row in rows} == {15}
    for row in rows[1:]:
        for cell in row[1:]:
            assert not unicodedata.normalize("NFKC", cell).startswith(FORMULA_STARTS)
            assert len(cell.encode("utf-16-le")) <= 2 * 255


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@BRIEF
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_json_gives_a_text_back(crm: str, texts: list[str]) -> None:
    with TemporaryDirectory() as name:
        folder = published(Path(name), crm, len(texts), texts)[1].lists / "crm"
        [body] = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    found = [row["Dealtriage_Reason_1__c"] or "" for row in body["records"]] if crm == "salesforce" else [row["properties"]["dealtriage_reason_1"] for row in body["inputs"]]
    for text, given_back in zip(texts, found, strict=True):
        assert given_back == safe_line(text) or (given_back.endswith("…") and safe_line(text).startswith(given_back[:-1]))


@BRIEF
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_a_retry_file_holds_what_was_sent(rows: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as name:
        failed, retry = Path(name) / "failedResults.csv", Path(name) / "retry.csv"
        with failed.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, quoting=csv.QUOTE_ALL).writerows(
                [["sf__Id", "sf__Error", "Id", "A__c", "B__c"], *(["", "UNABLE_TO_LOCK_ROW:x:--", str(n), *row] for n, row in enumerate(rows))])
        told(read_results([failed]), retry)
        with retry.open(encoding="utf-8", newline="") as handle:
            assert list(csv.reader(handle)) == [["Id", "A__c", "B__c"], *([str(n), *row] for n, row in enumerate(rows))]


@BRIEF
@given(st.text(max_size=20))
def test_what_is_no_id_is_never_written(text: str) -> None:
    for crm in CRMS:
        for long in crm_ids(crm, [text, *deal_ids(crm, 1)]).values():
            assert long.isascii()
            assert long.replace("-", "").isalnum()
