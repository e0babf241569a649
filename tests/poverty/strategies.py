"""Random households and random expressions, for the properties that hold for all of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import strategies as st

from poverty import expression as ex
from poverty.questions import QUESTIONS, Question, Scope

REVIEWS = [pd.Timestamp(day) for day in ("2026-09-01", "2026-02-28", "2026-03-01", "2024-02-29")]


def answers_to(question: Question, *, unknown: bool = True) -> st.SearchStrategy[Any]:
    """Answers to a question: its codes, and unless told otherwise missing ones, `dk`, and values outside the list."""
    if question.kind == "number":
        amounts = st.sampled_from([0.0, 7.9, 8.0, 16.0, 24.0, 18_000_000.0, 18_000_001.0, 36_000_000.0, 3e9])
        return amounts | st.sampled_from([None, -1.0]) if unknown else amounts
    if question.kind == "multiple":
        codes = [*question.known, "dk", "neighbour"] if unknown else list(question.known)
        chosen = st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True).map(" ".join)
        return chosen | st.none() if unknown else chosen
    known = st.sampled_from(question.known)
    return known | st.sampled_from([None, "dk", "elsewhere"]) if unknown else known


def _births() -> st.SearchStrategy[dict[str, Any]]:
    days = st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2027-01-01").date()).map(pd.Timestamp)
    edges = st.builds(
        lambda review, years, days: review - pd.DateOffset(years=years) + pd.Timedelta(days=days),
        st.sampled_from(REVIEWS),
        st.sampled_from([0, 3, 6, 12, 15, 16, 18, 30, 31]),
        st.integers(-1, 1),
    )
    full = (days | edges).map(lambda day: {"birth_date": day})
    return full | st.integers(1990, 2027).map(lambda year: {"birth_year": year}) | st.just({})


def _row(scope: Scope) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({q.name: answers_to(q) for q in QUESTIONS.values() if q.scope == scope})


members = st.builds(lambda row, birth: {**row, **birth}, _row("member"), _births())

households = st.builds(
    lambda row, people, review: {**row, "members": people, "review_date": review},
    _row("household"),
    st.lists(members, max_size=4),
    st.sampled_from(REVIEWS) | st.none(),
)


def _questions(scope: Scope, kind: str) -> list[Question]:
    return [q for q in QUESTIONS.values() if q.scope == scope and q.kind == kind]


def _codes(question: Question) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(question.known), min_size=1, unique=True).map(tuple)


def _leaf(scope: Scope) -> st.SearchStrategy[ex.Condition]:
    one = st.sampled_from(_questions(scope, "choice")).flatmap(
        lambda q: st.builds(ex.In, st.just(q.name), _codes(q)) | st.just(ex.IsUnknown(q.name))
    )
    if scope == "member":
        return one
    several = st.sampled_from(_questions(scope, "multiple")).flatmap(
        lambda q: st.builds(ex.Selected, st.just(q.name), _codes(q)) | st.just(ex.IsUnknown(q.name))
    )
    return one | several


def conditions(scope: Scope = "household") -> st.SearchStrategy[ex.Condition]:
    """Random conditions of every operator, a few levels deep."""
    operators = st.sampled_from(ex.OPERATORS)

    def deeper(inner: st.SearchStrategy[ex.Condition]) -> st.SearchStrategy[ex.Condition]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        numbers = _numbers(scope, inner)
        return (
            st.builds(ex.AllOf, several)
            | st.builds(ex.AnyOf, several)
            | st.builds(ex.Not, inner)
            | st.builds(ex.Accept, inner, inner)
            | st.builds(ex.Compare, numbers, operators, numbers)
        )

    leaves = _leaf(scope)
    if scope == "household":
        leaves = leaves | st.builds(ex.AnyMember, st.deferred(lambda: conditions("member")))
    return st.recursive(leaves, deeper, max_leaves=6)


def _numbers(scope: Scope, inner: st.SearchStrategy[ex.Condition]) -> st.SearchStrategy[ex.Number]:
    constants = st.sampled_from([0.0, 0.5, 1.0, 2.0, 8.0, 16.0, 18.0]).map(ex.Constant)
    lookups = st.sampled_from(_questions(scope, "choice")).map(
        lambda q: ex.Lookup(q.name, tuple((code, float(i * 4)) for i, code in enumerate(q.known)))
    )
    counts = st.builds(ex.CountOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
    plain: st.SearchStrategy[ex.Number] = constants | lookups | counts
    if scope == "member":
        plain = plain | st.just(ex.Age())
    else:
        where = st.deferred(lambda: conditions("member"))
        plain = (
            plain
            | st.sampled_from(_questions(scope, "number")).map(lambda q: ex.Answer(q.name))
            | st.just(ex.MemberCount())
            | st.builds(ex.CountMembers, where)
            | st.builds(ex.ShareOfMembers, where)
        )
    return (
        plain
        | st.builds(ex.Sum, st.lists(plain, min_size=1, max_size=3).map(tuple))
        | st.builds(ex.Divide, plain, plain)
    )
