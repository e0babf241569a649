"""Households and members of the registry made from the lines of all sheets of a file."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count

import pandas as pd

from reconciliation.lists.cells import LAST_YEAR, is_number, text_of
from reconciliation.lists.headings import FIELDS
from reconciliation.lists.identifiers import phone_of
from reconciliation.lists.mapping import SheetRule
from reconciliation.lists.members import member_of
from reconciliation.lists.rows import Line, Remark, is_ticked
from reconciliation.lists.units import Place, Resolved, Resolver
from reconciliation.lists.words import code_of
from reconciliation.names import fold, nfc
from reconciliation.registry import (
    HOUSEHOLD_COLUMNS,
    MEMBER_COLUMNS,
    PROBLEM_COLUMNS,
    Registry,
    RegistryError,
    head_names,
)

_SHORT = {"poor": "HN", "near_poor": "HCN"}


@dataclass
class Found:
    """What one sheet holds. `top`: line of its headings; `labels`: household of each line; `headings`: field -> heading
    on this sheet; `facts`: what its title says."""

    name: str
    top: int
    lines: list[Line]
    labels: list[str | None]
    remarks: list[Remark]
    headings: dict[str, str]
    rule: SheetRule
    facts: dict[str, str]


@dataclass(frozen=True)
class Defaults:
    """What holds where the list says nothing, and how communes are placed. `check_province`: refuse a file none of
    whose communes is the province's."""

    year: int | None
    commune: str | None
    resolve: Resolver
    check_province: bool


@dataclass
class _Household:
    sheet: Found
    lines: list[Line]
    number: int  # in the file, from 1
    code: str | None = None
    values: dict[str, object] = field(default_factory=dict)
    members: dict[int, dict[str, object]] = field(default_factory=dict)
    rejected: bool = False

    def same_as(self, other: _Household) -> bool:
        """Whether both say the same; what only one of them says is no contradiction."""
        pairs = [(self.values[name], other.values[name]) for name in self.values]
        return self.members == other.members and all(a == b or a is None or b is None for a, b in pairs)

    def said(self) -> int:
        return sum(value is not None for value in self.values.values())


