"""The service with an invented province, and Debian's Chromium to look at it."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from server.database import Database
from server.web.assets import is_ready
from tests.browser.province import make_site

#: WebGL by software: a machine that runs tests has no graphics card.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@dataclass
class Site:
    """A running service."""

    url: str
    database: Database


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not is_ready():
        pytest.skip("assets are not built: run `make setup`")
    with run_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@contextmanager
def run_site(folder: Path, households: int = 400) -> Iterator[Site]:
    """The service over a new province in `folder`, answering."""
    app = make_site(folder, households, service={"developer": True})
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.database)
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Watched:
    """A page, and what must not happen on it."""

    page: Page
    problems: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture
def watched(site: Site, browser: Browser) -> Iterator[Watched]:
    """A page that notes every error, CSP violation and request to another host; none may be left at the end."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}, locale="vi-VN")
    context.set_default_timeout(60_000)
    seen = Watched(context.new_page())
    page = seen.page
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"
    )
    page.on("console", lambda said: seen.problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: seen.problems.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(site.url) else seen.foreign.append(asked.url))
    yield seen
    assert seen.problems == []
    assert [url for url in seen.foreign if not url.startswith(("data:", "blob:"))] == []
    context.close()
