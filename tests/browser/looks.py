"""What axe finds on a page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from server.web.assets import PACKAGES


def violations(page: Page) -> list[dict[str, Any]]:
    """Rules that the page breaks, each with its id, impact and nodes."""
    # Evaluated by the test's own channel: the page's policy refuses a script from elsewhere, as it should.
    page.evaluate((PACKAGES / "axe-core" / "axe.min.js").read_text())
    found: list[dict[str, Any]] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return found


def read_by_axe(page: Page) -> list[str]:
    """The rules that the page breaks, with the beginning of the first nodes."""
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in violations(page)]
