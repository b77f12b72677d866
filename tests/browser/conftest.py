"""A real browser for the pages: Debian's chromium. Without it these tests are skipped."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")


@dataclass
class Seen:
    """What a page did that it should not: words on the console, errors, requests to anywhere but its own folder, dialogs."""

    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """Opens a page at a size; when the test ends, nothing may have gone wrong in any."""
    seen, contexts = Seen(), []

    def open_page(path: Path, width: int = 1280, height: int = 900, **options: object):  # type: ignore[no-untyped-def]
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: seen.wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: seen.wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (seen.wrong.append("dialog"), dialog.dismiss()))
        page.on("request", lambda asked: None if asked.url.startswith(("file://", "data:")) else seen.wrong.append(f"request: {asked.url[:100]}"))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert seen.wrong == []
