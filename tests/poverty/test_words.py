"""Conditions in words: both languages say what the rule says, and every operator has its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from poverty import expression as ex
from poverty import load_standard
from poverty.expression import parse_condition
from poverty.questions import Language, Text
from poverty.words import Phrase, Speaker
from tests.poverty import strategies

ANSWERS = {"toilet": {"pit": Text("Hố xí đào", "Plain pit"), "none": Text("Không có nhà tiêu", "No toilet")}}
VI, EN = Speaker("vi", ANSWERS), Speaker("en", ANSWERS)


def lines(phrase: Phrase, depth: int = 0) -> list[str]:
    return [". " * depth + phrase.text, *(line for part in phrase.parts for line in lines(part, depth + 1))]


@pytest.mark.parametrize(
    "source, vi, en",
    [
        (
            {"in": {"toilet": ["pit", "none"]}},
            "nhà tiêu là “Hố xí đào” hoặc “Không có nhà tiêu”",
            "toilet is “Plain pit” or “No toilet”",
        ),
        ({"not": {"in": {"toilet": ["pit"]}}}, "nhà tiêu không phải là “Hố xí đào”", "toilet is not “Plain pit”"),
        ({"in": {"toilet": ["vip"]}}, "nhà tiêu là “vip”", "toilet is “vip”"),
        ({"in": {"area_class": ["rural"]}}, "khu vực là “nông thôn”", "area class is “rural”"),
        ({"is_unknown": "toilet"}, "nhà tiêu chưa biết", "toilet unknown"),
        (
            {"compare": [{"per_member": "floor_area"}, "<", 8.5]},
            "diện tích nhà ở bình quân mỗi thành viên < 8,5",
            "floor area per member < 8.5",
        ),
        (
            {"compare": [{"sum": ["income_wage", "income_farm"]}, "<=", 1500000]},
            "(thu nhập từ tiền lương, tiền công + thu nhập từ nông, lâm, thủy sản) ≤ 1.500.000",
            "(wage income + farm income) ≤ 1,500,000",
        ),
    ],
)
def test_a_condition_in_a_line(source: object, vi: str, en: str) -> None:
    condition = parse_condition(source, "w")
    assert (lines(VI.condition(condition)), lines(EN.condition(condition))) == ([vi], [en])


def test_a_condition_over_members_is_told_line_by_line() -> None:
    when = load_standard("nd07-2021").rule("d03").when
    assert lines(EN.condition(when)) == [
        "there is at least one member with",
        ". all of these",
        ". . age at the review date < 16",
        ". . the first, where the second holds; else unknown",
        ". . . malnutrition is “yes”",
        ". . . source of the nutrition answer is “station” or “measured”",
    ]


def test_a_share_is_told_in_per_cent() -> None:
    assert lines(VI.condition(load_standard("nd07-2021").rule("d02").when))[:2] == [
        "tỷ lệ thành viên có điều sau > 50%",
        ". ít nhất một trong các điều sau",
    ]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", ["nd07-2021", "nd351-2025", Path(__file__).parent / "every-operator.yaml"], ids=str)
def test_every_rule_has_words(name: str | Path, language: Language) -> None:
    for rule in load_standard(name).rules:
        assert all(line.strip(". ") for line in lines(Speaker(language, {}).condition(rule.when)))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(strategies.conditions())
def test_a_condition_and_its_opposite_are_not_told_alike(condition: ex.Condition) -> None:
    assert lines(EN.condition(condition)) != lines(EN.condition(ex.Not(condition)))
