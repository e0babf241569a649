"""The village meeting: at least half of those attending agree, or it is held again; each contested household apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.engine import AnswerRefused, Form
from tests.forms.procedure_forms import ENDED, INSTANCE, begin, build_and_open, sent, stop_at, walk

#: Nine people and the chair.
ATTENDANCE: dict[str, Any] = {
    "att_steering": 1,
    "att_civil_servant": 1,
    "att_party_secretary": 1,
    "att_organisations": 2,
    "att_reviewers": 1,
    "att_households": 2,
    "att_front": 1,
}
MEETING: dict[str, Any] = ATTENDANCE | {
    "commune_code": "11995",
    "village_id": "11995-02",
    "met_on": date(2026, 10, 12),
    "meeting_no": 1,
    "venue": "Nhà văn hóa thôn",
    "chair": "village_head",
    "chair_name": "Lê Văn Mẫu",
    "list_for": 5,
    "list_against": 2,
    "contested_size": 0,
    "two_copies": "yes",
    "minutes_photo": "1760000000000.jpg",
}
CONTESTED = MEETING | {
    "contested_size": 2,
    "contested_entity": ["e1", "e2"],
    "class_read": ["poor", "near_poor"],
    "objection": "Hộ có người đi làm xa.",
    "votes_for": [5, 4],
    "votes_against": [5, 6],
}


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    return build_and_open("village_meeting", tmp_path_factory.mktemp("village_meeting"))[1]


@given(others=st.integers(0, 30), share=st.floats(0, 1))
def test_at_least_half_of_all_who_attend_must_agree(form: Form, others: int, share: float) -> None:
    attendees = others + 1
    agree = int(share * attendees)
    session = begin(form)
    walk(
        session,
        MEETING
        | dict.fromkeys(ATTENDANCE, 0)
        | {"att_households": others, "list_for": agree, "list_against": attendees - agree},
    )
    assert session.value("attendees") == str(attendees)
    passes = agree / attendees >= 0.5
    assert session.value("list_agreed") == ("yes" if passes else "no")
    assert session.value("meeting_result") == ("agreed" if passes else "redo")


@pytest.mark.parametrize(("agree", "result"), [(5, "agreed"), (4, "redo")])
def test_half_exactly_is_enough_and_one_fewer_is_not(form: Form, agree: int, result: str) -> None:
    session = begin(form)
    walk(session, MEETING | {"list_for": agree, "list_against": 0})
    answers = sent(session)
    assert (answers["attendees"], answers["meeting_result"]) == ("10", result)
    assert ("redo_list" in answers) == (result == "redo")


def test_each_contested_household_is_agreed_apart(form: Form) -> None:
    session = begin(form)
    walk(session, CONTESTED)
    answers = sent(session)
    assert answers["agreed"] == "yes|no"
    assert answers["household_code"] == "33-00001|33-00002"
    assert answers["contested_entities"] == "e1 e2"
    assert (answers["list_agreed"], answers["not_agreed"]) == ("yes", "1")
    assert answers["meeting_result"] == "redo_households"


def test_when_all_contested_households_are_agreed_the_meeting_is(form: Form) -> None:
    session = begin(form)
    walk(session, CONTESTED | {"votes_for": [10, 5], "votes_against": [0, 5]})
    assert sent(session)["meeting_result"] == "agreed"


def test_a_household_is_written_once(form: Form) -> None:
    session = begin(form)
    stop_at(session, "contested_entity", CONTESTED, 2)
    assert session.choices() == ("e1", "e2")
    with pytest.raises(AnswerRefused, match="Mỗi hộ chỉ ghi một lần") as refusal:
        session.answer("e1")
    assert refusal.value.reason == "constraint"
    session.answer("e2")
    walk(session, CONTESTED)
    assert sent(session)["contested_entities"] == "e1 e2"


def test_a_household_taken_off_again_sends_nothing(form: Form) -> None:
    session = begin(form)
    walk(session, CONTESTED)
    edited = form.edit(session.finalise(ENDED), "uuid:second")
    walk(edited, {"contested_size": 1})
    answers = sent(edited)
    assert (answers["contested_entity"], answers["agreed"]) == ("e1", "yes")
    assert (answers["not_agreed"], answers["meeting_result"]) == ("0", "agreed")
    assert answers["deprecatedID"] == INSTANCE


@pytest.mark.parametrize(
    ("name", "given_", "answers", "position"),
    [
        ("met_on", date(2028, 1, 1), {}, None),
        ("meeting_no", 0, {}, None),
        ("chair_name", "Lê 2", {}, None),
        ("att_front", -1, {}, None),
        ("list_for", 11, {}, None),
        ("list_against", 6, {}, None),
        ("contested_size", 61, {}, None),
        ("votes_for", 11, CONTESTED, 1),
        ("votes_against", 7, CONTESTED, 2),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    form: Form, name: str, given_: Any, answers: dict[str, Any], position: int | None
) -> None:
    session = begin(form)
    stop_at(session, name, MEETING | answers, position)
    with pytest.raises(AnswerRefused, match=r": .*\.$") as refusal:
        session.answer(given_)
    assert refusal.value.reason == "constraint"


def test_votes_are_checked_again_when_fewer_attended_than_first_said(form: Form) -> None:
    session = begin(form)
    walk(session, MEETING | {"list_for": 10, "list_against": 0})
    edited = form.edit(session.finalise(ENDED), "uuid:second")
    walk(edited, {"att_households": 0})
    with pytest.raises(AnswerRefused, match="list_for"):
        sent(edited)


def test_minutes_without_a_photo_want_a_reason(form: Form) -> None:
    session = begin(form)
    asked = walk(session, MEETING | {"minutes_photo": None})
    assert "minutes_photo_reason" in asked
    assert "minutes_photo_2" not in asked
    with pytest.raises(AnswerRefused, match="minutes_photo_reason"):
        sent(session)
    session = begin(form)
    assert "minutes_photo_2" in walk(session, MEETING)
    assert sent(session)["minutes_photo"] == "1760000000000.jpg"


def test_another_chair_than_the_village_head_wants_a_reason(form: Form) -> None:
    assert "chair_reason" in walk(begin(form), MEETING | {"chair": "other"})
    assert "chair_reason" not in walk(begin(form), MEETING)


def test_the_name_of_the_instance_holds_nothing_personal(form: Form) -> None:
    session = begin(form)
    walk(session, MEETING)
    assert session.value("instanceName") == "11995-02 · 2026-10-12 · 1"
