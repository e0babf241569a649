"""Which answers decided a value, and which missing answers keep one from being decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from poverty import expression as ex
from poverty.questions import Scope
from poverty.standard import Standard
from poverty.vectorised import Evaluator, Mask, Truth


@dataclass(frozen=True)
class Contribution:
    """The answer `question` has a part in the value of the rows in `rows`: households, or members."""

    scope: Scope
    question: str
    rows: Mask


@dataclass(frozen=True)
class _Sides:
    """Rows by what decided them: the number being high, being low, or not being known."""

    high: Mask
    low: Mask
    unknown: Mask

    def swapped(self) -> _Sides:
        return _Sides(self.low, self.high, self.unknown)


def contributions(
    evaluator: Evaluator, node: ex.Condition, rows: Mask, scope: Scope = "household"
) -> Iterator[Contribution]:
    """The answers behind the value of a condition in `rows`.

    Where it is true or false, the answers that made it so (of an `any` that is true, the true conditions alone);
    where it is unknown, the unknown answers that could still settle it. A household without members names `member`.
    """
    value = evaluator.condition(node, scope)
    match node:
        case ex.AllOf(conditions):
            for item in conditions:
                piece = evaluator.condition(item, scope)
                takes_part = value.true | (value.false & piece.false) | (value.unknown & piece.unknown)
                yield from contributions(evaluator, item, rows & takes_part, scope)
        case ex.AnyOf(conditions):
            for item in conditions:
                piece = evaluator.condition(item, scope)
                takes_part = value.false | (value.true & piece.true) | (value.unknown & piece.unknown)
                yield from contributions(evaluator, item, rows & takes_part, scope)
        case ex.Not(condition):
            yield from contributions(evaluator, condition, rows, scope)
        case ex.Accept(inner, when):
            accepted = evaluator.condition(when, scope)
            open_value = evaluator.condition(inner, scope).unknown
            yield from contributions(evaluator, when, rows & (~value.unknown | ~accepted.true), scope)
            yield from contributions(evaluator, inner, rows & (~value.unknown | open_value), scope)
        case ex.In(question) | ex.Selected(question) | ex.IsUnknown(question):
            yield Contribution(scope, question, rows)
        case ex.Compare(left, operator, right):
            upwards = operator in (">", ">=")
            settled = rows & ~value.unknown
            if operator in ("==", "!="):
                sides = _Sides(settled, settled, rows & value.unknown)
            else:
                high = settled & (value.true if upwards else value.false)
                sides = _Sides(high, settled & ~high, rows & value.unknown)
            yield from _of_number(evaluator, left, sides, scope)
            yield from _of_number(evaluator, right, sides.swapped(), scope)
        case ex.AnyMember(where):
            sides = _Sides(rows & value.true, rows & value.false, rows & value.unknown)
            yield from _of_members(evaluator, where, sides)


def _of_number(evaluator: Evaluator, node: ex.Number, sides: _Sides, scope: Scope) -> Iterator[Contribution]:
    everything = sides.high | sides.low | sides.unknown
    match node:
        case ex.Constant():
            return
        case ex.Answer(question) | ex.Lookup(question):
            known = ~evaluator.unknown_answer(question)
            yield Contribution(scope, question, everything & ~(sides.unknown & known))
        case ex.Age():
            rows = everything & ~(sides.unknown & ~evaluator.number(node, "member").unknown)
            for answer, at in evaluator.age_answers().items():
                yield Contribution("member", answer, rows & at)
        case ex.MemberCount():
            yield Contribution("household", "member", everything & ~(sides.unknown & (evaluator.member_count > 0)))
        case ex.Sum(terms):
            for term in terms:
                yield from _of_number(evaluator, term, sides, scope)
        case ex.Divide(numerator, denominator):
            yield from _of_number(evaluator, numerator, sides, scope)
            yield from _of_number(evaluator, denominator, sides.swapped(), scope)
        case ex.CountOf(conditions):
            for item in conditions:
                value = evaluator.condition(item, scope)
                takes_part = (sides.high & value.true) | (sides.low & value.false) | (sides.unknown & value.unknown)
                yield from contributions(evaluator, item, takes_part, scope)
        case ex.CountMembers(where) | ex.ShareOfMembers(where):
            yield from _of_members(evaluator, where, sides)


def _of_members(evaluator: Evaluator, where: ex.Condition, sides: _Sides) -> Iterator[Contribution]:
    yield Contribution("household", "member", sides.unknown & (evaluator.member_count == 0))
    value = evaluator.condition(where, "member")
    of = evaluator.household_of
    takes_part = (sides.high[of] & value.true) | (sides.low[of] & value.false) | (sides.unknown[of] & value.unknown)
    yield from contributions(evaluator, where, takes_part, "member")


def missing_answers(
    households: pd.DataFrame,
    members: pd.DataFrame,
    standard: Standard,
    undetermined: Mask,
    below: Truth,
    enough: Truth,
    deprived: dict[str, Truth],
) -> pd.Series:
    """For the undetermined households, the names of the answers that could settle the class, joined by a space.

    The income's answers where it is not known to be above or below the line; the unknown deprivations' answers
    where they could change the side of the cut. '' for every other household.
    """
    if not undetermined.any():
        return pd.Series("", index=households.index, dtype="str")
    evaluator = Evaluator(households[undetermined], members)
    found: dict[str, Mask] = {}

    def note(condition: ex.Condition, rows: Mask) -> None:
        if not rows.any():
            return
        for part in contributions(evaluator, condition, rows):
            touched = part.rows
            if part.scope == "member":
                touched = np.bincount(evaluator.household_of[part.rows], minlength=len(rows)) > 0
            found[part.question] = found.get(part.question, np.zeros(len(rows), bool)) | touched

    note(standard.income.below_line, below.unknown[undetermined])
    doubtful = enough.unknown[undetermined]
    for rule in standard.rules:
        note(rule.when, doubtful & deprived[rule.id].unknown[undetermined])

    names = np.full(int(undetermined.sum()), "", dtype=object)
    for question, rows in found.items():
        names[rows] += question + " "
    every = np.full(len(households), "", dtype=object)
    every[undetermined] = [name.rstrip() for name in names]
    return pd.Series(every, index=households.index, dtype="str")
