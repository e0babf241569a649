"""OData rows to frames: the contract holds, nothing is dropped, whatever was answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poverty import frames
from server.submissions.flatten import Flat, flatten
from tests.server.fieldwork import answers, instance_id, odata_row, person

ROWS = json.loads((Path(__file__).parents[2] / "fixtures" / "odata_household_rows.json").read_text())["value"]


def _flat(*rows: dict[str, Any]) -> Flat:
    return flatten((row["__id"], json.dumps(row)) for row in rows)


def _one(**changes: Any) -> Flat:
    return _flat(odata_row(answers(1) | changes, 1))


def test_rows_of_the_form_become_the_contract() -> None:
    flat = _flat(*ROWS)
    frames.HOUSEHOLDS.validate(flat.households)
    frames.MEMBERS.validate(flat.members)
    assert list(flat.households.index) == [row["__id"] for row in ROWS]
    assert len(flat.members) == sum(len(row.get("member", [])) for row in ROWS)
    assert flat.problems.empty
    assert flat.unknown_fields == []
    assert "phone_proposed_class" in flat.households
    assert "proposed_class" not in flat.households
    assert "phone_m_d01" in flat.members


def test_no_rows_give_empty_frames_of_the_contract() -> None:
    flat = _flat()
    frames.HOUSEHOLDS.validate(flat.households)
    frames.MEMBERS.validate(flat.members)
    assert (len(flat.households), len(flat.members), len(flat.problems)) == (0, 0, 0)


def test_a_point_is_latitude_longitude_accuracy() -> None:
    household = _one(location="20.5 106.1 3 7.5").households.iloc[0]
    assert (household["latitude"], household["longitude"], household["gps_accuracy"]) == (20.5, 106.1, 7.5)


def test_a_household_without_members_stays() -> None:
    flat = _one(member=[])
    assert len(flat.households) == 1
    assert flat.members.empty


def test_members_are_numbered_in_the_order_given() -> None:
    people = [person(name, "other", "male", "1990-01-01", None) for name in ("Ba", "An", "Cam")]
    flat = _one(member=people)
    assert list(flat.members["full_name"]) == ["Ba", "An", "Cam"]
    assert list(flat.members.index.get_level_values("member_no")) == [1, 2, 3]


def test_a_member_of_whom_nothing_was_sent_is_none() -> None:
    """Where the household turned out smaller, a phone sends the repeats beyond it, empty."""
    nobody: dict[str, Any] = {"__id": "x", "person": {"age": None, "identity": {"full_name": None}}}
    flat = _one(member=[person("Ba", "head", "male", "1990-01-01", None), nobody])
    assert list(flat.members["full_name"]) == ["Ba"]


def test_a_choice_outside_its_list_is_kept_and_named() -> None:
    services = answers(1)["services"] | {"water_source": "fog", "shared_devices": "tv hologram"}
    people = [person("A", "head", "male", "1990-01-01", None)]
    people[0]["situation"]["work"] = "influencer"
    flat = _one(services=services, member=people)
    assert flat.households["water_source"].iloc[0] == "fog"
    assert flat.households["shared_devices"].iloc[0] == "tv hologram"
    assert flat.members["work"].iloc[0] == "influencer"
    named = set(flat.problems[["member_no", "field", "problem"]].itertuples(index=False, name=None))
    assert named == {
        (0, "water_source", "unknown_choice"),
        (0, "shared_devices", "unknown_choice"),
        (1, "work", "unknown_choice"),
    }


@pytest.mark.parametrize(
    ("group", "field", "given_value"),
    [
        ("dwelling", "floor_area", "about eighty"),
        ("income", "income_wage", "1e400"),
        ("income", "income_farm", True),
    ],
)
def test_an_unreadable_number_is_unknown_and_kept_as_given(group: str, field: str, given_value: Any) -> None:
    flat = _one(**{group: answers(1)[group] | {field: given_value}})
    unreadable = isinstance(given_value, str)
    assert bool(flat.households[field].isna().iloc[0]) == unreadable
    assert ((instance_id(1), 0, field) in flat.raw) == unreadable
    if unreadable:
        assert flat.raw[instance_id(1), 0, field] == given_value


def test_an_impossible_date_is_unknown_and_kept_as_given() -> None:
    flat = _one(member=[person("A", "head", "male", "1990-02-31", None)])
    assert flat.members["birth_date"].isna().iloc[0]
    assert flat.raw == {(instance_id(1), 1, "birth_date"): "1990-02-31"}


def test_fields_that_nobody_knows_are_kept_and_named() -> None:
    people = [person("A", "head", "male", "1990-01-01", None) | {"shoe_size": 41}]
    flat = _one(member=people, garden={"trees": 3}, animals=[{"kind": "pig"}], note=None)
    assert flat.unknown_fields == ["animals", "trees", "member/shoe_size"]
    assert flat.households["trees"].iloc[0] == "3"
    assert json.loads(flat.households["animals"].iloc[0]) == [{"kind": "pig"}]
    assert flat.members["shoe_size"].iloc[0] == "41"


_HOUSEHOLD_LEAVES = st.sampled_from([*frames.HOUSEHOLDS.columns, "started_at", "d01", "proposed_class", "location"])
_MEMBER_LEAVES = st.sampled_from([*frames.MEMBERS.columns, "age", "m_d01"])
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    _WHOLE,
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.lists(_WHOLE, max_size=2),
    st.dictionaries(st.sampled_from(["type", "coordinates", "x"]), st.one_of(st.none(), st.just("Point"), _WHOLE)),
)


def _says_something(value: Any) -> bool:
    if isinstance(value, dict) and value.get("type") != "Point":
        return any(map(_says_something, value.values()))
    return value is not None


@settings(deadline=None, max_examples=30)
@given(
    household=st.dictionaries(_HOUSEHOLD_LEAVES, _ANYTHING, max_size=6),
    members=st.lists(st.dictionaries(_MEMBER_LEAVES, _ANYTHING, max_size=6), max_size=3),
)
def test_whatever_is_answered_every_household_and_member_stays(
    household: dict[str, Any], members: list[dict[str, Any]]
) -> None:
    row = odata_row({"member": members}, 1) | household  # as it is: `odata_row` would read a location's text
    flat = _flat(row, odata_row(answers(2), 2))
    frames.HOUSEHOLDS.validate(flat.households)
    frames.MEMBERS.validate(flat.members)
    assert list(flat.households.index) == [instance_id(1), instance_id(2)]
    assert len(flat.members) == sum(map(_says_something, members)) + 2
    assert flat.members.loc[instance_id(2), "full_name"].notna().all()
    assert isinstance(flat.problems, pd.DataFrame)
