"""The queue and an interview in a browser, by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from server.review.tables import Outbox, ReviewDecision
from tests.browser.conftest import Site, Watched

pytestmark = pytest.mark.browser


def current(page: Page) -> str:
    return str(page.locator("#queue tr.current").get_attribute("data-id"))


def newest(site: Site, interview_id: str) -> ReviewDecision:
    with site.database.session() as session:
        found = session.scalars(
            select(ReviewDecision)
            .where(ReviewDecision.interview_id == interview_id)
            .order_by(ReviewDecision.decision_id.desc())
        ).first()
        assert found is not None
        return found


def test_approve_by_key_moves_on_and_undo_takes_it_back(watched: Watched, site: Site) -> None:
    page = watched.page
    page.goto("/interviews")
    first = current(page)
    page.keyboard.press("a")
    row = page.locator(f"[data-id='{first}']")
    expect(row).to_contain_text("Đã duyệt")
    expect(row).not_to_have_class("current")
    assert newest(site, first).action == "approve"
    page.keyboard.press("u")
    expect(row.get_by_role("button", name="Duyệt phiếu")).to_be_visible()
    assert newest(site, first).undone_at is not None
    with site.database.session() as session:
        states = session.scalars(
            select(Outbox.state).join(ReviewDecision).where(ReviewDecision.interview_id == first)
        ).all()
    assert set(states) == {"cancelled"}


def test_return_by_key_and_digit_tells_the_enumerator_why(watched: Watched, site: Site) -> None:
    page = watched.page
    page.goto("/interviews")
    page.keyboard.press("j")
    second = current(page)
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Trả lại rà soát viên")).to_be_visible()
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-id='{second}']")).to_contain_text("Đã trả lại")
    decision = newest(site, second)
    assert (decision.action, decision.reason) == ("return", "Thu nhập cần hỏi lại.")
    with site.database.session() as session:
        kinds = session.execute(
            select(Outbox.kind, Outbox.payload)
            .where(Outbox.decision_id == decision.decision_id)
            .order_by(Outbox.outbox_id)
        ).all()
    assert [tuple(one) for one in kinds] == [
        ("comment", {"body": "Thu nhập cần hỏi lại."}),
        ("review_state", {"reviewState": "hasIssues"}),
    ]


def test_a_reason_of_ones_own_needs_words(watched: Watched, site: Site) -> None:
    page = watched.page
    page.goto("/interviews")
    page.keyboard.press("k")
    chosen = current(page)
    page.keyboard.press("r")
    page.keyboard.press("9")
    page.keyboard.type("Xem lại nhà tiêu ở sân sau.")
    page.get_by_role("dialog").get_by_role("button", name="Trả lại rà soát viên").click()
    expect(page.locator(f"[data-id='{chosen}']")).to_contain_text("Đã trả lại")
    assert newest(site, chosen).reason == "Xem lại nhà tiêu ở sân sau."


def test_open_next_and_approve_on_the_interview(watched: Watched, site: Site) -> None:
    page = watched.page
    page.goto("/interviews")
    page.keyboard.press("j")
    opened = current(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/interviews/uuid*")
    expect(page.locator("table.indicators tbody tr")).to_have_count(12)
    page.wait_for_selector("#place-map[data-ready=true], #place-map.failed")
    page.keyboard.press("a")
    expect(page.locator("#decision")).to_contain_text("Đã duyệt")
    assert newest(site, opened).action == "approve"
    address = page.url
    page.keyboard.press("n")
    page.wait_for_function("(before) => location.href !== before", arg=address)
    expect(page.locator("#decision")).to_contain_text("Duyệt phiếu")


def test_help_opens_by_key(watched: Watched) -> None:
    watched.page.goto("/interviews")
    watched.page.keyboard.press("?")
    expect(watched.page.get_by_role("dialog", name="Phím tắt")).to_be_visible()
    watched.page.keyboard.press("Escape")
    expect(watched.page.get_by_role("dialog")).to_have_count(0)


def test_search_ignores_tones_and_leaves_no_name_in_the_address(watched: Watched) -> None:
    page = watched.page
    page.goto("/interviews")
    page.keyboard.press("/")
    page.keyboard.type("duom")
    page.keyboard.press("Enter")
    expect(page.locator("#queue tbody th").first).to_contain_text("Đượm")
    for name in page.locator("#queue tbody th").all_inner_texts():
        assert "Đượm" in name
    assert "duom" not in page.url


def test_personal_numbers_are_masked(watched: Watched) -> None:
    page = watched.page
    page.goto("/interviews")
    page.keyboard.press("Enter") if page.evaluate("document.activeElement.matches('tr')") else page.locator(
        "#queue a.open"
    ).first.click()
    page.wait_for_url("**/interviews/uuid*")
    body = page.content()
    assert "0912345678" not in body
    assert "091•••••78" in body
    expect(page.locator("#member-1")).to_contain_text("033•••")
