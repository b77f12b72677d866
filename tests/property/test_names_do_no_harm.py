"""Whatever a CRM calls its deals, accounts and people: pages keep their elements, playbooks make no link and no HTML, a workbook's texts stay texts."""

from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from dealtriage.params import load_params
from dealtriage.publish.cells import page_name, safe_cell
from dealtriage.publish.site.pages import Pages, in_html
from dealtriage.publish.told import read_told
from dealtriage.publish.workbook import write_workbook
from dealtriage.workspace import Workspace
from tests.company import finished_run
from tests.hostile import NAMES

pytestmark = pytest.mark.xdist_group("company")
TEXT = st.one_of(st.sampled_from(NAMES), st.text(max_size=60), st.text(alphabet="<>&\"'`[]()!{}%=#|*_\\/-+@: \n\tabc", max_size=60)).map(lambda text: f"a{text}")
FREE = {"href", "data-value", "content", "alt", "data-label"}


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes, and the values of those that no name may reach."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name if name in FREE else (name, value) for name, value in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)


@pytest.fixture(scope="module")
def told():  # type: ignore[no-untyped-def]
    return read_told(load_params(finished_run() / "params.yaml"), Workspace(finished_run()))


def named(row: dict[str, Any], columns: tuple[str, ...], text: str) -> dict[str, Any]:
    return {**row, **dict.fromkeys(columns, text)}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(TEXT)
@example("a" + NAMES[0])
def test_a_page_keeps_its_elements(told: Any, text: str) -> None:
    pages = Pages(told.params)
    row = next(one for one in told.rows.to_dict("records") if one["state"] == "stalled")
    listed = ("deal", "account", "stage", "owner", "reason_1", "why_this_phase", "since_last_list", "do_next", "silence")
    deal, line = told.deals[row["deal_id"]], [{"at": pd.Timestamp("2026-01-01"), "what": text}]

    def both(name: str) -> list[str]:
        one, sheet = named(row, listed, name), [named({"key": "lesson", "number": 1}, ("question", "answer", "evidence", "your_answer"), name)]
        return [pages.rep(name, [{**one, "page": "x.html"}]), pages.deal(one, {**deal, "phase": "2_rediscover", "until": name}, "<svg/>", sheet, line, None)]

    for plain, hostile in zip(both("aplain"), both(text), strict=True):
        assert Shape(plain).found == Shape(hostile).found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXT)
def test_a_playbook_makes_no_link_no_picture_and_no_html(text: str) -> None:
    tags = {one[0] for one in Shape(in_html(f"# {text}\n\n{text}\n\n> {text}\n\n1. **{text}** {text}\n\n| a |\n| --- |\n| {text} |\n")).found if isinstance(one, tuple)}
    assert tags <= {"h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "ol", "ul", "li", "strong", "em", "code", "pre", "hr", "br", "table", "thead", "tbody", "tr", "th", "td"}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(TEXT)
def test_a_workbooks_texts_stay_texts(told: Any, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path: Path = tmp_path_factory.mktemp("book") / "rep.xlsx"
    rows = told.rows.head(3).assign(deal=text, account=text, stage=text, reason_1=text)
    write_workbook(rows, told.params, pd.Timestamp("2026-06-29"), "rep", path)
    with ZipFile(BytesIO(path.read_bytes())) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    assert not any(cell.data_type == "f" for row in load_workbook(path)["List"].iter_rows() for cell in row)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text())
def test_a_cell_of_a_csv_begins_no_formula(text: str) -> None:
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "|", "%"))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(), st.text())
def test_page_names_are_safe_and_tell_deals_apart(one: str, other: str) -> None:
    name = page_name(one)
    assert name.isascii() and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") and len(name) < 70
    assert (name == page_name(other)) == (one == other)
