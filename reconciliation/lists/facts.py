"""What the lines of one household say of it: year, status, place, telephone and members; what cannot stand is noted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciliation.lists.cells import LAST_YEAR, is_number, text_of
from reconciliation.lists.headings import FIELDS
from reconciliation.lists.identifiers import phone_of
from reconciliation.lists.mapping import SheetRule
from reconciliation.lists.members import member_of
from reconciliation.lists.rows import Line, Remark, is_ticked
from reconciliation.lists.units import Place, Resolved, Resolver
from reconciliation.lists.words import code_of
from reconciliation.names import fold, nfc
from reconciliation.registry import Said

#: What the code begins with that a household without one is given; it can be another's in another file.
TEMPORARY = "T-"
_SHORT = {"poor": "HN", "near_poor": "HCN"}
_NOWHERE = Resolved(None)
_SAY_WHICH = Said("phải là «Hộ nghèo» hoặc «Hộ cận nghèo»", "must be «Hộ nghèo» (poor) or «Hộ cận nghèo» (near-poor)")
_SAY_WHICH_OF_SHEET = Said(
    f"{_SAY_WHICH.vi}; hoặc ghi status của trang trong tệp ánh xạ",
    f"{_SAY_WHICH.en}; or write the sheet's status in the mapping file",
)
_LINES_DIFFER = Said(
    "các dòng của cùng một hộ ghi khác nhau; sửa cho giống nhau", "the rows of one household differ; make them equal"
)
_NOT_A_YEAR = Said("phải là số nguyên có 4 chữ số", "must be a whole number of 4 digits")
_NO_YEAR = Said(
    "không biết năm của danh sách; thêm cột Năm, dùng --year hoặc ghi year trong tệp ánh xạ",
    "the year of the list is not known; add a column Năm, use --year or write year in the mapping file",
)
_TICK_ONLY = Said("chỉ đánh dấu x hoặc để trống", "tick with x or leave it blank")
_TICKED_TWICE = Said("đánh dấu cả hộ nghèo và hộ cận nghèo; chỉ để một", "ticked as poor and as near-poor; leave one")
_AGAINST_PART = Said(
    "trái với dòng phân nhóm phía trên; sửa một trong hai", "contradicts the dividing row above; correct one of them"
)
_NO_COMMUNE = Said(
    "không biết xã; thêm cột Mã xã, dùng --commune hoặc ghi commune trong tệp ánh xạ",
    "the commune is not known; add a column Mã xã, use --commune or write commune in the mapping file",
)
_NO_MEMBERS = Said(
    "hộ không có thành viên nào có họ tên; ghi họ tên chủ hộ và thành viên",
    "no member of the household has a name; write the names of the head and the members",
)
_TWO_HEADS = Said(
    "một hộ có hai chủ hộ; tách hộ hoặc sửa quan hệ", "the household has two heads; part it or correct the relation"
)
_NOT_WHOLE = Said("phải là số nguyên", "must be a whole number")
_NUMBER_TWICE = Said("trùng số thứ tự trong cùng một hộ", "the same number twice in one household")


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
class Household:
    sheet: Found
    lines: list[Line]
    number: int  # in the file, from 1
    code: str | None = None
    values: dict[str, object] = field(default_factory=dict)
    members: dict[int, dict[str, object]] = field(default_factory=dict)
    rejected: bool = False

    def same_as(self, other: Household) -> bool:
        """Whether both say the same; what only one of them says is no contradiction."""
        pairs = [(self.values[name], other.values[name]) for name in self.values]
        return self.members == other.members and all(a == b or a is None or b is None for a, b in pairs)

    def said(self) -> int:
        return sum(value is not None for value in self.values.values())


class HouseholdReader:
    def __init__(self, file: str, defaults: Defaults) -> None:
        self.file = file
        self.defaults = defaults
        self.problems: list[dict[str, object]] = []
        self.resolved: dict[Place, Resolved] = {}
        self.remarked: set[tuple[str, str | None]] = set()  # (sheet, commune) of which the remark has been made

    # Problems

    def note(self, sheet: Found, row: int, name: str, problem: Said, rejected: bool = False) -> None:
        """`name`: a field, or a heading of the sheet itself, or '' for the whole line."""
        label = FIELDS.get(name, Said(name, name))
        self.problems.append(
            {
                "sheet": sheet.name,
                "row": row,
                "column": sheet.headings.get(name) or label.vi,
                "problem": problem.vi,
                "column_en": sheet.headings.get(name) or label.en,
                "problem_en": problem.en,
                "rejected": rejected,
            }
        )

    def reject(self, household: Household, name: str, problem: Said, lines: list[Line] | None = None) -> None:
        household.rejected = True
        for line in lines or household.lines[:1]:
            self.note(household.sheet, line.row, name, problem, rejected=True)

    # One household

    def read(self, household: Household) -> None:
        first = household.lines[0]
        year = self._year(household)
        status = self._status(household)
        village = self._said(household, "village")
        village = None if village is None else nfc(village.split(",")[0])  # «Thôn Đông, xã …» in an address
        commune = self._commune(household, year, village)
        household.values = {
            "year": year,
            "commune_code": commune.code,
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
            # By the commune that the list means: old communes that are one today may each have a «Thôn 1».
            household.code = f"{TEMPORARY}{commune.listed}-{year}-{_SHORT.get(status or '', '')}-{slug}-{number:04d}"

    def _column(self, household: Household, name: str) -> str | None:
        """What the household's lines say in a column of the household; lines that differ reject it."""
        said = {text: line for line in household.lines if (text := text_of(line.values.get(name))) is not None}
        if len({fold(text) for text in said}) > 1:
            self.reject(household, name, _LINES_DIFFER, list(said.values()))
        return next(iter(said), None)

    def _said(self, household: Household, name: str) -> str | None:
        """In the column, else in the dividing row above, else of the whole sheet."""
        context = household.lines[0].context.get(name)
        pinned = getattr(household.sheet.rule, name, None)
        return self._column(household, name) or context or pinned or household.sheet.facts.get(name)

    def _year(self, household: Household) -> int | None:
        text = self._column(household, "year")
        if text is not None:
            if re.fullmatch(r"(19|20)\d\d", text):
                return int(text)
            self.reject(household, "year", _NOT_A_YEAR)
            return None
        of_sheet, title = household.sheet.rule.year, household.sheet.facts.get("year")
        year = of_sheet or self.defaults.year or (int(title) if title else None)
        if year is None:
            self.reject(household, "year", _NO_YEAR)
        return year

    def _status(self, household: Household) -> str | None:
        sheet = household.sheet
        context = household.lines[0].context.get("status")
        text = self._column(household, "status")
        said = code_of("status", text) if text is not None else None
        if text is not None and said is None:
            self.reject(household, "status", _SAY_WHICH)
            return None
        ticked: dict[str, str] = {}
        for mark, of_mark in (("mark_poor", "poor"), ("mark_near_poor", "near_poor")):
            for line in household.lines:
                on = is_ticked(line.values.get(mark))
                if on is None:
                    self.reject(household, mark, _TICK_ONLY, [line])
                elif on:
                    ticked[of_mark] = mark
        if len(ticked) > 1:
            self.reject(household, "mark_poor", _TICKED_TWICE)
            return None
        said = said or next(iter(ticked), None)
        if said is not None and context is not None and said != context:
            name = "status" if text is not None else ticked[said]
            self.reject(household, name, _AGAINST_PART)
            return None
        status = said or context or sheet.rule.status or sheet.facts.get("status")
        if not status and not household.rejected:
            self.reject(household, "status", _SAY_WHICH_OF_SHEET)
        return status or None

    def _commune(self, household: Household, year: int | None, village: str | None) -> Resolved:
        sheet = household.sheet
        context = household.lines[0].context.get("commune")
        written = self._column(household, "commune") or context
        text = written or sheet.rule.commune or self.defaults.commune or sheet.facts.get("commune")
        today = self._column(household, "commune_today")
        if text is None and today is None:
            self.reject(household, "commune", _NO_COMMUNE)
        if year is None or (text is None and today is None):
            return _NOWHERE
        if text is None:
            place = Place(str(today), None, village, None)
        else:
            place = Place(text, self._said(household, "district"), village, year, today)
        if place not in self.resolved:
            self.resolved[place] = self.defaults.resolve(place)
        resolved = self.resolved[place]
        if resolved.code is None:
            self.reject(household, "commune_today" if today is not None else "commune", resolved.reason or _NO_COMMUNE)
        elif resolved.remark is not None and (sheet.name, resolved.listed) not in self.remarked:
            self.remarked.add((sheet.name, resolved.listed))
            self.note(sheet, household.lines[0].row, "commune", resolved.remark)
        return resolved

    def _phone(self, household: Household) -> str | None:
        phone: str | None = None
        for line in household.lines:
            number = phone_of(line.values.get("phone"))
            if number.problem:
                self.note(household.sheet, line.row, "phone", number.problem)
            phone = phone or number.value
        return phone

    def _members(self, household: Household, last_year: int) -> None:
        sheet = household.sheet
        numbers = self._numbers(household)
        people = []
        for line in household.lines:
            person, notes = member_of(line.values, last_year)
            for name, problem in notes:
                self.note(sheet, line.row, name, problem)
            people.append(person)
        if all(person["full_name"] is None for person in people):
            self.reject(household, "full_name", _NO_MEMBERS)
        heads = [line for line, person in zip(household.lines, people, strict=True) if person["relation"] == "head"]
        if len(heads) > 1:
            self.reject(household, "relation", _TWO_HEADS, heads)
        coded = "household_code" in sheet.headings and "relation" in sheet.headings
        if not heads and people[0]["relation"] is None and not coded:
            people[0]["relation"] = "head"  # the line that opens a household is its head's
        household.members = dict(zip(numbers, people, strict=True))

    def _numbers(self, household: Household) -> list[int]:
        """Numbers of the members: those of the list where it has such a column, else counted."""
        lines = household.lines
        counted = list(range(1, len(lines) + 1))
        if "member_no" not in household.sheet.headings:
            return counted
        texts = [text_of(line.values.get("member_no")) for line in lines]
        wrong = [line for line, text in zip(lines, texts, strict=True) if text is None or not is_number(text)]
        if wrong:
            self.reject(household, "member_no", _NOT_WHOLE, wrong)
            return counted
        numbers = [int(text or 0) for text in texts]
        doubled = [line for line, number in zip(lines, numbers, strict=True) if numbers.count(number) > 1]
        if doubled:
            self.reject(household, "member_no", _NUMBER_TWICE, doubled)
            return counted
        return numbers
