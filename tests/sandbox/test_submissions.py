"""Submissions written without Java are those of the phone, byte for byte."""

from __future__ import annotations

from pathlib import Path

import jpype
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.build import BuiltForm, build_form
from forms.java import start_jvm
from forms.media import household_entities, write_entity_list, write_media
from poverty.standard import load_standard
from sandbox.phone import Phone, by_interview
from sandbox.phone_lists import write_lists
from sandbox.submissions import java_double, java_number, write
from tests.forms.household_form import CONSTANTS, LISTED, build, build_with_media
from tests.sandbox.households_at_random import draw
from tests.sandbox.population_squares import province, squares

STANDARD = load_standard("nd07-2021")


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltForm, Path]:
    return build_with_media(tmp_path_factory.mktemp("submissions"))


def by_phone(
    form: tuple[BuiltForm, Path], households: pd.DataFrame, members: pd.DataFrame, visits: pd.DataFrame
) -> list[str]:
    phone = Phone(*form, device_id="collect:x")
    of = by_interview(members)
    return [
        phone.fill(
            row,
            of.get(str(name), []),
            instance_id=visits.loc[name, "instance_id"],
            started_at=visits.loc[name, "started_at"].to_pydatetime(),
            ended_at=visits.loc[name, "ended_at"].to_pydatetime(),
            username=None if pd.isna(visits.loc[name, "username"]) else visits.loc[name, "username"],
        )
        for name, row in households.iterrows()
    ]


def assert_equal(written: list[str], filled: list[str]) -> None:
    assert len(written) == len(filled)
    for mine, phones in zip(written, filled, strict=True):
        assert mine == phones


def test_100_households_drawn_at_random_are_equal(form: tuple[BuiltForm, Path]) -> None:
    households, members, visits = draw(100, seed=42)
    written = list(write(form[0], form[1], STANDARD, households, members, visits, "collect:x"))
    assert_equal(written, by_phone(form, households, members, visits))
    # The draw has what could differ: no GPS, no known birth, years alone, hidden and blank answers, odd texts.
    everything = "".join(written)
    for piece in ("<location />", "<age />", "<birth_year>", "<birth_date>", "<contract />", "&amp;", "E", "😀"):
        assert piece in everything
    # Households met and not met, listed and new, agreeing and refusing, with and without a reason for no place.
    for piece in ("<outcome>absent<", "<on_list>new<", "<list_shown>", "<consent_gps>no<", "<gps_reason>", "<photo />"):
        assert piece in everything
    assert not all("<location" in text for text in written)
    assert not all("<attending>" in text for text in written)


def test_households_of_the_generator_are_equal(tmp_path: Path) -> None:
    made = province(400)
    households = made.households.sample(50, random_state=2)
    write_media(squares(), made.villages, tmp_path)
    write_lists(made, "2026", tmp_path)
    form = build(tmp_path), tmp_path
    visits = pd.DataFrame(
        {
            "instance_id": "uuid:" + households.index.to_series(),
            "started_at": households["visited_at"],
            "ended_at": households["visited_at"] + pd.Timedelta(minutes=35),
            "username": households["enumerator"],
        },
        index=households.index,
    )
    written = list(write(*form, STANDARD, households, made.members, visits, "collect:x"))
    assert_equal(written, by_phone(form, households, made.members, visits))


def test_what_the_enumerator_is_shown_of_the_proposal_is_equal(tmp_path: Path) -> None:
    _, media_dir = build_with_media(tmp_path)
    shown = build_form("household", STANDARD, CONSTANTS, tmp_path, show_proposal=True), media_dir
    households, members, visits = draw(24, seed=8)
    written = list(write(*shown, STANDARD, households, members, visits, "collect:x"))
    assert_equal(written, by_phone(shown, households, members, visits))
    assert any("<proposal_undetermined />" in text for text in written)
    assert not any("<proposal_" in text for text in written if "<outcome>met<" not in text)


def test_households_already_visited_are_equal(tmp_path: Path) -> None:
    """A phone in the middle of its round: some visits made, one household returned."""
    form = build_with_media(tmp_path)
    households, members, visits = draw(12, seed=8)
    some = LISTED[LISTED["household_code"].isin(households["household_code"].dropna())]
    returned = LISTED.assign(replaces="")
    returned.loc[returned["household_code"] == some["household_code"].iloc[0], "replaces"] = "uuid:before"
    made = some.iloc[1:].assign(name=[f"v{n}" for n in range(len(some) - 1)], label="Đã làm", outcome="absent")
    made = made.assign(visit_key=made["household_code"]).drop(columns=["commune_code", "head_name"])
    others = LISTED[~LISTED.index.isin(some.index)]
    done = others.assign(name=[f"w{n}" for n in range(len(others))], label="Đã làm", outcome="met")
    done = done.assign(visit_key=done["household_code"]).drop(columns=["commune_code", "head_name"])
    write_entity_list("households", household_entities(returned, CONSTANTS.round_id), form[1])
    write_entity_list("visits", pd.concat([made, done]), form[1])
    written = list(write(*form, STANDARD, households, members, visits, "collect:x"))
    assert_equal(written, by_phone(form, households, members, visits))
    everything = "".join(written)
    assert "<returned_shown />" in everything
    assert "<replaces>uuid:before</replaces>" in everything
    assert "<visits_done>33-" in everything


def test_the_order_of_the_members_frame_does_not_matter(form: tuple[BuiltForm, Path]) -> None:
    households, members, visits = draw(12, seed=1)
    shuffled = members.sample(frac=1, random_state=3).sort_index(level="member_no", sort_remaining=False)
    reversed_households = households.iloc[::-1]
    written = list(write(*form, STANDARD, reversed_households, shuffled, visits))
    assert written == list(write(*form, STANDARD, households, members, visits))[::-1]


def test_a_household_that_is_met_without_members_is_refused(form: tuple[BuiltForm, Path]) -> None:
    households, members, visits = draw(2, seed=1)
    households["outcome"] = ["met", "absent"]
    assert len(list(write(*form, STANDARD, households, members.drop(households.index[1], level=0), visits))) == 2
    with pytest.raises(ValueError, match="every household that is met needs a member"):
        list(write(*form, STANDARD, households, members.drop(households.index[0], level=0), visits))


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_a_double_is_written_as_java_writes_it(value: float) -> None:
    start_jvm()
    assert java_double(value) == str(jpype.JClass("java.lang.Double").toString(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1500000.0, "1500000"), (645833.375, "645833.375"), (12500000.5, "1.25000005E7"), (0.0, "0")],
)
def test_a_calculated_number_is_whole_when_it_can_be(value: float, text: str) -> None:
    assert java_number(value) == text
