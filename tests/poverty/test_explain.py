"""The explanation: who is concerned, which answers decided, what is missing, in both languages."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from poverty import classify, explain, load_standard, render
from tests.poverty.households import Answers, frames_of, household, person

STANDARD = load_standard("nd07-2021")


def rows_of(rule: str, home: Answers) -> list[tuple[str, int | None, str]]:
    rows = explain(*frames_of(home), STANDARD)
    rows = rows[rows["rule"] == rule]
    return [
        (value, None if pd.isna(no) else int(no), fields)
        for value, no, fields in zip(rows["value"], rows["member_no"], rows["fields"], strict=True)
    ]


def test_a_deprived_rule_names_the_members_and_their_answers() -> None:
    home = household(person(), person(work="unemployed"), person(contract="no"))
    assert rows_of("d01", home) == [
        ("deprived", 2, "birth_date work"),
        ("deprived", 3, "birth_date work contract"),
    ]


def test_a_rule_of_the_house_is_one_row_of_the_household() -> None:
    assert rows_of("d10", household(toilet="pit")) == [("deprived", None, "toilet")]
    assert rows_of("d10", household()) == [("not_deprived", None, "toilet")]
    assert rows_of("d10", household(toilet="dk")) == [("unknown", None, "toilet")]


def test_a_rule_that_concerns_no_member_is_told_once() -> None:
    home = household(person(), person(age=10))
    assert rows_of("d03", home) == [("not_deprived", None, "birth_date nutrition_source malnourished")]


def test_an_answer_whose_source_does_not_count_names_the_source() -> None:
    told = household(person(), person(age=10, malnourished="no", nutrition_source="mother"))
    assert rows_of("d03", told) == [("unknown", 2, "nutrition_source")]
    silent = household(person(age=10, malnourished=None, nutrition_source="station"))
    assert rows_of("d03", silent) == [("unknown", 1, "malnourished")]
    neither = household(person(age=10, malnourished="dk", nutrition_source=None))
    assert rows_of("d03", neither) == [("unknown", 1, "nutrition_source malnourished")]


def test_an_unknown_rule_names_the_missing_answers_only() -> None:
    home = household(person(), person(insured=None), person(age=None, insured="no"))
    assert rows_of("d04", home) == [("unknown", 2, "insured"), ("unknown", 3, "birth_date")]


def test_what_is_known_to_make_it_so_is_named_where_something_is_missing() -> None:
    assert rows_of("d07", household(wall="not_durable", roof="not_durable", column=None)) == [
        ("deprived", None, "wall roof")
    ]
    assert rows_of("d07", household(wall="not_durable", roof=None)) == [("unknown", None, "roof")]
    assert rows_of("d12", household(shared_devices=None)) == [("not_deprived", None, "personal_devices")]


def test_dependents_are_named_when_they_are_too_many() -> None:
    home = household(person(age=4), person(age=80, allowance="elderly"), person())
    assert rows_of("d02", home) == [("deprived", 1, "birth_date"), ("deprived", 2, "allowance")]


def test_a_year_of_birth_is_named_as_the_answer_it_is() -> None:
    home = household(person(birth_date=None, birth_year=1990, insured="no"))
    assert rows_of("d04", home) == [("deprived", 1, "birth_year insured")]


def test_without_members_the_list_of_members_is_missing() -> None:
    home = household()
    home["members"] = []
    assert rows_of("d01", home) == [("unknown", None, "member")]
    assert rows_of("d08", home) == [("unknown", None, "member")]


def test_every_household_and_rule_has_its_rows_in_order() -> None:
    frames = frames_of(household(person(insured="no"), person(insured="no")), household(toilet=None))
    rows = explain(*frames, STANDARD)
    assert rows.columns.tolist() == ["interview_id", "rule", "value", "member_no", "fields"]
    once = rows.drop_duplicates(["interview_id", "rule"])
    assert once["interview_id"].tolist() == ["h0"] * 12 + ["h1"] * 12
    assert once["rule"].tolist() == [rule.id for rule in STANDARD.rules] * 2
    assert (rows["fields"] != "").all()
    values = {"deprived": True, "not_deprived": False}
    result = classify(*frames, STANDARD)
    for interview, rule, value in zip(once["interview_id"], once["rule"], once["value"], strict=True):
        expected = result.loc[interview, rule]
        assert values.get(value) is (None if pd.isna(expected) else bool(expected))


def test_no_household() -> None:
    rows = explain(*frames_of(), STANDARD)
    assert rows.empty
    assert rows.columns.tolist() == ["interview_id", "rule", "value", "member_no", "fields"]
    assert render(rows, STANDARD) == []


def test_a_rule_of_members_and_house_names_both() -> None:
    standard = load_standard(Path(__file__).parent / "every-operator.yaml")
    rows = explain(*frames_of(household(person(disability="yes"), internet="no")), standard)
    rows = rows[rows["rule"] == "o18"]
    assert rows["fields"].tolist() == ["internet", "disability"]
    assert rows["member_no"].isna().tolist() == [True, False]


def test_one_line_per_rule_in_both_languages() -> None:
    home = household(person(), person(work="unemployed"), toilet=None)
    rows = explain(*frames_of(home), STANDARD)
    vietnamese, english = render(rows, STANDARD, "vi"), render(rows, STANDARD, "en")
    assert len(vietnamese) == len(english) == 12
    assert vietnamese[0] == "Việc làm: thiếu hụt (theo thành viên số 2: ngày sinh, việc làm)"
    assert english[0] == "Employment: deprived (from member 2: birth date, work)"
    assert vietnamese[9] == "Nhà tiêu hợp vệ sinh: chưa biết (thiếu câu trả lời: nhà tiêu)"
    assert english[9] == "Hygienic toilet: unknown (answers missing: toilet)"
    assert english[10] == "Telecommunication services: not deprived (from Internet use)"


def test_render_tells_one_household_at_a_time() -> None:
    rows = explain(*frames_of(household(), household()), STANDARD)
    with pytest.raises(ValueError, match="one household at a time"):
        render(rows, STANDARD)
