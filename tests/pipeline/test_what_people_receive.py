"""The lists, workbooks and pages of the small company: what is in them, that they agree, and that nobody gets another's deals."""

import os
import re
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from dealtriage.params import load_params
from dealtriage.publish import lists
from dealtriage.publish.cells import page_name
from dealtriage.publish.rows import EXPIRED, WITHOUT_PROPOSAL, list_rows
from dealtriage.publish.site import build
from dealtriage.tables import read_parquet, write_parquet
from tests.company import finished_run
from tests.hostile import hostile_run

LISTS = "data/lists"
pytestmark = pytest.mark.xdist_group("company")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hostile")
    hostile_run(out, deal_url="https://crm.example/{deal_id}/view")
    return out / LISTS


@pytest.fixture(scope="module")
def advice() -> pd.DataFrame:
    return read_parquet(finished_run() / "data/advice/advice.parquet")


def rep_lists(folder: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path, dtype="str", keep_default_na=False) for path in sorted(folder.glob("rep-*.csv"))}


def texts_of(folder: Path, stem: str) -> Iterator[tuple[Path, str]]:
    """Every file that a rep gets, as text; workbooks unpacked."""
    paths = [path for path in folder.rglob("*") if path.is_file() and (stem == path.stem or stem in path.relative_to(folder).parts)]
    for path in paths:
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield path, "".join(book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels")))
        else:
            yield path, path.read_text("utf-8")


def test_every_open_deal_is_on_one_list_and_has_one_page(advice: pd.DataFrame) -> None:
    folder = finished_run() / LISTS
    found = rep_lists(folder)
    listed = [one for rows in found.values() for one in rows["deal_id"]]
    assert sorted(listed) == sorted(advice["deal_id"])
    for stem, rows in found.items():
        assert {path.name for path in (folder / "site" / stem / "deals").iterdir()} == {page_name(one) for one in rows["deal_id"]}


def test_no_file_of_one_rep_holds_anothers_deals(advice: pd.DataFrame) -> None:
    folder = finished_run() / LISTS
    found = rep_lists(folder)
    assert len(found) > 5
    for stem, rows in found.items():
        own = set(rows["deal_id"]) | set(rows["deal"])
        others = {text for column in ("deal_id", "deal_name") for text in advice[column].dropna()} - own
        files = list(texts_of(folder, stem))
        assert {path.suffix for path, _ in files} >= {".csv", ".xlsx", ".html"}
        for path, text in files:
            held = [other for other in others if other in text or page_name(other) in text]
            assert held == [], path


def test_the_workbook_holds_the_lists_rows(advice: pd.DataFrame) -> None:
    folder = finished_run() / LISTS
    for stem, rows in rep_lists(folder).items():
        book = load_workbook(folder / f"{stem}.xlsx")
        sheet = book["List"]
        assert book.sheetnames == ["List", "How to read it"]
        assert sheet.freeze_panes == "E2" and sheet.auto_filter.ref is not None
        heads = [cell.value for cell in sheet[1]]
        for number, row in enumerate(rows.to_dict("records"), start=2):
            cells = dict(zip(heads, sheet[number], strict=True))
            assert (cells["deal id"].value, cells["do next"].value, str(cells["#"].value)) == (row["deal_id"], row["do_next"], row["rank"])
            chance = cells["chance to revive in 90 days"].value
            assert row["chance_to_revive_90d"] == ("" if chance is None else f"{chance:.0%}")
            link = cells["deal"].hyperlink.target.replace("\\", "/")
            assert link == f"site/{stem}/deals/{page_name(row['deal_id'])}"
            assert (folder / link).is_file()
            assert bool(sheet.row_dimensions[number].hidden) == (row["do_this_week"] == "")


def test_links_of_the_pages_lead_to_files() -> None:
    site = finished_run() / LISTS / "site"
    pages = list(site.rglob("*.html"))
    for page in pages:
        for address in re.findall(r'href="([^"]*)"', page.read_text("utf-8")):
            assert address.startswith("#") or (page.parent / address).is_file(), (page, address)


def test_pages_are_light() -> None:
    assert max(page.stat().st_size for page in (finished_run() / LISTS / "site").rglob("*.html")) < 300_000


def test_publishing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    hostile_run(tmp_path / "once")
    hostile_run(tmp_path / "again")
    once, again = ({path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name / LISTS).rglob("*") if path.is_file()} for name in ("once", "again"))
    assert once.keys() == again.keys()
    assert [path for path in once if once[path] != again[path]] == []


