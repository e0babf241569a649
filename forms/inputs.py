"""What a standard reads: the answers behind each rule, drawn from the tree of its conditions."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from poverty import expression as ex
from poverty.standard import Standard
from poverty.xpath import REPEAT

#: Answers that make an age, and the day it counts from.
AGE_ANSWERS = ("birth_date", "birth_year", "review_date")
#: Names under which a standard's income and its line stand beside its rules.
INCOME, INCOME_LINE = "income", "income_line"


def answers_read(node: object) -> frozenset[str]:
    """Names of the answers that a condition or number reads; the repeat `member` where members are counted."""
    if isinstance(node, ex.Age):
        return frozenset(AGE_ANSWERS)
    found: set[str] = set()
    if isinstance(node, ex.MemberCount | ex.AnyMember | ex.CountMembers | ex.ShareOfMembers):
        found.add(REPEAT)
    if is_dataclass(node):
        for field in fields(node):
            value = getattr(node, field.name)
            if field.name == "question":
                found.add(str(value))
            for part in value if isinstance(value, tuple) else (value,):
                if is_dataclass(part):
                    found |= answers_read(part)
    return frozenset(found)


def answers_by_rule(standard: Standard) -> dict[str, frozenset[str]]:
    """What each rule of the standard reads, by its id; the income under `income`, its line under `income_line`."""
    read = {rule.id: answers_read(rule.when) for rule in standard.rules}
    income = standard.income
    return {**read, INCOME: answers_read(income.value), INCOME_LINE: answers_read(income.lines)}
