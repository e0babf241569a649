"""What pages show to whom: own areas on the map, own interviews, purposes; and what the access log then holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from server.accounts.actor import AreaKind, Role, demo_supervisor
from server.accounts.tables import AreaCommune, Conflict
from server.app import create_app
from server.audit.tables import AuditEntry
from server.cases.tables import Interview
from server.linkage.tables import Link
from server.review.tables import ReviewDecision
from tests.browser.province import PROVINCE, ROUND
from tests.server.people import FIRST_ENUMERATOR, Service, make_service, open_browser, post

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")

DISTRICT = "331"  # Kim Động until 2025: several communes of today, and not the whole province


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        made = make_service(tmp_path_factory.mktemp("service"), patch, households=120)
        codes = communes_of(made)
        made.add("commune", (Role.SUPERVISOR, AreaKind.COMMUNE, codes[0]))
        made.add("district", (Role.PLANNER, AreaKind.FORMER_DISTRICT, DISTRICT))
        made.add("village", (Role.SUPERVISOR, AreaKind.VILLAGE, f"{codes[0]}-01"))
        made.add("minh", (Role.SUPERVISOR, AreaKind.PROVINCE, PROVINCE), enumerator="rsv-001")
        yield made


def communes_of(service: Service) -> list[str]:
    """Communes with interviews, sorted."""
    with service.accounts.database.session() as session:
        found = session.scalars(select(Interview.commune_code).where(Interview.commune_code.is_not(None)).distinct())
        return sorted(str(code) for code in found)


def interviews(service: Service, **of: str) -> list[str]:
    with service.accounts.database.session() as session:
        statement = select(Interview.interview_id).filter_by(**of).order_by(Interview.interview_id)
        return list(session.scalars(statement))


def log(service: Service, action: str) -> list[tuple[str, str | None, str | None]]:
    """(actor, object, purpose) of the entries of one action."""
    with service.accounts.database.session() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.seq))
        return [(row.actor, row.object_id, row.purpose) for row in rows]


# -- the map ----------------------------------------------------------------------------------------------------


def test_a_commune_sees_its_own_figures_alone(service: Service) -> None:
    own, other = communes_of(service)[:2]
    client = service.browser("commune")
    answer = client.get("/api/v1/communes").json()
    assert [one["commune_code"] for one in answer["communes"]] == [own]
    assert (
        answer["total"]["interviewed"]
        == answer["communes"][0]["interviewed"]
        == len(interviews(service, commune_code=own))
    )
    shapes = client.get("/api/v1/communes?f=geojson").json()["features"]
    assert [shape["properties"]["commune_code"] for shape in shapes] == [own]
    assert client.get(f"/communes/{own}").status_code == 200
    assert client.get(f"/communes/{other}").status_code == 404
    page = client.get("/").text
    assert own in page
    assert other not in page
    assert "Địa bàn của bạn" in page


def test_a_planner_of_a_former_district_sees_its_communes_of_today(service: Service) -> None:
    with service.accounts.database.session() as session:
        within = set(session.scalars(select(AreaCommune.commune_code).where(AreaCommune.area_code == DISTRICT)))
    shown = {one["commune_code"] for one in service.browser("district").get("/api/v1/communes").json()["communes"]}
    assert shown == within
    assert 1 < len(shown) < 104
    whole = service.browser("planner").get("/api/v1/communes").json()
    assert len(whole["communes"]) == 104
    assert whole["total"]["interviewed"] == len(interviews(service))


def test_a_village_has_no_map_but_its_queue(service: Service) -> None:
    client = service.browser("village")
    assert client.get("/").headers["location"] == "/interviews"
    assert client.get("/api/v1/communes").status_code == 403
    own = set(interviews(service, village_id=f"{communes_of(service)[0]}-01"))
    page = client.get("/interviews").text
    assert own
    assert {one for one in interviews(service) if one in page} == own


# -- households -------------------------------------------------------------------------------------------------


def test_the_queue_holds_the_own_area_alone(service: Service) -> None:
    own = communes_of(service)[0]
    page = service.browser("commune").get("/interviews").text
    assert {one for one in interviews(service) if one in page} == set(interviews(service, commune_code=own))
    foreign = interviews(service, commune_code=communes_of(service)[1])[0]
    for path in (f"/interviews/{foreign}", f"/interviews/{foreign}/place"):
        assert service.browser("commune").get(path).status_code == 404
    assert post(service.browser("commune"), f"/interviews/{foreign}/numbers", purpose="review").status_code == 404


def test_an_enumerator_sees_own_work_and_decides_nothing(service: Service) -> None:
    client = service.browser("enumerator")
    own = interviews(service, enumerator=FIRST_ENUMERATOR)
    page = client.get("/interviews").text
    assert {one for one in interviews(service) if one in page} == set(own)
    assert "/approve" not in page
    assert post(client, f"/interviews/{own[0]}/approve", version=own[0]).status_code == 403


def test_nobody_reviews_what_is_their_own_or_a_relatives(service: Service) -> None:
    client = service.browser("minh")
    own = interviews(service, enumerator="rsv-001")[0]
    declared, linked, free = (interviews(service, enumerator=f"rsv-{number:03d}")[0] for number in (2, 3, 4))
    assert post(client, "/account/conflicts", kind="interview", reference=declared).status_code == 303
    assert post(client, "/account/conflicts", kind="household", reference="hộ của cô").status_code == 303
    with service.accounts.database.session() as session:
        session.add(
            Link(
                interview_id=linked, registry_year=2025, household_code="hộ của cô", province_code=PROVINCE,
                round_id=ROUND, kind="same", status="doubtful", found_kind="same",
                found_status="doubtful", weight=4.0, members_agree=1, evidence={}, model="m", readers=1, next_reading=1,
            )
        )  # fmt: skip
    for one in (own, declared, linked):
        assert client.get(f"/interviews/{one}").status_code == 200, "reading is not reviewing"
        assert post(client, f"/interviews/{one}/approve", version=one).status_code == 403
    assert post(client, f"/interviews/{free}/approve", version=free).status_code == 303
    with service.accounts.database.session() as session:
        decided = set(session.scalars(select(ReviewDecision.interview_id)))
        assert decided == {free}
        assert session.scalar(select(func.count()).select_from(Conflict)) == 2
    assert (service.ids["minh"], free, "review") in log(service, "review.approve")


# -- purposes and the log ---------------------------------------------------------------------------------------


def test_the_provinces_officer_reads_with_a_purpose_only(service: Service) -> None:
    client, one = service.browser("province_officer"), interviews(service)[0]
    officer = service.ids["province_officer"]
    for path in ("/interviews", f"/interviews/{one}"):
        asked = client.get(path)
        assert "Mục đích xem" in asked.text
        assert "Thị" not in asked.text, "no name before the purpose"
    assert not [entry for entry in log(service, "interview.read") if entry[0] == officer]
    assert client.get(f"/interviews/{one}?purpose=curiosity").status_code == 422
    queue = client.get("/interviews?purpose=complaint")
    assert "Thị" in queue.text
    assert f"/interviews/{one}?purpose=complaint".replace(":", "%3A") in queue.text or "purpose=complaint" in queue.text
    page = client.get(f"/interviews/{one}?purpose=complaint")
    assert "Thị" in page.text
    assert client.get(f"/interviews/{one}/place?purpose=complaint").status_code == 200
    assert (officer, one, "complaint") in log(service, "interview.read")
    assert (officer, ROUND, "complaint") in log(service, "interviews.list")
    assert post(client, f"/interviews/{one}/approve?purpose=complaint", version=one).status_code == 403


def test_numbers_are_masked_until_a_purpose_is_given(service: Service) -> None:
    client, one = service.browser("clerk"), interviews(service)[0]
    masked = client.get(f"/interviews/{one}").text
    assert "0912345678" not in masked
    assert "091•" in masked
    assert post(client, f"/interviews/{one}/numbers").status_code == 422
    assert not log(service, "interview.numbers")
    whole = post(client, f"/interviews/{one}/numbers", purpose="linkage").text
    assert "0912345678" in whole
    assert "•" not in whole
    assert log(service, "interview.numbers") == [(service.ids["clerk"], one, "linkage")]
    assert (service.ids["clerk"], one, "linkage") in log(service, "interview.read")


def test_the_log_holds_ids_and_no_values(service: Service) -> None:
    with service.accounts.database.session() as session:
        entries = session.scalars(select(AuditEntry)).all()
    text = " ".join(f"{one.actor} {one.action} {one.object_kind} {one.object_id} {one.purpose}" for one in entries)
    assert len(entries) > 20
    for value in ("Thị", "Nguyễn", "0912345678", "sáu con trâu"):
        assert value not in text


# -- the demo ---------------------------------------------------------------------------------------------------


def test_without_a_demo_actor_nobody_is_let_in(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RASOAT_DEMO", "RASOAT_SERVICE_DEMO"):
        monkeypatch.setenv(name, "1")
    client = open_browser(create_app(service.app.state.settings))
    assert client.get("/").headers["location"] == "/login?next=/"
    assert client.get("/interviews", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/api/v1/communes", headers={"Accept": "application/json"}).json()["error"] == "not_logged_in"


def test_the_demo_lets_everyone_supervise_and_no_more(service: Service) -> None:
    client = open_browser(create_app(service.app.state.settings, demo_actor=demo_supervisor(PROVINCE)))
    client.base_url = "http://testserver"
    assert client.get("/").status_code == 200
    assert "người duyệt demo" in client.get("/interviews").text
    for path in ("/admin/users", "/admin/audit", "/admin/jobs", "/account"):
        assert client.get(path).status_code == 403
