"""The inventory: one capacity per kind in its own unit; a poor position or no photo wants a reason."""

from __future__ import annotations

from typing import Any

import pytest

from forms.build import BuiltForm
from forms.engine import AnswerRefused, Form
from forms.source import SOURCES, read_source
from tests.forms.procedure_forms import ENDED, begin, build_and_open, sent, stop_at, walk

FACILITY: dict[str, Any] = {
    "commune_code": "11995",
    "village_id": "11995-01",
    "kind": "water_scheme",
    "facility_name": "Trạm cấp nước Đại Đồng",
    "state": "worn",
    "built_year": 2008,
    "renewed_year": 2019,
    "water_m3_day": 1500.5,
    "location": (20.93, 106.02, 3.0, 4.5),
    "photo": "1760000000001.jpg",
}
#: kind -> (question of its capacity, an answer, the unit)
CAPACITIES: dict[str, tuple[str, float, str]] = {
    "road": ("road_km", 1.25, "km"),
    "kindergarten": ("kindergarten_places", 120, "places"),
    "school": ("school_places", 600, "places"),
    "clinic": ("clinic_beds", 5, "beds"),
    "water_scheme": ("water_m3_day", 1500.5, "m3_day"),
    "waste": ("waste_tonnes_day", 2.5, "tonnes_day"),
    "market": ("market_stalls", 40, "stalls"),
    "culture_house": ("culture_house_seats", 150, "seats"),
    "power": ("power_kva", 250, "kva"),
    "telecom": ("telecom_households", 900, "households"),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltForm, Form]:
    return build_and_open("facility", tmp_path_factory.mktemp("facility"))


@pytest.fixture(scope="module")
def form(opened: tuple[BuiltForm, Form]) -> Form:
    return opened[1]


def test_it_reads_files_only(opened: tuple[BuiltForm, Form]) -> None:
    assert (opened[0].attachments, opened[0].lists) == (("communes.csv", "villages.csv"), ())


def test_every_kind_is_tested_here() -> None:
    assert read_source(SOURCES / "facility.md").choices("kind") == tuple(CAPACITIES)


@pytest.mark.parametrize("kind", CAPACITIES)
def test_each_kind_is_asked_its_own_capacity(form: Form, kind: str) -> None:
    name, value, unit = CAPACITIES[kind]
    session = begin(form)
    asked = walk(session, FACILITY | {"kind": kind, name: value, "road_surface": "concrete"})
    assert [question for question in asked if question in {one for one, _, _ in CAPACITIES.values()}] == [name]
    assert ("road_surface" in asked) == (kind == "road")
    answers = sent(session)
    assert float(answers["capacity"]) == value
    assert answers["capacity_unit"] == unit


def test_an_unknown_capacity_stays_unknown(form: Form) -> None:
    session = begin(form)
    walk(session, FACILITY | {"water_m3_day": None})
    answers = sent(session)
    assert (answers["capacity"], answers["capacity_unit"]) == ("", "")


def test_another_kind_chosen_later_drops_the_first_capacity(form: Form) -> None:
    session = begin(form)
    walk(session, FACILITY)
    edited = form.edit(session.finalise(ENDED), "uuid:second")
    walk(edited, {"kind": "market", "market_stalls": 12})
    answers = sent(edited)
    assert "water_m3_day" not in answers
    assert (float(answers["capacity"]), answers["capacity_unit"]) == (12, "stalls")


@pytest.mark.parametrize(
    ("location", "reason_asked"),
    [((20.93, 106.02, 0, 50.0), False), ((20.93, 106.02, 0, 50.1), True), (None, True)],
)
def test_a_position_worse_than_50_m_wants_a_reason(form: Form, location: Any, reason_asked: bool) -> None:
    session = begin(form)
    assert ("gps_reason" in walk(session, FACILITY | {"location": location})) == reason_asked
    if reason_asked:
        with pytest.raises(AnswerRefused, match="gps_reason"):
            sent(session)


def test_no_photo_wants_a_reason(form: Form) -> None:
    assert "photo_reason" not in walk(begin(form), FACILITY)
    assert "photo_reason" in walk(begin(form), FACILITY | {"photo": None})


def test_a_photo_is_the_name_of_an_image_file(form: Form) -> None:
    for name in ("../x.jpg", "x.exe", "a b.jpg"):
        session = begin(form)
        stop_at(session, "photo", FACILITY)
        with pytest.raises(AnswerRefused) as refusal:
            session.answer(name)
        assert refusal.value.reason == "type"


def test_one_that_serves_the_commune_has_no_village(form: Form) -> None:
    session = begin(form)
    walk(session, FACILITY | {"village_id": None})
    answers = sent(session)
    assert (answers["village_id"], answers["commune_code"]) == ("", "11995")
    assert answers["instanceName"] == "11995 · water_scheme · 05/01 08:00"


@pytest.mark.parametrize(
    ("name", "given", "answers"),
    [
        ("facility_name", "x" * 151, {}),
        ("built_year", 2027, {}),
        ("built_year", 1799, {}),
        ("renewed_year", 2007, {}),
        ("renewed_year", 2027, {}),
        *((name, given, {"kind": kind}) for kind, (name, _, _) in CAPACITIES.items() for given in (0, 10**8)),
    ],
)
def test_what_cannot_be_is_refused_in_words(form: Form, name: str, given: Any, answers: dict[str, Any]) -> None:
    session = begin(form)
    stop_at(session, name, FACILITY | answers)
    with pytest.raises(AnswerRefused, match=rf"^{name}: .*\.$") as refusal:
        session.answer(given)
    assert refusal.value.reason == "constraint"
