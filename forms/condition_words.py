"""Conditions of a form in Vietnamese words, for paper: `${work} = 'wage'` is "câu 21 là “Làm công ăn lương”".

It says what sources say of relevance: answers compared with codes, numbers or nothing, joined by and, or, not. What it
cannot say it refuses, and the writer of the form says it in a `guidance_hint`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class Unspeakable(Exception):  # noqa: N818 - it says what is the matter
    """A condition that has no words here; the message is the part that has none."""


@dataclass(frozen=True)
class Subject:
    """What a reference is called on paper.

    answers: labels by code. always: whether it never stays blank. blank: what to say when it is.
    """

    words: str
    answers: Mapping[str, str] = field(default_factory=dict)
    always: bool = False
    blank: str = ""


@dataclass(frozen=True)
class _Name:
    name: str
    part: str = ""


@dataclass(frozen=True)
class _Text:
    text: str


@dataclass(frozen=True)
class _Compare:
    left: _Name
    operator: str
    right: _Name | _Text


@dataclass(frozen=True)
class _Joined:
    word: str
    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Not:
    part: _Node


@dataclass(frozen=True)
class _Beyond:
    """`position(..) <= ${n}`: that a repeat is one of those asked for. Paper has no others."""


_Node = _Compare | _Joined | _Not | _Beyond

_TOKEN = re.compile(
    r"\s*(?:(?P<ref>\$\{\w+\})|(?P<text>'[^']*')|(?P<number>\d+(?:\.\d+)?)|(?P<op><=|>=|!=|=|<|>)"
    r"|(?P<place>position\(\.\.\))|(?P<word>[a-z-]+)|(?P<mark>[(),]))"
)
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def in_words(condition: str, subject: Callable[[str], Subject | None]) -> str:
    """The condition in words, '' when it holds for everybody on paper.

    subject: what a name is called, None for what nobody sees on paper. Raises Unspeakable.
    """
    parser = _Parser(condition)
    node = parser.either()
    if parser.rest:
        raise Unspeakable(condition)
    return _say(node, subject) or ""


class _Parser:
    def __init__(self, condition: str) -> None:
        self.rest: list[tuple[str, str]] = []
        at = 0
        while at < len(condition.rstrip()):
            match = _TOKEN.match(condition, at)
            if match is None:
                raise Unspeakable(condition[at:])
            self.rest.append((str(match.lastgroup), match[match.lastgroup or 0]))
            at = match.end()

    def either(self) -> _Node:
        return self._joined("or", lambda: self._joined("and", self._one))

    def _joined(self, word: str, part: Callable[[], _Node]) -> _Node:
        parts = [part()]
        while self._take("word", word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))

    def _one(self) -> _Node:
        if self._take("mark", "("):
            node = self.either()
            self._expect("mark", ")")
            return node
        if self._take("word", "not"):
            self._expect("mark", "(")
            node = self.either()
            self._expect("mark", ")")
            return _Not(node)
        if self._take("word", "selected"):
            self._expect("mark", "(")
            left, _, right = self._operand(), self._expect("mark", ","), self._operand()
            self._expect("mark", ")")
            if not isinstance(left, _Name) or not isinstance(right, _Text):
                raise Unspeakable("selected")
            return _Compare(left, "has", right)
        if self._take("place"):
            self._expect("op", "<=")
            self._operand()
            return _Beyond()
        left, operator, right = self._operand(), self._expect("op"), self._operand()
        if isinstance(left, _Name):
            return _Compare(left, operator, right)
        if isinstance(right, _Name):
            return _Compare(right, _TURNED[operator], left)
        raise Unspeakable(f"{left.text} {operator} {right.text}")

    def _operand(self) -> _Name | _Text:
        kind, text = self.rest.pop(0) if self.rest else ("", "")
        if kind == "ref":
            return _Name(text[2:-1])
        if kind == "text":
            return _Text(text[1:-1])
        if kind == "number":
            return _Text(text)
        if kind == "word" and text == "number":
            self._expect("mark", "(")
            inner = self._operand()
            self._expect("mark", ")")
            return inner
        if kind == "word" and text == "selected-at":
            self._expect("mark", "(")
            name, _, position = self._operand(), self._expect("mark", ","), self._operand()
            self._expect("mark", ")")
            if isinstance(name, _Name) and position == _Text(
                "3"
            ):  # of a place: latitude, longitude, altitude, accuracy
                return _Name(name.name, "sai số ở ")
        raise Unspeakable(text)

    def _take(self, kind: str, text: str | None = None) -> bool:
        if self.rest and self.rest[0][0] == kind and text in (None, self.rest[0][1]):
            self.rest.pop(0)
            return True
        return False

    def _expect(self, kind: str, text: str | None = None) -> str:
        if not self.rest or self.rest[0][0] != kind or text not in (None, self.rest[0][1]):
            raise Unspeakable(" ".join(part for _, part in self.rest[:4]))
        return self.rest.pop(0)[1]


def _say(node: _Node, subject: Callable[[str], Subject | None]) -> str | None:
    """The words of a part; None where it always holds."""
    match node:
        case _Beyond():
            return None
        case _Not(part):
            said = _say(part, subject)
            if said is None:
                raise Unspeakable("not")
            return f"không phải ({said})"
        case _Joined("and", parts):
            words = [
                f"({said})" if isinstance(part, _Joined) and ", hoặc " in said else said
                for part in _ranges(parts)
                if (said := _say(part, subject)) is not None
            ]
            return " và ".join(words) or None
        case _Joined(_, parts):
            either = [_say(part, subject) for part in parts]
            return None if None in either else ", hoặc ".join(said for said in either if said)
        case _Compare():
            return _compare(node, subject)


def _ranges(parts: tuple[_Node, ...]) -> list[_Node]:
    """The parts, with `from` and `to` of the same number next to each other made one."""
    result: list[_Node] = []
    for part in parts:
        last = result[-1] if result else None
        if (
            isinstance(part, _Compare)
            and isinstance(last, _Compare)
            and (last.operator, part.operator) == (">=", "<=")
            and last.left == part.left
            and isinstance(last.right, _Text)
            and isinstance(part.right, _Text)
        ):
            result[-1] = _Compare(last.left, "between", _Text(f"{last.right.text} đến {part.right.text}"))
        else:
            result.append(part)
    return result


def _compare(node: _Compare, subject: Callable[[str], Subject | None]) -> str | None:
    of = subject(node.left.name)
    if of is None:
        raise Unspeakable(f"${{{node.left.name}}}")
    what = node.left.part + of.words
    if isinstance(node.right, _Name):
        other = subject(node.right.name)
        if other is None or node.operator not in ("=", "!="):
            raise Unspeakable(f"${{{node.right.name}}}")
        return f"{what} {'giống' if node.operator == '=' else 'khác'} {other.words}"
    value = node.right.text
    if value == "":
        if node.operator == "!=":
            return None if of.always else f"{what} có trả lời"
        if node.operator == "=":
            return of.blank or f"{what} để trống"
        raise Unspeakable(f"{node.operator} ''")
    label = f"“{of.answers[value]}”" if value in of.answers else value
    numbers = {">=": "từ {} trở lên", "<=": "từ {} trở xuống", ">": "trên {}", "<": "dưới {}", "between": "từ {}"}
    if node.operator in numbers:
        return f"{what} {numbers[node.operator].format(label)}"
    return f"{what} {({'=': 'là', '!=': 'không phải là', 'has': 'có'})[node.operator]} {label}"
