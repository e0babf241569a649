"""The proposed class: lines, cut, unknowns, what is missing, and frames of every shape."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from poverty import classify, load_standard
from poverty.frames import empty_households, empty_members
from tests.poverty.households import Answers, frames_of, household, person

STANDARD = load_standard("nd07-2021")

#: Answers that make a household deprived in d09, d10, d11, in this order.
THREE: dict[str, str] = {"water_source": "surface", "toilet": "none", "internet": "no"}
ONE: dict[str, str] = {"water_source": "surface"}
TWO: dict[str, str] = {"water_source": "surface", "toilet": "none"}

NO_INCOME = {"income_wage": 0.0, "income_farm": 0.0, "income_business": 0.0, "income_other": 0.0}


def result_of(home: Answers, **more: Any) -> pd.Series:
    return classify(*frames_of(home), STANDARD, **more).iloc[0]


def class_of(**answers: Any) -> str:
    return str(result_of(household(**{**NO_INCOME, **answers}))["proposed_class"])


# The income line


@pytest.mark.parametrize("area, line", [("rural", 1_500_000), ("urban", 2_000_000)])
@pytest.mark.parametrize("persons", [1, 2, 3, 7])
def test_at_the_line_is_below_it_and_1_dong_a_year_more_is_above(area: str, line: int, persons: int) -> None:
    people = [person()] * persons
    at = result_of(household(*people, area_class=area, **{**NO_INCOME, "income_farm": 12.0 * line * persons}))
    assert at["below_line"]
    assert at["income_low"] == at["income_high"] == line
    above = result_of(household(*people, area_class=area, **{**NO_INCOME, "income_farm": 12.0 * line * persons + 1}))
    assert not above["below_line"]
    assert above["proposed_class"] == "not_poor"


def test_all_sources_but_the_allowance_are_income() -> None:
    sources = {"income_wage": 1e6, "income_farm": 2e6, "income_business": 3e6, "income_other": 6e6}
    row = result_of(household(**sources, income_allowance=500e6))
    assert row["income_low"] == row["income_high"] == 1_000_000
    assert result_of(household(**sources, income_allowance=None))["income_high"] == 1_000_000


def test_unknown_area_class_decides_nothing_between_the_lines() -> None:
    for area in (None, "suburb"):
        assert class_of(area_class=area, income_wage=12 * 1_500_000.0) == "near_poor"
        assert class_of(area_class=area, income_wage=12 * 1_500_000.0 + 1) == "undetermined"
        assert class_of(area_class=area, income_wage=12 * 2_000_000.0) == "undetermined"
        assert class_of(area_class=area, income_wage=12 * 2_000_000.0 + 1) == "not_poor"


def test_known_income_above_the_line_needs_no_more_answers() -> None:
    row = result_of(household(**{**NO_INCOME, "income_wage": 12 * 1_500_000.0 + 1, "income_farm": None, **THREE}))
    assert row["proposed_class"] == "not_poor"
    assert row["missing"] == ""
    assert pd.isna(row["income_high"])


def test_known_income_below_the_line_with_an_unknown_source_is_open() -> None:
    row = result_of(household(**{**NO_INCOME, "income_wage": 1e6, "income_farm": None, "income_other": -5.0, **THREE}))
    assert pd.isna(row["below_line"])
    assert row["proposed_class"] == "undetermined"
    assert row["missing"] == "income_farm income_other"


# The cut


def test_three_deprivations_make_poor_two_near_poor() -> None:
    assert class_of() == "near_poor"
    assert class_of(**TWO) == "near_poor"
    assert class_of(**THREE) == "poor"
    assert class_of(**THREE, wall="not_durable", column="not_durable") == "poor"


def test_above_the_line_is_not_poor_whatever_the_deprivations() -> None:
    assert class_of(income_wage=1e9, **THREE) == "not_poor"
    assert class_of(income_wage=1e9, water_source=None, toilet=None, internet=None) == "not_poor"


def test_unknown_deprivations_matter_only_at_the_cut() -> None:
    assert class_of(**{**THREE, "floor_area": None}) == "poor"
    assert class_of(**{**TWO, "internet": None}) == "undetermined"
    assert class_of(**{**ONE, "internet": None}) == "near_poor"
    assert class_of(**{**ONE, "internet": None, "toilet": "dk"}) == "undetermined"
    assert class_of(internet=None, toilet="dk") == "near_poor"


def test_missing_names_the_answers_that_could_change_the_class() -> None:
    two = {**NO_INCOME, **TWO}
    assert result_of(household(**{**two, "internet": None}))["missing"] == "internet"
    assert result_of(household(**{**two, "floor_area": None, "roof": "dk"}))["missing"] == "floor_area"
    assert result_of(household(person(insured=None), **two))["missing"] == "insured"
    assert result_of(household(person(age=None, insured="no"), **two))["missing"] == "birth_date"
    young = person(age=20, qualification=None)
    assert result_of(household(young, **two))["missing"] == "qualification"
    assert result_of(household(person(contract=None, work="wage"), **two))["missing"] == "contract"
    late = person(birth_date=None, birth_year=2030, insured="no")
    assert result_of(household(late, **two))["missing"] == "birth_year"


def test_missing_is_empty_where_the_class_is_settled() -> None:
    row = result_of(household(**{**NO_INCOME, **THREE, "floor_area": None}))
    assert row["proposed_class"] == "poor"
    assert row["missing"] == ""


def test_missing_with_income_open_and_deprivations_settled_names_income_alone() -> None:
    row = result_of(household(**{**NO_INCOME, **THREE, "floor_area": None, "income_farm": None}))
    assert row["missing"] == "income_farm"


def test_without_members_the_list_of_members_is_missing() -> None:
    home = household(**{**NO_INCOME, **TWO})
    home["members"] = []
    row = result_of(home)
    assert row["proposed_class"] == "undetermined"
    assert row["missing"] == "member"
    assert row["income_low"] == 0
    assert pd.isna(row["income_high"])


# Shape


def test_columns_and_types() -> None:
    for frames in ((empty_households(), empty_members()), frames_of(household(), household(**THREE))):
        result = classify(*frames, STANDARD)
        assert result.index.equals(frames[0].index)
        types = {name: str(dtype) for name, dtype in result.dtypes.items()}
        assert types == {
            "member_count": "Int64",
            **{f"d{i:02}": "boolean" for i in range(1, 13)},
            "deprivations_min": "Int64",
            "deprivations_max": "Int64",
            "income_low": "Float64",
            "income_high": "Float64",
            "below_line": "boolean",
            "proposed_class": "str",
            "method": "str",
            "provisional": "bool",
            "missing": "str",
            "reason": "str",
        }


def test_the_result_is_provisional_while_a_rule_is_not_official() -> None:
    assert result_of(household())["provisional"]


def test_members_in_any_order_and_of_no_household_change_nothing() -> None:
    homes, members = frames_of(
        household(person(age=5), person(work="unemployed"), **TWO), household(person(insured="no"))
    )
    expected = classify(homes, members, STANDARD)
    pd.testing.assert_frame_equal(classify(homes, members.iloc[::-1], STANDARD), expected)
    pd.testing.assert_frame_equal(classify(homes.iloc[1:], members, STANDARD), expected.iloc[1:])
    flat = members.reset_index().set_index(["member_no", "interview_id"])
    pd.testing.assert_frame_equal(classify(homes, flat, STANDARD), expected)


def test_category_and_object_columns_are_read_as_well() -> None:
    homes, members = frames_of(household(person(insured="no"), **THREE), household(toilet=None))
    expected = classify(homes, members, STANDARD)
    for dtype in ("category", "object"):
        text = [name for name in homes.columns if homes[name].dtype == "str"]
        texts = [name for name in members.columns if members[name].dtype == "str"]
        other = classify(
            homes.astype(dict.fromkeys(text, dtype)), members.astype(dict.fromkeys(texts, dtype)), STANDARD
        )
        pd.testing.assert_frame_equal(other, expected)


def test_score_gives_no_class_while_the_table_is_not_loaded() -> None:
    row = result_of(household(**{**NO_INCOME, **THREE}), method="score")
    assert row["proposed_class"] == "undetermined"
    assert row["reason"] == "B1 table not loaded"
    assert row["method"] == "score"
    assert row["deprivations_min"] == 3


def test_refusals_name_what_is_wrong() -> None:
    homes, members = frames_of(household())
    with pytest.raises(ValueError, match="no column `toilet`"):
        classify(homes.drop(columns="toilet"), members, STANDARD)
    with pytest.raises(ValueError, match="no column `birth_year`"):
        classify(homes, members.drop(columns="birth_year"), STANDARD)
    with pytest.raises(ValueError, match="the same interview twice"):
        classify(pd.concat([homes, homes]), members, STANDARD)
    with pytest.raises(ValueError, match="method: `b1`"):
        classify(homes, members, STANDARD, method="b1")  # type: ignore[arg-type]
