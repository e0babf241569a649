"""The parser: what it builds, and that every refusal names its place."""

from __future__ import annotations

from typing import Any

import pytest

from poverty import StandardError
from poverty import expression as ex
from poverty.expression import parse_condition, parse_number


def test_a_condition_becomes_its_tree() -> None:
    source = {"any": {"members": {"all": [{"compare": ["age", ">=", 6]}, {"not": {"in": {"insured": ["yes"]}}}]}}}
    assert parse_condition(source, "x") == ex.AnyMember(
        ex.AllOf((ex.Compare(ex.Age(), ">=", ex.Constant(6.0)), ex.Not(ex.In("insured", ("yes",)))))
    )


def test_a_number_becomes_its_tree() -> None:
    assert parse_number({"per_member": "floor_area"}, "x") == ex.Divide(ex.Answer("floor_area"), ex.MemberCount())
    assert parse_number({"sum": ["income_wage", 2, "member_count"]}, "x") == ex.Sum(
        (ex.Answer("income_wage"), ex.Constant(2.0), ex.MemberCount())
    )
    assert parse_number({"lookup": {"area_class": {"urban": 2, "rural": 1}}}, "x") == ex.Lookup(
        "area_class", (("rural", 1.0), ("urban", 2.0))
    )
    assert parse_number({"share": {"members": {"is_unknown": "work"}}}, "x") == ex.ShareOfMembers(ex.IsUnknown("work"))


@pytest.mark.parametrize(
    "source, place, said",
    [
        ({"any": {"members": {"in": {"work": ["retired"]}}}}, "w.any.members.in.work[0]", "`retired` is not an answer"),
        ({"any": {"members": {"in": {"job": ["wage"]}}}}, "w.any.members.in", "no question `job`"),
        ({"in": {"toilet": ["pit", "dk"]}}, "w.in.toilet[1]", "`dk` is not an answer"),
        ({"in": {"toilet": ["pit", "pit"]}}, "w.in.toilet[1]", "stands twice"),
        ({"in": {"toilet": []}}, "w.in.toilet", "not empty"),
        ({"in": {"toilet": "pit"}}, "w.in.toilet", "expected a list of codes"),
        ({"in": {"toilet": [["pit"]]}}, "w.in.toilet[0]", "is not an answer"),
        ({"in": ["toilet"]}, "w.in", "expected one question"),
        ({"in": {"shared_devices": ["tv"]}}, "w.in", "is a multiple question"),
        ({"selected": {"toilet": ["pit"]}}, "w.selected", "is a choice question"),
        ({"selected": {"shared_devices": ["dk"]}}, "w.selected.shared_devices[0]", "is not an answer"),
        ({"in": {"work": ["wage"]}}, "w.in", "write it inside `members:`"),
        ({"any": {"members": {"in": {"toilet": ["pit"]}}}}, "w.any.members.in", "write it outside `members:`"),
        ({"any": {"members": {"any": {"members": {"is_unknown": "work"}}}}}, "w.any.members.any", "the household's"),
        ({"any": {"people": {"is_unknown": "work"}}}, "w.any", "expected `members:`"),
        ({"is_unknown": "birth_date"}, "w.is_unknown", "no question `birth_date`"),
        ({"is_unknown": ["toilet"]}, "w.is_unknown", "no question"),
        ({"accept": {"value": {"is_unknown": "toilet"}}}, "w.accept", "expected `value:` and `when:`"),
        (
            {"accept": {"value": {"is_unknown": "toilet"}, "when": {"in": {"wall": ["mud"]}}}},
            "w.accept.when.in.wall[0]",
            "`mud` is not an answer",
        ),
        ({"xor": []}, "w.xor", "unknown operator; a condition is one of all, any, not, accept, in"),
        ({"all": []}, "w.all", "expected a list of conditions"),
        ({"all": [{"is_unknown": "toilet"}, {"maybe": 1}]}, "w.all[1].maybe", "unknown operator"),
        ({"all": [], "any": []}, "w", "expected a condition"),
        (True, "w", "expected a condition"),
        ("count(/data/member) > 3", "w", "expected a condition"),
        ({"compare": ["floor_area", "=", 3]}, "w.compare[1]", "unknown comparison `=`"),
        ({"compare": ["floor_area", "<"]}, "w.compare", "[number, operator, number]"),
        ({"compare": ["age", "<", 3]}, "w.compare[0]", "`age` is a member's"),
        ({"compare": ["area", "<", 3]}, "w.compare[0]", "no question `area`"),
        ({"compare": ["toilet", "<", 3]}, "w.compare[0]", "a number question is needed"),
        ({"compare": ["floor_area", "<", -3]}, "w.compare[2]", "not negative"),
        ({"compare": ["floor_area", "<", float("nan")]}, "w.compare[2]", "finite"),
        ({"compare": ["floor_area", "<", True]}, "w.compare[2]", "expected a number"),
        ({"compare": ["floor_area", "<", None]}, "w.compare[2]", "expected a number"),
        ({"compare": [{"product": [1, 2]}, "<", 3]}, "w.compare[0].product", "unknown operator; a number is one of"),
        ({"compare": [{"sum": []}, "<", 3]}, "w.compare[0].sum", "not empty"),
        ({"compare": [{"divide": [1]}, "<", 3]}, "w.compare[0].divide", "[dividend, divisor]"),
        ({"compare": [{"lookup": {"area_class": {"rural": 1}}}, "<", 3]}, "w.compare[0].lookup.area_class", "each of"),
        (
            {"compare": [{"lookup": {"area_class": {"rural": 1, "urban": "x"}}}, "<", 3]},
            "w.compare[0].lookup.area_class.urban",
            "finite number",
        ),
        ({"any": {"members": {"compare": ["member_count", "<", 3]}}}, "w.any.members.compare[0]", "the household's"),
        (
            {"any": {"members": {"compare": [{"per_member": "age"}, "<", 3]}}},
            "w.any.members.compare[0].per_member",
            "the household's",
        ),
    ],
)
def test_a_refusal_names_its_place(source: Any, place: str, said: str) -> None:
    with pytest.raises(StandardError) as refusal:
        parse_condition(source, "w")
    assert str(refusal.value).startswith(f"{place}: ")
    assert said in str(refusal.value)
