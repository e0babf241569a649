"""Logging in, the own account, administration and the log in a browser, on a service that is no demo."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Page

from server.accounts import people
from server.accounts.actor import Role
from server.web.assets import is_ready
from tests.browser.conftest import Site, Watched
from tests.browser.looks import read_by_axe
from tests.server.people import PASSWORD, Service, make_service

pytestmark = pytest.mark.browser

SIZES = {"wide": (1440, 900), "narrow": (360, 740)}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if not is_ready():
        pytest.skip("assets are not built: run `make setup`")
    with pytest.MonkeyPatch.context() as patch:
        yield make_service(tmp_path_factory.mktemp("office"), patch, households=20)


@pytest.fixture(scope="module")
def site(service: Service) -> Iterator[Site]:
    """Instead of the demo that other pages are tested on."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service.app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", service.accounts.database)
    server.should_exit = True
    thread.join(timeout=30)


def log_in(page: Page, name: str) -> None:
    page.goto("/login")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)


def too_wide(page: Page) -> list[str]:
    """Whether the page is wider than the window."""
    beyond = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{beyond} px too wide"] if beyond > 0 else []


def looks_right(page: Page, path: str) -> None:
    """The page holds in both languages and themes, wide and narrow; axe reads each of these once."""
    wrong = {}
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme, language in (("light", "vi"), ("dark", "en")):
            page.goto(f"{path}{'&' if '?' in path else '?'}theme={theme}&lang={language}")
            assert page.get_attribute("html", "lang") == language
            read = (size, theme) in (("wide", "light"), ("narrow", "dark"))
            if found := too_wide(page) + (read_by_axe(page) if read else []):
                wrong[size, theme] = found
    assert wrong == {}, path


def test_a_person_sets_a_password_logs_in_and_out(watched: Watched, service: Service) -> None:
    with service.accounts.database.session() as session:
        _, link = people.create_user(service.accounts, session, None, username="hoa", full_name="Lê Thị Hoa")
    page = watched.page
    looks_right(page, f"/reset/{link}")
    page.goto(f"/reset/{link}?lang=vi&theme=auto")
    for field in ("#password", "#again"):
        page.fill(field, PASSWORD)
    page.click("main button.primary")
    page.wait_for_url("**/login")
    log_in(page, "hoa")
    assert page.url.endswith("/account"), "no role yet: nothing else is there to see"
    assert "Chưa được phân địa bàn" in page.inner_text("main")
    cookie = next(one for one in page.context.cookies() if one["name"] == "__Host-rasoat")
    assert cookie["httpOnly"]
    assert cookie["secure"]
    assert page.evaluate("() => document.cookie.includes('rasoat')") is False
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url("**/login")


def test_the_login_page(watched: Watched) -> None:
    looks_right(watched.page, "/login?next=/interviews")
    watched.page.goto("/interviews?lang=en")
    assert watched.page.url.endswith("/login?next=/interviews%3Flang%3Den")


def test_the_second_step_is_drawn_here(watched: Watched) -> None:
    page = watched.page
    log_in(page, Role.PLANNER.value)
    page.goto("/account")
    page.locator("form[action='/account/totp'] button").click()
    page.wait_for_function("() => document.querySelector(\"img[src='/account/totp.svg']\")?.naturalWidth > 0")
    looks_right(page, "/account")


def test_the_administrators_pages(watched: Watched) -> None:
    page = watched.page
    log_in(page, Role.ADMINISTRATOR.value)
    assert page.url.endswith("/admin/users")
    nav = page.inner_text("header nav")
    assert "Tài khoản" in nav
    assert "Phiếu chờ duyệt" not in nav, "an administrator sees no household"
    for path in ("/admin/users", "/admin/audit", "/admin/jobs"):
        looks_right(page, path)


def test_the_officer_is_asked_for_a_purpose(watched: Watched) -> None:
    page = watched.page
    log_in(page, Role.PROVINCE_OFFICER.value)
    looks_right(page, "/interviews")
    page.goto("/interviews?lang=vi&theme=auto")
    page.select_option("#purpose", "complaint")
    page.click("main button.primary")
    page.wait_for_url("**purpose=complaint**")
    page.locator("a.open").first.click()
    page.wait_for_url("**/interviews/**purpose=complaint**")
    assert "•" in page.inner_text("#members")


def test_numbers_are_shown_for_a_purpose(watched: Watched) -> None:
    page = watched.page
    log_in(page, Role.SUPERVISOR.value)
    page.goto("/interviews")
    page.locator("a.open").first.click()
    page.get_by_text("Hiện số định danh và điện thoại").click()
    page.select_option("#numbers-purpose", "review")
    page.get_by_role("button", name="Hiện đủ").click()
    page.wait_for_url("**/numbers**")
    assert "•" not in page.inner_text("#members")
    assert read_by_axe(page) + too_wide(page) == []
