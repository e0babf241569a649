"""A round's people from a table: one row each, all checked before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from server.enumerators.tables import BACKCHECKER, HOUSEHOLD, INTERVIEWER, ROLES, VILLAGE
from server.units.problems import Problems

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("code", "name")
COLUMNS = (*REQUIRED, "phone", "role", "villages", "households")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
_LONGEST_NAME = 100
_UNKNOWN = {
    VILLAGE: ("đợt rà soát không có thôn mã", "the round has no village with the code"),
    HOUSEHOLD: ("danh sách hộ không có mã", "the list has no household with the code"),
}

#: (kind, code) of a village or a household.
Unit = tuple[str, str]


@dataclass(frozen=True)
class Person:
    """One row of the table: who, with which role, and what is visited."""

    code: str
    role: str
    name: str
    phone: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Ground:
    """What a table is held against: villages of the round, households on the list, units of people not in the table."""

    villages: frozenset[str]
    households: frozenset[str]
    assigned: dict[Unit, tuple[str, str]]  # unit -> (enumerator, where it was said)


def read_people(frame: pd.DataFrame, ground: Ground, file: str) -> list[Person]:
    """The people of a table of text with the columns `COLUMNS`, in its order.

    villages, households: codes separated by `;`. role: interviewer (where it is blank) or backchecker, who visits what
    is drawn and is assigned nothing. Raises `FileError` with every problem; then nothing may be stored.
    """
    problems = Problems(file)
    people: list[Person] = []
    seen: dict[str, int] = {}
    records = frame.to_dict("records")
    here = {_text(record.get("code")).upper() for record in records}
    taken = {unit: who for unit, who in ground.assigned.items() if who[0] not in here}
    for index, record in zip(frame.index, records, strict=True):
        people.append(_person(int(index), record, problems, seen))
        _check_units(int(index), people[-1], ground, taken, problems)
    problems.refuse("enumerators_file")
    return people


def _person(index: int, record: dict[Any, Any], problems: Problems, seen: dict[str, int]) -> Person:
    code = _text(record.get("code")).upper()
    if not _CODE.fullmatch(code):
        problems.add(
            index,
            "code",
            "mã chỉ gồm chữ không dấu, số, gạch ngang, từ 2 đến 32 ký tự, ví dụ RSV-0007.",
            "a code is letters, digits and dashes, 2 to 32 of them, such as RSV-0007.",
        )
    elif code in seen:
        problems.add(
            index,
            "code",
            f"mã {code} đã có ở dòng {seen[code]}; mỗi người một mã.",
            f"the code {code} stands in row {seen[code]} too; give each person one.",
        )
    seen.setdefault(code, index + 2)
    name = _text(record.get("name"))
    if not name or len(name) > _LONGEST_NAME:
        problems.add(
            index,
            "name",
            f"ghi họ tên, dài nhất {_LONGEST_NAME} ký tự.",
            f"give the person's name, {_LONGEST_NAME} characters at most.",
        )
    phone = re.sub(r"[ .-]", "", _text(record.get("phone")))
    if phone and not re.fullmatch(r"0\d{9}|\+84\d{9}", phone):
        problems.add(
            index,
            "phone",
            "số điện thoại gồm 10 chữ số, bắt đầu bằng 0; hoặc để trống.",
            "a telephone has 10 digits and begins with 0; or leave it blank.",
        )
    role = _text(record.get("role")).lower() or INTERVIEWER
    if role not in ROLES:
        problems.add(
            index,
            "role",
            f"vai trò là {INTERVIEWER} (để trống cũng vậy) hoặc {BACKCHECKER}.",
            f"the role is {INTERVIEWER} (as where it is blank) or {BACKCHECKER}.",
        )
    units = [(kind, one) for kind in (VILLAGE, HOUSEHOLD) for one in _codes(record.get(f"{kind}s"))]
    return Person(code, role, name, phone, tuple(dict.fromkeys(units)))


def _check_units(
    index: int, person: Person, ground: Ground, taken: dict[Unit, tuple[str, str]], problems: Problems
) -> None:
    if person.role == BACKCHECKER and person.units:
        problems.add(
            index,
            "villages",
            "người kiểm tra lại được rút thăm hộ, không phân thôn hay hộ; để trống.",
            "a back-checker visits what is drawn; leave villages and households blank.",
        )
    if person.role == INTERVIEWER and not person.units:
        problems.add(
            index,
            "villages",
            "ghi mã thôn hoặc mã hộ được phân công, cách nhau bằng dấu chấm phẩy.",
            "give the codes of villages or households to visit, separated by semicolons.",
        )
    known = {VILLAGE: ground.villages, HOUSEHOLD: ground.households}
    for unit in person.units:
        kind, code = unit
        column = f"{kind}s"
        if code not in known[kind]:
            vi, en = _UNKNOWN[kind]
            problems.add(index, column, f"{vi} {code}; kiểm tra lại mã.", f"{en} {code}; check it.")
        elif unit in taken:
            who, where = taken[unit]
            problems.add(
                index,
                column,
                f"{code} đã phân cho {who} ({where}); mỗi thôn, mỗi hộ một người. "
                "Thôn có nhiều người thì phân theo hộ.",
                f"{code} is assigned to {who} ({where}) already; a village or household has one person. "
                "Where several share a village, assign households.",
            )
        else:
            taken[unit] = (person.code, f"dòng {index + 2}")


def _text(value: object) -> str:
    return "" if value is None or value != value else " ".join(str(value).split())


def _codes(value: object) -> Iterable[str]:
    return [one for part in _text(value).split(";") if (one := part.strip())]
