"""The server's back-end of the expression language: whole frames at a time, on numpy arrays.

A condition becomes `Truth` (two masks), a number becomes `Interval` (two arrays of bounds), one entry per household,
or per member inside `members:`. The meaning is written in `poverty.expression`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from poverty import expression as ex
from poverty.ages import full_years
from poverty.questions import QUESTIONS, Question, Scope

Mask = npt.NDArray[np.bool_]
Bounds = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Truth:
    """Three-valued: where `true`, where `false`; where neither, unknown."""

    true: Mask
    false: Mask

    @property
    def unknown(self) -> Mask:
        return ~(self.true | self.false)


@dataclass(frozen=True)
class Interval:
    """All that is known of a number: `low <= number <= high`; `high` is inf where there is no bound."""

    low: Bounds
    high: Bounds

    @property
    def unknown(self) -> Mask:
        return np.not_equal(self.low, self.high)


class Evaluator:
    """Evaluates expressions over a `households` and a `members` frame (`poverty.frames`).

    Members whose interview is not among the households are left out. `household_of` gives each remaining member's row
    among the households; `member_keys` its (interview_id, member_no).
    """

    def __init__(self, households: pd.DataFrame, members: pd.DataFrame) -> None:
        if not households.index.is_unique:
            raise ValueError("households: the index (interview_id) holds the same interview twice")
        positions = _rows_of(members.index, households.index)
        if (positions < 0).any():
            members = members[positions >= 0]
            positions = positions[positions >= 0]
        self.household_of: npt.NDArray[np.intp] = positions
        self.member_keys = members.index
        self._frames: dict[Scope, pd.DataFrame] = {"household": households, "member": members}
        self._sizes: dict[Scope, int] = {"household": len(households), "member": len(members)}
        self._codes: dict[str, Codes] = {}
        self._ages: Interval | None = None
        self.member_count: npt.NDArray[np.int64] = np.bincount(positions, minlength=len(households)).astype(np.int64)

    def condition(self, node: ex.Condition, scope: Scope = "household") -> Truth:
        """Truth of the condition for each row of the scope."""
        match node:
            case ex.AllOf(conditions):
                true, false = np.ones(self._sizes[scope], bool), np.zeros(self._sizes[scope], bool)
                for item in conditions:
                    value = self.condition(item, scope)
                    true &= value.true
                    false |= value.false
                return Truth(true, false)
            case ex.AnyOf(conditions):
                true, false = np.zeros(self._sizes[scope], bool), np.ones(self._sizes[scope], bool)
                for item in conditions:
                    value = self.condition(item, scope)
                    true |= value.true
                    false &= value.false
                return Truth(true, false)
            case ex.Not(condition):
                value = self.condition(condition, scope)
                return Truth(value.false, value.true)
            case ex.Accept(inner, when):
                value, accepted = self.condition(inner, scope), self.condition(when, scope).true
                return Truth(value.true & accepted, value.false & accepted)
            case ex.In(question, codes):
                answered = self.codes(question)
                return _by_code(answered, [code in codes for code in QUESTIONS[question].known])
            case ex.Selected(question, codes):
                return self._selected(question, codes)
            case ex.IsUnknown(question):
                unknown = self.unknown_answer(question)
                return Truth(unknown, ~unknown)
            case ex.Compare(left, operator, right):
                return _compare(self.number(left, scope), operator, self.number(right, scope))
            case ex.AnyMember(where):
                true_members, unknown_members = self.count_members(where)
                return Truth(true_members > 0, (self.member_count > 0) & (true_members + unknown_members == 0))

    def number(self, node: ex.Number, scope: Scope = "household") -> Interval:
        """Interval of the number for each row of the scope."""
        match node:
            case ex.Constant(value):
                bound = np.full(self._sizes[scope], value)
                return Interval(bound, bound)
            case ex.Answer(question):
                answer = self._column(question).to_numpy(dtype="float64", na_value=np.nan)
                known = (answer >= 0) & np.isfinite(answer)
                return Interval(np.where(known, answer, 0.0), np.where(known, answer, np.inf))
            case ex.Age():
                return self._age()
            case ex.MemberCount():
                count = self.member_count.astype(np.float64)
                return Interval(count, np.where(count > 0, count, np.inf))
            case ex.Sum(terms):
                intervals = [self.number(term, scope) for term in terms]
                return Interval(
                    np.sum([interval.low for interval in intervals], axis=0),
                    np.sum([interval.high for interval in intervals], axis=0),
                )
            case ex.Divide(numerator, denominator):
                return _divide(self.number(numerator, scope), self.number(denominator, scope))
            case ex.CountOf(conditions):
                low = np.zeros(self._sizes[scope])
                high = np.full(self._sizes[scope], float(len(conditions)))
                for item in conditions:
                    truth = self.condition(item, scope)
                    low += truth.true
                    high -= truth.false
                return Interval(low, high)
            case ex.CountMembers(where):
                true_members, unknown_members = self.count_members(where)
                most = np.where(self.member_count > 0, true_members + unknown_members, np.inf)
                return Interval(true_members.astype(np.float64), most)
            case ex.ShareOfMembers(where):
                return _divide(self.number(ex.CountMembers(where)), self.number(ex.MemberCount()))
            case ex.Lookup(question, values):
                table = np.array([value for _, value in values])
                answered = self.codes(question)
                return Interval(
                    np.append(table, table.min())[answered],  # code -1, unknown, takes the last entry
                    np.append(table, table.max())[answered],
                )

    def count_members(self, where: ex.Condition) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Per household: members for whom the condition is true, and for whom it is unknown."""
        value = self.condition(where, "member")
        households = self._sizes["household"]
        return (
            np.bincount(self.household_of[value.true], minlength=households),
            np.bincount(self.household_of[value.unknown], minlength=households),
        )

    def codes(self, question: str) -> Codes:
        """Position of each answer in the question's known codes; -1 where missing, `dk` or outside the list."""
        if question not in self._codes:
            self._codes[question] = _encode(self._column(question), QUESTIONS[question])
        return self._codes[question]

    def unknown_answer(self, question: str) -> Mask:
        """Where the answer to a question of any kind is unknown."""
        match QUESTIONS[question].kind:
            case "choice":
                return self.codes(question) < 0
            case "number":
                return self.number(ex.Answer(question)).unknown
            case "multiple":
                return self._selected(question, ()).unknown

    def age_answers(self) -> dict[str, Mask]:
        """Per member, the answer on which the age rests or, where it is unknown, hangs: one of three for each."""
        members = self._frames["member"]
        no_review = self._frames["household"]["review_date"].isna().to_numpy()[self.household_of]
        by_year = (members["birth_date"].isna() & members["birth_year"].notna()).to_numpy() & ~no_review
        return {"review_date": no_review, "birth_year": by_year, "birth_date": ~(no_review | by_year)}

    def _column(self, question: str) -> pd.Series:
        scope = QUESTIONS[question].scope
        self._need(scope, question)
        return self._frames[scope][question]

    def _need(self, scope: Scope, *columns: str) -> None:
        for column in columns:
            if column not in self._frames[scope].columns:
                raise ValueError(f"{scope}s: no column `{column}`, which the standard reads (see poverty/frames.py)")

    def _age(self) -> Interval:
        if self._ages is None:
            self._need("household", "review_date")
            self._need("member", "birth_date", "birth_year")
            members = self._frames["member"]
            review = self._frames["household"]["review_date"].iloc[self.household_of].set_axis(members.index)
            age = full_years(members, review).to_numpy(dtype="float64", na_value=np.nan)
            known = ~np.isnan(age)
            self._ages = Interval(np.where(known, age, 0.0), np.where(known, age, np.inf))
        return self._ages

    def _selected(self, question: str, codes: tuple[str, ...]) -> Truth:
        # Combinations are few whatever the number of households: each is read once.
        positions, answers = pd.factorize(self._column(question))
        known = set(QUESTIONS[question].known)
        chosen = [set(str(answer).split()) for answer in answers]
        true = np.array([bool(given & set(codes)) for given in chosen] + [False])
        false = np.array([bool(given) and given <= known - set(codes) for given in chosen] + [False])
        return Truth(true[positions], false[positions])


