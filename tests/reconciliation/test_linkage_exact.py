from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation import link_exact
from tests.reconciliation.people import interviews_of, registry_of


def person(name: str, cccd: str | None = None, born: str | None = None, relation: str = "child") -> dict[str, Any]:
    return {"full_name": name, "cccd": cccd, "birth_date": born, "relation": relation}


def linked(links: pd.DataFrame) -> dict[str, tuple[str, str]]:
    sure = links[links["status"].eq("linked")]
    return {row.interview_id: (row.household_code, row.rule) for row in sure.itertuples()}


def test_any_members_number_links_even_when_the_head_changed() -> None:
    registry = registry_of(
        {"H1": [person("Nguyễn Văn An", "033060000001", relation="head"), person("Lê Thị Bình", "033162000002")]}
    )
    households, members = interviews_of({"i1": [person("Lê Thị Bình", "033162000002", relation="head")]})
    assert linked(link_exact(households, members, registry)) == {"i1": ("H1", "cccd")}


def test_head_name_and_birth_date_link_within_the_village_only() -> None:
    registry = registry_of({"H1": [person("Nguyễn Văn An", born="1960-02-03", relation="head")]})
    people = {"near": [person("NGUYEN VAN AN", born="1960-02-03", relation="head")]}
    assert linked(link_exact(*interviews_of(people), registry)) == {"near": ("H1", "head_birth_village")}
    elsewhere = interviews_of(people, village_id={"near": "V2"})
    assert linked(link_exact(*elsewhere, registry)) == {}


def test_year_of_birth_alone_is_no_exact_key() -> None:
    head = {"full_name": "Nguyễn Văn An", "relation": "head", "birth_year": 1960}
    registry = registry_of({"H1": [head]})
    assert link_exact(*interviews_of({"i1": [head]}), registry).empty


def test_answered_code_links_only_where_a_name_agrees() -> None:
    registry = registry_of(
        {"H1": [person("Nguyễn Văn An", relation="head")], "H2": [person("Trần Thị Cúc", relation="head")]}
    )
    people = {"right": [person("Nguyễn Văn An")], "wrong": [person("Phạm Văn Dần")]}
    households, members = interviews_of(people, household_code={"right": "H1", "wrong": "H2"})
    assert linked(link_exact(households, members, registry)) == {"right": ("H1", "household_code")}


def test_a_split_goes_to_the_part_with_more_members_and_the_other_is_contested() -> None:
    family = [person("A", "033060000001", relation="head"), person("B", "033162000002"), person("C", "033088000003")]
    registry = registry_of({"H1": family})
    households, members = interviews_of({"i1": family[:2], "i2": family[2:]})
    links = link_exact(households, members, registry)
    assert linked(links) == {"i1": ("H1", "cccd")}
    assert links[links["status"].eq("contested")]["interview_id"].tolist() == ["i2"]


def test_an_even_split_is_a_question_for_a_person() -> None:
    family = [person("A", "033060000001", relation="head"), person("B", "033162000002")]
    links = link_exact(*interviews_of({"i1": family[:1], "i2": family[1:]}), registry_of({"H1": family}))
    assert linked(links) == {}
    assert links["status"].tolist() == ["contested", "contested"]


def test_a_number_written_for_two_people_identifies_neither() -> None:
    registry = registry_of({"H1": [person("A", "033060000001")], "H2": [person("B", "033060000001")]})
    assert link_exact(*interviews_of({"i1": [person("A", "033060000001")]}), registry).empty


numbers = st.integers(1, 12).map(lambda n: f"0330600000{n:02d}")
crowds = st.dictionaries(
    st.sampled_from([f"k{i}" for i in range(6)]), st.lists(numbers, min_size=1, max_size=4), min_size=1
)


@settings(max_examples=30)
@given(crowds, crowds)
def test_links_are_one_to_one_and_rest_on_shared_numbers(
    left: dict[str, list[str]], right: dict[str, list[str]]
) -> None:
    people = {key: [person("X", number) for number in held] for key, held in left.items()}
    listed = {key: [person("Y", number) for number in held] for key, held in right.items()}
    links = link_exact(*interviews_of(people), registry_of(listed))
    sure = links[links["status"].eq("linked")]
    assert sure["interview_id"].is_unique
    assert sure["household_code"].is_unique
    assert not links.duplicated(["interview_id", "household_code"]).any()
    for row in links.itertuples():
        assert set(left[row.interview_id]) & set(right[row.household_code])
