"""The queue and the interview's page: filters, order, what is decided there, and what they never show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from server.cases.tables import Flag, Interview
from server.database import Database
from server.errors import UserError
from server.review import reasons, service
from server.review.filters import STATES
from server.review.tables import Outbox, ReviewDecision
from server.web import formats
from tests.browser.province import make_site

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    site = make_site(tmp_path_factory.mktemp("review"), households=130)
    with TestClient(site, follow_redirects=False) as made:
        yield made


@pytest.fixture(scope="module")
def database(client: TestClient) -> Database:
    return client.app.state.database  # type: ignore[attr-defined,no-any-return]


def ids(page: str) -> list[str]:
    return re.findall(r'<tr id="row-[^"]*" data-id="([^"]+)"', page)


def listed(client: TestClient, **query: Any) -> list[str]:
    answer = client.get("/interviews", params=query, headers=HTML)
    assert answer.status_code == 200, answer.text
    return ids(answer.text)


def token(client: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/interviews", headers=HTML).text)
    assert found is not None
    return found[1]


def version(database: Database, interview_id: str) -> str:
    with database.session() as session:
        return session.scalars(select(Interview.version_id).where(Interview.interview_id == interview_id)).one()


def state(database: Database, interview_id: str) -> str:
    with database.session() as session:
        return session.scalars(select(Interview.review_state).where(Interview.interview_id == interview_id)).one()


def decide(client: TestClient, database: Database, interview_id: str, action: str, **form: str) -> Any:
    body = {"csrf_token": token(client), "version": version(database, interview_id), "from": "queue"} | form
    return client.post(f"/interviews/{interview_id}/{action}", data=body, headers=HTML)


def test_every_interview_that_waits_is_on_some_page_once(client: TestClient, database: Database) -> None:
    pages = [listed(client, page=number) for number in (1, 2, 3)]
    found = [one for page in pages for one in page]
    with database.session() as session:
        waiting = set(
            session.scalars(select(Interview.interview_id).where(Interview.review_state.in_(STATES["waiting"] or ())))
        )
    assert len(pages[0]) == 50
    assert len(found) == len(set(found))
    assert set(found) == waiting


def test_the_severest_come_first(client: TestClient, database: Database) -> None:
    found = listed(client)
    with database.session() as session:
        ranks = dict(session.execute(select(Interview.interview_id, Interview.severity_rank)).all())
    order = [ranks[one] for one in found]
    assert order == sorted(order, reverse=True)


def test_filters_keep_what_they_name(client: TestClient, database: Database) -> None:
    with database.session() as session:
        flagged = set(session.scalars(select(Flag.interview_id).where(Flag.code == "short_interview")))
        code = session.scalars(select(Interview.commune_code).limit(1)).one()
        poor = set(session.scalars(select(Interview.interview_id).where(Interview.proposed_class == "poor")))
        there = set(session.scalars(select(Interview.interview_id).where(Interview.commune_code == code)))
    assert set(listed(client, flag="short_interview")) <= flagged
    assert set(listed(client, commune=code)) <= there
    assert set(listed(client, **{"class": "poor"})) <= poor
    assert listed(client, commune=code)


def test_next_walks_the_queue_in_its_order(client: TestClient) -> None:
    found = listed(client)
    for at in (0, 7, 30):
        answer = client.get(f"/interviews/{found[at]}/next", headers=HTML)
        assert answer.status_code == 303
        assert answer.headers["location"].split("?")[0] == f"/interviews/{found[at + 1]}"


def test_approve_is_recorded_once_and_waits_in_the_outbox(client: TestClient, database: Database) -> None:
    one = listed(client)[3]
    assert decide(client, database, one, "approve").status_code == 303
    assert state(database, one) == "approved"
    with database.session() as session:
        decision = session.scalars(select(ReviewDecision).where(ReviewDecision.interview_id == one)).one()
        message = session.scalars(select(Outbox).where(Outbox.decision_id == decision.decision_id)).one()
    assert (decision.action, message.payload, message.state) == ("approve", {"reviewState": "approved"}, "waiting")
    assert message.next_attempt_at > decision.decided_at
    assert one not in listed(client)
    assert one in listed(client, state="approved")


def test_return_carries_the_reason_as_a_comment_and_can_be_undone(client: TestClient, database: Database) -> None:
    one = listed(client)[4]
    assert decide(client, database, one, "return", reason="6", note="Xem lại thôn").status_code == 303
    assert state(database, one) == "hasIssues"
    with database.session() as session:
        decision = session.scalars(select(ReviewDecision).where(ReviewDecision.interview_id == one)).one()
    assert decision.reason == "Vị trí GPS hoặc xã, thôn chưa đúng: Xem lại thôn"
    answer = client.post(
        f"/decisions/{decision.decision_id}/undo", data={"csrf_token": token(client), "from": "queue"}, headers=HTML
    )
    assert answer.status_code == 303
    assert state(database, one) == "received"


def test_a_return_without_reason_decides_nothing(client: TestClient, database: Database) -> None:
    one = listed(client)[5]
    assert decide(client, database, one, "return").status_code == 400
    assert decide(client, database, one, "return", reason="9").status_code == 400
    with database.session() as session:
        assert not session.scalar(select(func.count()).where(ReviewDecision.interview_id == one))


def test_an_older_version_is_not_decided(client: TestClient, database: Database) -> None:
    one = listed(client)[6]
    answer = decide(client, database, one, "approve", version="uuid:an-older-one")
    assert answer.status_code == 409
    assert state(database, one) == "received"


@pytest.mark.parametrize(("choice", "left"), [("give-way", "approved"), ("insist", "rejected")])
def test_a_conflict_with_central_is_shown_and_settled(
    client: TestClient, database: Database, choice: str, left: str
) -> None:
    one = listed(client)[8]
    assert decide(client, database, one, "reject", reason="1").status_code == 303
    with database.session() as session:
        decision = session.scalars(select(ReviewDecision.decision_id).where(ReviewDecision.interview_id == one)).one()
        service.stop(session, decision, "approved")
    assert one in listed(client, state="conflict")
    page = client.get(f"/interviews/{one}", headers=HTML).text
    assert "Vẫn gửi quyết định này" in page
    assert "“Đã duyệt”" in page
    answer = client.post(f"/decisions/{decision}/{choice}", data={"csrf_token": token(client)}, headers=HTML)
    assert answer.status_code == 303
    assert state(database, one) == left
    assert "Vẫn gửi quyết định này" not in client.get(f"/interviews/{one}", headers=HTML).text


def test_a_write_from_another_site_is_refused(client: TestClient, database: Database) -> None:
    one = listed(client)[7]
    body = {"version": version(database, one), "csrf_token": token(client)}
    foreign = {**HTML, "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(f"/interviews/{one}/approve", data=body, headers=foreign).status_code == 403
    assert state(database, one) == "received"


def test_the_page_of_an_interview_explains_and_masks(client: TestClient) -> None:
    page = client.get(f"/interviews/{listed(client)[8]}", headers=HTML).text
    assert page.count('<td class="nowrap"><span class="flag') == 12
    assert "0912345678" not in page
    assert "091•••••78" in page
    assert re.search(r"\b033\d{9}\b", page) is None


def test_htmx_gets_the_row_alone(client: TestClient, database: Database) -> None:
    one = listed(client)[9]
    body = {"csrf_token": token(client), "version": version(database, one), "from": "queue"}
    answer = client.post(f"/interviews/{one}/approve", data=body, headers={**HTML, "HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.text.strip().startswith("<tr")
    assert "Hoàn tác" in answer.text


def test_an_interview_that_is_not_there_is_said_plainly(client: TestClient) -> None:
    answer = client.get("/interviews/uuid:nobody", headers=HTML)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_search_ignores_tones_and_finds_nobody_by_nonsense(client: TestClient) -> None:
    body = {"csrf_token": token(client), "name": "duom"}
    page = client.post("/interviews/search", data=body, headers=HTML).text
    assert ids(page)
    assert page.count("Đượm") >= len(ids(page))
    assert not ids(client.post("/interviews/search", data=body | {"name": "zzzz"}, headers=HTML).text)


@given(st.text("0123456789", min_size=6, max_size=14))
def test_a_masked_number_keeps_its_length_and_five_figures(number: str) -> None:
    masked = formats.mask(number)
    assert len(masked) == len(number)
    assert masked.count("•") == len(number) - 5
    assert masked.startswith(number[:3])
    assert masked.endswith(number[-2:])


@given(st.text(max_size=3), st.text(max_size=40))
def test_a_composed_reason_always_says_something(digit: str, note: str) -> None:
    try:
        text = reasons.compose(reasons.RETURN, digit, note)
    except UserError:
        assert digit not in reasons.RETURN or (digit == reasons.OWN_WORDS and not note.split())
    else:
        assert text.strip()
