"""`$filter` and `$orderby` of Central's OData: a small expression language, turned into SQL.

Only `__id` and members of `__system` may be named (501.5 otherwise); text that does not parse is 400.18.
Grammar: or, and, not, parentheses; eq ne lt le gt ge; literals null, true, false, numbers, dates and 'text';
functions year month day hour minute second of a date. (`now()` parses but fails in Central, so it is not here.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import Problem

SUBMISSION_COLUMNS = {
    "__id": "s.instanceId",
    "__system/submissionDate": "s.createdAt",
    "__system/updatedAt": "s.updatedAt",
    "__system/deletedAt": "s.deletedAt",
    "__system/submitterId": "s.submitterId",
    "__system/reviewState": "s.reviewState",
}
ENTITY_COLUMNS = {
    "__id": "e.uuid",
    "__system/createdAt": "e.createdAt",
    "__system/updatedAt": "e.updatedAt",
    "__system/deletedAt": "e.deletedAt",
    "__system/creatorId": "e.creatorId",
    "__system/conflict": "e.conflict",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\$?[A-Za-z_][\w/]*)|(?P<mark>[()]))"
)
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_PARTS = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S"}


@dataclass(frozen=True)
class Clause:
    """SQL with its values; `names_deleted` when the expression speaks of `__system/deletedAt`."""

    sql: str
    values: list[Any] = field(default_factory=list)
    names_deleted: bool = False


def filter_clause(text: str | None, columns: Mapping[str, str]) -> Clause:
    """The WHERE clause of a `$filter`. Deleted rows stay out unless the filter names `__system/deletedAt`."""
    hidden = f"{columns['__system/deletedAt']} IS NULL"
    if text is None:
        return Clause(hidden)
    parser = _Parser(text, columns)
    sql = parser.parse()
    if parser.unknown is not None:
        raise parser.unknown
    if not parser.names_deleted:
        sql = f"({sql}) AND {hidden}"
    return Clause(sql, parser.values, parser.names_deleted)


def order_clause(text: str | None, columns: Mapping[str, str], default: str, stable: str) -> str:
    """ORDER BY of an `$orderby`; nulls first when ascending, last when descending."""
    if text is None:
        return default
    parts = []
    last = ""
    for item in text.split(","):
        name, _, direction = item.strip().partition(" ")
        direction = direction.strip().lower() or "asc"
        unknown = name if name not in columns else direction if direction not in ("asc", "desc") else None
        if unknown is not None:
            raise unsupported_field(unknown)
        parts.append(f"{columns[name]} {direction}")
        last = last or direction
    return ", ".join([*parts, f"{stable} {last}"])


def unsupported_field(text: str, at: int | None = None) -> Problem:
    place = "" if at is None else f" at {at}"
    details: dict[str, Any] = {"text": text} if at is None else {"at": at, "text": text}
    message = f"The given OData filter expression references fields not supported by this server: {text}{place}"
    return Problem("501.5", message, details)


def _timestamp(text: str) -> str | None:
    """A date literal as this server stores dates; None when the text is not one.

    Stored dates have milliseconds; a finer literal gets a "~", which sorts between one millisecond and the next.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + ("~" if moment.microsecond % 1000 else "Z")


class _Parser:
    def __init__(self, text: str, columns: Mapping[str, str]) -> None:
        self.text = text
        self.columns = columns
        self.at = 0
        self.values: list[Any] = []
        self.names_deleted = False
        self.unknown: Problem | None = None  # told only when the whole expression could be read

    def fail(self, at: int | None = None) -> Problem:
        reason = f"Unexpected character at {self.at if at is None else at}"
        message = f"The OData filter expression you provided could not be parsed: {reason}"
        return Problem("400.18", message, {"reason": reason})

    def peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def take(self) -> re.Match[str]:
        token = self.peek()
        if token is None:
            raise self.fail()
        self.at = token.end()
        return token

    def word(self, *words: str) -> str | None:
        token = self.peek()
        if token is not None and token["name"] in words:
            self.at = token.end()
            return token["name"]
        return None

    def mark(self, sign: str) -> bool:
        token = self.peek()
        if token is not None and token["mark"] == sign:
            self.at = token.end()
            return True
        return False

    def parse(self) -> str:
        sql = self.disjunction()
        if self.text[self.at :].strip():
            raise self.fail()
        return sql

    def disjunction(self) -> str:
        sql = self.conjunction()
        while self.word("or"):
            sql = f"({sql} OR {self.conjunction()})"
        return sql

    def conjunction(self) -> str:
        sql = self.negation()
        while self.word("and"):
            sql = f"({sql} AND {self.negation()})"
        return sql

    def negation(self) -> str:
        if self.word("not"):
            return f"(NOT {self.negation()})"
        if self.mark("("):
            sql = self.disjunction()
            if not self.mark(")"):
                raise self.fail()
            return sql
        return self.comparison()

    def comparison(self) -> str:
        left = self.operand()
        at = self.at
        operator = self.word("eq", "ne", *_COMPARISONS)
        if operator is None:
            raise self.fail(at)
        right = self.operand()
        if operator == "eq":
            return f"({left} IS {right})"
        if operator == "ne":
            return f"({left} IS NOT {right})"
        return f"({left} {_COMPARISONS[operator]} {right})"

    def operand(self) -> str:
        at = self.at
        token = self.take()
        if token["text"] is not None:
            return self.bind(token["text"][1:-1].replace("''", "'"))
        if token["date"] is not None:
            stamp = _timestamp(token["date"])
            if stamp is None:
                raise self.fail(at)
            return self.bind(stamp)
        if token["number"] is not None:
            return self.bind(float(token["number"]) if "." in token["number"] else int(token["number"]))
        name = token["name"]
        if name is None:
            raise self.fail(at)
        if name == "null":
            return "NULL"
        if name in ("true", "false"):
            return self.bind(name == "true")
        if name in _PARTS:
            return self.call(name)
        known = name.removeprefix("$root/Submissions/")
        if known not in self.columns:
            self.unknown = self.unknown or unsupported_field(name, at)
            return "NULL"
        self.names_deleted = self.names_deleted or known == "__system/deletedAt"
        return self.columns[known]

    def call(self, name: str) -> str:
        if not self.mark("("):
            raise self.fail()
        argument = self.operand()
        sql = f"CAST(strftime('{_PARTS[name]}', {argument}) AS INTEGER)"
        if not self.mark(")"):
            raise self.fail()
        return sql

    def bind(self, value: Any) -> str:
        self.values.append(value)
        return "?"
