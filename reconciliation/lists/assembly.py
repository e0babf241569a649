"""Households and members of the registry made from the lines of all sheets of a file."""

from __future__ import annotations

from collections import defaultdict
from itertools import count

import pandas as pd

from reconciliation.lists.facts import Defaults, Found, Household, HouseholdReader
from reconciliation.lists.rows import Line
from reconciliation.registry import (
    HOUSEHOLD_COLUMNS,
    MEMBER_COLUMNS,
    PROBLEM_COLUMNS,
    Registry,
    RegistryError,
    Said,
    head_names,
)


def _places(lines: list[tuple[Found, Line]]) -> Said:
    return Said(
        ", ".join(f"trang «{sheet.name}» dòng {line.row}" for sheet, line in lines),
        ", ".join(f"sheet «{sheet.name}» row {line.row}" for sheet, line in lines),
    )


def _compare(reader: HouseholdReader, households: list[Household]) -> list[Household]:
    """The households that stand: one code on several sheets is one household, or a contradiction."""
    by_code: dict[str | None, list[Household]] = defaultdict(list)
    for household in households:
        by_code[household.code].append(household)
    kept = []
    for same in by_code.values():
        first = max(same, key=Household.said)
        others = [household for household in same if household is not first]
        if others and all(first.same_as(other) for other in others):
            for other in others:
                reader.note(
                    other.sheet,
                    other.lines[0].row,
                    "household_code",
                    Said(
                        f"hộ này đã có ở trang «{first.sheet.name}» dòng {first.lines[0].row}, giống hệt; chỉ lấy một",
                        f"the same household, with the same content, stands on sheet «{first.sheet.name}»"
                        f" row {first.lines[0].row}; taken once",
                    ),
                )
        elif others:
            for household in same:
                places = _places([(o.sheet, o.lines[0]) for o in same if o is not household])
                reader.reject(
                    household,
                    "household_code",
                    Said(
                        f"cùng mã hộ nhưng nội dung khác ở {places.vi}; giữ một, bỏ hoặc sửa mã",
                        f"the same household code with other content on {places.en}; keep one, remove the other or"
                        " correct its code",
                    ),
                )
        kept.append(first)
    kept = [household for household in kept if not household.rejected]
    _note_doubled_numbers(reader, kept)
    return kept


def _note_doubled_numbers(reader: HouseholdReader, households: list[Household]) -> None:
    holders: dict[object, list[tuple[Household, Line]]] = defaultdict(list)
    for household in households:
        for line, person in zip(household.lines, household.members.values(), strict=True):
            if person["cccd"] is not None:
                holders[person["cccd"]].append((household, line))
    for of_number in holders.values():
        for household, line in of_number if len(of_number) > 1 else ():
            places = _places([(other.sheet, row) for other, row in of_number if row is not line])
            reader.note(
                household.sheet,
                line.row,
                "cccd",
                Said(
                    f"trùng số với {places.vi}; một trong hai ghi sai hoặc một người có ở hai hộ; kiểm tra"
                    " lại; vẫn nhập",
                    f"the same number as on {places.en}; one of them is wrong, or one person stands in two households;"
                    " check it; taken all the same",
                ),
            )


def assemble(file: str, sheets: list[Found], defaults: Defaults) -> Registry:
    """The registry of all sheets. Raises `RegistryError` when the file contradicts what it is imported as."""
    reader = HouseholdReader(file, defaults)
    households: list[Household] = []
    counter = count(1)
    for sheet in sheets:
        title = sheet.facts.get("year")
        settled = sheet.rule.year is not None or "year" in sheet.headings
        if defaults.year and title and not settled and int(title) != defaults.year:
            raise RegistryError(
                file,
                f"tiêu đề trang «{sheet.name}» ghi năm {title} nhưng đang nhập năm {defaults.year};"
                " chọn đúng tệp, hoặc ghi year của trang trong tệp ánh xạ",
                f"the title of sheet «{sheet.name}» says {title}, but {defaults.year} is being imported; choose the"
                " right file, or write the sheet's year in the mapping file",
            )
        for remark in sheet.remarks:
            reader.note(sheet, remark.row, remark.field, remark.problem, remark.rejected)
        groups: dict[str, list[Line]] = {}
        for line, label in zip(sheet.lines, sheet.labels, strict=True):
            if label is not None:
                groups.setdefault(label, []).append(line)
        coded = "household_code" in sheet.headings
        households += [
            Household(sheet, lines, next(counter), code=label if coded else None) for label, lines in groups.items()
        ]
    for household in households:
        reader.read(household)
    places = list(reader.resolved.values())
    if defaults.check_province and places and all(found.outside for found in places):
        reason = places[0].reason or Said("", "")
        raise RegistryError(
            file,
            "không xã nào của danh sách thuộc tỉnh này; kiểm tra tệp có đúng của tỉnh và đúng năm không."
            f" Xã đầu tiên: {reason.vi}",
            "no commune of the list is of this province; check that the file is the province's, and its year."
            f" The first commune: {reason.en}",
        )
    kept = _compare(reader, households)
    _note_heads_only(reader, sheets, kept)
    return _registry(reader, kept, phones=any("phone" in sheet.headings for sheet in sheets))


def _note_heads_only(reader: HouseholdReader, sheets: list[Found], kept: list[Household]) -> None:
    if len(kept) > 2 and all(len(household.lines) == 1 for household in kept):
        reader.note(
            sheets[0],
            sheets[0].top,
            "full_name",
            Said(
                "danh sách chỉ có chủ hộ, không có thành viên khác; bổ sung thành viên để đối chiếu chắc chắn",
                "the list has heads alone and no other members; add the members, so that linkage is sure",
            ),
        )


def _registry(reader: HouseholdReader, kept: list[Household], *, phones: bool) -> Registry:
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
    problems = pd.DataFrame(reader.problems, columns=PROBLEM_COLUMNS).sort_values(
        ["rejected", "sheet", "row"], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    return Registry(households[ordered].sort_index(), members, problems)
