"""The pages as a rep uses them, in a real browser: by mouse, by keyboard, on a phone, on paper."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dealtriage.phases.actions import read_answers
from dealtriage.publish.cells import page_name
from dealtriage.tables import read_parquet
from tests.browser.conftest import CHROMIUM
from tests.company import finished_run
from tests.conftest import ROOT
from tests.hostile import hostile_run

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")]
SERIOUS = ("serious", "critical")


def fullest() -> Path:
    """The site's folder of the rep with the longest list."""
    folder = finished_run() / "data/lists"
    longest = max(folder.glob("rep-*.csv"), key=lambda path: len(pd.read_csv(path)))
    return folder / "site" / longest.stem


def rows_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder.parent.parent / f"{folder.name}.csv", dtype="str", keep_default_na=False)


def visible_ids(page: Any) -> list[str]:
    """The addresses of the deals that are shown, from the top."""
    return page.eval_on_selector_all("#list tbody tr:not([hidden]) th a", "links => links.map(link => link.getAttribute('href').split('/').pop())")


def deal_page(phase: str) -> Path:
    """The page of a deal of that phase with a text to copy."""
    folder = finished_run() / "data/lists"
    for path in sorted(folder.glob("rep-*.csv")):
        rows = pd.read_csv(path, dtype="str", keep_default_na=False)
        for one in rows.loc[rows["phase"] == phase, "deal_id"]:
            found = folder / "site" / path.stem / "deals" / page_name(one)
            if "<blockquote>" in found.read_text("utf-8"):
                return found
    raise AssertionError(f"no deal of phase {phase} with a text")


def test_a_list_shows_this_week_and_unfolds(opened: Any) -> None:
    folder = fullest()
    rows, page = rows_of(folder), opened(folder / "index.html")
    this_week = [page_name(one) for one in rows.loc[rows["do_this_week"] == "yes", "deal_id"]]
    assert 0 < len(this_week) < len(rows) and visible_ids(page) == this_week
    page.click("#fold")
    assert visible_ids(page) == [page_name(one) for one in rows["deal_id"]]
    assert page.get_attribute("#fold", "aria-expanded") == "true"
    page.click("#fold")
    assert visible_ids(page) == this_week


def test_sorting_searching_and_filtering(opened: Any) -> None:
    folder = fullest()
    rows, page = rows_of(folder), opened(folder / "index.html")
    page.click("#fold")
    amounts = "rows => rows.map(row => Number(row.cells[7].dataset.value))"
    page.click("thead th:has-text('Amount') button")
    found = page.eval_on_selector_all("#list tbody tr", amounts)
    assert found == sorted(found) and page.get_attribute("thead th:has-text('Amount')", "aria-sort") == "ascending"
    page.click("thead th:has-text('Amount') button")
    found = page.eval_on_selector_all("#list tbody tr", amounts)
    assert found == sorted(found, reverse=True)
    page.select_option("#sort", "3,-1")
    chances = list(page.eval_on_selector_all("#list tbody tr", "rows => rows.map(row => row.cells[3].dataset.value)"))
    told = [float(one) for one in chances if one]
    assert told == sorted(told, reverse=True) and chances[len(told):] == [""] * (len(chances) - len(told))
    page.select_option("#sort", "")
    wanted = rows.iloc[-1]
    page.fill("#search", f"{wanted['deal'].upper()}  ")
    assert page_name(wanted["deal_id"]) in visible_ids(page) and len(visible_ids(page)) < len(rows)
    page.fill("#search", "")
    for phase in sorted({*rows["phase"]} - {""}):
        page.select_option("#phase", phase)
        assert visible_ids(page) == [page_name(one) for one in rows.loc[rows["phase"] == phase, "deal_id"]]
        assert page.inner_text("#count") == f"{(rows['phase'] == phase).sum()} of {len(rows)} deals shown"


def test_from_the_list_to_a_deal_and_back(opened: Any) -> None:
    folder = fullest()
    rows, page = rows_of(folder), opened(folder / "index.html")
    page.click("#list tbody tr:first-child th a")
    assert page.inner_text("h1") == rows.iloc[0]["deal"]
    assert page.inner_text(".next strong") == rows.iloc[0]["do_next"]
    shown = page.eval_on_selector("img.picture", "picture => [picture.complete, picture.naturalWidth]")
    assert shown[0] and shown[1] > 300
    page.click("nav a")
    assert page.inner_text("h1") == page.title().split(":")[0]


