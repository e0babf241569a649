"""The household form's own way: whom the list offers, what is done, what each outcome and each refusal hides."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forms.build import BuiltForm
from forms.engine import AnswerRefused, Form, Question, entity_id, open_form
from forms.lists import household_uuid
from forms.media import household_entities, write_entity_list, write_media
from poverty.frames import OUTCOMES
from tests.forms.household_form import COMMUNES, CONSTANTS, VILLAGES
from tests.forms.test_engine import ENDED, HOUSEHOLD, PERSON, answer_until, begin, walk

VILLAGE, HERE = "11995-02", {"commune_code": "11995", "village_id": "11995-02"}
RETURNED = "uuid:99999999-2222-4333-8444-555555555555"
#: code, village, whose phone, what was returned
LISTED = (
    ("to-do", VILLAGE, "rsv-1", ""),
    ("done", VILLAGE, "rsv-1", ""),
    ("absent", VILLAGE, "rsv-1", ""),
    ("returned", VILLAGE, "rsv-1", RETURNED),
    ("mended", VILLAGE, "rsv-1", RETURNED),
    ("elsewhere", "11995-01", "rsv-1", ""),
    ("another", VILLAGE, "rsv-2", ""),
)
#: code, outcome, whose visit, what it replaced
VISITED = (
    ("done", "met", "rsv-1", ""),
    ("absent", "absent", "rsv-1", ""),
    ("returned", "met", "rsv-1", ""),
    ("mended", "met", "rsv-1", ""),
    ("mended", "met", "rsv-1", RETURNED),
)


def uuid_of(code: str) -> str:
    return household_uuid(CONSTANTS.round_id, code)


@pytest.fixture(scope="module")
def on_the_way(built: BuiltForm, tmp_path_factory: pytest.TempPathFactory) -> Form:
    """The form on a phone whose person has been to some households already."""
    media_dir = tmp_path_factory.mktemp("media")
    write_media(COMMUNES, VILLAGES, media_dir)
    listed = pd.DataFrame(LISTED, columns=["household_code", "village_id", "assignment_key", "replaces"])
    listed["status"] = listed["replaces"].map(lambda before: "returned" if before else "listed")
    listed["returned_reason"] = listed["replaces"].map(lambda before: "Thiếu một thành viên" if before else "")
    listed = listed.assign(commune_code="11995", head_name="Trần Văn Mẫu", head_birth_year="1970")
    write_entity_list("households", household_entities(listed, CONSTANTS.round_id), media_dir)
    visits = pd.DataFrame(VISITED, columns=["household_code", "outcome", "assignment_key", "replaced"])
    visits["visit_key"] = visits["household_code"] + visits.pop("replaced")
    visits = visits.assign(name=[f"visit-{n}" for n in range(len(visits))], label="Đã làm", village_id=VILLAGE)
    write_entity_list("visits", visits, media_dir)
    return open_form(built.xml, media_dir)


def offered(form: Form, **answers: Any) -> set[str]:
    session = begin(form)
    answer_until(session, "household_entity", HERE | {"on_list": "listed"} | answers)
    codes = {uuid_of(code): code for code, *_ in LISTED}
    return {codes[choice] for choice in session.choices()}


def test_the_list_offers_ones_own_households_of_the_village_that_are_still_to_do(on_the_way: Form) -> None:
    assert offered(on_the_way, list_shown="to_do") == {"to-do", "absent", "returned"}
    assert offered(on_the_way, list_shown="done") == {"done", "mended"}
    assert offered(on_the_way, list_shown=None) == {"to-do", "absent", "returned"}


def test_the_screen_says_how_many_are_done(on_the_way: Form) -> None:
    session = begin(on_the_way)
    answer_until(session, "household_entity", HERE | {"on_list": "listed"})
    assert (session.value("done_count"), session.value("assigned_count")) == ("2", "5")


def test_the_household_of_another_person_cannot_be_chosen(on_the_way: Form) -> None:
    session = begin(on_the_way)
    answer_until(session, "household_entity", HERE | {"on_list": "listed"})
    with pytest.raises(AnswerRefused) as refusal:
        session.answer(uuid_of("another"))
    assert refusal.value.reason == "choice"


def test_the_household_that_was_chosen_stays_in_the_list_when_it_is_done(on_the_way: Form) -> None:
    """As when a sent form is edited: by then its own visit stands in `visits`."""
    session = begin(on_the_way)
    answer_until(session, "household_entity", HERE | {"on_list": "listed", "list_shown": "done"})
    session.answer(uuid_of("done"))
    assert uuid_of("done") in session.choices()
    sent = begin(on_the_way)
    walk(sent, HOUSEHOLD | PERSON | {"on_list": "listed", "list_shown": "done", "household_entity": uuid_of("done")})
    edited = on_the_way.edit(sent.finalise(ENDED).replace(">done</list_shown>", ">to_do</list_shown>"), "uuid:edit")
    while (question := edited.next()) is not None and question.name != "household_entity":
        pass
    assert set(edited.choices()) == {uuid_of(code) for code in ("to-do", "absent", "returned", "done")}
    assert edited.value("household_code") == "done"


def test_a_finished_form_saves_a_visit_that_marks_the_household_done(on_the_way: Form) -> None:
    session = begin(on_the_way)
    walk(session, HOUSEHOLD | PERSON | {"on_list": "listed", "household_entity": uuid_of("returned")})
    root = ET.fromstring(session.finalise(ENDED))
    entity = root.find("meta/entity")
    assert entity is not None
    instance = "uuid:11111111-2222-4333-8444-555555555555"
    assert entity.attrib == {"dataset": "visits", "create": "1", "id": entity_id(instance)}
    assert entity.findtext("label") == "Đã làm"
    selection = root.find("selection")
    assert selection is not None
    assert [selection.findtext(name) for name in ("household_code", "replaces", "visit_key")] == [
        "returned",
        RETURNED,
        f"returned{RETURNED}",
    ]


def test_a_new_household_has_no_code_and_replaces_nothing(on_the_way: Form) -> None:
    session = begin(on_the_way)
    walk(session, HOUSEHOLD | PERSON)
    assert [session.value(name) for name in ("household_code", "replaces", "household_entity")] == ["", "", ""]


def names(asked: list[Question]) -> set[str]:
    return {question.name for question in asked}


@pytest.mark.parametrize("outcome", [one for one in OUTCOMES if one != "met"])
def test_of_a_household_that_was_not_met_only_remarks_are_asked(form: Form, outcome: str) -> None:
    session = begin(form)
    asked = walk(session, HOUSEHOLD | {"outcome": outcome, "remarks": "Đóng cửa"})
    assert names(asked) == {"commune_code", "village_id", "on_list", "outcome", "remarks"}
    root = ET.fromstring(session.finalise(ENDED))
    assert (root.findtext("outcome"), root.findtext("remarks")) == (outcome, "Đóng cửa")
    assert (root.findtext("member_count"), root.findtext("proposed_class")) == ("0", "undetermined")
    assert root.find("member") is None
    assert root.find("meta/entity") is not None


def test_refusing_position_and_photo_ends_nothing(form: Form) -> None:
    asked = names(walk(begin(form), HOUSEHOLD | PERSON | {"consent_gps": "no", "consent_photo": "no"}))
    assert not asked & {"location", "gps_reason", "photo"}
    assert {"full_name", "wall", "income_wage", "remarks"} <= asked
    agreeing = names(walk(begin(form), HOUSEHOLD | PERSON | {"consent_photo": "yes"}))
    assert {"location", "photo"} <= agreeing


def test_the_notice_must_be_read_before_the_form_is_sent(form: Form) -> None:
    session = begin(form)
    while (question := session.next()) is not None:
        if question.name != "notice_read":
            session.answer((HOUSEHOLD | PERSON).get(question.name))
    with pytest.raises(AnswerRefused, match="notice_read") as refusal:
        session.finalise(ENDED)
    assert refusal.value.reason == "required"


@pytest.mark.parametrize(
    ("location", "wanted"),
    [(None, True), ((20.9, 106.0, 0, 4.5), False), ((20.9, 106.0, 0, 50), False), ((20.9, 106.0, 0, 50.1), True)],
)
def test_a_reason_is_asked_where_no_good_point_was_taken(form: Form, location: Any, wanted: bool) -> None:
    asked = names(walk(begin(form), HOUSEHOLD | PERSON | {"location": location}))
    assert ("gps_reason" in asked) is wanted


def test_who_says_that_a_child_is_malnourished(form: Form) -> None:
    child = {"birth_precision": "year", "birth_year": 2020}
    said = {}
    for source in ("station", "measured", "mother", None):
        for answer in ("yes", "no"):
            session = begin(form)
            walk(session, HOUSEHOLD | PERSON | child | {"malnourished": answer, "nutrition_source": source})
            said[source, answer] = session.value("d03")
    assert said == {
        **{
            (source, answer): value
            for source in ("station", "measured")
            for answer, value in (("yes", "1"), ("no", "0"))
        },
        **{(source, answer): "" for source in ("mother", None) for answer in ("yes", "no")},
    }
    asked = names(walk(begin(form), HOUSEHOLD | PERSON | child | {"malnourished": "dk"}))
    assert "nutrition_source" not in asked


@pytest.mark.parametrize(
    ("name", "given", "good"),
    [
        ("b1_points", -1, 0),
        ("b1_points", 1000, 999),
        ("b2_points", 35, 30),
        ("b2_points", 130, 120),
        ("clinic_minutes", 241, 240),
        ("school_minutes", -1, 0),
        ("special_groups", "none merit", "merit"),
        ("special_groups", "dk none", "dk"),
    ],
)
def test_an_impossible_answer_is_refused(form: Form, name: str, given: Any, good: Any) -> None:
    session = begin(form)
    answer_until(session, name, HOUSEHOLD | PERSON)
    with pytest.raises(AnswerRefused) as refusal:
        session.answer(given)
    assert refusal.value.reason == "constraint"
    session.answer(good)
    assert session.value(name) == str(good)


def test_who_has_tap_water_is_not_asked_to_wish_for_it(form: Form) -> None:
    assert "tap_water_wish" in names(walk(begin(form), HOUSEHOLD | PERSON | {"water_source": "borehole"}))
    assert "tap_water_wish" not in names(walk(begin(form), HOUSEHOLD | PERSON | {"water_source": "tap"}))


def test_no_clock_enters_a_calculation(built: BuiltForm) -> None:
    for text in Path(built.xml).read_text(encoding="utf-8").split('"'):
        assert "today()" not in text
        assert "now()" not in text
