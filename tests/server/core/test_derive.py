"""Interviews derived: class, place, flags; the same again on a rebuild; nothing ever dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from server.cases import flags as flag_words
from server.cases import service as cases
from server.cases.tables import SEVERITIES, Flag, Interview, InterviewMember
from server.database import Database
from server.review import service as review
from server.units.tables import Boundary
from tests.server.core.rows_of import derived_rows
from tests.server.fieldwork import ROUND, answers, centre, commune_of, instance_id, odata_row, person, receive


def _interview(database: Database, number: int = 1) -> Interview:
    with database.session() as session:
        found = session.get(Interview, instance_id(number))
    assert found is not None
    return found


def _flags(database: Database, number: int = 1) -> dict[str, Flag]:
    with database.session() as session:
        statement = select(Flag).where(Flag.interview_id == instance_id(number))
        return {flag.code: flag for flag in session.scalars(statement)}


def test_a_household_for_which_nothing_is_amiss(database: Database) -> None:
    receive(database, odata_row(answers(1), 1))
    interview = _interview(database)
    assert interview.commune_code == interview.commune_gps == commune_of(1)
    assert (interview.location_status, interview.distance_m) == ("agree", 0.0)
    assert (interview.proposed_class, interview.below_line, interview.member_count) == ("not_poor", False, 2)
    assert interview.income_low == interview.income_high == 5_000_000
    assert interview.head_order == 1
    assert (interview.minutes, interview.severity, interview.severity_rank) == (31.0, None, 0)
    assert interview.provisional  # rules without an official text
    assert _flags(database) == {}
    with database.session() as session:
        household = cases.open_households(session, [interview])[0]
        members = session.scalars(select(InterviewMember).order_by(InterviewMember.member_no)).all()
        people = cases.open_people(session, members)
    assert household.head_name == "Trần Văn Mẫu 1"
    assert (household.latitude, household.longitude) == pytest.approx(centre(commune_of(1)))
    assert household.answer("floor_area") == 80
    assert [(one.relation, one.age, one.birth_year) for one in people if one] == [
        ("head", 46, None),
        ("spouse", 43, None),
    ]
    assert [one.member_no for one in members] == [1, 2]


def _place(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda given: {"place": given["place"] | changes}


def _at(latitude: float, longitude: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _given: {"location": f"{latitude} {longitude} 0 5"}


def _elsewhere(_given: dict[str, Any]) -> dict[str, Any]:
    latitude, longitude = centre(commune_of(5))
    return {"location": f"{latitude} {longitude} 0 5"}


def _group(name: str, **changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda given: {name: given[name] | changes}


@pytest.mark.parametrize(
    ("change", "code", "severity", "said"),
    [
        (_place(commune_code=None), "no_commune", "severe", "không ghi xã"),
        (_place(commune_code="99999"), "unknown_commune", "severe", "không có trong danh mục"),
        (lambda _: {"location": None}, "gps_missing", "note", "GPS"),
        (_at(0, 0), "gps_outside", "look", "0,0"),
        (_at(20.3, 107.5), "gps_outside", "look", "trên biển"),
        (_elsewhere, "gps_disagrees", "severe", " m"),
        (_group("services", water_source="fog"), "unknown_choice", "look", "water_source"),
        (_group("dwelling", floor_area="lots"), "unreadable", "look", "floor_area"),
        (lambda _: {"garden": {"trees": 3}}, "unknown_fields", "note", "1 câu"),
        (_group("income", income_wage=None), "class_undetermined", "look", "income_wage"),
        (_group("income", income_wage=37_000_000), "near_cut", "look", "%"),
        (lambda _: {"member": []}, "no_members", "severe", "không có thành viên"),
        (lambda _: {"household_size": 3}, "size_mismatch", "look", "3 người nhưng kê 2"),
        (lambda _: {"ended_at": "2026-09-03T08:06:00.000+07:00"}, "short_interview", "look", "1 phút"),
        (lambda _: {"round_id": "2025"}, "round_differs", "severe", "khác"),
        (lambda _: {"review_date": "2026-08-01"}, "round_differs", "severe", "khác"),
        (lambda _: {"proposed_class": "poor"}, "phone_server_differ", "look", "proposed_class"),
    ],
)
def test_what_is_amiss_is_flagged_and_kept(
    database: Database,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    code: str,
    severity: str,
    said: str,
) -> None:
    given = answers(1)
    receive(database, odata_row(given | change(given), 1), odata_row(answers(2), 2))
    flags = _flags(database)
    assert code in flags
    assert flags[code].severity == severity
    details = flags[code].details | {"field": flags[code].field}
    assert said in flag_words.say(code, details, "vi")
    assert "?" not in flag_words.say(code, details, "en")
    assert flag_words.remedy(code)
    interview = _interview(database)
    assert interview.severity_rank >= SEVERITIES.index(severity) + 1
    assert interview.severity == SEVERITIES[interview.severity_rank - 1]
    assert _flags(database, 2) == {}  # the household beside it is untouched


def test_without_an_answered_commune_the_point_decides(database: Database) -> None:
    given = answers(1)
    receive(database, odata_row(given | _place(commune_code=None)(given), 1))
    interview = _interview(database)
    assert (interview.commune_answered, interview.commune_code) == (None, commune_of(1))
    assert interview.proposed_class == "not_poor"  # the area class is the unit's, and it has one


def test_without_any_place_the_household_is_kept(database: Database) -> None:
    given = answers(1)
    receive(database, odata_row(given | {"location": None} | _place(commune_code=None)(given), 1))
    interview = _interview(database)
    assert (interview.commune_code, interview.unit_valid_from, interview.location_status) == (None, None, "no_answer")
    assert {"no_commune", "gps_missing"} <= set(_flags(database))


def test_the_answer_decides_where_the_point_disagrees(database: Database) -> None:
    given = answers(1)
    receive(database, odata_row(given | _elsewhere(given), 1))
    interview = _interview(database)
    assert (interview.commune_code, interview.commune_gps) == (commune_of(1), commune_of(5))
    assert interview.location_status == "differ"
    assert interview.distance_m is not None
    assert interview.distance_m > 10_000


def test_without_boundaries_nothing_is_said_about_places(database: Database) -> None:
    with database.session() as session:
        for boundary in session.scalars(select(Boundary)):
            session.delete(boundary)
    receive(database, odata_row(answers(1), 1))
    interview = _interview(database)
    assert (interview.location_status, interview.commune_code) == ("no_boundaries", commune_of(1))
    assert _flags(database) == {}


def test_one_number_in_two_interviews(database: Database) -> None:
    shared = "033080012345"
    for number in (1, 2):
        people = [person(f"Người {number}", "head", "male", "1980-04-12", shared)]
        receive(database, odata_row(answers(number) | {"member": people, "household_size": 1}, number))
    receive(database, odata_row(answers(3), 3))
    for number in (1, 2):
        flag = _flags(database, number)["duplicate_cccd"]
        assert (flag.severity, flag.member_no, flag.details) == ("severe", 1, {"count": 2})
    assert _flags(database, 3) == {}


def test_flags_hold_nothing_personal(database: Database) -> None:
    given = answers(1)
    broken = given | _elsewhere(given) | {"household_size": 9, "income": given["income"] | {"income_wage": "x"}}
    people = [person("Trần Bí Mật", "head", "male", "1980-04-12", "033080012345")] * 2
    receive(database, odata_row(broken | {"member": people}, 1))
    text = str([(flag.code, flag.field, flag.details) for flag in _flags(database).values()])
    for secret in ("Mật", "033080012345", "1980", "105.", "106.", "20."):
        assert secret not in text


def test_a_rebuild_gives_the_same_rows(database: Database) -> None:
    given = answers(2)
    receive(
        database,
        odata_row(answers(1), 1),
        odata_row(given | _elsewhere(given) | {"household_size": 3}, 2),
        odata_row(answers(3) | {"location": None, "member": []}, 3, reviewState="hasIssues"),
        odata_row(answers(4), 4, deletedAt="2026-09-05T00:00:00.000Z"),
    )
    with database.session() as session:
        review.decide(session, instance_id(1), "approve", actor="test")
        cases.crosscheck(session, ROUND)
    before = derived_rows(database)
    assert cases.rebuild(database, ROUND) == 4
    assert derived_rows(database) == before
    assert len(before["interviews"]) == 3
