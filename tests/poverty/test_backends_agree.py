"""The vectorised back-end against the plain interpreter, on random expressions and random answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poverty import expression as ex
from poverty import load_standard
from poverty.standard import Standard
from poverty.vectorised import Evaluator
from tests.poverty import interpreter, strategies
from tests.poverty.households import frames_of

RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))

SOME_HOUSEHOLDS = st.lists(strategies.households, min_size=1, max_size=4)


def _values(evaluator: Evaluator, condition: ex.Condition) -> list[bool | None]:
    value = evaluator.condition(condition)
    assert not (value.true & value.false).any()
    return [True if true else False if false else None for true, false in zip(value.true, value.false, strict=True)]


@RELAXED
@given(strategies.conditions(), SOME_HOUSEHOLDS)
def test_any_condition_means_the_same(condition: ex.Condition, households: list[dict[str, Any]]) -> None:
    evaluator = Evaluator(*frames_of(*households))
    assert _values(evaluator, condition) == [interpreter.truth(condition, one) for one in households]


@pytest.mark.parametrize("name", ["nd07-2021", Path(__file__).parent / "every-operator.yaml"], ids=str)
def test_every_rule_of_a_standard_means_the_same(name: str | Path) -> None:
    standard = load_standard(name)

    @RELAXED
    @given(SOME_HOUSEHOLDS)
    def check(households: list[dict[str, Any]]) -> None:
        _check_standard(standard, households)

    check()


def _check_standard(standard: Standard, households: list[dict[str, Any]]) -> None:
    evaluator = Evaluator(*frames_of(*households))
    for rule in standard.rules:
        expected = [interpreter.truth(rule.when, one) for one in households]
        assert _values(evaluator, rule.when) == expected, rule.id
    income = evaluator.number(standard.income.value)
    expected_income = [interpreter.number(standard.income.value, one) for one in households]
    np.testing.assert_allclose(income.low, [low for low, _ in expected_income])
    np.testing.assert_allclose(income.high, [high for _, high in expected_income])


def test_the_test_standard_has_every_operator() -> None:
    standard = load_standard(Path(__file__).parent / "every-operator.yaml")
    found: set[type] = set()

    def walk(node: object) -> None:
        if isinstance(node, tuple):
            for part in node:
                walk(part)
        elif type(node).__module__ == ex.__name__:
            found.add(type(node))
            for value in vars(node).values():
                walk(value)

    for rule in standard.rules:
        walk(rule.when)
    operators = set(ex.Condition.__args__) | set(ex.Number.__args__)
    assert found == operators
