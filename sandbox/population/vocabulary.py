"""The codes of the answers, the lines and the dates: written down a second time, as an independent witness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]

REVIEW_YEAR = 2026
REVIEW_DATE = np.datetime64("2026-09-01", "D")
ROUND_ID = "2026"
#: Đồng per person and month (Article 3, Decree 07/2021).
INCOME_LINE = {"rural": 1_500_000, "urban": 2_000_000}

DEPRIVATIONS = tuple(f"d{number:02d}" for number in range(1, 13))
CLASSES = ("poor", "near_poor", "not_poor", "undetermined")
POOR, NEAR_POOR, NOT_POOR, UNDETERMINED = range(4)

YES_NO = ("yes", "no", "dk")
DURABLE = ("durable", "not_durable", "dk")
HOUSEHOLD_CODES: dict[str, tuple[str, ...]] = {
    "wall": DURABLE,
    "column": DURABLE,
    "roof": DURABLE,
    "water_source": (
        *("tap", "borehole", "protected_well", "protected_spring", "rain", "bottled"),
        *("unprotected_well", "unprotected_spring", "surface", "other", "dk"),
    ),
    "toilet": ("septic", "pour_flush", "vip", "two_vault", "pit", "other", "none", "dk"),
    "internet": YES_NO,
}
#: Of what no deprivation rests on.
WIDER_CODES: dict[str, tuple[str, ...]] = {
    "waste": ("collected", "treated", "burned", "dumped", "other", "dk"),
    "digital_services": YES_NO,
    "tap_water_wish": YES_NO,
    "electricity": YES_NO,
    "paved_road": YES_NO,
    "training_wish": YES_NO,
}
RELATIONS = ("head", "spouse", "child", "parent", "grandchild", "sibling", "child_in_law", "other")
HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING, CHILD_IN_LAW, OTHER = range(8)
MEMBER_CODES: dict[str, tuple[str, ...]] = {
    "attending": (
        *("none", "preschool", "primary", "lower_secondary", "upper_secondary"),
        *("vocational", "higher", "training_course", "dk"),
    ),
    "qualification": (
        *("none", "primary", "lower_secondary", "upper_secondary"),
        *("elementary", "intermediate", "college", "university", "dk"),
    ),
    "job_training": YES_NO,
    "work": ("wage", "self_employed", "family", "unemployed", "student", "home", "unable", "dk"),
    "contract": YES_NO,
    "insured": YES_NO,
    "allowance": ("none", "elderly", "disability", "other", "dk"),
    "malnourished": YES_NO,
    "nutrition_source": ("station", "measured", "mother"),
    "disability": YES_NO,
    "able_to_work": YES_NO,
}
INCOME_SOURCES = ("income_wage", "income_farm", "income_business", "income_other")


def text(words: Sequence[str], codes: npt.NDArray[Any]) -> pd.api.extensions.ExtensionArray:
    """`words[code]` for every code as a pandas string array; code -1 becomes NA."""
    return pd.array(list(words), dtype="string").take(np.asarray(codes, dtype=np.intp), allow_fill=True)


def draw(rng: np.random.Generator, weights: Mapping[Any, float], size: int) -> npt.NDArray[Any]:
    """`size` independent draws of the keys of `weights` (which need not sum to one)."""
    keys = np.array(list(weights))
    share = np.array(list(weights.values()), dtype=float)
    return keys[rng.choice(len(keys), size=size, p=share / share.sum())]


def apportion(total: int, weights: Floats) -> Ints:
    """Whole numbers that sum to `total`, in proportion to `weights` (largest remainders)."""
    exact = total * weights / weights.sum()
    whole: Ints = np.floor(exact).astype(np.int64)
    largest = np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]
    whole[largest] += 1
    return whole
