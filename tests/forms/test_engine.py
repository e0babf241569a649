"""The engine: what is asked, what is refused and in whose words, what is left out of the submission."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from forms.build import BuiltForm
from forms.engine import AnswerRefused, Form, Question, Session, open_form
from forms.errors import FormError
from forms.lists import household_uuid
from tests.forms.household_form import LISTED

STARTED = datetime(2019, 1, 5, 1, 0, tzinfo=UTC)  # a phone whose clock is years behind
ENDED = datetime(2019, 1, 5, 1, 40, 0, 250_000, tzinfo=UTC)

HOUSEHOLD: dict[str, Any] = {
    **{"commune_code": "11995", "village_id": "11995-02", "on_list": "new", "outcome": "met"},
    **{"notice_read": "OK", "consent_gps": "yes", "consent_photo": "no", "gps_reason": "no_signal"},
    "household_size": 1,
}
PERSON: dict[str, Any] = {
    "full_name": "Nguyễn Thị Mẫu",
    "relation": "head",
    "sex": "female",
    "birth_precision": "full",
    "birth_date": date(1990, 9, 1),
}


def begin(form: Form) -> Session:
    return form.start("uuid:11111111-2222-4333-8444-555555555555", STARTED, username="rsv-1", device_id="collect:x")


def answer_until(session: Session, name: str, answers: dict[str, Any], position: int | None = None) -> Question:
    """Answer with `answers` until the question `name` is on the screen (there unanswered)."""
    while (question := session.next()) is not None:
        if question.name == name and question.position == position:
            return question
        session.answer(answers.get(question.name))
    raise AssertionError(f"{name} was not asked")


def walk(session: Session, answers: dict[str, Any]) -> list[Question]:
    asked = []
    while (question := session.next()) is not None:
        asked.append(question)
        session.answer(answers.get(question.name))
    return asked


def asked_of(form: Form, **person: Any) -> set[str]:
    return {question.name for question in walk(begin(form), HOUSEHOLD | PERSON | person) if question.repeat}


def test_a_session_becomes_what_collect_would_send(form: Form) -> None:
    session = begin(form)
    walk(session, HOUSEHOLD | PERSON | {"location": (20.93, 106.02, 0, 4.5), "remarks": "x < y & z"})
    text = session.finalise(ENDED)
    root = ET.fromstring(text)
    assert root.attrib["id"] == "household"
    assert root.findtext("meta/instanceID") == "uuid:11111111-2222-4333-8444-555555555555"
    assert root.findtext("started_at") == "2019-01-05T08:00:00.000+07:00"
    assert root.findtext("ended_at") == "2019-01-05T08:40:00.250+07:00"
    assert (root.findtext("enumerator"), root.findtext("device_id")) == ("rsv-1", "collect:x")
    assert root.findtext("location") == "20.93 106.02 0.0 4.5"
    assert root.findtext("remarks") == "x < y & z"
    assert (root.findtext("round_id"), root.findtext("review_date")) == ("2026", "2026-09-01")
    assert root.findtext("place/area_class") == "rural"


def test_ages_count_from_the_review_date_whatever_the_clock_says(form: Form) -> None:
    session = begin(form)
    walk(session, HOUSEHOLD | PERSON)
    assert session.value("age", 1) == "36"
    assert session.value("started_at").startswith("2019-01-05")


def test_the_name_of_the_interview_holds_nothing_personal(form: Form) -> None:
    session = begin(form)
    listed = LISTED.loc[LISTED["village_id"].eq("11995-02") & LISTED["assignment_key"].eq("rsv-1")].iloc[0]
    chosen = {"on_list": "listed", "household_entity": household_uuid("2026", listed["household_code"])}
    walk(session, HOUSEHOLD | PERSON | chosen | {"phone": "0912345678"})
    assert session.value("instanceName") == f"11995-02 · {listed['household_code']} · 05/01 08:00"


@pytest.mark.parametrize(
    ("born", "asked", "not_asked"),
    [
        (date(2023, 9, 2), {"malnourished"}, {"attending", "insured", "work", "qualification", "job_training"}),
        (date(2023, 9, 1), {"malnourished", "attending"}, {"insured", "work"}),
        (date(2020, 9, 1), {"malnourished", "attending", "insured"}, {"work", "able_to_work"}),
        (date(2011, 9, 1), {"malnourished", "attending", "work", "qualification", "able_to_work"}, {"job_training"}),
        (date(2010, 9, 1), {"attending", "work", "job_training"}, {"malnourished", "contract"}),
        (date(1995, 9, 2), {"attending", "work", "job_training"}, {"malnourished"}),
        (date(1995, 9, 1), {"work", "qualification", "insured"}, {"malnourished", "attending", "job_training"}),
    ],
)
def test_each_age_is_asked_what_matters_to_it(form: Form, born: date, asked: set[str], not_asked: set[str]) -> None:
    questions = asked_of(form, birth_date=born)
    assert asked <= questions
    assert not not_asked & questions
    assert {"allowance", "disability"} <= questions


def test_who_has_no_known_age_is_asked_everything(form: Form) -> None:
    questions = asked_of(form, birth_precision=None, work="wage")
    expected = {"attending", "qualification", "work", "contract", "job_training", "insured", "malnourished"}
    assert expected <= questions
    assert not {"birth_date", "birth_year"} & questions


def test_an_answer_no_longer_relevant_is_not_sent(form: Form) -> None:
    session = begin(form)
    answer_until(session, "contract", HOUSEHOLD | PERSON | {"work": "wage"}, 1)
    session.answer("no")
    walk(session, {})
    assert session.value("contract", 1) == "no"
    hidden = begin(form)
    walk(hidden, HOUSEHOLD | PERSON | {"work": "home", "contract": "no"})
    root = ET.fromstring(hidden.finalise(ENDED))
    assert root.find("member/person/situation/contract") is None
    assert root.findtext("member/person/situation/work") == "home"


def test_as_many_members_as_said_each_with_a_position(form: Form) -> None:
    session = begin(form)
    asked = walk(session, HOUSEHOLD | PERSON | {"household_size": 3})
    positions = [question.position for question in asked if question.name == "full_name"]
    assert positions == [1, 2, 3]
    assert session.value("member_count") == "3"


@pytest.mark.parametrize(
    ("name", "given", "good"),
    [
        ("phone", "12345", "0912345678"),
        ("phone", "01612345678", "02213861234"),
        ("household_size", 0, 1),
        ("household_size", 31, 30),
        ("floor_area", 0, 0.5),
        ("floor_area", 2001, 2000),
        ("income_farm", -1, 0),
        ("income_farm", 1_000_000_000, 999_999_999),
        ("shared_devices", "none tv", "tv radio"),
        ("shared_devices", "dk radio", "dk"),
        ("personal_devices", ["none", "dk"], ["none"]),
    ],
)
def test_an_impossible_answer_about_the_household_is_refused(form: Form, name: str, given: Any, good: Any) -> None:
    session = begin(form)
    question = answer_until(session, name, HOUSEHOLD | PERSON)
    with pytest.raises(AnswerRefused) as refusal:
        session.answer(given)
    assert refusal.value.question == question
    assert refusal.value.reason == "constraint"
    assert str(given) not in str(refusal.value) or len(str(given)) < 3
    session.answer(good)
    assert session.value(name) != ""


@pytest.mark.parametrize(
    ("name", "given", "person"),
    [
        ("birth_date", date(2026, 9, 2), {}),
        ("birth_date", date(1899, 12, 31), {}),
        ("birth_year", 2027, {"birth_precision": "year"}),
        ("birth_year", 58, {"birth_precision": "year"}),
        ("full_name", "Nguyễn 2", {}),
        ("cccd", "03319012345", {}),  # 11 digits
        ("cccd", "03319012345a", {}),
        ("cccd", "033090123456", {}),  # a man of the 20th century
        ("cccd", "033390123456", {}),  # a woman of the 21st century
        ("cccd", "033191123456", {}),  # another year
        ("cccd", "033190123456", {"birth_precision": "year", "birth_year": 1991}),
        ("cccd", "033290123456", {"birth_precision": None}),  # a man, whatever the year
    ],
)
def test_an_impossible_answer_about_a_member_is_refused(
    form: Form, name: str, given: Any, person: dict[str, Any]
) -> None:
    session = begin(form)
    answer_until(session, name, HOUSEHOLD | PERSON | person, 1)
    with pytest.raises(AnswerRefused, match=rf"^{name} \(member 1\): ") as refusal:
        session.answer(given)
    assert refusal.value.reason == "constraint"
    assert str(given) not in str(refusal.value)


@pytest.mark.parametrize(
    ("cccd", "person"),
    [
        ("033190123456", {}),
        ("001190000000", {"sex": "female"}),
        ("034090123456", {"sex": "male"}),
        ("034303123456", {"birth_date": date(2003, 1, 1)}),
        ("034203123456", {"sex": "male", "birth_precision": "year", "birth_year": 2003}),
        ("034100123456", {"birth_precision": "year", "birth_year": 1900}),
        ("034300123456", {"birth_date": date(2000, 12, 31)}),
        ("034190123456", {"birth_precision": None}),
        ("034377123456", {"birth_precision": None}),
    ],
)
def test_a_number_that_fits_sex_and_birth_is_taken(form: Form, cccd: str, person: dict[str, Any]) -> None:
    session = begin(form)
    walk(session, HOUSEHOLD | PERSON | person | {"cccd": cccd})
    assert session.value("cccd", 1) == cccd


def test_a_required_answer_skipped_is_missed_at_the_end(form: Form) -> None:
    """Collect checks every answer once more before a form is sent."""
    session = begin(form)
    while (question := session.next()) is not None:
        if (answer := (HOUSEHOLD | PERSON).get(question.name)) is not None and question.name != "relation":
            session.answer(answer)
    with pytest.raises(AnswerRefused, match=r"relation \(member 1\)") as refusal:
        session.finalise(ENDED)
    assert refusal.value.reason == "required"


def test_the_words_of_a_refusal_are_the_forms(built_with_media: tuple[BuiltForm, Path]) -> None:
    built, media_dir = built_with_media
    said = {}
    for language in ("Tiếng Việt (vi)", "English (en)"):
        session = begin(open_form(built.xml, media_dir, language))
        answer_until(session, "household_size", HOUSEHOLD)
        with pytest.raises(AnswerRefused) as refusal:
            session.answer(0)
        said[language] = str(refusal.value)
    assert said == {
        "Tiếng Việt (vi)": "household_size: Từ 1 đến 30 người. Đếm lại các thành viên.",
        "English (en)": "household_size: From 1 to 30 people. Count the members again.",
    }


def test_only_villages_of_the_commune_are_offered(form: Form) -> None:
    session = begin(form)
    answer_until(session, "village_id", {"commune_code": "12004"})
    assert session.choices() == ("12004-01", "12004-02", "12004-03")
    with pytest.raises(AnswerRefused) as refusal:
        session.answer("11995-01")
    assert refusal.value.reason == "choice"


def test_what_is_not_of_the_kind_is_refused(form: Form) -> None:
    for name, given in {"household_size": 1.5, "location": "here", "floor_area": "wide"}.items():
        session = begin(form)
        answer_until(session, name, HOUSEHOLD | PERSON)
        with pytest.raises(AnswerRefused) as refusal:
            session.answer(given)
        assert refusal.value.reason == "type"


def test_several_answers_come_in_the_order_shown(form: Form) -> None:
    session = begin(form)
    walk(session, HOUSEHOLD | PERSON | {"causes": "illness no_land"})
    assert session.value("causes") == "no_land illness"


def test_one_interview_leaves_nothing_in_the_next(form: Form) -> None:
    first = begin(form)
    walk(first, HOUSEHOLD | PERSON | {"household_size": 3, "remarks": "lời của hộ trước"})
    first.finalise(ENDED)
    second = begin(form)
    walk(second, HOUSEHOLD | PERSON)
    text = second.finalise(ENDED)
    assert "lời của hộ trước" not in text
    assert text.count("<member>") == 1
    with pytest.raises(FormError, match="another was begun"):
        first.value("remarks")


def test_what_is_not_in_the_form_has_no_value(form: Form) -> None:
    with pytest.raises(FormError, match="no `nothing`"):
        begin(form).value("nothing")


def test_a_clock_without_a_zone_is_refused(form: Form) -> None:
    with pytest.raises(ValueError, match="time zone"):
        form.start("uuid:x", datetime(2026, 9, 1))  # noqa: DTZ001 - the point of the test


def test_a_form_without_its_lists_does_not_open(built: BuiltForm, tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"needs the list visits\.csv"):
        open_form(built.xml, tmp_path)
