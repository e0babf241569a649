"""What the linkage does with households one can tell by hand, few as they are, with the model that ships."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from reconciliation.linkage import Cuts, Linkage, Side, default_model, link
from tests.reconciliation.sides import person, side

MODEL = default_model()

#: Neighbours, so that there is somebody else to be taken for.
NEIGHBOURS: dict[str, list[dict[str, Any]]] = {
    f"N{number}": [
        person(f"{family} Văn {given}", 1950 + 3 * number, "head", sex="male"),
        person(f"{other} Thị {wife}", 1952 + 3 * number, "spouse", sex="female"),
    ]
    for number, (family, given, other, wife) in enumerate(
        [
            ("Trần", "Bảng", "Lê", "Thơm"),
            ("Phạm", "Quyết", "Vũ", "Nhài"),
            ("Nguyễn", "Kiểm", "Đỗ", "Mận"),
            ("Lê", "Tài", "Bùi", "Sen"),
            ("Hoàng", "Vượng", "Ngô", "Tho"),
            ("Nguyễn", "Luân", "Trần", "Loan"),
            ("Đặng", "Nghị", "Phan", "Xuyến"),
            ("Vũ", "Thiện", "Nguyễn", "Chắt"),
        ],
        start=1,
    )
}
FAMILY = [
    person("Nguyễn Văn Hùng", "1968-04-12", "head", sex="male", cccd="033068001234"),
    person("Trần Thị Lụa", "1970-09-05", "spouse", sex="female", cccd="033170004321"),
    person("Nguyễn Văn Dũng", "1994-01-30", "child", sex="male", cccd="033094007777"),
    person("Lê Thị Hương", "1996-11-21", "child_in_law", sex="female", cccd="033196008888"),
    person("Nguyễn Minh Khang", "2019-06-02", "grandchild", sex="male"),
]


def as_asked(households: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {f"i-{key}": people for key, people in households.items()}


def linked(
    listed: dict[str, list[dict[str, Any]]],
    asked: dict[str, list[dict[str, Any]]],
    homes: dict[str, dict[str, Any]] | None = None,
    **options: Any,
) -> Linkage:
    """Linked among neighbours who are on both sides."""
    sides = (side({**NEIGHBOURS, **listed}, **(homes or {})), side({**as_asked(NEIGHBOURS), **asked}, **(homes or {})))
    return link(*sides, MODEL, **options)


def verdicts(linkage: Linkage, *keys: str) -> dict[str, tuple[str, str, str]]:
    """(household, kind, status) by interview, neighbours left out."""
    rows = linkage.households[linkage.households["interview_id"].isin(keys)]
    return {row["interview_id"]: (row["household_code"], row["kind"], row["status"]) for row in rows.to_dict("records")}


def test_neighbours_are_themselves() -> None:
    linkage = linked({}, {})
    assert verdicts(linkage, *as_asked(NEIGHBOURS)) == {f"i-{key}": (key, "same", "linked") for key in NEIGHBOURS}
    assert linkage.new == []
    assert linkage.gone == []


def test_last_years_head_is_this_years_wife() -> None:
    swapped = [{**FAMILY[1], "relation": "head"}, {**FAMILY[0], "relation": "spouse"}, *FAMILY[2:]]
    assert verdicts(linked({"H": FAMILY}, {"i": swapped}), "i") == {"i": ("H", "same", "linked")}


def test_a_daughter_who_married_leaves_her_parents_household_itself() -> None:
    bride = person("Đỗ Thị Quỳnh", "1999-02-14", sex="female", cccd="033199005555")
    parents = [person("Đỗ Văn Oanh", 1965, "head", sex="male"), person("Mai Thị Huệ", 1967, "spouse", sex="female")]
    groom = [person("Cao Văn Sáu", "1970-03-03", "head", sex="male"), person("Cao Đức Nam", "1996-05-05", sex="male")]
    linkage = linked(
        {"B": [*parents, bride], "G": groom}, {"b": parents, "g": [*groom, {**bride, "relation": "child_in_law"}]}
    )
    assert verdicts(linkage, "b", "g") == {"b": ("B", "same", "linked"), "g": ("G", "same", "linked")}


def test_the_part_with_the_previous_head_keeps_the_household_though_it_is_the_smaller_one() -> None:
    old = FAMILY[:2]
    young = [{**FAMILY[2], "relation": "head"}, {**FAMILY[3], "relation": "spouse"}, {**FAMILY[4], "relation": "child"}]
    expected = {"old": ("H", "same", "linked"), "young": ("H", "split", "linked")}
    assert verdicts(linked({"H": FAMILY}, {"old": old, "young": young}), "old", "young") == expected


def test_where_the_head_died_the_larger_part_keeps_the_household() -> None:
    rest = [{**FAMILY[1], "relation": "head"}]
    young = [{**FAMILY[2], "relation": "head"}, {**FAMILY[3], "relation": "spouse"}, {**FAMILY[4], "relation": "child"}]
    found = verdicts(linked({"H": FAMILY}, {"rest": rest, "young": young}), "rest", "young")
    assert {key: value[:2] for key, value in found.items()} == {"young": ("H", "same"), "rest": ("H", "split")}


def test_equal_parts_without_the_head_are_a_question_for_a_person() -> None:
    parts = {"one": [{**FAMILY[1], "relation": "head"}], "two": [{**FAMILY[2], "relation": "head"}]}
    found = verdicts(linked({"H": FAMILY[:3]}, parts), "one", "two")
    assert sorted(value[1] for value in found.values()) == ["same", "split"]
    assert {value[2] for value in found.values()} == {"doubtful"}


def test_who_moved_in_with_others_is_a_merger() -> None:
    widow = [person("Nghiêm Thị Tẹo", "1944-08-08", "head", sex="female", cccd="033144009999")]
    linkage = linked({"H": FAMILY, "W": widow}, {"i": [*FAMILY, {**widow[0], "relation": "parent"}]})
    rows = linkage.households[linkage.households["interview_id"].eq("i")]
    assert dict(zip(rows["household_code"], rows["kind"], strict=True)) == {"H": "same", "W": "merge"}
    assert linkage.gone == []


def test_twins_are_told_apart_by_their_given_names() -> None:
    twins = [
        person("Nguyễn Gia Bảo", "2010-10-10", sex="male"),
        person("Nguyễn Gia Huy", "2010-10-10", sex="male"),
    ]
    linkage = linked({"H": [*FAMILY[:2], *twins]}, {"i": [*FAMILY[:2], *reversed(twins)]})
    people = linkage.people[linkage.people["interview_id"].eq("i")].set_index("member_no")["registry_member_no"]
    assert people.to_dict() == {1: 1, 2: 2, 3: 4, 4: 3}


def test_namesakes_of_one_village_are_told_apart_by_year_and_household() -> None:
    def of(year: int, wife: str) -> list[dict[str, Any]]:
        return [
            person("Nguyễn Văn Hùng", year, "head", sex="male"),
            person(wife, year + 2, "spouse", sex="female"),
        ]

    listed = {"A": of(1960, "Lê Thị Gái"), "B": of(1971, "Vũ Thị Liên"), "C": of(1971, "Bùi Thị Nụ")}
    asked = {"a": listed["A"], "b": listed["B"], "c": listed["C"]}
    found = verdicts(linked(listed, asked), "a", "b", "c")
    assert {key: value[:2] for key, value in found.items()} == {key.lower(): (key, "same") for key in listed}


@pytest.mark.parametrize(
    ("change", "column", "level"),
    [
        ({"cccd": "033068001235"}, "cccd", 1),
        ({"birth_date": "1968-12-04"}, "birth", 6),
        ({"birth_date": "1969-04-12"}, "birth", 5),
        ({"birth_date": None, "birth_year": 1968}, "birth", 4),
        ({"full_name": "Nguyen Van Hung"}, "name", 6),
        ({"full_name": "Nguyễn Văn Hưng"}, "name", 5),
        ({"full_name": "Hùng Nguyễn Văn"}, "name", 4),
        ({"full_name": "Nguyễn Hùng"}, "name", 3),
        ({"full_name": "Nguyễn Văn Hùn"}, "name", 2),
        ({"full_name": "NGUYỄN VĂN HÙNG"}, "name", 7),
        ({"full_name": "Nguyê\u0303n Va\u0306n Hu\u0300ng"}, "name", 7),
        ({"cccd": "145678901"}, "cccd", -1),
        ({"cccd": None}, "cccd", -1),
        ({"sex": "female"}, "sex", 0),
        ({"relation": "spouse"}, "relation", 1),
    ],
)
def test_a_slip_is_seen_for_what_it_is(change: dict[str, Any], column: str, level: int) -> None:
    linkage = linked({"H": FAMILY}, {"i": [{**FAMILY[0], **change}, *FAMILY[1:]]})
    first = linkage.people[linkage.people["interview_id"].eq("i") & linkage.people["member_no"].eq(1)]
    assert first[column].tolist() == [level]
    assert verdicts(linkage, "i") == {"i": ("H", "same", "linked")}


def test_who_shares_nothing_is_new_and_who_is_not_seen_is_gone() -> None:
    strangers = [person("Quách Thị Tuệ San", "1988-08-18", "head", sex="female")]
    linkage = linked({"H": FAMILY}, {"i": strangers})
    assert linkage.new == ["i"]
    assert linkage.gone == ["H"]


def test_one_of_two_equals_is_not_linked_by_itself() -> None:
    alone = [person("Nguyễn Văn Hùng", 1971, "head", sex="male")]
    found = verdicts(linked({"A": alone, "B": alone}, {"i": alone}), "i")
    assert found["i"][2] == "doubtful"


def test_a_household_that_moved_is_known_by_its_members() -> None:
    far = {"village_id": "11977-V09", "commune_code": "11977"}
    bare = [{**one, "cccd": None} for one in FAMILY]
    listed, asked = side({**NEIGHBOURS, "H": bare}), side({**as_asked(NEIGHBOURS), "i": bare}, i=far)
    assert verdicts(link(listed, asked, MODEL), "i") == {"i": ("H", "same", "linked")}


def test_one_number_or_phone_that_everybody_has_links_nobody() -> None:
    shared = {
        f"P{number}": [person(name, 1940 + 7 * number, "head", cccd="000000000000")]
        for number, name in enumerate(["Tạ Hợi", "Tô Dậu", "Chu Tỵ", "Lại Thìn", "Đàm Mão", "Lưu Ngọ"])
    }
    strangers = {"i": [person("Phùng Thân", 1999, "head", cccd="000000000000")]}
    homes = {key: {"phone": "0912345678"} for key in [*shared, "i"]}
    linkage = linked(shared, strangers, homes)
    assert linkage.new == ["i"]


def test_phone_position_and_code_speak_for_a_household() -> None:
    spot = {"latitude": 20.65, "longitude": 106.05, "phone": "0987654321"}
    weak = [person("Nguyễn Hùng", 1969, "head", sex="male")]
    plain = linked({"H": weak}, {"i": [person("Nguyễn Văn Hùng", 1968, "head", sex="male")]})
    known = linked(
        {"H": weak},
        {"i": [person("Nguyễn Văn Hùng", 1968, "head", sex="male")]},
        {"H": spot, "i": {**spot, "household_code": "H"}},
    )
    row = known.households[known.households["interview_id"].eq("i")].iloc[0]
    assert (row["phone"], row["distance"], row["code"], row["place"]) == (1, 3, 1, 2)
    before = plain.households[plain.households["interview_id"].eq("i")]["weight"]
    assert before.empty or row["weight"] > before.iloc[0] + 10


DECISIONS = pd.DataFrame(
    [("i", "A", "different"), ("i", "B", "same")], columns=["interview_id", "household_code", "verdict"]
)


def test_decisions_outlive_every_run() -> None:
    """Against the evidence: A is i by its members, and a person knows better."""
    listed = {"A": FAMILY, "B": [person("Quách Văn Trụ", 1948, "head")]}
    plain = linked(listed, {"i": FAMILY})
    assert verdicts(plain, "i") == {"i": ("A", "same", "linked")}
    for _ in range(2):
        decided = linked(listed, {"i": FAMILY}, decisions=DECISIONS)
        assert verdicts(decided, "i") == {"i": ("B", "same", "decided")}
        assert decided.gone == ["A"]


@pytest.mark.parametrize(
    ("verdict", "kind", "status"),
    [("split", "split", "decided"), ("merge", "merge", "decided"), ("unsure", "same", "doubtful")],
)
def test_a_decision_gives_its_kind(verdict: str, kind: str, status: str) -> None:
    decisions = DECISIONS.iloc[:1].assign(verdict=verdict)
    found = verdicts(linked({"A": FAMILY}, {"i": FAMILY}, decisions=decisions), "i")
    assert found == {"i": ("A", kind, status)}


def test_decisions_on_households_that_are_not_here_are_passed_over() -> None:
    decisions = DECISIONS.assign(household_code=["X", "Y"])
    assert verdicts(linked({"A": FAMILY}, {"i": FAMILY}, decisions=decisions), "i") == {"i": ("A", "same", "linked")}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("i", "A", "same"), ("i", "B", "same")], "the same as two"),
        ([("i", "A", "same"), ("i", "A", "different")], "two verdicts"),
        ([("i", "A", "perhaps")], "perhaps"),
    ],
)
def test_decisions_that_contradict_one_another_are_refused(rows: list[tuple[str, str, str]], message: str) -> None:
    decisions = pd.DataFrame(rows, columns=["interview_id", "household_code", "verdict"])
    with pytest.raises(ValueError, match=message):
        linked({"A": FAMILY, "B": FAMILY}, {"i": FAMILY}, decisions=decisions)


def test_cuts_decide_what_a_person_looks_at() -> None:
    everything = linked({"H": FAMILY}, {"i": FAMILY}, cuts=Cuts(link=10_000, doubt=0))
    assert set(everything.households["status"]) == {"doubtful"}
    nothing = linked({"H": FAMILY}, {"i": FAMILY}, cuts=Cuts(link=10_000, doubt=10_000))
    assert nothing.households.empty
    with pytest.raises(ValueError, match="above"):
        Cuts(link=1, doubt=2)


NOBODY = side({})


@pytest.mark.parametrize("listed", [NOBODY, side({"H": FAMILY}), side({"H": []})])
@pytest.mark.parametrize("asked", [NOBODY, side({"i": []})])
def test_empty_sides_link_nothing(listed: Side, asked: Side) -> None:
    for first, second in ((listed, asked), (asked, listed)):
        linkage = link(first, second, MODEL)
        assert linkage.households.empty
        assert linkage.people.empty
        assert linkage.new == sorted(second.households.index)
        assert linkage.gone == sorted(first.households.index)


def test_columns_that_are_missing_count_as_unknown() -> None:
    listed, asked = side({"H": FAMILY}), side({"i": FAMILY})
    bare = Side(asked.households[["village_id", "commune_code"]], asked.members[["full_name", "birth_date"]])
    assert verdicts(link(listed, bare, MODEL), "i")["i"][:2] == ("H", "same")


def test_a_key_that_stands_twice_is_refused() -> None:
    asked = side({"i": FAMILY})
    twice = Side(pd.concat([asked.households, asked.households]), asked.members)
    with pytest.raises(ValueError, match="twice"):
        link(side({"H": FAMILY}), twice, MODEL)
