"""Where a standard's rules turn: the ages and numbers they compare with, read off their expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from poverty import expression as ex
from poverty.standard import Standard


def nodes(part: object) -> Iterator[object]:
    """The expression itself and every part of it, outermost first."""
    if isinstance(part, tuple):
        for item in part:
            yield from nodes(item)
    elif is_dataclass(part) and type(part).__module__ == ex.__name__:
        yield part
        for field in fields(part):
            yield from nodes(getattr(part, field.name))


def ages_of(standard: Standard) -> set[int]:
    """The ages with which the rules compare."""
    found = set()
    for compare in _comparisons(standard):
        for side, other in ((compare.left, compare.right), (compare.right, compare.left)):
            if side == ex.Age() and isinstance(other, ex.Constant):
                found.add(int(other.value))
    return found


def turns_of(standard: Standard) -> dict[str, set[tuple[float, bool]]]:
    """Per number question, the numbers with which the rules compare it, each with whether per member."""
    found: dict[str, set[tuple[float, bool]]] = {}
    for compare in _comparisons(standard):
        for side, other in ((compare.left, compare.right), (compare.right, compare.left)):
            if not isinstance(other, ex.Constant):
                continue
            match side:
                case ex.Answer(question):
                    found.setdefault(question, set()).add((other.value, False))
                case ex.Divide(ex.Answer(question), ex.MemberCount()):
                    found.setdefault(question, set()).add((other.value, True))
    return found


def _comparisons(standard: Standard) -> list[ex.Compare]:
    return [node for rule in standard.rules for node in nodes(rule.when) if isinstance(node, ex.Compare)]
