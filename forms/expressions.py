"""Expressions of a source (XPath with `${name}`) taken apart as far as checks need: references, functions, names."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Functions of JavaRosa and Collect: name -> fewest and most arguments (None: any number).
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("true", "false", "pi", "today", "now", "random", "current", "version"), (0, 0)),
    **dict.fromkeys(("not", "boolean", "boolean-from-string", "string", "count", "sum", "count-non-empty"), (1, 1)),
    **dict.fromkeys(("int", "abs", "log", "log10", "exp", "exp10", "sqrt"), (1, 1)),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "date", "date-time"), (1, 1)),
    **dict.fromkeys(("decimal-date-time", "decimal-time", "normalize-space"), (0, 1)),
    **dict.fromkeys(("area", "enclosed-area", "count-selected", "once", "instance", "property", "jr:itext"), (1, 1)),
    **dict.fromkeys(("selected", "selected-at", "contains", "starts-with", "ends-with", "regex"), (2, 2)),
    **dict.fromkeys(("substring-before", "substring-after", "pow", "atan2", "jr:choice-name"), (2, 2)),
    **dict.fromkeys(("format-date", "format-date-time", "geofence"), (2, 2)),
    **dict.fromkeys(("concat", "coalesce", "max", "min", "distance"), (1, None)),
    **dict.fromkeys(("number", "string-length", "position", "uuid"), (0, 1)),
    "if": (3, 3),
    "round": (1, 2),
    "substr": (2, 3),
    "translate": (3, 3),
    "join": (2, None),
    "randomize": (1, 2),
    "digest": (2, 3),
    "base64-decode": (1, 1),
    "extract-signed": (2, 2),
    "checklist": (3, None),
    "weighted-checklist": (4, None),
    "indexed-repeat": (3, 7),
    "pulldata": (4, 4),
    # Tests of a path, not functions.
    "text": (0, 0),
    "node": (0, 0),
}
#: What reads the phone's clock.
CLOCKS = ("today", "now")

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'[^']*'|"[^"]*")
  | (?P<reference>\$\{[^}]*\})
  | (?P<constant>\{\{[^}]*\}\})
  | (?P<number>\d+(?:\.\d*)?|\.\d+)
  | (?P<name>[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?)
  | (?P<operator><=|>=|!=|\.\.|//|::|[-+*/=<>()\[\],.|@])
    """,
    re.VERBOSE,
)
_OPERATOR_WORDS = frozenset({"and", "or", "div", "mod"})
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_CLOSING = {")": "(", "]": "["}


@dataclass(frozen=True)
class Call:
    name: str
    arguments: int


@dataclass(frozen=True)
class Expression:
    """What an expression names. faults: why it cannot be read, in words that follow `it`; () when it can."""

    references: tuple[str, ...]
    calls: tuple[Call, ...]
    names: tuple[str, ...]  # bare names, as columns of a list in a filter
    faults: tuple[str, ...]


def references(text: str) -> tuple[str, ...]:
    """Names in `${...}` of a text or expression, in order."""
    return tuple(name.strip() for name in _REFERENCE.findall(text))


def parse(text: str) -> Expression:
    """Take an expression apart. Raises nothing: what cannot be read is in `faults`."""
    tokens: list[tuple[str, str]] = []
    faults: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            faults.append(f"an unclosed {text[position]}" if text[position] in "'\"$" else f"`{text[position]}`")
            break
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append((kind, match[0]))
        position = match.end()
    calls, names = [], []
    for index, (kind, mark) in enumerate(tokens):
        if kind != "name" or mark in _OPERATOR_WORDS:
            continue
        after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if after == "(":
            calls.append(Call(mark, _arguments(tokens, index + 1)))
        elif index == 0 or tokens[index - 1][1] not in ("/", "::", "@", "//"):
            names.append(mark)
    faults += _unbalanced(tokens)
    return Expression(references(text), tuple(calls), tuple(names), tuple(faults))


def _arguments(tokens: list[tuple[str, str]], opening: int) -> int:
    """How many arguments stand in the parentheses that open there."""
    depth, commas = 0, 0
    for index in range(opening, len(tokens)):
        kind, mark = tokens[index]
        if kind == "operator":
            if mark in "([":
                depth += 1
            elif mark in ")]":
                depth -= 1
                if depth == 0:
                    return 0 if index == opening + 1 else commas + 1
            elif mark == "," and depth == 1:
                commas += 1
    return commas + 1


def _unbalanced(tokens: list[tuple[str, str]]) -> list[str]:
    open_ones: list[str] = []
    for kind, mark in tokens:
        if kind != "operator":
            continue
        if mark in ("(", "["):
            open_ones.append(mark)
        elif mark in _CLOSING and (not open_ones or open_ones.pop() != _CLOSING[mark]):
            return [f"a `{mark}` too many"]
    return [f"an unclosed `{open_ones[-1]}`"] if open_ones else []
