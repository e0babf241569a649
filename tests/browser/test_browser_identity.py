"""Whose is it, in a browser: questions by keyboard only, a household and its undoing; read by axe, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from server.linkage.settling import Pair
from server.web.assets import is_ready
from tests.browser.conftest import Site, Watched, run_site
from tests.browser.looks import read_by_axe
from tests.browser.test_browser_linkage import press
from tests.server.questions import add_questions, household_of, listed_household

pytestmark = pytest.mark.browser

PAGE = "/registry/questions"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[Pair]]]:
    if not is_ready():
        pytest.skip("assets are not built: run `make setup`")
    with run_site(tmp_path_factory.mktemp("questions"), households=12) as running:
        yield running, add_questions(running.database)


@pytest.fixture
def site(asked: tuple[Site, list[Pair]]) -> Site:
    """This module's own province, which `watched` opens."""
    return asked[0]


def number(page: Page) -> str:
    """The number of the question on the page."""
    return str(page.locator(".answers input[name=number]").get_attribute("value"))


@pytest.mark.parametrize("width", [360, 1440, 2560])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("what", ["first", "keeper", "household", "undo"])
def test_pages_hold_for_everyone(
    watched: Watched,
    asked: tuple[Site, list[Pair]],
    what: str,
    theme: str,
    width: int,
    request: pytest.FixtureRequest,
) -> None:
    site, pairs = asked
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    of = household_of(site.database, pairs[4][0])
    if what in ("first", "keeper"):
        page.goto(f"{PAGE}?theme={theme}" + ("&source=round/2026&number=3" if what == "keeper" else ""))
    else:
        page.goto(f"/registry/households/{of}?theme={theme}")
    if what == "undo":
        page.get_by_role("link", name="Hoàn tác…").click()
        expect(page.get_by_role("heading", name="Nếu hoàn tác")).to_be_visible()
    folder = Path(request.config.rootpath) / "test-artifacts"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"identity-{what}-{theme}-{width}.png", full_page=True)
    assert read_by_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_questions_by_keyboard(watched: Watched, asked: tuple[Site, list[Pair]]) -> None:
    site, pairs = asked
    page = watched.page
    page.goto(PAGE)
    assert number(page) == "1"
    press(page, " ")
    assert number(page) == "2"
    press(page, "j")
    assert number(page) == "3"
    press(page, "k")
    press(page, "k")
    assert number(page) == "1"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Phím tắt")).to_be_visible()
    page.keyboard.press("Escape")

    listed = [listed_household(site.database, code) for _, code in pairs]
    press(page, "1")
    first = household_of(site.database, pairs[0][0])
    assert first in (listed[0], listed[5])
    assert number(page) == "2"
    press(page, "u")
    assert number(page) == "1"
    press(page, "2")
    assert household_of(site.database, pairs[0][0]) == ({listed[0], listed[5]} - {first}).pop()

    assert number(page) == "2"
    press(page, "n")
    assert household_of(site.database, pairs[1][0]) not in listed
    press(page, "u")
    press(page, "0")
    assert household_of(site.database, pairs[1][0]) not in listed

    assert number(page) == "3"
    press(page, "2")
    assert household_of(site.database, pairs[3][0]) == listed[2] != household_of(site.database, pairs[2][0])
    expect(page.get_by_role("heading", name="Không còn hộ nào chờ xác định.")).to_be_visible()
    expect(page.locator("#last-answer")).to_be_visible()
