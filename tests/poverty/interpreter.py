"""The expression language once more, one household at a time, in the plainest Python: what the back-ends are held to.

Answers are dictionaries (tests/poverty/households.py). A condition gives True, False or None (unknown); a number
gives (low, high).
"""

from __future__ import annotations

import math
from typing import Any

from poverty import expression as ex
from poverty.questions import QUESTIONS

Row = dict[str, Any]
Range = tuple[float, float]
NOTHING_KNOWN: Range = (0.0, math.inf)


def truth(node: ex.Condition, household: Row, member: Row | None = None) -> bool | None:
    row = household if member is None else member
    if isinstance(node, ex.AllOf):
        values = [truth(part, household, member) for part in node.conditions]
        return False if False in values else None if None in values else True
    if isinstance(node, ex.AnyOf):
        values = [truth(part, household, member) for part in node.conditions]
        return True if True in values else None if None in values else False
    if isinstance(node, ex.Not):
        value = truth(node.condition, household, member)
        return None if value is None else not value
    if isinstance(node, ex.Accept):
        return truth(node.value, household, member) if truth(node.when, household, member) is True else None
    if isinstance(node, ex.In):
        answer = row.get(node.question)
        return answer in node.codes if answer in QUESTIONS[node.question].known else None
    if isinstance(node, ex.Selected):
        chosen = str(row.get(node.question) or "").split()
        if any(code in node.codes for code in chosen):
            return True
        return False if chosen and all(code in QUESTIONS[node.question].known for code in chosen) else None
    if isinstance(node, ex.IsUnknown):
        return is_unknown(node.question, row)
    if isinstance(node, ex.Compare):
        return _compare(number(node.left, household, member), node.operator, number(node.right, household, member))
    values = [truth(node.where, household, person) for person in household["members"]]
    if not values:
        return None
    return True if True in values else None if None in values else False


def number(node: ex.Number, household: Row, member: Row | None = None) -> Range:
    row = household if member is None else member
    people = household["members"]
    if isinstance(node, ex.Constant):
        return node.value, node.value
    if isinstance(node, ex.Answer):
        answer = row.get(node.question)
        return NOTHING_KNOWN if answer is None or answer < 0 else (float(answer), float(answer))
    if isinstance(node, ex.Age):
        age = age_of(row, household["review_date"])
        return NOTHING_KNOWN if age is None else (float(age), float(age))
    if isinstance(node, ex.MemberCount):
        return (float(len(people)),) * 2 if people else NOTHING_KNOWN
    if isinstance(node, ex.Sum):
        parts = [number(term, household, member) for term in node.terms]
        return sum(low for low, _ in parts), sum(high for _, high in parts)
    if isinstance(node, ex.Divide):
        return _divide(number(node.numerator, household, member), number(node.denominator, household, member))
    if isinstance(node, ex.CountOf):
        values = [truth(part, household, member) for part in node.conditions]
        return float(values.count(True)), float(len(values) - values.count(False))
    if isinstance(node, ex.Lookup):
        table = dict(node.values)
        answer = row.get(node.question)
        return (table[answer],) * 2 if answer in table else (min(table.values()), max(table.values()))
    if not people:
        return NOTHING_KNOWN
    values = [truth(node.where, household, person) for person in people]
    count = float(values.count(True)), float(len(values) - values.count(False))
    return count if isinstance(node, ex.CountMembers) else (count[0] / len(people), count[1] / len(people))


def age_of(member: Row, review_date: Any) -> int | None:
    born, year = member.get("birth_date"), member.get("birth_year")
    if review_date is None:
        return None
    if born is not None:
        if born > review_date:
            return None
        return int(review_date.year - born.year - ((review_date.month, review_date.day) < (born.month, born.day)))
    return None if year is None or year > review_date.year else int(review_date.year - year)


def is_unknown(question: str, row: Row) -> bool:
    answer, known = row.get(question), QUESTIONS[question].known
    match QUESTIONS[question].kind:
        case "number":
            return answer is None or answer < 0
        case "choice":
            return answer not in known
        case "multiple":
            chosen = str(answer or "").split()
            return not chosen or any(code not in known for code in chosen)


def _divide(top: Range, bottom: Range) -> Range:
    low = 0.0 if bottom[1] in (0.0, math.inf) else top[0] / bottom[1]
    return low, math.inf if bottom[0] == 0 else top[1] / bottom[0]


def _compare(left: Range, operator: str, right: Range) -> bool | None:
    """By the definition: does it hold for all pairs of values, or for none? The corners decide for an order."""
    points = [(a, b) for a in left for b in right]
    if operator in ("==", "!="):
        if left[0] == left[1] == right[0] == right[1]:
            return operator == "=="
        apart = left[1] < right[0] or right[1] < left[0]
        return (operator == "!=") if apart else None
    holds = {
        "<": [a < b for a, b in points],
        "<=": [a <= b for a, b in points],
        ">": [a > b for a, b in points],
        ">=": [a >= b for a, b in points],
    }[operator]
    if math.inf in (left[1], right[1]) and left[1] == right[1]:
        return None
    return True if all(holds) else None if any(holds) else False
