"""The page of syncing in a browser: forms in step, behind and failed, and syncing now."""

from __future__ import annotations

import pytest

from server.rounds import service as rounds
from server.submissions import service as submissions
from server.submissions.service import Source
from tests.browser.conftest import Watched
from tests.browser.province import ROUND
from tests.browser.test_browser_accounts import log_in, looks_right, service, site  # noqa: F401 - its service

pytestmark = pytest.mark.browser


@pytest.fixture
def officer(watched: Watched, service: object) -> Watched:  # noqa: F811
    """A round with a form that failed, one that someone changed in Central, and one that was never pulled."""
    with service.accounts.database.session() as session:  # type: ignore[attr-defined]
        for name in ("application", "backcheck", "village_meeting"):
            rounds.attach_form(session, ROUND, name, 1, name, "20260901-1")
        failed = submissions.sync_state(session, Source(1, "application", ROUND, "application"))
        failed.last_error_code = "central_credentials"
        changed = submissions.sync_state(session, Source(1, "backcheck", ROUND, "backcheck"))
        changed.last_success_at = submissions.last_pull(session, ROUND).last_success_at  # type: ignore[union-attr]
        changed.live_at_central, changed.live_here = 12, 11
        changed.unknown_fields, changed.missing_fields = {"/dwelling/roof_photo": 7}, {"/services/toilet": 11}
    log_in(watched.page, "province_officer")
    return watched


def test_the_page_holds_in_every_size_theme_and_language(officer: Watched) -> None:
    looks_right(officer.page, "/sync")


def test_what_went_wrong_is_said_with_its_remedy_and_a_sync_is_asked_for_once(officer: Watched) -> None:
    page = officer.page
    page.goto("/sync?lang=vi")
    failed = page.locator("article", has=page.locator("h3", has_text="Giấy đề nghị"))
    assert "RASOAT_CENTRAL_PASSWORD" in failed.inner_text()
    changed = page.locator("article", has=page.locator("h3", has_text="Phiếu phúc tra"))
    assert "Lệch số phiếu" in changed.inner_text()
    assert "/dwelling/roof_photo (7 phiếu)" in changed.inner_text()
    never = page.locator("article", has=page.locator("h3", has_text="Biên bản họp thôn"))
    assert "Chưa đồng bộ lần nào" in never.inner_text()
    page.get_by_role("button", name="Đồng bộ ngay").click()
    page.wait_for_load_state()
    assert page.get_by_role("button", name="Đồng bộ ngay").is_disabled()
    assert "đang chờ đến lượt" in page.inner_text("main")
