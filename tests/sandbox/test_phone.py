"""The phone and the server agree on everything the phone computes, whatever is answered."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forms.engine import AnswerRefused
from forms.media import write_media
from poverty import frames
from poverty.ages import ages
from poverty.classify import classify
from poverty.standard import load_standard
from sandbox.asked import asked_of_households, asked_of_members
from sandbox.phone import Phone, by_interview, draw_instance_id
from sandbox.phone_lists import write_lists
from tests.forms.household_form import build, build_with_media
from tests.sandbox.households_at_random import REVIEW_DATE, draw
from tests.sandbox.population_squares import province, squares

STANDARD = load_standard("nd07-2021")
RULES = [rule.id for rule in STANDARD.rules]
STARTED = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
ENDED = datetime(2026, 9, 3, 2, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Phone:
    built, media_dir = build_with_media(tmp_path_factory.mktemp("phone"))
    return Phone(built, media_dir)


def fill_all(
    phone: Phone,
    households: pd.DataFrame,
    members: pd.DataFrame,
    enumerators: pd.Series,
    started_at: datetime = STARTED,
) -> dict[str, ET.Element]:
    of = by_interview(members)
    return {
        str(name): ET.fromstring(
            phone.fill(
                row,
                of.get(str(name), []),
                instance_id=f"uuid:{name}",
                started_at=started_at,
                ended_at=ENDED,
                username=None if pd.isna(enumerators[name]) else enumerators[name],
            )
        )
        for name, row in households.iterrows()
    }


def computed(submissions: dict[str, ET.Element]) -> pd.DataFrame:
    """What the phones computed, as `classify` says it."""
    rows = {}
    for name, root in submissions.items():
        text = {leaf.tag: leaf.text for leaf in root}
        number = {key: float(text[key] or "nan") for key in ("income_low", "income_high")}
        count = {key: int(text[key] or -1) for key in ("member_count", "deprivations_min", "deprivations_max")}
        truth = {key: {"1": True, "0": False, None: pd.NA}[text[key]] for key in (*RULES, "below_line")}
        rows[name] = {**number, **count, **truth, "proposed_class": text["proposed_class"]}
    return pd.DataFrame.from_dict(rows, orient="index")


def assert_agree(phone_values: pd.DataFrame, server_values: pd.DataFrame) -> None:
    server_values = server_values.loc[phone_values.index]
    for column in phone_values.columns:
        left = phone_values[column].astype(server_values[column].dtype)
        pd.testing.assert_series_equal(
            left, server_values[column], check_names=False, check_index_type=False, check_exact=True
        )


def asked_frames(households: pd.DataFrame, members: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frames as the server would get them: area class of the commune, and nothing that was not asked."""
    area = households["commune_code"].map({"11953": "urban", "11995": "rural", "12004": "rural"})
    households, _ = asked_of_households(households)
    members, _ = asked_of_members(members, REVIEW_DATE)
    of_the_met = members.index.isin(households.index[frames.met(households)], level=0)
    return households.assign(area_class=area), members[of_the_met]


def test_phone_and_server_agree_on_100_households_drawn_at_random(phone: Phone) -> None:
    households, members, visits = draw(100, seed=7)
    submissions = fill_all(phone, households, members, visits["username"])
    households, members = asked_frames(households, members)
    classified = classify(households, members, STANDARD)
    assert_agree(computed(submissions), classified)
    # The draw reaches every value, so that agreement says something.
    assert set(classified["proposed_class"]) >= {"poor", "not_poor", "undetermined"}
    for rule in RULES:
        assert {str(value) for value in classified[rule]} == {"True", "False", "<NA>"}
    assert set(members.groupby(level=0).size()) >= {1, 15}


def test_ages_agree_at_every_edge(phone: Phone) -> None:
    households, members, visits = draw(24, seed=11)
    submissions = fill_all(phone, households, members, visits["username"])
    _, asked = asked_frames(households, members)
    expected = ages(asked, REVIEW_DATE)
    for name, root in submissions.items():
        given = [leaf.text for leaf in root.iterfind("member//age")]
        of_household = expected[expected.index.get_level_values(0) == name]  # none of who was not met
        assert given == [None if pd.isna(age) else str(age) for age in of_household]


def test_the_clock_of_the_phone_does_not_matter(phone: Phone) -> None:
    households, members, visits = draw(6, seed=3)
    now = computed(fill_all(phone, households, members, visits["username"]))
    in_2019 = computed(fill_all(phone, households, members, visits["username"], datetime(2019, 1, 1, tzinfo=UTC)))
    pd.testing.assert_frame_equal(now, in_2019)


def test_the_generators_truth_comes_out_of_the_phone(tmp_path: Path) -> None:
    """Three witnesses: the generator, which knows no rule; the phone; the server."""
    made = province(400)
    households = made.households.sample(100, random_state=1)
    write_media(squares(), made.villages, tmp_path)
    write_lists(made, "2026", tmp_path)
    phone = Phone(build(tmp_path), tmp_path)
    found = computed(fill_all(phone, households, made.members, households["enumerator"]))
    assert_agree(found, classify(made.households, made.members, STANDARD))
    assert set(found["proposed_class"]) == {"poor", "near_poor", "not_poor", "undetermined"}
    truth = made.truth.loc[households.index]
    assert list(found["proposed_class"]) == list(truth["proposed_class"])
    for rule in RULES:
        assert [str(value) for value in found[rule]] == [str(value) for value in truth[rule]]


def test_a_form_never_takes_an_impossible_answer(phone: Phone) -> None:
    households, members, visits = draw(1, seed=5)
    broken = members.assign(cccd="12345")
    with pytest.raises(AnswerRefused, match=r"cccd \(member 1\)") as refusal:
        fill_all(phone, households, broken, visits["username"])
    assert "12345" not in str(refusal.value)


def test_a_household_without_its_commune_is_not_sent(phone: Phone) -> None:
    households, members, visits = draw(1, seed=5)
    with pytest.raises(AnswerRefused, match="commune_code"):
        fill_all(phone, households.assign(commune_code=pd.NA), members, visits["username"])


def test_instance_ids_are_random_and_can_be_repeated() -> None:
    first, second = np.random.default_rng(1), np.random.default_rng(1)
    ids = [draw_instance_id(first) for _ in range(3)]
    assert ids == [draw_instance_id(second) for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(name.startswith("uuid:") and name[19] == "4" for name in ids)


def test_the_file_of_the_form_is_all_a_phone_needs(phone: Phone, tmp_path: Path) -> None:
    """Built anew, the form gives the same submission."""
    built, media_dir = build_with_media(tmp_path)
    households, members, visits = draw(2, seed=9)
    again = Phone(built, media_dir)
    first, second = (fill_all(one, households, members, visits["username"]) for one in (phone, again))
    for (name, root), (_, other) in zip(first.items(), second.items(), strict=True):
        assert ET.tostring(root) == ET.tostring(other), name