class _Assembly:
    def __init__(self, file: str, defaults: Defaults) -> None:
        self.file = file
        self.defaults = defaults
        self.problems: list[dict[str, object]] = []
        self.resolved: dict[Place, Resolved] = {}

    # Problems

    def note(self, sheet: Found, row: int, name: str, problem: str, rejected: bool = False) -> None:
        """`name`: a field, or a heading of the sheet itself, or '' for the whole line."""
        heading = sheet.headings.get(name) or FIELDS.get(name, name)
        self.problems.append(
            {"sheet": sheet.name, "row": row, "column": heading, "problem": problem, "rejected": rejected}
        )

    def reject(self, household: _Household, name: str, problem: str, lines: list[Line] | None = None) -> None:
        household.rejected = True
        for line in lines or household.lines[:1]:
            self.note(household.sheet, line.row, name, problem, rejected=True)

    # One household

    def read(self, household: _Household) -> None:
        first = household.lines[0]
        year = self._year(household)
        status = self._status(household)
        village = self._said(household, "village")
        village = None if village is None else nfc(village.split(",")[0])  # «Thôn Đông, xã …» in an address
        commune = self._commune(household, year, village)
        household.values = {
            "year": year,
            "commune_code": commune,
            "village_id": self._said(household, "village_id"),
            "village_name": village,
            "status": status,
            "phone": self._phone(household),
        }
        self._members(household, year or LAST_YEAR)
        if "household_code" not in household.sheet.headings:
            origin = text_of(first.values.get("origin_no"))
            number = int(origin) if origin is not None and is_number(origin) else household.number
            slug = re.sub(r"[^a-z0-9]+", "-", fold(village or "")).strip("-") or "xa"
            household.code = f"T-{commune}-{year}-{_SHORT.get(status or '', '')}-{slug}-{number:04d}"

    def _column(self, household: _Household, name: str) -> str | None:
        """What the household's lines say in a column of the household; lines that differ reject it."""
        said = {text: line for line in household.lines if (text := text_of(line.values.get(name))) is not None}
        if len({fold(text) for text in said}) > 1:
            self.reject(
                household, name, "các dòng của cùng một hộ ghi khác nhau; sửa cho giống nhau", list(said.values())
            )
        return next(iter(said), None)

    def _said(self, household: _Household, name: str) -> str | None:
        """In the column, else in the dividing row above, else of the whole sheet."""
        context = household.lines[0].context.get(name)
        pinned = getattr(household.sheet.rule, name, None)
        return self._column(household, name) or context or pinned or household.sheet.facts.get(name)

    def _year(self, household: _Household) -> int | None:
        text = self._column(household, "year")
        if text is not None:
            if re.fullmatch(r"(19|20)\d\d", text):
                return int(text)
            self.reject(household, "year", "phải là số nguyên có 4 chữ số")
            return None
        of_sheet, title = household.sheet.rule.year, household.sheet.facts.get("year")
        year = of_sheet or self.defaults.year or (int(title) if title else None)
        if year is None:
            self.reject(household, "year", "không biết năm của danh sách; thêm cột Năm hoặc ghi year trong tệp ánh xạ")
        return year

    def _status(self, household: _Household) -> str | None:
        sheet = household.sheet
        context = household.lines[0].context.get("status")
        text = self._column(household, "status")
        said = code_of("status", text) if text is not None else None
        if text is not None and said is None:
            self.reject(household, "status", "phải là «Hộ nghèo» hoặc «Hộ cận nghèo»")
            return None
        ticked: dict[str, str] = {}
        for mark, of_mark in (("mark_poor", "poor"), ("mark_near_poor", "near_poor")):
            for line in household.lines:
                on = is_ticked(line.values.get(mark))
                if on is None:
                    self.reject(household, mark, "chỉ đánh dấu x hoặc để trống", [line])
                elif on:
                    ticked[of_mark] = mark
        if len(ticked) > 1:
            self.reject(household, "mark_poor", "đánh dấu cả hộ nghèo và hộ cận nghèo; chỉ để một")
            return None
        said = said or next(iter(ticked), None)
        if said is not None and context is not None and said != context:
            name = "status" if text is not None else ticked[said]
            self.reject(household, name, "trái với dòng phân nhóm phía trên; sửa một trong hai")
            return None
        status = said or context or sheet.rule.status or sheet.facts.get("status")
        if not status and not household.rejected:
            self.reject(household, "status", "phải là «Hộ nghèo» hoặc «Hộ cận nghèo»; hoặc ghi status của trang")
        return status or None

    def _commune(self, household: _Household, year: int | None, village: str | None) -> str | None:
        sheet = household.sheet
        context = household.lines[0].context.get("commune")
        written = self._column(household, "commune") or context
        text = written or sheet.rule.commune or self.defaults.commune or sheet.facts.get("commune")
        if text is None:
            self.reject(household, "commune", "không biết xã; thêm cột Mã xã hoặc ghi commune trong tệp ánh xạ")
            return None
        if year is None:
            return None
        place = Place(text, self._column(household, "district"), village, year)
        if place not in self.resolved:
            self.resolved[place] = self.defaults.resolve(place)
        resolved = self.resolved[place]
        if resolved.code is None:
            self.reject(household, "commune", resolved.reason or "không xác định được xã; ghi mã xã")
        return resolved.code

    def _phone(self, household: _Household) -> str | None:
        phone: str | None = None
        for line in household.lines:
            number = phone_of(line.values.get("phone"))
            if number.problem:
                self.note(household.sheet, line.row, "phone", number.problem)
            phone = phone or number.value
        return phone

    def _members(self, household: _Household, last_year: int) -> None:
        sheet = household.sheet
        numbers = self._numbers(household)
        people = []
        for line in household.lines:
            person, notes = member_of(line.values, last_year)
            for name, problem in notes:
                self.note(sheet, line.row, name, problem)
            people.append(person)
        if all(person["full_name"] is None for person in people):
            self.reject(household, "full_name", "hộ không có thành viên nào có họ tên; ghi họ tên chủ hộ và thành viên")
        heads = [line for line, person in zip(household.lines, people, strict=True) if person["relation"] == "head"]
        if len(heads) > 1:
            self.reject(household, "relation", "một hộ có hai chủ hộ; tách hộ hoặc sửa quan hệ", heads)
        coded = "household_code" in sheet.headings and "relation" in sheet.headings
        if not heads and people[0]["relation"] is None and not coded:
            people[0]["relation"] = "head"  # the line that opens a household is its head's
        household.members = dict(zip(numbers, people, strict=True))

    def _numbers(self, household: _Household) -> list[int]:
        """Numbers of the members: those of the list where it has such a column, else counted."""
        lines = household.lines
        counted = list(range(1, len(lines) + 1))
        if "member_no" not in household.sheet.headings:
            return counted
        texts = [text_of(line.values.get("member_no")) for line in lines]
        wrong = [line for line, text in zip(lines, texts, strict=True) if text is None or not is_number(text)]
        if wrong:
            self.reject(household, "member_no", "phải là số nguyên", wrong)
            return counted
        numbers = [int(text or 0) for text in texts]
        doubled = [line for line, number in zip(lines, numbers, strict=True) if numbers.count(number) > 1]
        if doubled:
            self.reject(household, "member_no", "trùng số thứ tự trong cùng một hộ", doubled)
            return counted
        return numbers

    # All households

    def compare(self, households: list[_Household]) -> list[_Household]:
        """The households that stand: one code on several sheets is one household, or a contradiction."""
        by_code: dict[str | None, list[_Household]] = defaultdict(list)
        for household in households:
            by_code[household.code].append(household)
        kept = []
        for same in by_code.values():
            first = max(same, key=_Household.said)
            others = [household for household in same if household is not first]
            if others and all(first.same_as(other) for other in others):
                for other in others:
                    self.note(
                        other.sheet,
                        other.lines[0].row,
                        "household_code",
                        f"hộ này đã có ở trang «{first.sheet.name}» dòng {first.lines[0].row}, giống hệt; chỉ lấy một",
                    )
            elif others:
                for household in same:
                    places = ", ".join(
                        f"trang «{o.sheet.name}» dòng {o.lines[0].row}" for o in same if o is not household
                    )
                    self.reject(
                        household,
                        "household_code",
                        f"cùng mã hộ nhưng nội dung khác ở {places}; giữ một, bỏ hoặc sửa mã",
                    )
            kept.append(first)
        kept = [household for household in kept if not household.rejected]
        self._doubled_numbers(kept)
        return kept

    def _doubled_numbers(self, households: list[_Household]) -> None:
        holders: dict[object, list[tuple[_Household, Line]]] = defaultdict(list)
        for household in households:
            for line, person in zip(household.lines, household.members.values(), strict=True):
                if person["cccd"] is not None:
                    holders[person["cccd"]].append((household, line))
        for of_number in holders.values():
            for household, line in of_number if len(of_number) > 1 else ():
                places = ", ".join(
                    f"trang «{other.sheet.name}» dòng {other_line.row}"
                    for other, other_line in of_number
                    if other_line is not line
                )
                self.note(
                    household.sheet,
                    line.row,
                    "cccd",
                    f"trùng số với {places}; một trong hai ghi sai hoặc một người có ở hai hộ; kiểm tra lại; vẫn nhập",
                )