def test_the_note_is_copied(opened: Any) -> None:
    page = opened(deal_page("1 withdraw"), permissions=["clipboard-read", "clipboard-write"])
    page.click(".playbook blockquote + button.copy")
    page.wait_for_function("document.querySelector('.playbook blockquote + button').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.inner_text(".playbook blockquote").strip() and len(copied) > 100


def test_an_answer_becomes_a_line_that_the_next_run_takes(opened: Any, tmp_path: Path) -> None:
    page = opened(deal_page("1 withdraw"), permissions=["clipboard-read", "clipboard-write"])
    assert page.is_disabled("#copy-line")
    page.fill("#lesson", 'we spoke of price, "too soon"\nthey needed = less paper')
    page.click("#copy-line")
    page.wait_for_function("document.getElementById('copy-line').textContent === 'Copied'")
    path = tmp_path / "answers.csv"
    path.write_text(f"deal_id,question,answer,answered_at\n{page.evaluate('navigator.clipboard.readText()')}\n", "utf-8")
    deals = read_parquet(finished_run() / "data/core/deals.parquet", ["deal_id"])["deal_id"]
    good, bad = read_answers(path, deals, pd.Timestamp("2026-06-30"))
    assert bad.empty and good["answer"].tolist() == ['we spoke of price, "too soon" they needed = less paper'] and good["is_own"].all()
    assert page_name(good["deal_id"].iloc[0]) == page.url.rpartition("/")[2]


def test_dead_deals_beyond_this_week_are_a_click_away(opened: Any) -> None:
    folder = finished_run() / "data/lists"
    for path in sorted(folder.glob("rep-*.csv")):
        rows = pd.read_csv(path, dtype="str", keep_default_na=False)
        later = rows[(rows["state"] == "dead") & (rows["do_this_week"] == "")]
        page = opened(folder / "site" / path.stem / "index.html")
        assert page.locator("#dead").count() == (len(later) > 0)
        if len(later):
            assert f"{len(later)} more dead" in page.inner_text(".later")
            page.click("#dead")
            assert set(visible_ids(page)) >= {page_name(one) for one in later["deal_id"]}


def test_by_keyboard_alone(opened: Any) -> None:
    folder = fullest()
    rows, page = rows_of(folder), opened(folder / "index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(4):  # search, next, sort, fold
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "fold"
    page.keyboard.press("Enter")
    assert len(visible_ids(page)) == len(rows)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_attribute("thead th", "aria-sort") == "ascending"
    page.focus("#list tbody tr:first-child th a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".next")
    assert page.inner_text("h1") == rows.iloc[0]["deal"]


@pytest.mark.parametrize("name", ["list", "deal", "manager", "home", "honesty"])
def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Any, name: str) -> None:
    page = opened(pages()[name], width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", ["list", "deal", "manager", "home", "honesty"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_stands_in_the_way_of_those_who_see_or_point_differently(opened: Any, name: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(pages()[name], width=width)
    context = page.context
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found if one["impact"] in SERIOUS] == []
    assert context is page.context


def test_on_paper_the_tools_are_gone_and_the_list_is_there(opened: Any) -> None:
    folder = fullest()
    page = opened(folder / "index.html")
    page.emulate_media(media="print")
    assert not page.is_visible(".tools") and page.is_visible("#list tbody tr:first-child")
    deal = opened(deal_page("1 withdraw"))
    deal.emulate_media(media="print")
    assert not deal.is_visible(".copy") and deal.is_visible(".playbook blockquote") and not deal.is_visible("nav")
    assert len(deal.pdf()) > 5_000


def test_without_scripts_the_list_is_whole(opened: Any) -> None:
    folder = fullest()
    page = opened(folder / "index.html", java_script_enabled=False)
    assert page.locator("#list tbody tr").count() == len(rows_of(folder))
    assert all(page.locator("#list tbody tr").nth(number).is_visible() for number in (0, len(rows_of(folder)) - 1))


def test_no_script_of_a_hostile_name_runs(opened: Any, tmp_path: Path) -> None:
    _, workspace = hostile_run(tmp_path)
    site = workspace.lists / "site"
    for path in (site / "index.html", *site.glob("*/index.html"), *list(site.glob("rep-*/deals/*.html"))[::3]):
        page = opened(path)
        assert page.evaluate("window.hacked === undefined") and page.locator("h1").count() == 1
        page.close()


def pages() -> dict[str, Path]:
    """A page of each kind."""
    site = finished_run() / "data/lists/site"
    return {"list": fullest() / "index.html", "deal": deal_page("1 withdraw"), "manager": sorted(site.glob("manager-*/index.html"))[0], "home": site / "index.html",
            "honesty": site / "how-often-right.html"}


@pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="makes the pictures in docs/screenshots: make screenshots")
@pytest.mark.parametrize(("name", "width", "height"), [("list", 1280, 800), ("deal", 1100, 900), ("manager", 1100, 800), ("phone", 390, 800)])
def test_screenshots_for_the_docs(opened: Any, name: str, width: int, height: int) -> None:
    page = opened(pages()["list" if name == "phone" else name], width=width, height=height)
    page.screenshot(path=ROOT / "docs" / "screenshots" / f"{name}.png")
