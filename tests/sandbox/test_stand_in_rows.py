"""Invariants of the stand-in's reading: any cut XML gives a whole row, and filters mean what they say."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.central import xml
from sandbox.central.diffs import changes
from sandbox.central.errors import Problem
from sandbox.central.instance import odata_name, render, rendered, schema_of
from sandbox.central.odata_filter import SUBMISSION_COLUMNS, filter_clause, order_clause

FIELDS = [
    {"path": path, "name": path.rpartition("/")[2], "type": kind, "binary": None}
    for path, kind in {
        "/village": "string",
        "/home": "structure",
        "/home/rooms": "int",
        "/home/where": "geopoint",
        "/member": "repeat",
        "/member/age": "int",
        "/member/income": "decimal",
    }.items()
]
SCHEMA = schema_of(FIELDS)
TEXT = (
    '<data id="f" version="1"><village>Thôn &amp; xóm</village><home><rooms>3</rooms><where>20.9 106.05 12 4.5</where>'
    "</home><member><age>41</age><income>12.50</income></member><member><age>x</age><income/></member></data>"
)


@given(st.integers(0, len(TEXT)))
def test_any_cut_gives_a_whole_row(cut: int) -> None:
    root = xml.read(TEXT[:cut])
    if root is None:
        assert cut <= TEXT.index(">")
        return
    head, tail = render(root, SCHEMA, "uuid:1", expand=True)
    assert list(head) == ["village", "home", "__id"]
    assert list(head["home"]) == ["rooms", "where"]
    assert all(list(bag) == ["age", "income", "__id"] for bag in tail.get("member", []))
    first, last = rendered(root, SCHEMA, "uuid:1")
    assert orjson.loads(first + ',"__system":null' + last) == {**head, "__system": None, **tail}


def test_the_row() -> None:
    root = xml.read(TEXT)
    assert root is not None
    head, tail = render(root, SCHEMA, "uuid:1", expand=True)
    point = {"type": "Point", "coordinates": [106.05, 20.9, 12], "properties": {"accuracy": 4.5}}
    assert head == {"village": "Thôn & xóm", "home": {"rooms": 3, "where": point}, "__id": "uuid:1"}
    assert [(bag["age"], bag["income"]) for bag in tail["member"]] == [(41, 12.5), (None, None)]


@given(st.text("abcXYZ019_-. é", min_size=1))
def test_names_fit_odata(name: str) -> None:
    assert odata_name(name).isascii()
    assert odata_name(name).replace("_", "a").isalnum()
    assert not odata_name(name)[0].isdigit()
    assert odata_name(odata_name(name)) == odata_name(name)


VALUES = ["approved", "rejected", None]
comparisons = st.tuples(
    st.sampled_from(["__system/reviewState", "__id"]),
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
    st.sampled_from([*VALUES, "hasIssues"]),
)
expressions: Any = st.recursive(
    comparisons,
    lambda inner: st.one_of(st.tuples(st.just("not"), inner), st.tuples(inner, st.sampled_from(["and", "or"]), inner)),
    max_leaves=6,
)


def written(expression: Any) -> str:
    if expression[0] == "not":
        return f"not ({written(expression[1])})"
    if expression[1] in ("and", "or"):
        return f"({written(expression[0])}) {expression[1]} ({written(expression[2])})"
    literal = "null" if expression[2] is None else f"'{expression[2]}'"
    return f"{expression[0]} {expression[1]} {literal}"


def holds(expression: Any, row: dict[str, str | None]) -> bool | None:
    """SQL's three values: comparing with nothing is unknown, but eq and ne take null as a value."""
    if expression[0] == "not":
        value = holds(expression[1], row)
        return None if value is None else not value
    if expression[1] in ("and", "or"):
        both = {holds(expression[0], row), holds(expression[2], row)}
        decisive = expression[1] == "or"
        return decisive if decisive in both else None if None in both else not decisive
    value, operator, other = row[expression[0]], expression[1], expression[2]
    if operator in ("eq", "ne"):
        return (value == other) == (operator == "eq")
    if value is None or other is None:
        return None
    return {"lt": value < other, "le": value <= other, "gt": value > other, "ge": value >= other}[operator]


@given(expressions)
def test_filters_mean_what_they_say(expression: Any) -> None:
    rows = [{"__system/reviewState": state, "__id": identity} for state in VALUES for identity in ("approved", "b")]
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE s (reviewState, instanceId, deletedAt)")
    db.executemany("INSERT INTO s VALUES (?, ?, NULL)", [tuple(row.values()) for row in rows])
    clause = filter_clause(written(expression), SUBMISSION_COLUMNS)
    found = db.execute(f"SELECT rowid FROM s WHERE {clause.sql}", clause.values).fetchall()
    db.close()
    assert [number for (number,) in found] == [number for number, row in enumerate(rows, 1) if holds(expression, row)]


@given(st.text("()'_/ aeqndort09", max_size=20))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    try:
        outcome = filter_clause(text, SUBMISSION_COLUMNS).sql
    except Problem as problem:
        outcome = problem.code
    assert outcome in ("400.18", "501.5") or "s.deletedAt IS NULL" in outcome


@pytest.mark.parametrize(
    ("literal", "kept"),
    [
        ("2026-09-15T01:00:00.123Z", {"ge": 2, "gt": 1, "eq": 1}),
        ("2026-09-15T08:00:00.123+07:00", {"ge": 2, "gt": 1, "eq": 1}),
        ("2026-09-15T01:00:00.1234Z", {"ge": 1, "gt": 1, "eq": 0}),
        ("2026-09-15", {"ge": 2, "gt": 2, "eq": 0}),
    ],
)
def test_dates_are_compared_as_moments(literal: str, kept: dict[str, int]) -> None:
    """Rows at .123 and .124 s: how many each comparison keeps."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE s (createdAt, deletedAt)")
    dates = ["2026-09-15T01:00:00.123Z", "2026-09-15T01:00:00.124Z"]
    db.executemany("INSERT INTO s VALUES (?, NULL)", [(date,) for date in dates])
    found = {}
    for operator in kept:
        clause = filter_clause(f"__system/submissionDate {operator} {literal}", SUBMISSION_COLUMNS)
        found[operator] = len(db.execute(f"SELECT 1 FROM s WHERE {clause.sql}", clause.values).fetchall())
    db.close()
    assert found == kept


def test_orders() -> None:
    order = order_clause("__system/updatedAt desc,__id", SUBMISSION_COLUMNS, "default", "s.id")
    assert order == "s.updatedAt desc, s.instanceId asc, s.id desc"
    assert order_clause(None, SUBMISSION_COLUMNS, "default", "s.id") == "default"
    for text in ("village", "__system/updatedAt sideways"):
        with pytest.raises(Problem, match="not supported"):
            order_clause(text, SUBMISSION_COLUMNS, "default", "s.id")


def test_no_difference_between_a_text_and_itself() -> None:
    assert changes(TEXT, TEXT, SCHEMA) == []


def test_rows_added_and_removed() -> None:
    added = TEXT.replace("</member></data>", "</member><member><age>9</age></member></data>")
    assert changes(TEXT, added, SCHEMA) == [{"new": {"age": "9"}, "path": [["member", 2]]}]
    assert changes(added, TEXT, SCHEMA) == [{"old": {"age": "9"}, "path": [["member", 2]]}]
