"""What the standard of 2027-2030 changes: the line, digital services, waste; and that the rest is kept."""

from __future__ import annotations

import pandas as pd
import pytest

from poverty import classify, load_standard
from tests.poverty.households import Answers, frames_of, household, person

STANDARD = load_standard("nd351-2025")


def deprived(rule: str, home: Answers) -> bool | None:
    value = classify(*frames_of(home), STANDARD)[rule].iloc[0]
    return None if pd.isna(value) else bool(value)


@pytest.mark.parametrize(
    "internet, digital, expected",
    [
        ("no", "no", True),
        ("no", "yes", False),
        ("yes", "no", False),
        ("yes", None, False),
        ("no", None, None),
        ("dk", "no", None),
        (None, None, None),
    ],
)
def test_d11_neither_the_internet_nor_a_digital_service(
    internet: str | None, digital: str | None, expected: bool | None
) -> None:
    assert deprived("d11", household(internet=internet, digital_services=digital)) is expected


@pytest.mark.parametrize(
    "waste, expected",
    [
        ("collected", False),
        ("treated", False),
        ("burned", True),
        ("dumped", True),
        ("other", True),
        ("dk", None),
        (None, None),
    ],
)
def test_d12_waste(waste: str | None, expected: bool | None) -> None:
    assert deprived("d12", household(waste=waste)) is expected


def test_means_of_information_count_no_longer() -> None:
    home = household(shared_devices="none", personal_devices="none")
    assert classify(*frames_of(home), STANDARD)["deprivations_max"].iloc[0] == 0


@pytest.mark.parametrize("area, line", [("rural", 2_200_000), ("urban", 2_800_000)])
def test_at_the_line_is_below_it(area: str, line: int) -> None:
    at, past = (
        household(person(), person(), area_class=area, income_wage=float(line * 12 * 2 + more)) for more in (0, 1)
    )
    assert classify(*frames_of(at, past), STANDARD)["proposed_class"].tolist() == ["near_poor", "not_poor"]


def test_one_data_set_under_two_standards() -> None:
    between = household(
        income_wage=1_800_000 * 12.0, internet="no", digital_services="no", waste="dumped", toilet="pit"
    )
    frames = frames_of(between, household())
    classes = {
        one: classify(*frames, load_standard(one))["proposed_class"].tolist() for one in ("nd07-2021", "nd351-2025")
    }
    assert classes == {"nd07-2021": ["not_poor", "not_poor"], "nd351-2025": ["poor", "not_poor"]}