def _rows_of(members: pd.Index, households: pd.Index) -> npt.NDArray[np.intp]:
    """Row of each member's household; -1 where there is none."""
    level = members.names.index("interview_id")
    if not isinstance(members, pd.MultiIndex) or len(members.levels[level]) > len(members):
        return households.get_indexer(members.get_level_values(level))
    rows = np.append(households.get_indexer(members.levels[level]), -1)  # each interview is looked up once
    return rows[members.codes[level]]


def _by_code(answered: Codes, holds: list[bool]) -> Truth:
    true = np.array([*holds, False])  # code -1, unknown, takes the last entry
    false = np.array([*(not hold for hold in holds), False])
    return Truth(true[answered], false[answered])


def _encode(answers: pd.Series, question: Question) -> Codes:
    positions, uniques = pd.factorize(answers)
    table = np.append(pd.Index(question.known, dtype="object").get_indexer(pd.Index(uniques, dtype="object")), -1)
    return table[positions].astype(np.int8)


def _divide(numerator: Interval, denominator: Interval) -> Interval:
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(denominator.high > 0, numerator.low / denominator.high, 0.0)
        high = np.where(denominator.low > 0, numerator.high / denominator.low, np.inf)
    return Interval(low, high)


def _compare(left: Interval, operator: ex.Operator, right: Interval) -> Truth:
    match operator:
        case "<":
            return Truth(left.high < right.low, left.low >= right.high)
        case "<=":
            return Truth(left.high <= right.low, left.low > right.high)
        case ">":
            return _compare(right, "<", left)
        case ">=":
            return _compare(right, "<=", left)
        case "==":
            point = (left.low == left.high) & (right.low == right.high) & (left.low == right.low)
            return Truth(point, (left.high < right.low) | (right.high < left.low))
        case "!=":
            equal = _compare(left, "==", right)
            return Truth(equal.false, equal.true)
