"""The linkage desk in a browser: by keyboard only, read by axe, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from server.linkage.settling import Pair
from server.linkage.tables import AbsenceDecision, Link, LinkDecision
from server.web.assets import is_ready
from tests.browser.conftest import Site, Watched, run_site
from tests.browser.looks import read_by_axe
from tests.server.pairs import add_pairs

pytestmark = pytest.mark.browser

PAIRS = 8


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[Pair]]]:
    if not is_ready():
        pytest.skip("assets are not built: run `make setup`")
    with run_site(tmp_path_factory.mktemp("desk"), households=30) as running:
        yield running, add_pairs(running.database, PAIRS)


@pytest.fixture
def site(desk: tuple[Site, list[Pair]]) -> Site:
    """This module's own province, which `watched` opens."""
    return desk[0]


def status(site: Site, pair: Pair) -> tuple[str, str]:
    with site.database.session() as session:
        found = session.scalars(select(Link).where(Link.interview_id == pair[0], Link.household_code == pair[1])).one()
        return found.kind, found.status


def shown(page: Page) -> str:
    """The interview of the pair on the desk."""
    return str(page.locator(".answers input[name=interview]").get_attribute("value"))


def press(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_the_whole_desk_by_keyboard(watched: Watched, desk: tuple[Site, list[Pair]]) -> None:
    site, pairs = desk
    page = watched.page
    page.goto("/linkage")
    assert shown(page) == pairs[0][0]
    press(page, " ")
    assert shown(page) == pairs[1][0]
    press(page, "j")
    assert shown(page) == pairs[2][0]
    press(page, "k")
    press(page, "k")
    assert shown(page) == pairs[0][0]

    press(page, "1")
    assert status(site, pairs[0]) == ("same", "decided")
    assert shown(page) == pairs[1][0]
    expect(page.locator("#last-answer")).to_contain_text("Vừa ghi: Cùng một hộ.")
    press(page, "u")
    assert status(site, pairs[0]) == ("same", "doubtful")
    assert shown(page) == pairs[0][0]

    for key, pair, expected in (
        ("1", pairs[0], ("same", "decided")),
        ("2", pairs[1], ("same", "apart")),
        ("3", pairs[2], ("same", "doubtful")),
        ("4", pairs[3], ("split", "decided")),
        ("5", pairs[4], ("merge", "decided")),
    ):
        assert shown(page) == pair[0]
        press(page, key)
        assert status(site, pair) == expected
    assert shown(page) == pairs[5][0]
    with site.database.session() as session:
        kept = session.scalars(select(LinkDecision).order_by(LinkDecision.decision_id)).all()
    assert [one.verdict for one in kept if one.undone_at is None] == ["same", "different", "unsure", "split", "merge"]


def test_help_opens_by_key(watched: Watched) -> None:
    watched.page.goto("/linkage")
    watched.page.keyboard.press("?")
    expect(watched.page.get_by_role("dialog", name="Phím tắt")).to_be_visible()
    watched.page.keyboard.press("Escape")
    expect(watched.page.get_by_role("dialog")).to_have_count(0)


def test_households_not_found_by_keyboard(watched: Watched, site: Site) -> None:
    page = watched.page
    page.goto("/linkage/absent")
    expect(page.locator("#queue tr.current")).to_have_count(1)
    page.keyboard.press("j")
    code = page.locator("#queue tr.current input[name=household]").get_attribute("value")
    press(page, "2")
    with site.database.session() as session:
        made = session.scalars(select(AbsenceDecision)).one()
    assert (made.household_code, made.reason) == (code, "move")


def test_undo_of_a_reason_by_keyboard(watched: Watched, site: Site) -> None:
    page = watched.page
    page.goto("/linkage/absent?page=5")
    press(page, "u")
    with site.database.session() as session:
        assert session.scalars(select(AbsenceDecision)).one().undone_at is not None


@pytest.mark.parametrize("width", [360, 1440, 2560])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/linkage", "/linkage/absent"])
def test_pages_hold_for_everyone(
    watched: Watched, path: str, theme: str, width: int, request: pytest.FixtureRequest
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{path}?theme={theme}")
    folder = Path(request.config.rootpath) / "test-artifacts"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"{path[1:].replace('/', '-')}-{theme}-{width}.png", full_page=True)
    assert read_by_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
