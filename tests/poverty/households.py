"""Households for the tests: a plain one that is deprived of nothing, and frames made of such dictionaries."""

from __future__ import annotations

from typing import Any

import pandas as pd

from poverty import frames

REVIEW = pd.Timestamp("2026-09-01")

Answers = dict[str, Any]


def person(**answers: Any) -> Answers:
    """A man of 40 at the review date, at work with a contract, insured; `age` sets the birth date to the day."""
    age = answers.pop("age", 40)
    plain: Answers = {
        "birth_date": None if age is None else REVIEW - pd.DateOffset(years=age),
        "sex": "male",
        "attending": "none",
        "qualification": "upper_secondary",
        "job_training": "no",
        "work": "wage",
        "contract": "yes",
        "insured": "yes",
        "allowance": "none",
        "malnourished": "no",
        "nutrition_source": "station",
    }
    return {**plain, **answers}


def household(*members: Answers, **answers: Any) -> Answers:
    """A rural household without any deprivation, far above the line; of one plain person when none is given."""
    plain: Answers = {
        "members": list(members) or [person()],
        "review_date": REVIEW,
        "area_class": "rural",
        "wall": "durable",
        "column": "durable",
        "roof": "durable",
        "floor_area": 200.0,
        "water_source": "tap",
        "toilet": "septic",
        "internet": "yes",
        "digital_services": "yes",
        "waste": "collected",
        "shared_devices": "tv",
        "personal_devices": "smartphone",
        "income_wage": 500_000_000.0,
        "income_farm": 0.0,
        "income_business": 0.0,
        "income_other": 0.0,
    }
    return {**plain, **answers}


def frames_of(*households: Answers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two frames of the contract, interviews named `h0`, `h1`, ... in the order given."""
    keys = pd.Index([f"h{i}" for i in range(len(households))], dtype="string", name="interview_id")
    people = [(f"h{i}", no, member) for i, one in enumerate(households) for no, member in enumerate(one["members"], 1)]
    member_keys = pd.MultiIndex.from_arrays(
        [
            pd.Index([key for key, _, _ in people], dtype="string"),
            pd.Index([no for _, no, _ in people], dtype="int64"),
        ],
        names=["interview_id", "member_no"],
    )
    return (
        _frame(list(households), keys, _HOUSEHOLD_TYPES),
        _frame([member for _, _, member in people], member_keys, _MEMBER_TYPES),
    )


_HOUSEHOLD_TYPES = frames.empty_households().dtypes
_MEMBER_TYPES = frames.empty_members().dtypes


def _frame(rows: list[Answers], index: pd.Index, types: pd.Series) -> pd.DataFrame:
    columns = {name: pd.array([row.get(name) for row in rows], dtype=dtype) for name, dtype in types.items()}
    return pd.DataFrame(columns, index=index)
