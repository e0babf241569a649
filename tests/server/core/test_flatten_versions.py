"""A round whose interviews came on two versions of the form gives one frame."""

from __future__ import annotations

import json
from typing import Any

from forms.versions import Renames
from poverty import frames
from server.submissions.flatten import Flat, flatten
from tests.server.fieldwork import answers, odata_row

#: What a later version renamed: a question of the household, one of the members, codes of both; another it added.
RENAMES = Renames(
    {"house_wall": "wall", "job": "work", "place_of_house": "location"},
    {"toilet": {"latrine": "pit"}, "work": {"salary": "wage"}, "shared_devices": {"television": "tv"}},
)


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """The row as the earlier version sent it: Central still names today's fields, empty."""
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    made = {names.get(name, name): _renamed(value, names) for name, value in node.items()}
    return made | {name: None for name in node if name in names}


def _answers(number: int, **services: str) -> dict[str, Any]:
    given = answers(number)
    return given | {"services": given["services"] | services}


def _rows() -> tuple[dict[str, Any], dict[str, Any]]:
    """An interview on today's version and one on the earlier."""
    today = odata_row(_answers(1, toilet="pit", shared_devices="tv radio"), 1)
    today["member"][0]["situation"]["work"] = "wage"
    text = json.dumps(odata_row(_answers(2, toilet="latrine", shared_devices="television radio"), 2))
    earlier = _renamed(json.loads(text), {name: former for former, name in RENAMES.questions.items()})
    earlier["member"][0]["situation"]["job"] = "salary"
    return today, earlier


def _flat(*rows: dict[str, Any]) -> Flat:
    return flatten([(row["__id"], json.dumps(row)) for row in rows], RENAMES)


def test_two_versions_give_one_frame() -> None:
    flat = _flat(*_rows())
    frames.HOUSEHOLDS.validate(flat.households)
    frames.MEMBERS.validate(flat.members)
    assert flat.problems.empty
    assert flat.unknown_fields == []
    assert list(flat.households["wall"]) == ["durable", "durable"]
    assert list(flat.households["toilet"]) == ["pit", "pit"]
    assert list(flat.households["shared_devices"]) == ["tv radio", "tv radio"]
    assert flat.households["latitude"].notna().all()
    assert list(flat.members.xs(1, level="member_no")["work"]) == ["wage", "wage"]


def test_without_the_renames_the_former_answers_stand_apart() -> None:
    flat = flatten([(row["__id"], json.dumps(row)) for row in _rows()], Renames())
    assert {"house_wall", "place_of_house", "member/job"} <= set(flat.unknown_fields)
    assert flat.households["wall"].isna().iloc[1]
    assert set(flat.problems["field"]) == {"toilet", "shared_devices"}


def test_a_question_that_a_version_did_not_ask_is_missing() -> None:
    today, earlier = _rows()
    for group in earlier.values():
        if isinstance(group, dict):
            group.pop("floor_area", None)
    flat = _flat(today, earlier)
    assert list(flat.households["floor_area"].isna()) == [False, True]


def test_where_both_names_are_answered_the_first_stands() -> None:
    today, _ = _rows()
    assert list(_flat(today | {"house_wall": "not_durable"}).households["wall"]) == ["durable"]
    assert list(_flat({"house_wall": "not_durable"} | today).households["wall"]) == ["not_durable"]
