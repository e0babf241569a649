"""The pages of rounds and of resident figures: what is typed is stored, what is wrong is said beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts.actor import AreaKind, Role
from server.audit.tables import AuditEntry
from server.rounds import service as rounds
from server.rounds.tables import Round
from server.units import service as units
from tests.browser.province import PROVINCE, REVIEW_DATE, ROUND
from tests.server.people import Service, make_service, post

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")

OFFICER = "province_officer"
YEAR = REVIEW_DATE.year
SOURCE = {"source": "Chi cục Thống kê", "source_date": "2026-08-15"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        made = make_service(tmp_path_factory.mktemp("service"), patch, households=20)
        made.add("commune", (Role.PLANNER, AreaKind.COMMUNE, "11977"))
        made.add("district", (Role.PROVINCE_OFFICER, AreaKind.FORMER_DISTRICT, "331"))
        yield made


def page(service: Service, who: str, path: str) -> str:
    answer = service.browser(who).get(path)
    assert answer.status_code == 200, (who, path)
    return unescape(answer.text)


def send(service: Service, path: str, who: str = OFFICER, **fields: Any) -> Any:
    return post(service.browser(who), path, **fields)


def of(service: Service, round_id: str) -> Round:
    with service.accounts.database.session() as session:
        return rounds.get(session, round_id)


def figures(service: Service) -> dict[str, tuple[int, int | None, str]]:
    with service.accounts.database.session() as session:
        held = units.residents_of(session, YEAR, REVIEW_DATE, PROVINCE)
    return {code: (one.households, one.persons, one.source) for code, one in held.items()}


def actions(service: Service, kind: str) -> list[tuple[str, str | None]]:
    with service.accounts.database.session() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.object_kind == kind).order_by(AuditEntry.seq))
        return [(row.action, row.object_id) for row in rows]


# -- rounds -------------------------------------------------------------------------------------------------------


def test_a_round_is_created_opened_and_closed(service: Service) -> None:
    answer = send(
        service, "/rounds", round_id="2026-10", province_code=PROVINCE, kind="monthly", scope="annual",
        review_date="2026-10-15", opens_on="2026-10-15", meetings_by="2026-10-22", closes_on="2026-10-30",
    )  # fmt: skip
    assert answer.status_code == 303
    made = of(service, "2026-10")
    assert (made.standard_id, made.unit_vintage, made.meetings_by) == (
        "nd07-2021",
        date(2026, 10, 15),
        date(2026, 10, 22),
    )
    shown = page(service, OFFICER, "/rounds")
    assert "Đợt 2026-10" in shown
    assert "Chưa mở" in shown
    assert "15/10/2026: 104 xã" in shown
    assert send(service, "/rounds/2026-10/close").status_code == 409, "a round is opened first"
    assert send(service, "/rounds/2026-10/open").status_code == 303
    assert send(service, "/rounds/2026-10/deadlines", closes_on="2026-11-05").status_code == 303
    assert (of(service, "2026-10").opens_on, of(service, "2026-10").closes_on) == (None, date(2026, 11, 5))
    assert send(service, "/rounds/2026-10/close").status_code == 303
    assert send(service, "/rounds/2026-10/deadlines", closes_on="2026-11-06").status_code == 409
    assert [action for action, one in actions(service, "round") if one == "2026-10"] == [
        "round.create", "round.open", "round.deadlines", "round.closed"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"round_id": "a b"}, 400, "Mã đợt"),
        ({"round_id": ROUND}, 409, "đã có"),
        ({"review_date": ""}, 400, "Ghi ngày rà soát"),
        ({"review_date": "mai"}, 400, "Ghi ngày dạng"),
        ({"review_date": "1999-01-01"}, 404, "danh mục đơn vị hành chính"),
        ({"review_date": "2031-09-01"}, 400, "Không có chuẩn nghèo"),
        ({"standard_id": "nd99"}, 400, "Không có chuẩn nghèo"),
        ({"unit_vintage": "2000-01-01"}, 404, "danh mục đơn vị hành chính"),
        ({"opens_on": "2026-12-01", "closes_on": "2026-11-01"}, 400, "theo thứ tự"),
        ({"meetings_by": "2026-12-01", "closes_on": "2026-11-01"}, 400, "theo thứ tự"),
        ({"kind": "weekly"}, 400, "Loại đợt"),
    ],
)
def test_a_round_that_does_not_hold_is_refused_and_what_was_typed_stays(
    service: Service, changes: dict[str, str], status: int, says: str
) -> None:
    typed = {"round_id": "wrong", "province_code": PROVINCE, "review_date": "2026-09-01"} | changes
    answer = send(service, "/rounds", **typed)
    assert answer.status_code == status
    text = unescape(answer.text)
    assert says in re.search(r'role="alert">(.*?)</div>', text, re.DOTALL)[1]  # type: ignore[index]
    assert f'value="{typed["round_id"]}"' in text
    with service.accounts.database.session() as session:
        assert "wrong" not in {one.round_id for one in rounds.all_rounds(session)}


def test_only_who_prepares_the_province_changes_its_rounds(service: Service) -> None:
    before = of(service, ROUND).closes_on
    for who in ("supervisor", "planner", "commune_leader", "province_officer.abroad", "district"):
        assert "Tạo đợt rà soát" not in page(service, who, "/rounds") or who.endswith("abroad")
        assert send(service, f"/rounds/{ROUND}/deadlines", who, closes_on="2027-01-01").status_code == 403, who
    assert send(service, "/rounds", "province_officer.abroad", round_id="x", province_code=PROVINCE,
                review_date="2026-09-01").status_code == 403  # fmt: skip
    assert of(service, ROUND).closes_on == before
    assert send(service, f"/rounds/{ROUND}/deadlines", "administrator", closes_on="2026-12-14").status_code == 303


# -- resident figures ---------------------------------------------------------------------------------------------


def test_what_is_typed_is_stored_with_source_date_and_author(service: Service) -> None:
    before = figures(service)
    fields = {f"h-{code}": str(held[0]) for code, held in before.items()}
    fields |= {f"p-{code}": str(held[1]) for code, held in before.items()}
    fields |= {"h-11953": "2.345", "p-11953": "9 800"}
    answer = send(service, f"/units/residents?year={YEAR}", **fields, **SOURCE)
    assert answer.status_code == 303
    after = figures(service)
    assert after.pop("11953") == (2345, 9800, "Chi cục Thống kê")
    before.pop("11953")
    assert after == before, "what was not changed keeps its source"
    assert ("residents.change", f"{YEAR}:11953") in actions(service, "commune")
    shown = page(service, OFFICER, answer.headers["location"])
    history = shown[shown.index("Ai đã đổi gì") :]
    assert OFFICER in history
    assert "2.345" in history
    assert "15/08/2026" in history


def test_a_figure_can_be_taken_away_and_the_page_says_who_has_none(service: Service) -> None:
    assert send(service, "/units/residents", **{"h-12070": "", "p-12070": ""}, **SOURCE).status_code == 303
    assert "12070" not in figures(service)
    assert "1 xã chưa có số hộ dân cư" in page(service, OFFICER, "/units/residents")


def test_wrong_figures_are_shown_beside_what_was_typed_and_nothing_is_stored(service: Service) -> None:
    before = figures(service)
    answer = send(
        service, "/units/residents",
        **{"h-11953": "nhiều", "p-11953": "9", "h-11977": "100", "p-11977": "50", "h-11980": "7"}, **SOURCE,
    )  # fmt: skip
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert "2 xã có số chưa đúng" in text
    row = text[text.index('name="h-11953"') - 600 : text.index('name="h-11953"') + 200]
    assert 'value="nhiều"' in row
    assert "số nguyên không âm" in row
    assert "ít hơn số hộ" in text
    assert 'value="Chi cục Thống kê"' in text
    assert text.count('aria-invalid="true"') == 4
    assert figures(service) == before


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"source": "", "source_date": "2026-08-15"}, "Ghi nguồn số liệu"),
        ({"source": "x", "source_date": ""}, "Ghi ngày của số liệu"),
        ({"source": "x", "source_date": "2199-01-01"}, "tương lai"),
    ],
)
def test_a_new_figure_needs_its_source_and_date(service: Service, source: dict[str, str], says: str) -> None:
    before = figures(service)
    answer = send(service, "/units/residents", **{"h-11977": "4321", "p-11977": ""}, **source)
    assert answer.status_code == 422
    assert says in unescape(answer.text)
    assert 'value="4321"' in answer.text
    assert figures(service) == before


def test_without_a_change_no_source_is_asked(service: Service) -> None:
    households, persons, _ = figures(service)["11977"]
    answer = send(service, "/units/residents", **{"h-11977": str(households), "p-11977": str(persons)})
    assert answer.status_code == 303


def test_everyone_sees_and_changes_the_own_area_alone(service: Service) -> None:
    shown = page(service, "commune", "/units/residents")
    assert "11977" in shown
    assert "11953" not in shown
    assert '<button class="button primary">Lưu' not in shown
    assert send(service, "/units/residents", "commune", **{"h-11977": "1"}, **SOURCE).status_code == 403
    mine = set(re.findall(r'name="h-(\d{5})"', page(service, "district", "/units/residents")))
    assert 0 < len(mine) < 104
    before = figures(service)
    foreign = next(code for code in before if code not in mine)
    assert send(service, "/units/residents", "district", **{f"h-{foreign}": "1"}, **SOURCE).status_code == 303
    assert figures(service) == before, "a foreign commune's field is not looked at"


def test_another_year_is_another_table(service: Service) -> None:
    assert "104 xã chưa có số hộ dân cư" in page(service, OFFICER, "/units/residents?year=2024")
    assert service.browser(OFFICER).get("/units/residents?year=1900").status_code == 422
    assert service.browser(OFFICER).get("/units/residents?round=none").status_code == 404


def test_the_pages_speak_english(service: Service) -> None:
    shown = page(service, OFFICER, "/rounds?lang=en") + page(service, OFFICER, "/units/residents?lang=en")
    service.browser(OFFICER).get("/rounds?lang=vi")
    for words in ("Review round", "Village meetings", "Resident households", "Who changed what"):
        assert words in shown
