"""The second interview: its households, codes that compare with the first, and nothing of the first answers."""

from __future__ import annotations

from typing import Any

import pytest

from forms.build import BuiltForm
from forms.engine import AnswerRefused, Form
from forms.lists import ENTITY_LISTS
from forms.source import SOURCES, read_source
from poverty import frames
from tests.forms.procedure_forms import begin, build_and_open, sent, stop_at, walk

HOUSEHOLD: dict[str, Any] = {
    "backcheck_entity": "e2",
    "outcome": "met",
    "notice_read": True,
    "respondent": "spouse",
    "interviewer_came": "yes",
    "interview_held": "at_home",
    "head_name": "Nguyễn Thị Mẫu",
    "head_sex": "female",
    "head_birth_year": 1990,
    "household_size": 5,
    "wall": "durable",
    "column": "durable",
    "roof": "not_durable",
    "floor_area": 45.5,
    "water_source": "borehole",
    "toilet": "septic",
    "built_since": "no",
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltForm, Form]:
    return build_and_open("backcheck", tmp_path_factory.mktemp("backcheck"))


@pytest.fixture(scope="module")
def form(opened: tuple[BuiltForm, Form]) -> Form:
    return opened[1]


def test_it_reads_a_list_of_its_own_and_no_file(opened: tuple[BuiltForm, Form]) -> None:
    assert (opened[0].attachments, opened[0].lists) == ((), ("backchecks",))


def test_it_is_filled_to_the_end(form: Form) -> None:
    session = begin(form)
    asked = walk(session, HOUSEHOLD)
    assert set(HOUSEHOLD) <= set(asked)
    answers = sent(session)
    assert (answers["household_code"], answers["village_id"]) == ("33-00002", "11995-02")
    assert (answers["floor_area"], answers["toilet"], answers["household_size"]) == ("45.5", "septic", "5")
    assert answers["instanceName"] == "11995-02 · 33-00002 · 05/01 08:00"


def test_only_ones_own_households_are_offered(form: Form) -> None:
    session = begin(form)
    stop_at(session, "backcheck_entity", {})
    assert session.choices() == ("e1", "e2", "e4")


def test_who_is_not_met_is_asked_nothing(form: Form) -> None:
    session = begin(form)
    assert walk(session, HOUSEHOLD | {"outcome": "moved_away"}) == ["backcheck_entity", "outcome", "remarks"]
    assert "wall" not in sent(session)


def test_how_the_interview_was_held_is_asked_where_there_was_one(form: Form) -> None:
    for came, asked in {"yes": True, "no": False, "dk": False}.items():
        assert ("interview_held" in walk(begin(form), HOUSEHOLD | {"interviewer_came": came})) == asked


def test_its_codes_are_those_of_the_household_form() -> None:
    source = read_source(SOURCES / "backcheck.md")
    asked = {row.get("name"): source.choices(row.get("type").partition(" ")[2]) for row in source.survey.rows}
    for name in ("wall", "column", "roof", "water_source", "toilet"):
        assert asked[name] == frames.HOUSEHOLD_CHOICES[name]
    assert asked["head_sex"] == frames.MEMBER_CHOICES["sex"]


def test_its_list_holds_no_answer() -> None:
    answers = {*frames.HOUSEHOLDS.columns, *frames.MEMBERS.columns} - {"round_id", "household_code"}
    assert answers & set(ENTITY_LISTS["backchecks"]) == {"commune_code", "village_id"}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("head_name", "Mẫu 1"),
        ("head_birth_year", 1899),
        ("head_birth_year", 2027),
        ("household_size", 0),
        ("household_size", 31),
        ("floor_area", 0),
        ("floor_area", 2001),
    ],
)
def test_what_cannot_be_is_refused_in_words(form: Form, name: str, given: Any) -> None:
    session = begin(form)
    stop_at(session, name, HOUSEHOLD)
    with pytest.raises(AnswerRefused, match=rf"^{name}: .*\.$") as refusal:
        session.answer(given)
    assert refusal.value.reason == "constraint"
