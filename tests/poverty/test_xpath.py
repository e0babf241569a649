"""The calculations for the phone, as far as they can be checked without the phone's engine.

That JavaRosa computes from them what `classify` computes is for the parity tests of `forms`; they can take
`every-operator.yaml` as well, which holds every operator of the language.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from poverty import load_standard
from poverty.questions import QUESTIONS
from poverty.xpath import Calculation, calculations

EVERY_OPERATOR = Path(__file__).parent / "every-operator.yaml"
BOTH = pytest.mark.parametrize("name", ["nd07-2021", EVERY_OPERATOR], ids=["nd07-2021", "every-operator"])

#: What the form provides besides the questions of the standard.
GIVEN = {"review_date": "household", "birth_date": "member", "birth_year": "member"}

FUNCTIONS = {
    "if",
    "count",
    "not",
    "selected",
    "count-selected",
    "coalesce",
    "int",
    "number",
    "date",
    "format-date",
    "false",
}


def of(name: str | Path) -> list[Calculation]:
    return calculations(load_standard(name))


def test_names_of_nd07() -> None:
    names = [(c.name, c.scope) for c in of("nd07-2021")]
    assert [name for name, scope in names if scope == "member"] == [
        "birth_day",
        "age",
        *(f"m_d{i:02}" for i in range(1, 7)),
    ]
    assert [name for name, scope in names if scope == "household"] == [
        "review_day",
        "member_count",
        *(f"d{i:02}" for i in range(1, 13)),
        "deprivations_min",
        "deprivations_max",
        "income_low",
        "income_high",
        "below_line",
        "proposed_class",
    ]


@BOTH
def test_each_uses_only_questions_and_calculations_before_it(name: str | Path) -> None:
    known = {**GIVEN, **{q.name: q.scope for q in QUESTIONS.values()}}
    for calculation in of(name):
        referenced = set(re.findall(r"\$\{([^}]*)\}", calculation.expression))
        assert referenced <= set(known), calculation
        if calculation.scope == "household":
            # Outside the repeat what is computed of a member has no single value: it can be counted, no more.
            counted = re.findall(r"count\(\$\{(\w+)\}(?:\[\. = '[01]'\])?\)", calculation.expression)
            named = re.findall(r"\$\{(\w+)\}", calculation.expression)
            of_members = [leaf for leaf in named if known[leaf] == "member"]
            assert sorted(of_members) == sorted(counted), calculation
        assert calculation.name not in known, calculation
        known[calculation.name] = calculation.scope


@BOTH
def test_every_code_compared_is_a_code_of_its_question(name: str | Path) -> None:
    for calculation in of(name):
        pairs = re.findall(r"\$\{(\w+)\} = '([^']*)'", calculation.expression)
        pairs += re.findall(r"selected\(\$\{(\w+)\}, '([^']*)'\)", calculation.expression)
        for codes, leaf in re.findall(r"selected\('([^']*)', \$\{(\w+)\}\)", calculation.expression):
            pairs += [(leaf, code) for code in codes.split()]
        for leaf, code in pairs:
            if leaf in QUESTIONS:
                assert code in QUESTIONS[leaf].known, calculation
            else:
                assert code in ("0", "1"), calculation


@BOTH
def test_expressions_are_well_formed_and_use_what_javarosa_has(name: str | Path) -> None:
    for calculation in of(name):
        bare = re.sub(r"'[^']*'", "''", calculation.expression)
        assert "'" not in bare.replace("''", ""), calculation
        assert bare.count("(") == bare.count(")"), calculation
        assert set(re.findall(r"([a-z-]+)\(", bare)) <= FUNCTIONS, calculation
        assert "==" not in bare, calculation
        assert not re.search(r"\d[eE][-+]?\d", bare), calculation


@BOTH
def test_no_expression_reads_the_phone_s_clock(name: str | Path) -> None:
    for calculation in of(name):
        assert "today" not in calculation.expression
        assert "now" not in re.sub(r"'[^']*'", "", calculation.expression)


@BOTH
def test_numbers_are_bound_as_numbers(name: str | Path) -> None:
    types = {c.name: c.type for c in of(name)}
    assert types["income_low"] == types["income_high"] == "decimal"
    assert types["age"] == types["member_count"] == types["deprivations_min"] == types["deprivations_max"] == "int"


def test_expressions_stay_short_enough_for_a_cheap_phone() -> None:
    assert max(len(c.expression) for c in of("nd07-2021")) < 1_200


def test_a_condition_over_members_that_two_rules_share_is_computed_once() -> None:
    uninsured = [
        c.name
        for c in of(EVERY_OPERATOR)
        if c.expression == "if(${insured} = 'no', '1', if(${insured} = 'yes', '0', ''))"
    ]
    assert uninsured == ["m_o05_2"]


def test_small_numbers_are_written_without_exponent(tmp_path: Path) -> None:
    source = EVERY_OPERATOR.read_text(encoding="utf-8").replace(
        '[0, "<=", income_other]', '[0.00001, "<=", income_other]'
    )
    assert "0.00001" in source
    (tmp_path / "small.yaml").write_text(source, encoding="utf-8")
    expressions = [c.expression for c in of(tmp_path / "small.yaml") if c.name == "o13"]
    assert "0.00001 <= " in expressions[0]
