"""Persons' lines made into households: where one ends and the next begins."""

from __future__ import annotations

from reconciliation.lists.cells import text_of
from reconciliation.lists.rows import Line, Remark
from reconciliation.lists.words import code_of
from reconciliation.registry import Said

#: What tells that a new household begins. `auto`: found out from the sheet.
STARTS = ("auto", "household_code", "household_no", "relation", "head_name")

_HOMELESS = Said(
    "không rõ thuộc hộ nào: phía trên không có dòng chủ hộ; ghi rõ chủ hộ",
    "belongs to no household: no head's row stands above; write who is the head",
)
_NO_CODE = Said("thiếu mã hộ; ghi mã hộ rồi nhập lại", "has no household code; write it and import again")


def starts_of(lines: list[Line]) -> str:
    """What tells households apart on a sheet: its code; a number on the heads' lines only, or one that stays the same
    over a household; the relation «chủ hộ»; the head's name in a column of its own; else each numbered line."""
    present = {name for line in lines for name in line.values}
    if "household_code" in present:
        return "household_code"
    heads = any(_is_head(line) for line in lines)
    if "household_no" in present and (not heads or _numbers_households(lines)):
        return "household_no"
    if heads:
        return "relation"
    return "head_name" if {"head_name", "full_name"} <= present else "household_no"


def _is_head(line: Line) -> bool:
    text = text_of(line.values.get("relation"))
    return text is not None and code_of("relation", text) == "head"


def _numbers_households(lines: list[Line]) -> bool:
    """Whether the number changes with the households: it does when every head has one and most members have none, or
    members repeat their head's."""
    numbers = [text_of(line.values.get("household_no")) for line in lines]
    members = [i for i, line in enumerate(lines) if not _is_head(line) and i > 0]
    alike = sum(numbers[i] is None or numbers[i] == numbers[i - 1] for i in members)
    return alike * 2 > len(members) or not members


def assign(lines: list[Line], by: str, *, inherit_code: bool) -> tuple[list[str | None], list[Remark]]:
    """The household of each line, as a label within the sheet; None where no household has begun.

    by: one of `STARTS`. inherit_code: whether a blank household code means the code above (codes written on the
    heads' lines only) rather than a code that was forgotten.

    Returns the labels, and remarks on the lines that belong nowhere.
    """
    if by == "auto":
        by = starts_of(lines)
    numbers = [text_of(line.values.get("household_no")) for line in lines]
    heads_only = any(number is None for number in numbers)
    if by == "household_code":
        return _by_code(lines, [heads_only and number is not None for number in numbers], inherit_code)
    labels: list[str | None] = []
    remarks: list[Remark] = []
    count, part = 0, -1
    number: str | None = None
    head: str | None = None
    begun = False
    for line, own_number in zip(lines, numbers, strict=True):
        own_head = text_of(line.values.get("head_name"))
        if by == "household_no":
            starts = own_number is not None and (heads_only or own_number != number or line.part != part)
        elif by == "relation":
            starts = _is_head(line)
        else:
            starts = own_head is not None and (own_head != head or line.part != part)
        if starts:
            count += 1
            begun, number, head = True, own_number, own_head
        elif line.part != part:
            begun = False
        part = line.part
        labels.append(f"#{count}" if begun else None)
        if not begun:
            remarks.append(Remark(line.row, by, _HOMELESS, True))
    return labels, remarks


def _by_code(lines: list[Line], begins: list[bool], inherit: bool) -> tuple[list[str | None], list[Remark]]:
    labels: list[str | None] = []
    remarks: list[Remark] = []
    current: str | None = None
    part = -1
    for line, is_first in zip(lines, begins, strict=True):
        code = text_of(line.values.get("household_code"))
        if code is not None:
            current = code
        elif not inherit or current is None or line.part != part or is_first or _is_head(line):
            current = None
            remarks.append(Remark(line.row, "household_code", _NO_CODE, True))
        part = line.part
        labels.append(current)
    return labels, remarks


def codes_on_heads_only(lines: list[Line]) -> bool:
    """Whether the list writes the household code on the first line of each household only."""
    codes = [text_of(line.values.get("household_code")) for line in lines]
    written = [code for code in codes if code is not None]
    return None in codes and bool(written) and codes[0] is not None and len(set(written)) == len(written)
