"""The proposed class of each household (kết quả tạm tính); the official status is the commune's decision."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from poverty.attribution import missing_answers
from poverty.standard import Standard
from poverty.vectorised import Evaluator, Truth

Method = Literal["declared_income", "score"]

#: Why the method `score` gives no class.
B1_NOT_LOADED = "B1 table not loaded"


def classify(
    households: pd.DataFrame,
    members: pd.DataFrame,
    standard: Standard,
    method: Method = "declared_income",
) -> pd.DataFrame:
    """Classify households (frames of `poverty.frames`) under a standard.

    Returns one row per household, on the households' index, with
    `member_count` (Int64); one column per rule, `d01`... ("boolean": deprived, NA = unknown); `deprivations_min`,
    `deprivations_max` (Int64: those known, and those not excluded); `income_low`, `income_high` (Float64, đồng per
    person and month; NA in `income_high` = no upper bound known); `below_line` ("boolean"); `proposed_class` (poor,
    near_poor, not_poor, undetermined); `method`; `provisional` (the class rests on a rule or figure that is not
    official); `missing` (names of the answers that could change the class, joined by a space; '' when
    determined); `reason` (why nothing was determined although no answer is missing; '' otherwise).

    The method `score` (B1 and B2) leaves every household undetermined: the B1 table is not loaded.
    Raises ValueError when a frame lacks a column that the standard reads.
    """
    if method not in ("declared_income", "score"):
        raise ValueError(f"method: `{method}` is neither declared_income nor score")
    evaluator = Evaluator(households, members)
    deprived = {rule.id: evaluator.condition(rule.when) for rule in standard.rules}
    least = _count([value.true for value in deprived.values()], len(households))
    most = len(deprived) - _count([value.false for value in deprived.values()], len(households))
    income = evaluator.number(standard.income.value)
    below = evaluator.condition(standard.income.below_line)

    enough = Truth(least >= standard.cut, most < standard.cut)
    if method == "declared_income":
        conditions = [below.false, below.true & enough.true, below.true & enough.false]
        proposed = np.select(conditions, ["not_poor", "poor", "near_poor"], "undetermined")
    else:
        proposed = np.full(len(households), "undetermined")

    result = pd.DataFrame({"member_count": pd.array(evaluator.member_count, "Int64")}, index=households.index)
    for rule_id, value in deprived.items():
        result[rule_id] = _boolean(value)
    result["deprivations_min"] = pd.array(least, "Int64")
    result["deprivations_max"] = pd.array(most, "Int64")
    result["income_low"] = pd.array(income.low, "Float64")
    result["income_high"] = pd.array(np.where(np.isinf(income.high), np.nan, income.high), "Float64")
    result["below_line"] = _boolean(below)
    result["proposed_class"] = pd.array(proposed, "str")
    result["method"] = pd.array([method] * len(households), "str")
    result["provisional"] = standard.provisional
    if method == "declared_income":
        undetermined = proposed == "undetermined"
        result["missing"] = missing_answers(households, members, standard, undetermined, below, enough, deprived)
        result["reason"] = pd.array([""] * len(households), "str")
    else:
        result["missing"] = pd.array([""] * len(households), "str")
        result["reason"] = pd.array([B1_NOT_LOADED] * len(households), "str")
    return result


def _count(masks: list[np.ndarray], size: int) -> np.ndarray:
    total = np.zeros(size, np.int64)
    for mask in masks:
        total += mask
    return total


def _boolean(value: Truth) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(value.true, value.unknown)
