"""Last year's list, whose households are those of some interviews."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reconciliation import Registry, head_names, write_registry
from tests.server.fieldwork import answers, commune_of


def write_list(path: Path, statuses: dict[str, str], numbers: dict[str, int]) -> Path:
    """A worksheet of last year: household code -> status, and whose interview it will be."""
    codes = list(statuses)
    households = pd.DataFrame(
        {
            "year": pd.array([2025] * len(codes), dtype="Int64"),
            "commune_code": [commune_of(numbers[code]) for code in codes],
            "village_id": [f"{commune_of(numbers[code])}-01" for code in codes],
            "village_name": "Mẫu",
            "status": [statuses[code] for code in codes],
        },
        index=pd.Index(codes, name="household_code"),
    )
    rows = []
    for code in codes:
        for position, member in enumerate(answers(numbers[code])["member"], start=1):
            identity = member["identity"]
            rows.append(
                {
                    "household_code": code,
                    "member_no": position,
                    "full_name": identity["full_name"],
                    "relation": identity["relation"],
                    "sex": identity["sex"],
                    "birth_date": pd.Timestamp(identity["birth_date"]),
                    "birth_year": pd.NA,
                    "cccd": identity["cccd"],
                    "ethnicity": "01",
                }
            )
    members = pd.DataFrame(rows).set_index(["household_code", "member_no"]).astype({"birth_year": "Int64"})
    households["head_name"] = head_names(members)
    write_registry(Registry(households, members, pd.DataFrame(columns=["row", "column", "problem", "rejected"])), path)
    return path
