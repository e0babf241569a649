"""The closed language in which standards are written: its tree, its parser, its meaning.

**Meaning.** A condition is true, false or *unknown*; a number is an interval `[low, high]` with `0 <= low <= high`.

- An answer is unknown when it is missing, is `dk`, or lies outside the question's list; a number is unknown when it
  is missing or negative, and is then `[0, inf)`. An unknown age (no birth, or born after the review date) is
  `[0, inf)`.
- `all`, `any`, `not` are Kleene's: one false settles `all`, one true settles `any`, whatever else is unknown.
- `compare` is true when it holds for every pair of values of the two intervals, false when it holds for none, else
  unknown.
- `accept` has the value of its condition where its `when` is true, and is unknown wherever that is not true.
- `in` and `selected` are unknown on an unknown answer; `selected` is true as soon as one of its codes is named, even
  beside `dk`. `is_unknown` is true or false, never unknown, and is the one operator whose value can turn when a
  missing answer is filled in.
- `count` is `[number true, number not false]`; `share` is `count` over the number of members. `sum` adds bounds;
  `divide` divides outwards, and has no upper bound where the divisor may be 0. `lookup` of an unknown answer spans its
  least to its greatest value.
- A household without members is one whose members are not known: `any` over them is unknown, counts are `[0, inf)`.

Conditions inside `members:` speak of one member's answers and `age`; conditions outside, of the household's answers.
The grammar with examples is in docs/expression-language.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from poverty.questions import QUESTIONS, Kind, Scope

Operator = Literal["<", "<=", ">", ">=", "==", "!="]
OPERATORS: tuple[Operator, ...] = ("<", "<=", ">", ">=", "==", "!=")


class StandardError(Exception):
    """A standard cannot be used; the message names the file, the place in it, and what is expected there."""


@dataclass(frozen=True)
class AllOf:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    condition: Condition


@dataclass(frozen=True)
class Accept:
    """The value of the condition where `when` is true; unknown elsewhere: an answer whose source is not good enough."""

    value: Condition
    when: Condition


@dataclass(frozen=True)
class In:
    """The answer to a one-choice question is one of the codes."""

    question: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Selected:
    """The answer to a multiple-choice question names at least one of the codes."""

    question: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class IsUnknown:
    question: str


@dataclass(frozen=True)
class Compare:
    left: Number
    operator: Operator
    right: Number


@dataclass(frozen=True)
class AnyMember:
    """At least one member of the household fulfils the condition."""

    where: Condition


@dataclass(frozen=True)
class Constant:
    value: float


@dataclass(frozen=True)
class Answer:
    """The answer to a number question."""

    question: str


@dataclass(frozen=True)
class Age:
    """Full years of a member at the review date."""


@dataclass(frozen=True)
class MemberCount:
    pass


@dataclass(frozen=True)
class Sum:
    terms: tuple[Number, ...]


@dataclass(frozen=True)
class Divide:
    numerator: Number
    denominator: Number


@dataclass(frozen=True)
class CountOf:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class CountMembers:
    where: Condition


@dataclass(frozen=True)
class ShareOfMembers:
    where: Condition


@dataclass(frozen=True)
class Lookup:
    """A number by the answer to a one-choice question; `values` has one entry for each of its known codes."""

    question: str
    values: tuple[tuple[str, float], ...]


Condition = AllOf | AnyOf | Not | Accept | In | Selected | IsUnknown | Compare | AnyMember
Number = Constant | Answer | Age | MemberCount | Sum | Divide | CountOf | CountMembers | ShareOfMembers | Lookup


def parse_condition(source: object, path: str, scope: Scope = "household") -> Condition:
    """Turn the YAML structure of a condition into its tree; `path` (`file: place`) opens every error message."""
    operator, argument = _single(source, path, "a condition", _CONDITIONS)
    return _CONDITIONS[operator](argument, f"{path}.{operator}", scope)


def parse_number(source: object, path: str, scope: Scope = "household") -> Number:
    """Turn the YAML structure of a number (a number, a name, or an operator) into its tree."""
    if isinstance(source, bool) or source is None:
        raise StandardError(f"{path}: expected a number, a name or an operator, found {source!r}")
    if isinstance(source, int | float):
        if not 0 <= source < math.inf:
            raise StandardError(f"{path}: numbers are finite and not negative in this language, found {source}")
        return Constant(float(source))
    if isinstance(source, str):
        return _named_number(source, path, scope)
    operator, argument = _single(source, path, "a number", _NUMBERS)
    return _NUMBERS[operator](argument, f"{path}.{operator}", scope)


def _named_number(name: str, path: str, scope: Scope) -> Number:
    if name == "age":
        if scope != "member":
            raise StandardError(f"{path}: `age` is a member's: write it inside `members:`")
        return Age()
    if name == "member_count":
        _household_only(name, path, scope)
        return MemberCount()
    return Answer(_question(name, path, scope, "number"))


def _single(source: object, path: str, what: str, operators: dict[str, Any]) -> tuple[str, object]:
    known = ", ".join(operators)
    if not isinstance(source, dict) or len(source) != 1:
        raise StandardError(f"{path}: expected {what}: one of {known}, with its argument")
    operator, argument = next(iter(source.items()))
    if operator not in operators:
        raise StandardError(f"{path}.{operator}: unknown operator; {what} is one of {known}")
    return cast(str, operator), argument


def _question(name: object, path: str, scope: Scope, kind: Kind) -> str:
    question = QUESTIONS.get(name) if isinstance(name, str) else None
    if question is None:
        raise StandardError(f"{path}: no question `{name}` in the form (see poverty/frames.py)")
    if question.scope != scope:
        where = "inside" if question.scope == "member" else "outside"
        raise StandardError(f"{path}: `{name}` is a question of the {question.scope}: write it {where} `members:`")
    if question.kind != kind:
        raise StandardError(f"{path}: `{name}` is a {question.kind} question, a {kind} question is needed here")
    return question.name


def _household_only(name: str, path: str, scope: Scope) -> None:
    if scope != "household":
        raise StandardError(f"{path}: `{name}` is the household's: it cannot stand inside `members:`")


def _list(source: object, path: str, what: str) -> list[object]:
    if not isinstance(source, list) or not source:
        raise StandardError(f"{path}: expected a list of {what}, not empty")
    return source


def _conditions(source: object, path: str, scope: Scope) -> tuple[Condition, ...]:
    items = _list(source, path, "conditions")
    return tuple(parse_condition(item, f"{path}[{i}]", scope) for i, item in enumerate(items))


def _accept(source: object, path: str, scope: Scope) -> Condition:
    if not isinstance(source, dict) or set(source) != {"value", "when"}:
        raise StandardError(f"{path}: expected `value:` and `when:`, each with a condition")
    return Accept(
        parse_condition(source["value"], f"{path}.value", scope),
        parse_condition(source["when"], f"{path}.when", scope),
    )


def _members(source: object, path: str, scope: Scope) -> Condition:
    if not isinstance(source, dict) or list(source) != ["members"]:
        raise StandardError(f"{path}: expected `members:` with a condition")
    _household_only("members", path, scope)
    return parse_condition(source["members"], f"{path}.members", "member")


def _any(source: object, path: str, scope: Scope) -> Condition:
    if isinstance(source, dict):
        return AnyMember(_members(source, path, scope))
    return AnyOf(_conditions(source, path, scope))


def _codes(source: object, path: str, scope: Scope, kind: Kind) -> tuple[str, tuple[str, ...]]:
    if not isinstance(source, dict) or len(source) != 1:
        raise StandardError(f"{path}: expected one question with the list of its codes")
    name, codes = next(iter(source.items()))
    question = QUESTIONS[_question(name, path, scope, kind)]
    found = _list(codes, f"{path}.{name}", "codes")
    for i, code in enumerate(found):
        if code not in question.known:
            known = ", ".join(question.known)
            raise StandardError(f"{path}.{name}[{i}]: `{code}` is not an answer to `{name}`; its answers are {known}")
        if code in found[:i]:
            raise StandardError(f"{path}.{name}[{i}]: `{code}` stands twice")
    return question.name, tuple(cast(list[str], found))


def _is_unknown(source: object, path: str, scope: Scope) -> Condition:
    question = QUESTIONS.get(source) if isinstance(source, str) else None
    return IsUnknown(_question(source, path, scope, question.kind if question else "choice"))


def _compare(source: object, path: str, scope: Scope) -> Condition:
    if not isinstance(source, list) or len(source) != 3:
        raise StandardError(f"{path}: expected [number, operator, number]")
    left, operator, right = source
    if operator not in OPERATORS:
        raise StandardError(f"{path}[1]: unknown comparison `{operator}`; one of {' '.join(OPERATORS)}")
    return Compare(
        parse_number(left, f"{path}[0]", scope),
        cast(Operator, operator),
        parse_number(right, f"{path}[2]", scope),
    )


def _sum(source: object, path: str, scope: Scope) -> Number:
    terms = _list(source, path, "numbers")
    return Sum(tuple(parse_number(item, f"{path}[{i}]", scope) for i, item in enumerate(terms)))


def _divide(source: object, path: str, scope: Scope) -> Number:
    if not isinstance(source, list) or len(source) != 2:
        raise StandardError(f"{path}: expected [dividend, divisor]")
    return Divide(parse_number(source[0], f"{path}[0]", scope), parse_number(source[1], f"{path}[1]", scope))


def _per_member(source: object, path: str, scope: Scope) -> Number:
    _household_only("per_member", path, scope)
    return Divide(parse_number(source, path, scope), MemberCount())


def _count(source: object, path: str, scope: Scope) -> Number:
    if isinstance(source, dict):
        return CountMembers(_members(source, path, scope))
    return CountOf(_conditions(source, path, scope))


def _lookup(source: object, path: str, scope: Scope) -> Number:
    if not isinstance(source, dict) or len(source) != 1:
        raise StandardError(f"{path}: expected one question with a number for each of its codes")
    name, values = next(iter(source.items()))
    question = QUESTIONS[_question(name, path, scope, "choice")]
    if not isinstance(values, dict) or set(values) != set(question.known):
        raise StandardError(f"{path}.{name}: expected one number for each of {', '.join(question.known)}")
    for code, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise StandardError(f"{path}.{name}.{code}: expected a finite number, not negative, found {value!r}")
    return Lookup(question.name, tuple((code, float(values[code])) for code in question.known))


_CONDITIONS: dict[str, Callable[[object, str, Scope], Condition]] = {
    "all": lambda source, path, scope: AllOf(_conditions(source, path, scope)),
    "any": _any,
    "not": lambda source, path, scope: Not(parse_condition(source, path, scope)),
    "accept": _accept,
    "in": lambda source, path, scope: In(*_codes(source, path, scope, "choice")),
    "selected": lambda source, path, scope: Selected(*_codes(source, path, scope, "multiple")),
    "is_unknown": _is_unknown,
    "compare": _compare,
}

_NUMBERS: dict[str, Callable[[object, str, Scope], Number]] = {
    "sum": _sum,
    "divide": _divide,
    "per_member": _per_member,
    "count": _count,
    "share": lambda source, path, scope: ShareOfMembers(_members(source, path, scope)),
    "lookup": _lookup,
}
