"""Whose is it, on pages: who is asked what, what an answer does, one household over the years, undoing, moved in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from server.accounts.actor import AreaKind, Role
from server.audit.tables import AuditEntry
from server.cases.tables import Interview
from server.jobs.tables import Job
from server.linkage.settling import Pair
from server.registry import service as registry
from server.registry.tables import IdentityEvent, Movement
from tests.browser.province import PROVINCE, ROUND
from tests.server.pairs import GONE, YEAR
from tests.server.people import Service, make_service, post
from tests.server.questions import add_questions, household_of, listed_household

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")

PAGE = "/registry/questions"


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, list[Pair]]]:
    with pytest.MonkeyPatch.context() as patch:
        service = make_service(tmp_path_factory.mktemp("questions"), patch, households=12)
        pairs = add_questions(service.accounts.database)
        with service.accounts.database.session() as session:
            commune = session.scalar(select(Interview.commune_code).where(Interview.interview_id == pairs[4][0]))
        service.add("lan", (Role.CLERK, AreaKind.PROVINCE, PROVINCE))
        service.add("commune", (Role.CLERK, AreaKind.COMMUNE, str(commune)))
        yield service, pairs


def fields(page: str) -> dict[str, str]:
    """What the form of the question on a page sends."""
    form = page[page.index("/registry/questions/answer") :]
    return {name: re.search(rf'name="{name}" value="([^"]+)"', form)[1] for name in ("source", "number", "asked")}  # type: ignore[index]


def choices(page: str) -> list[str]:
    return re.findall(r'name="choice" value="([^"]*)"', page)


def answer(service: Service, page: str, choice: str, who: str = "lan") -> tuple[int, str]:
    """Answer the question on a page; the status, and where it leads."""
    got = post(service.browser(who), "/registry/questions/answer", **fields(page), choice=choice)
    return got.status_code, got.headers.get("location", "")


def movement(service: Service, interview_id: str) -> tuple[str, str]:
    with service.accounts.database.session() as session:
        registry.recount_province(session, PROVINCE)
        of = session.scalars(select(Movement).where(Movement.interview_id == interview_id)).one()
        return of.movement, of.cause


def log(service: Service, action: str) -> list[tuple[str, str | None, str | None]]:
    with service.accounts.database.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.seq))
        return [(one.object_kind, one.object_id, one.purpose) for one in entries]


# -- questions --------------------------------------------------------------------------------------------------


def test_all_sides_stand_beside_each_other_with_numbers_masked(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    page = service.browser("lan").get(PAGE).text
    assert "Câu 1 trên 3" in page
    assert "Giống cả 2 hộ đã biết. Đây là hộ nào?" in page
    assert page.count(GONE) == 2, "both households as they were seen last"
    assert f"Danh sách năm {YEAR}" in page
    assert f"Phiếu đợt {ROUND}" in page
    assert "033" + "•" * 7 in page
    assert not re.search(r"033\d{9}", page)
    assert choices(page) == [*sorted(listed_household(service.accounts.database, pairs[n][1]) for n in (0, 5)), ""]
    assert 'data-key="1"' in page
    assert ("interview", pairs[0][0], "linkage") in log(service, "identity.read")
    assert ("household", choices(page)[0], "linkage") in log(service, "identity.read")


def test_an_answer_counts_at_once_leads_on_and_is_taken_back(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    database, client = service.accounts.database, service.browser("lan")
    for number in (1, 2):
        page = client.get(PAGE).text
        status, following = answer(service, page, choices(page)[0])
        assert (status, "number=" + str(number + 1) in following) == (303, True)
    assert "Câu 1 trên 1" in client.get(following).text
    assert household_of(database, pairs[1][0]) == listed_household(database, pairs[1][1])
    with database.session() as session:
        assert len(session.scalars(select(Job).where(Job.kind == "recount")).all()) == 1
    assert "Diễn biến chờ tiến trình nền tính lại" in client.get(PAGE).text
    assert movement(service, pairs[1][0])[0] != "open"

    page = client.get(PAGE).text
    undo = page[page.index("/registry/questions/undo") :]
    source, number_ = (re.search(rf'name="{name}" value="([^"]+)"', undo)[1] for name in ("source", "number"))  # type: ignore[index]
    assert post(service.browser("clerk"), "/registry/questions/undo", source=source, number=number_).status_code == 404
    back = post(client, "/registry/questions/undo", source=source, number=number_)
    assert back.status_code == 303
    assert "Chưa chắc có phải hộ này không." in client.get(back.headers["location"]).text
    assert movement(service, pairs[1][0])[0] == "open"


def test_the_part_that_keeps_the_id_settles_the_others(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    database, client = service.accounts.database, service.browser("lan")
    page = client.get(f"{PAGE}?source=round/{ROUND}&number=3").text
    assert "Hộ này đã chia làm 2 phần. Phần nào giữ mã hộ?" in page
    assert choices(page) == [pairs[2][0], pairs[3][0], ""]
    assert answer(service, page, pairs[3][0])[0] == 303
    kept = listed_household(database, pairs[2][1])
    assert household_of(database, pairs[3][0]) == kept != household_of(database, pairs[2][0])
    assert "Câu 1 trên 2" in client.get(PAGE).text
    other = client.get(f"/registry/households/{household_of(database, pairs[2][0])}").text
    assert "Tách hộ từ" in other
    assert kept in other


def test_of_its_own(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    page = service.browser("lan").get(PAGE).text
    assert answer(service, page, "")[0] == 303
    listed = {listed_household(service.accounts.database, code) for _, code in pairs}
    assert household_of(service.accounts.database, pairs[0][0]) not in listed


def test_a_question_that_changed_meanwhile_is_read_again(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    page = service.browser("lan").get(PAGE).text
    sent = fields(page) | {"asked": pairs[5][0]}
    assert post(service.browser("lan"), "/registry/questions/answer", **sent, choice="").status_code == 409
    assert (
        post(service.browser("lan"), "/registry/questions/answer", **fields(page), choice="33-NONE").status_code == 409
    )
    assert "Câu 1 trên 3" in service.browser("lan").get(PAGE).text


def test_who_does_not_link_only_looks_on(made: tuple[Service, list[Pair]]) -> None:
    service, _ = made
    page = service.browser("supervisor").get(PAGE).text
    assert GONE in page
    assert 'name="choice"' not in page
    asked = service.browser("lan").get(PAGE).text
    assert answer(service, asked, "", "supervisor")[0] == 403
    officer = service.browser("province_officer")
    assert "Mục đích xem" in officer.get(PAGE).text
    assert GONE in officer.get(f"{PAGE}?purpose=inspection").text
    assert {entry[2] for entry in log(service, "identity.read")} == {"review", "linkage", "inspection"}


def test_nobody_is_asked_of_foreign_households(made: tuple[Service, list[Pair]]) -> None:
    service, _ = made
    asked = service.browser("lan").get(PAGE).text
    for stranger in ("commune", "clerk.abroad"):
        page = service.browser(stranger).get(PAGE).text
        assert "Không còn hộ nào chờ xác định." in page
        assert GONE not in page
        assert service.browser(stranger).get(f"{PAGE}?source=round/{ROUND}&number=1").status_code == 404
        assert answer(service, asked, "", stranger)[0] == 404
    assert "Chưa được phân địa bàn" in service.browser("nobody").get(PAGE).text


def test_ways_lead_to_the_questions(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    client = service.browser("lan")
    assert f"{PAGE}?round={ROUND}" in client.get("/linkage").text
    assert f'<a href="{PAGE}?round={ROUND}">4 hộ chờ xác định là hộ nào</a>' in client.get("/movements").text
    linked = household_of(service.accounts.database, pairs[4][0])
    assert f"/registry/households/{linked}" in client.get(f"/interviews/{pairs[4][0]}").text
    assert f"/registry/households/{linked}" not in service.browser("enumerator").get(f"/interviews/{pairs[4][0]}").text
    drilled = client.get(f"/movements/households?list=poor&column=opening&round={ROUND}").text
    listed = client.get(f"/movements/households?list=near_poor&column=opening&round={ROUND}").text
    assert f"/registry/households/{linked}?round={ROUND}" in drilled + listed


# -- one household ----------------------------------------------------------------------------------------------


def test_a_household_over_the_years_with_its_events(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    of = household_of(service.accounts.database, pairs[4][0])
    page = service.browser("lan").get(f"/registry/households/{of}").text
    for said in (f"Danh sách năm {YEAR}", f"Phiếu đợt {ROUND}", "được cấp mã hộ này", "là hộ này, như", "chương trình"):
        assert said in page
    assert not re.search(r"033\d{9}", page)
    assert ("household", of, "linkage") in log(service, "household.read")
    assert "/undo" not in service.browser("supervisor").get(f"/registry/households/{of}").text
    assert "Mục đích xem" in service.browser("province_officer").get(f"/registry/households/{of}").text
    assert service.browser("province_officer").get(f"/registry/households/{of}?purpose=complaint").status_code == 200


def test_a_household_elsewhere_looks_like_none(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    of = household_of(service.accounts.database, pairs[4][0])
    assert service.browser("commune").get(f"/registry/households/{of}").status_code == 200
    foreign = listed_household(service.accounts.database, pairs[0][1])
    for stranger, there in (("commune", foreign), ("clerk.abroad", of), ("supervisor.abroad", of)):
        answers = [service.browser(stranger).get(f"/registry/households/{one}") for one in (there, "33-NONE")]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].text.replace(there, "") == answers[1].text.replace("33-NONE", "")
    assert ("household", foreign, "linkage") not in log(service, "household.read")


def test_where_it_was_seen_outside_of_the_own_area_is_not_told(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    database = service.accounts.database
    of = household_of(database, pairs[4][0])
    with database.session() as session:
        session.execute(update(Interview).where(Interview.interview_id == pairs[4][0]).values(commune_code="11980"))
        registry.recount_province(session, PROVINCE)
    page = service.browser("commune").get(f"/registry/households/{of}").text
    assert "ngoài địa bàn của bạn" in page
    assert f"/interviews/{pairs[4][0]}" not in page


def test_a_wrong_link_is_undone_with_its_consequences_first(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    database, client = service.accounts.database, service.browser("commune")
    of = household_of(database, pairs[4][0])
    page = client.get(f"/registry/households/{of}").text
    way = re.search(r'href="(/registry/events/\d+/undo[^"]*)"', page)
    assert way is not None
    address = way[1].replace("&amp;", "&")
    path = address.partition("?")[0]
    told = client.get(address).text
    assert "một mã hộ mới" in told
    assert "Diễn biến tính lại" in told
    assert household_of(database, pairs[4][0]) == of, "nothing has happened yet"
    assert service.browser("supervisor").get(path).status_code == 403
    for who in ("clerk.abroad",):
        assert service.browser(who).get(path).status_code == post(service.browser(who), path).status_code == 404
    done = post(client, path, household=of)
    assert (done.status_code, of in done.headers["location"]) == (303, True)
    assert household_of(database, pairs[4][0]) != of
    page = client.get(f"/registry/households/{of}").text
    assert "đã hoàn tác" in page
    assert "(ghi sai)" in page
    assert ">commune</td>" in page, "who did it"
    assert post(client, path, household=of).status_code == 400, "it was undone already"
    assert [entry[0] for entry in log(service, "identity.undo")] == ["identity_event"]


def test_moved_in_as_poor_is_said_and_taken_back(made: tuple[Service, list[Pair]]) -> None:
    service, pairs = made
    database, client = service.accounts.database, service.browser("lan")
    with database.session() as session:
        session.execute(update(Interview).where(Interview.interview_id == pairs[5][0]).values(proposed_class="poor"))
    assert movement(service, pairs[5][0]) == ("newly_poor", "")
    of = household_of(database, pairs[5][0])
    path = f"/registry/households/{of}"
    assert "nơi cũ đã công nhận hộ nghèo/cận nghèo" in client.get(path).text
    assert "nơi cũ đã công nhận hộ nghèo/cận nghèo" not in service.browser("supervisor").get(path).text
    known = household_of(database, pairs[4][0])
    assert "/came" not in client.get(f"/registry/households/{known}").text, "it was on last year's list"
    for stranger, status in (("supervisor", 403), ("commune", 404), ("clerk.abroad", 404)):
        assert post(service.browser(stranger), f"{path}/came", arrived="true").status_code == status
    assert post(client, f"{path}/came", arrived="true").status_code == 303
    assert movement(service, pairs[5][0]) == ("came_poor", "moved_in")
    page = client.get(path).text
    assert "chuyển đến, nơi cũ đã công nhận hộ nghèo hoặc hộ cận nghèo" in page
    assert "cột 8, Tăng khác" in page
    assert post(client, f"{path}/came", arrived="false").status_code == 303
    assert movement(service, pairs[5][0]) == ("newly_poor", "")
    with database.session() as session:
        made_by = session.scalars(select(IdentityEvent.made_by).where(IdentityEvent.kind == "arrived")).all()
    assert made_by == [service.ids["lan"]]


def test_addresses_and_the_log_hold_ids_and_codes_only(made: tuple[Service, list[Pair]]) -> None:
    service, _ = made
    client = service.browser("lan")
    page = client.get(PAGE).text
    following = answer(service, page, choices(page)[0])[1]
    links = " ".join(re.findall(r'(?:href|action)="([^"]+)"', page)) + following
    with service.accounts.database.session() as session:
        entries = session.scalars(select(AuditEntry)).all()
        kept = links + " ".join(f"{one.action} {one.object_kind} {one.object_id} {one.purpose}" for one in entries)
    for value in (GONE, "Nguyễn", "Thị", "0331", "%E1%BB%85"):
        assert value not in kept
