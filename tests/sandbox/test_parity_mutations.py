"""Faults planted in one of the two back-ends: parity sees each of them. Nothing is planted: it sees nothing.

The phones fill the form once, for the households of the whole comparison; every fault is then planted in the server's
side and compared again, over those of the first review date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from poverty import expression as ex
from poverty import load_standard, vectorised
from poverty.ages import full_years
from poverty.standard import SHIPPED, Standard
from poverty.vectorised import Evaluator, Interval, Truth
from sandbox.parity import phones
from sandbox.parity.check import Parity, compare_filled, fill_shares
from sandbox.parity.compare import compare
from sandbox.parity.phones import Sent
from sandbox.parity.thresholds import nodes

pytestmark = pytest.mark.slow

EXAMPLE = SHIPPED / "examples" / "province-stricter.yaml"
#: Standards and how many households are filled in under each.
STANDARDS = {"nd07": ("nd07-2021", 1_000), "nd351": ("nd351-2025", 480), "province": (EXAMPLE, 480)}
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Filled:
    """The whole comparison; and of its first review date what the phones sent, and the frames a server makes of it."""

    standard: Standard
    asked_for: int
    parity: Parity
    sent: Sent
    households: pd.DataFrame
    members: pd.DataFrame


@pytest.fixture(scope="module", params=STANDARDS.values(), ids=STANDARDS.keys())
def filled(request: pytest.FixtureRequest) -> Filled:
    name, asked_for = request.param
    standard = load_standard(name)
    shares = list(fill_shares(standard, asked_for))
    sent = shares[0].sent
    return Filled(standard, asked_for, compare_filled(standard, shares), sent, *phones.received(sent))


def caught(filled: Filled, standard: Standard | None = None) -> set[str]:
    """Names of the values on which the two sides differ, the server's under its own standard or another."""
    _, found = compare(filled.sent, filled.households, filled.members, standard or filled.standard)
    return {one.name for one in found}


def test_phone_and_server_agree(filled: Filled) -> None:
    assert (filled.parity.households, filled.parity.mismatches) == (filled.asked_for, ())
    assert filled.parity.values > filled.asked_for * 20


def test_without_a_fault_nothing_differs(filled: Filled) -> None:
    assert caught(filled) == set()


def _compare_inclusive(patch: Patch) -> None:
    """`<` taken for `<=`."""
    real = vectorised._compare
    patch.setattr(vectorised, "_compare", lambda left, op, right: real(left, "<=" if op == "<" else op, right))


def _compare_strict(patch: Patch) -> None:
    """`<=` taken for `<`: the line itself is above the line."""
    real = vectorised._compare
    patch.setattr(vectorised, "_compare", lambda left, op, right: real(left, "<" if op == "<=" else op, right))


def _swap(patch: Patch, kind: type, other: type) -> None:
    real = Evaluator.condition

    def condition(self: Evaluator, node: ex.Condition, scope: Any = "household") -> Truth:
        return real(self, other(node.conditions) if isinstance(node, kind) else node, scope)  # type: ignore[attr-defined]

    patch.setattr(Evaluator, "condition", condition)


def _all_for_any(patch: Patch) -> None:
    """`any` taken for `all`."""
    _swap(patch, ex.AnyOf, ex.AllOf)


def _any_for_all(patch: Patch) -> None:
    """`all` taken for `any`."""
    _swap(patch, ex.AllOf, ex.AnyOf)


def _unknown_is_no(patch: Patch) -> None:
    """A missing answer taken for one that is not among the codes."""
    real = vectorised._by_code

    def by_code(answered: Any, holds: list[bool]) -> Truth:
        value = real(answered, holds)
        return Truth(value.true, ~value.true)

    patch.setattr(vectorised, "_by_code", by_code)


def _any_source_counts(patch: Patch) -> None:
    """`accept` without its `when`: the mother's word counts."""
    real = Evaluator.condition

    def condition(self: Evaluator, node: ex.Condition, scope: Any = "household") -> Truth:
        return real(self, node.value if isinstance(node, ex.Accept) else node, scope)

    patch.setattr(Evaluator, "condition", condition)


def _age_of_birthday_missed(patch: Patch) -> None:
    """A year is full only on the day after the birthday."""
    real = full_years

    def later(members: pd.DataFrame, review_date: pd.Series) -> pd.Series:
        return real(members, pd.to_datetime(review_date) - pd.Timedelta(days=1))

    patch.setattr(vectorised, "full_years", later)