def assemble(file: str, sheets: list[Found], defaults: Defaults) -> Registry:
    """The registry of all sheets. Raises `RegistryError` when the file contradicts what it is imported as."""
    assembly = _Assembly(file, defaults)
    households: list[_Household] = []
    counter = count(1)
    for sheet in sheets:
        title = sheet.facts.get("year")
        settled = sheet.rule.year is not None or "year" in sheet.headings
        if defaults.year and title and not settled and int(title) != defaults.year:
            raise RegistryError(
                f"{file}: tiêu đề trang «{sheet.name}» ghi năm {title} nhưng đang nhập năm {defaults.year};"
                " chọn đúng tệp, hoặc ghi year của trang trong tệp ánh xạ"
            )
        for remark in sheet.remarks:
            assembly.note(sheet, remark.row, remark.field, remark.problem, remark.rejected)
        groups: dict[str, list[Line]] = {}
        for line, label in zip(sheet.lines, sheet.labels, strict=True):
            if label is not None:
                groups.setdefault(label, []).append(line)
        coded = "household_code" in sheet.headings
        households += [
            _Household(sheet, lines, next(counter), code=label if coded else None) for label, lines in groups.items()
        ]
    for household in households:
        assembly.read(household)
    if defaults.check_province and assembly.resolved and all(found.outside for found in assembly.resolved.values()):
        raise RegistryError(
            f"{file}: không xã nào của danh sách thuộc tỉnh này; kiểm tra tệp có đúng của tỉnh và đúng năm không"
        )
    kept = assembly.compare(households)
    _note_heads_only(assembly, sheets, kept)
    return _registry(assembly, kept, phones=any("phone" in sheet.headings for sheet in sheets))


def _note_heads_only(assembly: _Assembly, sheets: list[Found], kept: list[_Household]) -> None:
    if len(kept) > 2 and all(len(household.lines) == 1 for household in kept):
        assembly.note(
            sheets[0],
            sheets[0].top,
            "full_name",
            "danh sách chỉ có chủ hộ, không có thành viên khác; bổ sung thành viên để đối chiếu chắc chắn",
        )


def _registry(assembly: _Assembly, kept: list[_Household], *, phones: bool) -> Registry:
    codes = pd.Index([household.code for household in kept], dtype="str", name="household_code")
    households = pd.DataFrame([household.values for household in kept], index=codes)
    columns = [name for name in HOUSEHOLD_COLUMNS if name != "head_name"] + (["phone"] if phones else [])
    households = households.reindex(columns=columns)
    households["year"] = households["year"].astype("Int64")
    households = households.astype(dict.fromkeys((name for name in columns if name != "year"), "str"))
    keys = [(household.code, number) for household in kept for number in household.members]
    index = pd.MultiIndex.from_arrays(
        [pd.Index([code for code, _ in keys], dtype="str"), pd.Index([number for _, number in keys], dtype="int64")],
        names=["household_code", "member_no"],
    )
    members = pd.DataFrame([person for household in kept for person in household.members.values()], index=index)
    members = members.reindex(columns=MEMBER_COLUMNS)
    members["birth_date"] = pd.to_datetime(members["birth_date"]).astype("datetime64[us]")
    members["birth_year"] = members["birth_year"].astype("Int64")
    members = members.astype(dict.fromkeys(("full_name", "relation", "sex", "cccd", "ethnicity"), "str")).sort_index()
    households["head_name"] = head_names(members)
    ordered = [*HOUSEHOLD_COLUMNS, *(["phone"] if phones else [])]
    problems = pd.DataFrame(assembly.problems, columns=PROBLEM_COLUMNS).sort_values(
        ["rejected", "sheet", "row"], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    return Registry(households[ordered].sort_index(), members, problems)
