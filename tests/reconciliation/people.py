"""Small frames written by hand for the tests of this package."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reconciliation import Registry, head_names
from reconciliation.registry import HOUSEHOLD_COLUMNS, MEMBER_COLUMNS


def members_of(index: str, people: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """Members by (`index`, member_no); a person is a dict of some of the member columns."""
    rows = [
        {index: household, "member_no": number, **dict.fromkeys(MEMBER_COLUMNS), **person}
        for household, persons in people.items()
        for number, person in enumerate(persons, start=1)
    ]
    frame = pd.DataFrame(rows).set_index([index, "member_no"])
    frame["birth_date"] = pd.to_datetime(frame["birth_date"])
    frame["birth_year"] = frame["birth_year"].astype("Int64")
    text = ["full_name", "relation", "sex", "cccd", "ethnicity"]
    return frame.astype(dict.fromkeys(text, "str"))


def registry_of(people: dict[str, list[dict[str, Any]]], **columns: dict[str, str]) -> Registry:
    """A registry of 2025 with `columns` (village_id, status, commune_code) given by household code."""
    members = members_of("household_code", people)
    households = pd.DataFrame(index=pd.Index(list(people), dtype="str", name="household_code"))
    households["year"] = pd.Series(2025, index=households.index, dtype="Int64")
    defaults = {"commune_code": "11953", "village_id": "V1", "village_name": "Thôn 1", "status": "poor"}
    for column, default in defaults.items():
        given = columns.get(column, {})
        households[column] = pd.Series(
            [given.get(code, default) for code in people], index=households.index, dtype="str"
        )
    households["head_name"] = head_names(members)
    problems = pd.DataFrame(columns=["row", "column", "problem", "rejected"])
    return Registry(households[HOUSEHOLD_COLUMNS], members, problems)


def interviews_of(
    people: dict[str, list[dict[str, Any]]], **columns: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Households (village_id, household_code) and members frames of interviews."""
    households = pd.DataFrame(index=pd.Index(list(people), dtype="str", name="interview_id"))
    for column, default in {"village_id": "V1", "household_code": None}.items():
        given = columns.get(column, {})
        households[column] = pd.Series([given.get(key, default) for key in people], index=households.index, dtype="str")
    return households, members_of("interview_id", people)
