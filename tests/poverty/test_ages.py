"""Full years at the review date: birthdays, leap days, years of birth, and what is not known."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from poverty import ages
from tests.poverty.households import frames_of, household, person


def _age(review: str | None, **birth: Any) -> int | None:
    if birth.get("birth_date"):
        birth["birth_date"] = pd.Timestamp(birth["birth_date"])
    when = None if review is None else pd.Timestamp(review)
    homes, members = frames_of(household(person(**{"birth_date": None, **birth}), review_date=when))
    age = ages(members, homes["review_date"]).iloc[0]
    return None if pd.isna(age) else int(age)


@pytest.mark.parametrize("years", [3, 5, 6, 12, 15, 16, 18, 30, 31])
def test_a_year_is_full_on_the_birthday(years: int) -> None:
    assert _age("2026-09-01", birth_date=f"{2026 - years}-08-31") == years
    assert _age("2026-09-01", birth_date=f"{2026 - years}-09-01") == years
    assert _age("2026-09-01", birth_date=f"{2026 - years}-09-02") == years - 1


def test_born_on_29_february() -> None:
    assert _age("2026-02-28", birth_date="2008-02-29") == 17
    assert _age("2026-03-01", birth_date="2008-02-29") == 18
    assert _age("2024-02-29", birth_date="2008-02-29") == 16
    assert _age("2024-02-28", birth_date="2008-02-29") == 15


def test_reviewed_on_29_february() -> None:
    assert _age("2024-02-29", birth_date="2009-03-01") == 14
    assert _age("2024-02-29", birth_date="2009-02-28") == 15


def test_born_on_the_review_date_is_0_and_after_it_unknown() -> None:
    assert _age("2026-09-01", birth_date="2026-09-01") == 0
    assert _age("2026-09-01", birth_date="2026-09-02") is None


def test_a_year_of_birth_alone_counts_from_the_review_year() -> None:
    assert _age("2026-09-01", birth_year=2010) == 16
    assert _age("2026-01-01", birth_year=2010) == 16
    assert _age("2026-09-01", birth_year=2026) == 0
    assert _age("2026-09-01", birth_year=2027) is None


def test_a_full_date_counts_before_the_year() -> None:
    assert _age("2026-09-01", birth_date="2010-09-02", birth_year=1950) == 15


def test_unknown_birth_or_review_date() -> None:
    assert _age("2026-09-01") is None
    assert _age(None, birth_date="2000-01-01") is None
    assert _age(None, birth_year=2000) is None


def test_one_review_date_for_all_and_one_for_each_household() -> None:
    homes, members = frames_of(
        household(person(age=10), person(age=20), review_date=pd.Timestamp("2026-09-01")),
        household(person(age=10), review_date=pd.Timestamp("2030-09-01")),
    )
    assert ages(members, homes["review_date"]).tolist() == [10, 20, 14]
    assert ages(members, pd.Timestamp("2026-08-31")).tolist() == [9, 19, 9]
    assert str(ages(members, homes["review_date"]).dtype) == "Int64"


def test_no_member() -> None:
    homes, members = frames_of()
    assert ages(members, homes["review_date"]).empty
