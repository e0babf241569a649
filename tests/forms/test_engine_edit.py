"""A sent form edited as Collect does it: answers stand, a new version names the one it replaces."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forms.build import BuiltForm
from forms.engine import AnswerRefused, Form, Session, open_form
from forms.errors import FormError
from tests.forms.test_engine import ENDED, HOUSEHOLD, PERSON, begin

FIRST = "uuid:11111111-2222-4333-8444-555555555555"
SECOND = "uuid:22222222-2222-4333-8444-555555555555"
THREE = HOUSEHOLD | PERSON | {"household_size": 3, "work": "wage", "contract": "no", "remarks": "gặp chủ hộ"}
#: Given once: in an interview and in an edit alike, what is not named here stays as it is.
CHILD = {"birth_date": date(2020, 1, 1)}


def go(session: Session, answers: dict[str, Any]) -> list[tuple[str, int | None]]:
    """To the end with these answers; where there is none, what stands is kept."""
    asked = []
    while (question := session.next()) is not None:
        asked.append((question.name, question.position))
        if question.name in answers:
            session.answer(answers[question.name])
    return asked


def interview(form: Form, answers: dict[str, Any]) -> str:
    session = begin(form)
    go(session, answers)
    return session.finalise(ENDED)


def leaves(xml: str, ignored: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [
        (element.tag, element.text or "")
        for element in ET.fromstring(xml).iter()
        if len(element) == 0 and element.tag not in (*ignored, "member")  # a repeat that is hidden is sent empty
    ]


def test_an_edit_that_changes_nothing_is_the_same_answers_under_a_new_name(form: Form) -> None:
    sent = interview(form, THREE)
    session = form.edit(sent, SECOND)
    go(session, {})
    again = session.finalise(ENDED)
    ignored = ("instanceID", "deprecatedID")
    assert leaves(again, ignored) == leaves(sent, ignored)
    root = ET.fromstring(again)
    assert (root.findtext("meta/instanceID"), root.findtext("meta/deprecatedID")) == (SECOND, FIRST)
    # Who began it, when, on which phone, stays as it was; the row of `visits` is the first one's.
    assert root.findtext("started_at") == ET.fromstring(sent).findtext("started_at")
    assert root.findtext("enumerator") == "rsv-1"
    assert root.find("meta/entity").attrib == ET.fromstring(sent).find("meta/entity").attrib  # type: ignore[union-attr]


def test_a_changed_answer_is_sent_and_what_follows_from_it_is_computed_again(form: Form) -> None:
    sent = interview(form, THREE)
    assert ET.fromstring(sent).findtext("d01") == "1"
    session = form.edit(sent, SECOND)
    go(session, {"contract": "yes", "remarks": None})
    root = ET.fromstring(session.finalise(ENDED))
    assert root.findtext("d01") == "0"
    assert root.findtext("remarks") == ""


def test_an_edit_is_edited_again(form: Form) -> None:
    session = form.edit(interview(form, THREE), SECOND)
    go(session, {})
    third = form.edit(session.finalise(ENDED), "uuid:third")
    go(third, {})
    root = ET.fromstring(third.finalise(ENDED))
    assert [element.text for element in root.findall("meta/deprecatedID")] == [SECOND]
    assert root.findtext("meta/instanceID") == "uuid:third"


@pytest.mark.parametrize("size", [1, 2])
def test_who_turned_out_not_to_belong_is_neither_counted_nor_sent(form: Form, size: int) -> None:
    """JavaRosa keeps the repeats when their count is made smaller; the form hides them."""
    session = form.edit(interview(form, THREE), SECOND)
    asked = go(session, {"household_size": size})
    assert {position for name, position in asked if name == "full_name"} == set(range(1, size + 1))
    edited = session.finalise(ENDED)
    root = ET.fromstring(edited)
    assert (len(root.findall("member/person")), root.findtext("member_count")) == (size, str(size))
    assert leaves(edited, ("deprecatedID", "instanceID")) == leaves(
        interview(form, THREE | {"household_size": size}), ("deprecatedID", "instanceID")
    )


def test_who_was_forgotten_is_added(form: Form) -> None:
    session = form.edit(interview(form, THREE | {"household_size": 1}), SECOND)
    while (question := session.next()) is not None:
        if question.name == "household_size":
            session.answer(2)
        elif question.position == 2 and (answer := (PERSON | CHILD).get(question.name)) is not None:
            session.answer(answer)
    root = ET.fromstring(session.finalise(ENDED))
    assert [element.text for element in root.findall("member/person/age")] == ["36", "6"]


def test_an_edit_is_held_to_the_same_rules(form: Form) -> None:
    session = form.edit(interview(form, THREE), SECOND)
    while (question := session.next()) is not None and question.name != "household_size":
        pass
    with pytest.raises(AnswerRefused, match="household_size"):
        session.answer(0)
    session.answer(4)  # and then the fourth is left out
    go(session, {})
    with pytest.raises(AnswerRefused, match=r"full_name \(member 4\)"):
        session.finalise(ENDED)


def test_only_the_form_and_version_that_it_was_filled_with_opens_it(
    built_with_media: tuple[BuiltForm, Path], form: Form
) -> None:
    sent = interview(form, THREE)
    for was, now in ((f'version="{built_with_media[0].version}"', 'version="0"'), ('id="household"', 'id="other"')):
        assert was in sent
        with pytest.raises(FormError, match="open the version that it was filled with"):
            form.edit(sent.replace(was, now), SECOND)
    with pytest.raises(FormError, match="does not read as a submission"):
        form.edit("<data", SECOND)


def test_an_edit_leaves_nothing_in_the_next_interview(built_with_media: tuple[BuiltForm, Path]) -> None:
    built, media_dir = built_with_media
    fresh = open_form(built.xml, media_dir)
    sent = interview(fresh, THREE)
    go(fresh.edit(sent, SECOND), {"remarks": "lời của lần sửa"})
    after = interview(fresh, HOUSEHOLD | PERSON)
    assert "lời của lần sửa" not in after
    assert "deprecatedID" not in after
