"""The pages of rounds and of resident figures in a browser, as the province's officer works with them."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Watched
from tests.browser.test_browser_accounts import log_in, looks_right, service, site  # noqa: F401 - its service

pytestmark = pytest.mark.browser


@pytest.fixture
def officer(watched: Watched) -> Watched:
    log_in(watched.page, "province_officer")
    return watched


@pytest.mark.parametrize("path", ["/rounds", "/units/residents", "/units/residents?year=2024"])
def test_the_pages_hold_in_every_size_theme_and_language(officer: Watched, path: str) -> None:
    looks_right(officer.page, path)


def test_a_round_is_created_and_opened_by_keyboard_and_button(officer: Watched) -> None:
    page = officer.page
    page.goto("/rounds?lang=vi")
    page.fill("#round_id", "2026-11")
    page.select_option("#kind", "monthly")
    page.fill("#review_date", "2026-11-15")
    page.keyboard.press("Enter")
    card = page.locator("section", has=page.locator("h2", has_text="Đợt 2026-11"))
    assert "Chưa mở" in card.inner_text()
    card.locator("summary").click()
    card.get_by_role("button", name="Mở đợt").click()
    page.wait_for_load_state()
    assert "Đang mở" in card.inner_text()


def test_a_wrong_figure_is_said_beside_its_cell_and_a_right_one_saved(officer: Watched) -> None:
    page = officer.page
    page.goto("/units/residents?lang=vi")
    cell = page.get_by_label("Hộ dân cư, Phường Phố Hiến")
    cell.fill("hai nghìn")
    page.fill("#source", "Chi cục Thống kê")
    page.fill("#source_date", "2026-08-15")
    officer.problems.clear()
    with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        page.get_by_role("button", name="Lưu").click()
    assert refused.value.status == 422
    page.wait_for_load_state()
    officer.problems[:] = [one for one in officer.problems if "422" not in one]  # Chromium notes the status itself
    assert cell.get_attribute("aria-invalid") == "true"
    assert "số nguyên" in page.locator(f"#{cell.get_attribute('aria-describedby')}").inner_text()
    assert cell.input_value() == "hai nghìn"
    cell.fill("2.345")
    page.get_by_role("button", name="Lưu").click()
    page.wait_for_load_state()
    assert cell.input_value() == "2345"
    assert "province_officer" in page.locator(".card", has=page.locator("#history")).inner_text()
