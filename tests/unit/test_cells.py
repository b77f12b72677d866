"""Names are hostile input."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.publish.cells import LONGEST_CELL, file_names, safe_cell


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1",
                                  "\u202e=1", "\uff1d1+1", "%0A=1", "\ufeff=1"])
def test_a_formula_becomes_text(name: str) -> None:
    assert safe_cell(name).startswith("'")


def test_plain_names_stay() -> None:
    assert safe_cell("Müller & Söhne (Zürich), 3 = 2 + 1") == "Müller & Söhne (Zürich), 3 = 2 + 1"
    assert safe_cell(None) == safe_cell(float("nan")) == ""


@settings(derandomize=True)
@given(st.text(max_size=2 * LONGEST_CELL))
def test_no_text_is_run_or_breaks_a_line(text: str) -> None:
    cell = safe_cell(text)
    assert len(cell) <= LONGEST_CELL + 1
    assert not cell or cell[0] not in "=+-@\t\r\n|"
    out = io.StringIO()
    csv.writer(out).writerow([cell, "next"])
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize("name", ["../../x", "..", "CON", "a/b\\c", "", "日本", "x" * 500, ".hidden", "a\x00b", "~root"])
def test_a_file_name_stays_in_its_folder(name: str) -> None:
    stem = file_names([("005A", name)], "rep")["005A"]
    assert stem.startswith("rep-")
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(stem) < 100


@settings(derandomize=True)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=8))
def test_different_people_have_different_files(people: dict[str, str]) -> None:
    assert len(set(file_names(people.items(), "rep").values())) == len(people)