def test_pages_written_by_several_processes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run()
    params, workspace = hostile_run(tmp_path)
    monkeypatch.setattr(build, "FEW", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    for name in ("data/core/owners.parquet", "data/advice/advice.parquet", "data/advice/sheets.parquet", "data/winloss/stories.parquet"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    lists.run(params, workspace)
    mine, theirs = ({path.relative_to(root): path.read_bytes() for path in (root / LISTS / "site").rglob("*.html")} for root in (tmp_path, run))
    assert mine.keys() == theirs.keys() and [path for path in mine if mine[path] != theirs[path]] == []


class Elements(HTMLParser):
    """Which elements and attributes a page really has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_hostile_names_make_no_element_no_handler_and_no_address(hostile: Path) -> None:
    for page in (hostile / "site").rglob("*.html"):
        parser = Elements()
        parser.feed(page.read_text("utf-8"))
        scripts = [attributes for tag, attributes in parser.found if tag == "script"]
        assert scripts == [{}], page
        for tag, attributes in parser.found:
            assert not any(name.startswith("on") or name == "style" for name in attributes), (page, tag, attributes)
            if tag == "a":
                assert re.match(r"https://crm\.example/|[#\w./-]+$", attributes["href"] or ""), attributes
            if tag == "img":
                assert (attributes["src"] or "").startswith("data:image/")


def test_the_policy_allows_the_pages_own_script_and_style_alone(hostile: Path) -> None:
    page = next((hostile / "site").glob("rep-*/index.html")).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None and policy[1].startswith("default-src &#39;none&#39;")
    for tag in ("script", "style"):
        text = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert text is not None and b64encode(sha256(text[1].encode()).digest()).decode() in policy[1]


def test_hostile_names_give_safe_file_names_and_no_formulas(hostile: Path) -> None:
    for path in hostile.rglob("*"):
        assert re.fullmatch(r"[a-z0-9.-]{1,130}", path.name), path
    for path in hostile.glob("rep-*.xlsx"):
        for sheet in load_workbook(path).worksheets:
            assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    for path in hostile.rglob("*.csv"):
        if "crm" not in path.parts:
            rows = pd.read_csv(path, dtype="str", keep_default_na=False)
            assert not any(text.startswith(("=", "+", "-", "@", "\t")) for name in rows for text in rows[name]), path


def test_names_are_shown_as_they_are_but_for_marks_and_length(hostile: Path) -> None:
    text = "".join(page.read_text("utf-8") for page in (hostile / "site").glob("rep-*/deals/*.html"))
    assert "Ζωή Ångström 株式会社" in text and "Family &amp; Co 🚀" in text and "&lt;script&gt;window.hacked = 1&lt;/script&gt;" in text
    assert "\u202e" not in text and "\x1b" not in text and "x" * 1001 not in text


def test_redacted_lists_hold_no_name_and_no_text_that_people_wrote(tmp_path: Path, advice: pd.DataFrame) -> None:
    run = finished_run()
    people = read_parquet(run / "data/core/owners.parquet")["name"].dropna()
    params, workspace = hostile_run(tmp_path, redact=True)
    for name in ("data/core/owners.parquet", "data/advice/advice.parquet", "data/advice/sheets.parquet", "data/winloss/stories.parquet"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    lists.run(params, workspace)
    kept = "".join(path.read_text("utf-8") for path in workspace.lists.rglob("*") if path.suffix in (".csv", ".html", ".md"))
    names = {*people, *advice["deal_name"].dropna(), *advice["account_name"].dropna(), *advice["whom"][advice["whom"] != ""]}
    assert len(names) > 50 and [name for name in names if name in kept] == []
    written = read_parquet(run / "data/advice/sheets.parquet")["your_answer"]
    assert [text for text in {*advice["said_what"].dropna(), *written} - {""} if text in kept] == []


def test_a_week_is_filled_with_deals_that_have_something_to_do(advice: pd.DataFrame) -> None:
    """Deals to wait for, or drawn for the experiment, take no place of those that can be worked on."""
    params = load_params(finished_run() / "params.yaml").publish.model_copy(update={"capacity": 3})
    own = advice[advice["state"].isin(["stalled", "dead"])].assign(owner_id="x", is_held_out=False)
    own = own.assign(step=["wait" if state == "stalled" else "do" for state in own["state"]])
    rows = list_rows(own, params, 90, {"x": "x"})
    assert (own["state"] == "dead").sum() > 3
    assert rows["do_this_week"].eq("yes").sum() == 3 and set(rows.loc[rows["do_this_week"] == "yes", "state"]) == {"dead"}


def test_a_deal_without_a_name_is_called_by_its_id(tmp_path: Path) -> None:
    params, workspace = hostile_run(tmp_path)
    advice = read_parquet(finished_run() / "data/advice/advice.parquet").assign(deal_name=None, account_name=None, stage=None)
    write_parquet(advice.astype({"deal_name": "str", "account_name": "str", "stage": "str"}), workspace.advice / "advice.parquet")
    lists.run(params, workspace)
    for page in (workspace.lists / "site").glob("rep-*/deals/*.html"):
        heading = re.search(r"<h1>(.*?)</h1>", page.read_text("utf-8"))
        assert heading is not None and heading[1] in set(advice["deal_id"])


def test_the_teams_sums_are_those_of_the_lists() -> None:
    folder = finished_run() / LISTS
    rows = pd.concat([pd.read_csv(path) for path in folder.glob("rep-*.csv")])
    quiet = rows[rows["state"].isin(["stalled", "dead"])]
    home = (folder / "site" / "index.html").read_text("utf-8")
    assert f"<b>{quiet['value_at_stake'].sum():,.0f}</b>" in home and f"<b>{rows.loc[rows['state'] == 'dead', 'amount'].sum():,.0f}</b>" in home
    assert rows.loc[~rows["state"].isin(["stalled", "dead"]), ["value_at_stake", "chance_to_revive_90d"]].isna().all(axis=None)


def test_held_out_deals_are_told_no_phase_on_any_page(tmp_path: Path) -> None:
    run = finished_run()
    params, workspace = hostile_run(tmp_path)
    advice = read_parquet(run / "data/advice/advice.parquet").assign(is_held_out=True)
    write_parquet(advice, workspace.advice / "advice.parquet")
    lists.run(params, workspace)
    for page in (workspace.lists / "site").glob("rep-*/deals/*.html"):
        text = page.read_text("utf-8")
        assert "<h2>The playbook</h2>" not in text and "Phase 1" not in text and 'id="answer"' not in text
        assert "Nothing is recommended" in text
    for path in workspace.lists.rglob("*"):
        if path.suffix in (".csv", ".html", ".json", ".md") and path.name != "how-often-right.html":
            found = [verb for verb in (WITHOUT_PROPOSAL, EXPIRED, "admit it and close it as lost") if verb in path.read_text("utf-8")]
            assert found == [], path
