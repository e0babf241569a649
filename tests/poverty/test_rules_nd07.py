"""The twelve deprivations of nd07-2021, at and just past each threshold, and with what is not known."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from poverty import classify, load_standard
from tests.poverty.households import Answers, frames_of, household, person

STANDARD = load_standard("nd07-2021")


def deprived(rule: str, home: Answers) -> bool | None:
    value = classify(*frames_of(home), STANDARD)[rule].iloc[0]
    return None if pd.isna(value) else bool(value)


def one(rule: str, **answers: Any) -> bool | None:
    return deprived(rule, household(person(**answers)))


def test_the_plain_household_is_deprived_of_nothing() -> None:
    result = classify(*frames_of(household()), STANDARD)
    assert not result[[f"d{i:02}" for i in range(1, 13)]].iloc[0].any()
    assert result["deprivations_max"].iloc[0] == 0


# d01 employment


@pytest.mark.parametrize("age, expected", [(14, False), (15, True), (60, True), (None, None)])
def test_d01_unemployed_from_15(age: int | None, expected: bool | None) -> None:
    assert one("d01", age=age, work="unemployed") is expected


@pytest.mark.parametrize(
    "work, contract, expected",
    [
        ("wage", "no", True),
        ("wage", "yes", False),
        ("wage", None, None),
        ("wage", "dk", None),
        ("self_employed", "no", False),
        ("family", None, False),
        ("unable", None, False),
        ("unemployed", None, True),
        (None, "no", None),
        (None, "yes", None),
        ("dk", None, None),
        ("fisherman", "no", None),
    ],
)
def test_d01_by_work_and_contract(work: str | None, contract: str | None, expected: bool | None) -> None:
    assert one("d01", work=work, contract=contract) is expected


def test_d01_what_is_not_asked_of_a_child_is_not_missing() -> None:
    assert one("d01", age=14, work=None, contract=None) is False


def test_d01_one_member_suffices_and_one_unknown_keeps_it_open() -> None:
    jobless, silent = person(work="unemployed"), person(work=None)
    assert deprived("d01", household(person(), jobless, silent)) is True
    assert deprived("d01", household(person(), silent)) is None


# d02 dependents


def test_d02_exactly_half_is_not_deprived() -> None:
    child, adult = person(age=15), person()
    assert deprived("d02", household(child, adult)) is False
    assert deprived("d02", household(child, child, adult)) is True
    assert deprived("d02", household(child, child, child, adult, adult, adult)) is False


@pytest.mark.parametrize("age, expected", [(15, True), (16, False), (None, None)])
def test_d02_children_are_under_16(age: int | None, expected: bool | None) -> None:
    assert one("d02", age=age) is expected


@pytest.mark.parametrize(
    "allowance, expected",
    [
        ("elderly", True),
        ("disability", True),
        ("other", False),
        ("none", False),
        ("dk", None),
        (None, None),
        ("veteran", None),
    ],
)
def test_d02_by_allowance(allowance: str | None, expected: bool | None) -> None:
    assert one("d02", age=70, allowance=allowance) is expected


def test_d02_unknown_members_count_only_where_they_could_tip_it() -> None:
    child, adult, silent = person(age=5), person(), person(age=70, allowance=None)
    assert deprived("d02", household(child, child, child, silent)) is True
    assert deprived("d02", household(adult, adult, silent)) is False
    assert deprived("d02", household(child, adult, silent)) is None
    assert deprived("d02", household(adult, silent)) is False  # at most exactly half


# d03 nutrition, d04 insurance


@pytest.mark.parametrize(
    "age, malnourished, expected",
    [
        (15, "yes", True),
        (16, "yes", False),
        (0, "yes", True),
        (15, "no", False),
        (15, None, None),
        (16, None, False),
        (None, "yes", None),
        (None, "no", False),
    ],
)
def test_d03_malnourished_under_16(age: int | None, malnourished: str | None, expected: bool | None) -> None:
    assert one("d03", age=age, malnourished=malnourished) is expected


@pytest.mark.parametrize("malnourished", ["yes", "no", "dk", None])
@pytest.mark.parametrize("source", ["station", "measured", "mother", None, "neighbour"])
def test_d03_takes_the_answer_from_a_list_or_a_measurement_only(malnourished: str | None, source: str | None) -> None:
    known = {"yes": True, "no": False}.get(malnourished or "") if source in ("station", "measured") else None
    assert one("d03", age=5, malnourished=malnourished, nutrition_source=source) is known
    assert one("d03", age=16, malnourished=malnourished, nutrition_source=source) is False


@pytest.mark.parametrize(
    "age, insured, expected",
    [
        (5, "no", False),
        (6, "no", True),
        (90, "no", True),
        (6, "yes", False),
        (6, "dk", None),
        (5, None, False),
        (None, "no", None),
    ],
)
def test_d04_uninsured_from_6(age: int | None, insured: str | None, expected: bool | None) -> None:
    assert one("d04", age=age, insured=insured) is expected


# d05 adult education


@pytest.mark.parametrize("age, expected", [(15, False), (16, True), (30, True), (31, False), (None, None)])
def test_d05_concerns_16_to_30(age: int | None, expected: bool | None) -> None:
    assert one("d05", age=age, qualification="none") is expected


@pytest.mark.parametrize(
    "age, qualification, expected",
    [
        (16, "primary", True),
        (16, "lower_secondary", False),
        (17, "lower_secondary", False),
        (18, "lower_secondary", True),
        (18, "upper_secondary", False),
        (30, "elementary", False),
        (30, "intermediate", False),
        (30, "college", False),
        (30, "university", False),
        (20, None, None),
        (20, "dk", None),
        (31, None, False),
    ],
)
def test_d05_by_qualification(age: int, qualification: str | None, expected: bool | None) -> None:
    assert one("d05", age=age, qualification=qualification) is expected


@pytest.mark.parametrize(
    "age, attending, expected",
    [
        (17, "primary", True),
        (17, "lower_secondary", False),
        (17, "higher", False),
        (18, "lower_secondary", True),
        (18, "upper_secondary", False),
        (18, "vocational", False),
        (25, "higher", False),
        (25, "training_course", False),
        (16, "training_course", False),
        (25, None, None),
    ],
)
def test_d05_by_attendance(age: int, attending: str | None, expected: bool | None) -> None:
    assert one("d05", age=age, qualification="none", attending=attending) is expected


@pytest.mark.parametrize(
    "job_training, work, expected",
    [
        ("yes", "wage", False),
        ("yes", "self_employed", False),
        ("yes", "family", False),
        ("yes", "unemployed", True),
        ("no", "wage", True),
        (None, "wage", None),
        (None, "home", True),
        ("yes", None, None),
    ],
)
def test_d05_certified_training_at_work(job_training: str | None, work: str | None, expected: bool | None) -> None:
    assert one("d05", age=25, qualification="primary", job_training=job_training, work=work) is expected


# d06 child schooling


@pytest.mark.parametrize(
    "age, attending, expected",
    [
        (2, "none", False),
        (3, "none", True),
        (3, "preschool", False),
        (5, "preschool", False),
        (5, "primary", False),
        (5, "lower_secondary", True),
        (6, "preschool", True),
        (6, "primary", False),
        (11, "primary", False),
        (11, "lower_secondary", False),
        (12, "primary", True),
        (12, "lower_secondary", False),
        (15, "upper_secondary", False),
        (15, "vocational", False),
        (15, "none", True),
        (15, "training_course", True),
        (16, "none", False),
        (10, None, None),
        (10, "dk", None),
        (2, None, False),
        (16, None, False),
        (None, "none", None),
    ],
)
def test_d06_level_for_the_age(age: int | None, attending: str | None, expected: bool | None) -> None:
    assert one("d06", age=age, attending=attending) is expected


# d07 to d12, the house


@pytest.mark.parametrize(
    "wall, column, roof, expected",
    [
        ("durable", "durable", "durable", False),
        ("not_durable", "durable", "durable", False),
        ("not_durable", "not_durable", "durable", True),
        ("not_durable", "not_durable", "not_durable", True),
        ("not_durable", "not_durable", None, True),
        ("durable", "durable", None, False),
        ("not_durable", "durable", "dk", None),
        ("not_durable", None, "bamboo", None),
        ("durable", None, None, None),
    ],
)
def test_d07_two_of_three_structures(wall: Any, column: Any, roof: Any, expected: bool | None) -> None:
    assert deprived("d07", household(wall=wall, column=column, roof=roof)) is expected


@pytest.mark.parametrize(
    "area, persons, expected",
    [
        (24.0, 3, False),
        (23.99, 3, True),
        (8.0, 1, False),
        (7.99, 1, True),
        (0.0, 1, True),
        (None, 1, None),
        (-1.0, 1, None),
    ],
)
def test_d08_exactly_8_square_metres_is_enough(area: float | None, persons: int, expected: bool | None) -> None:
    assert deprived("d08", household(*[person()] * persons, floor_area=area)) is expected


@pytest.mark.parametrize("persons", range(1, 21))
def test_d08_8_square_metres_is_exact_for_any_number_of_persons(persons: int) -> None:
    assert deprived("d08", household(*[person()] * persons, floor_area=8.0 * persons)) is False


@pytest.mark.parametrize(
    "rule, question, codes, expected",
    [
        ("d09", "water_source", "tap borehole protected_well protected_spring rain bottled", False),
        ("d09", "water_source", "unprotected_well unprotected_spring surface other", True),
        ("d10", "toilet", "septic pour_flush vip two_vault", False),
        ("d10", "toilet", "pit other none", True),
        ("d11", "internet", "yes", False),
        ("d11", "internet", "no", True),
    ],
)
def test_d09_to_d11_by_answer(rule: str, question: str, codes: str, expected: bool) -> None:
    for code in codes.split():
        assert deprived(rule, household(**{question: code})) is expected, code


@pytest.mark.parametrize("rule, question", [("d09", "water_source"), ("d10", "toilet"), ("d11", "internet")])
@pytest.mark.parametrize("answer", [None, "dk", "something_else"])
def test_d09_to_d11_unknown(rule: str, question: str, answer: str | None) -> None:
    assert deprived(rule, household(**{question: answer})) is None


@pytest.mark.parametrize(
    "shared, personal, expected",
    [
        ("none", "none", True),
        ("tv", "none", False),
        ("none", "smartphone", False),
        ("tv radio", "laptop tablet", False),
        ("none", None, None),
        (None, "none", None),
        (None, "smartphone", False),
        ("radio", None, False),
        ("dk", "none", None),
        ("dk tv", "none", False),
        ("none", "fax", None),
        ("", "none", None),
    ],
)
def test_d12_no_means_of_information(shared: str | None, personal: str | None, expected: bool | None) -> None:
    assert deprived("d12", household(shared_devices=shared, personal_devices=personal)) is expected


def test_a_household_without_members_leaves_every_rule_over_members_open() -> None:
    home = household(person(), floor_area=4.0)
    home["members"] = []
    result = classify(*frames_of(home), STANDARD)
    assert result["member_count"].iloc[0] == 0
    unknown = result[[f"d{i:02}" for i in range(1, 13)]].iloc[0].isna()
    assert list(unknown[unknown].index) == ["d01", "d02", "d03", "d04", "d05", "d06", "d08"]