def _year_only_completed(patch: Patch) -> None:
    """Of who knows the year alone, one year less."""
    real = full_years

    def later(members: pd.DataFrame, review_date: pd.Series) -> pd.Series:
        age = real(members, review_date)
        return age.mask(members["birth_date"].isna(), age - 1)

    patch.setattr(vectorised, "full_years", later)


def _unknown_age_is_nought(patch: Patch) -> None:
    """An unknown age taken for 0."""
    real = Evaluator._age

    def age(self: Evaluator) -> Interval:
        found = real(self)
        return Interval(found.low, np.where(np.isinf(found.high), found.low, found.high))

    patch.setattr(Evaluator, "_age", age)


def _wrong_line(patch: Patch) -> None:
    """The line of the other area."""
    real = Evaluator.number

    def number(self: Evaluator, node: ex.Number, scope: Any = "household") -> Interval:
        if isinstance(node, ex.Lookup):
            codes, amounts = zip(*node.values, strict=True)
            node = ex.Lookup(node.question, tuple(zip(codes, reversed(amounts), strict=True)))
        return real(self, node, scope)

    patch.setattr(Evaluator, "number", number)


def _missing_income_is_none(patch: Patch) -> None:
    """A missing amount taken for 0."""
    real = Evaluator.number

    def number(self: Evaluator, node: ex.Number, scope: Any = "household") -> Interval:
        found = real(self, node, scope)
        return Interval(found.low, found.low) if isinstance(node, ex.Answer) else found

    patch.setattr(Evaluator, "number", number)


def _unknown_members_left_out(patch: Patch) -> None:
    """Members of whom a condition is unknown counted as not fulfilling it."""
    real = Evaluator.count_members

    def count_members(self: Evaluator, where: ex.Condition) -> Any:
        true, unknown = real(self, where)
        return true, np.zeros_like(unknown)

    patch.setattr(Evaluator, "count_members", count_members)


def _one_member_fewer(patch: Patch) -> None:
    """Divided by one member fewer, as when the head is not counted."""
    real = Evaluator.__init__

    def init(self: Evaluator, households: pd.DataFrame, members: pd.DataFrame) -> None:
        real(self, households, members)
        self.member_count = np.maximum(self.member_count - 1, 1)

    patch.setattr(Evaluator, "__init__", init)


FAULTS: list[Callable[[Patch], None]] = [
    _compare_inclusive,
    _compare_strict,
    _all_for_any,
    _any_for_all,
    _unknown_is_no,
    _any_source_counts,
    _age_of_birthday_missed,
    _year_only_completed,
    _unknown_age_is_nought,
    _wrong_line,
    _missing_income_is_none,
    _unknown_members_left_out,
    _one_member_fewer,
]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_a_fault_in_the_server_s_back_end_is_caught(
    filled: Filled, plant: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    assert caught(filled)


def _with(node: Any, old: ex.Compare, new: ex.Compare) -> Any:
    """The expression with one comparison (that very object) exchanged."""
    if node is old:
        return new
    if isinstance(node, tuple):
        return tuple(_with(part, old, new) for part in node)
    if is_dataclass(node) and not isinstance(node, type):
        changes = {field.name: _with(getattr(node, field.name), old, new) for field in fields(node)}
        return replace(node, **changes)
    return node


_BESIDE: dict[ex.Operator, ex.Operator] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def test_households_stand_at_and_just_past_every_threshold(filled: Filled) -> None:
    """Each comparison of each rule with its threshold let in or out: phone and server then differ in that rule."""
    standard = filled.standard
    missed = []
    tried = 0
    for position, rule in enumerate(standard.rules):
        for compare_node in [node for node in nodes(rule.when) if isinstance(node, ex.Compare)]:
            beside = replace(compare_node, operator=_BESIDE[compare_node.operator])
            changed = replace(rule, when=_with(rule.when, compare_node, beside))
            others = standard.rules[:position], standard.rules[position + 1 :]
            names = caught(filled, replace(standard, rules=(*others[0], changed, *others[1])))
            tried += 1
            if not names & {rule.id, f"m_{rule.id}"}:
                missed.append((rule.id, compare_node))
    assert tried >= 17
    # The province's 10 m² hold wherever the national 8 m² do: there the national threshold makes no difference.
    floor = ex.Divide(ex.Answer("floor_area"), ex.MemberCount())
    covered = [("d08", ex.Compare(floor, "<", ex.Constant(8.0)))] if standard.based_on else []
    assert missed == covered
