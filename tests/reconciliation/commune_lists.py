"""Lists as communes keep them, written from a registry in many layouts, for the tests of `reconciliation.lists`."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import xlsxwriter

from reconciliation import Registry, guess_mapping
from reconciliation.lists import Reading, read
from reconciliation.lists.encodings import TCVN3_TABLE, VNI_TABLE
from reconciliation.registry import RELATIONS, SEXES, STATUSES

COMMUNE = "12046"
HEADINGS = ["STT", "Họ và tên", "Năm sinh", "Giới tính", "Quan hệ với chủ hộ", "Số CCCD", "Thôn", "Phân loại"]
HEAD = [1, "Nguyễn Văn An", 1960, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo"]
WIFE = [None, "Lê Thị Ba", 1962, "Nữ", "Vợ", None, None, None]


@dataclass(frozen=True)
class Layout:
    """How a list is laid out; every field names one habit."""

    format: str = "xlsx"  # xlsx | csv
    encoding: str = "utf-8-sig"  # of a csv
    delimiter: str = ","
    codes: str = "rows"  # rows | heads | none
    numbers: str = "heads"  # heads | rows (every person) | repeated | none
    names: str = "one"  # one | two (a column for heads, another for members)
    birth: str = "one"  # one | by_sex | parts | serial
    sex: str = "column"  # column | marks
    status: str = "column"  # column | marks | dividing | sheets
    village: str = "column"  # column | once | dividing
    ethnicity: str = "rows"  # rows | ditto
    text: str = "unicode"  # unicode | nfd | tcvn3 | vni
    numeric: bool = False  # personal numbers as quantities: their zeros are eaten
    furniture: bool = True  # titles, numbered line, totals, signatures


def encode(text: str, encoding: str) -> str:
    """`text` as an ABC or VNI font wants it, or with loose tone marks (nfd)."""
    if encoding == "nfd":
        return unicodedata.normalize("NFD", text)
    if encoding == "vni":
        table = {letter: written for written, letter in VNI_TABLE.items() if written.isupper() == letter.isupper()}
        return "".join(table.get(c, c) for c in text)
    if encoding == "tcvn3":
        table = {letter: written for written, letter in TCVN3_TABLE.items()}
        # ABC has no capitals with tones: people type the small letter.
        return "".join(table.get(c, table.get(c.lower(), c)) if not c.isascii() else c for c in text)
    return text


def write_list(registry: Registry, layout: Layout, path: Path) -> None:
    """Write `registry` in a layout; households grouped as the layout's dividing rows and sheets want them."""
    households = registry.households.sort_values(["status", "village_name"], kind="stable")
    if layout.status == "sheets":
        groups = [(STATUSES[status], part) for status, part in households.groupby("status", sort=False)]
    else:
        groups = [("Danh sách", households)]
    sheets = {name: _rows(registry, part, layout, name) for name, part in groups}
    if layout.format == "csv":
        ((rows, _),) = sheets.values()
        with path.open("w", encoding=layout.encoding, newline="") as file:
            csv.writer(file, delimiter=layout.delimiter).writerows([[_as_text(cell) for cell in row] for row in rows])
        return
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as workbook:
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        for name, (rows, merges) in sheets.items():
            sheet = workbook.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(r, c, pd.Timestamp(cell).to_pydatetime(), day)
                    elif cell is not None:
                        sheet.write(r, c, cell)
            for first_row, first_column, last_row, last_column in merges:
                sheet.merge_range(first_row, first_column, last_row, last_column, rows[first_row][first_column])


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else str(cell)


def _columns(layout: Layout) -> list[tuple[str, str | None, str]]:
    """(heading, second line, what it holds)."""
    columns: list[tuple[str, str | None, str]] = []
    if layout.numbers != "none":
        columns.append(("STT", None, "number"))
    if layout.codes != "none":
        columns.append(("Mã hộ", None, "code"))
    if layout.names == "two":
        columns += [("Họ và tên chủ hộ", None, "head"), ("Họ và tên thành viên", None, "name")]
    else:
        columns.append(("Họ và tên", None, "name"))
    if layout.birth == "by_sex":
        columns += [("Năm sinh", "Nam", "birth_male"), ("Năm sinh", "Nữ", "birth_female")]
    elif layout.birth == "parts":
        columns += [("Ngày tháng năm sinh", part, part) for part in ("Ngày", "Tháng", "Năm")]
    else:
        columns.append(("Ngày, tháng, năm sinh", None, "birth"))
    if layout.birth != "by_sex":
        if layout.sex == "marks":
            columns += [("Giới tính", "Nam", "mark_male"), ("Giới tính", "Nữ", "mark_female")]
        else:
            columns.append(("Giới tính", None, "sex"))
    columns += [("Quan hệ với chủ hộ", None, "relation"), ("Số CCCD/CMND", None, "cccd"), ("Dân tộc", None, "ethnic")]
    if layout.village != "dividing":
        columns.append(("Thôn", None, "village"))
    if layout.status == "column":
        columns.append(("Phân loại hộ", None, "status"))
    elif layout.status == "marks":
        columns += [("Phân loại", "Hộ nghèo", "mark_poor"), ("Phân loại", "Hộ cận nghèo", "mark_near_poor")]
    return [*columns, ("Ghi chú", None, "notes")]


def _rows(
    registry: Registry, households: pd.DataFrame, layout: Layout, title: str
) -> tuple[list[list[Any]], list[tuple[int, int, int, int]]]:
    columns = _columns(layout)
    rows: list[list[Any]] = []
    merges = []
    if layout.furniture:
        rows += [["UBND XÃ VIỆT TIẾN"], [f"{title.upper()} NĂM 2025"], []]
    top = len(rows)
    two_lines = any(second for _, second, _ in columns)
    heading: list[Any] = []
    for column, (first, second, _) in enumerate(columns):
        heading.append(first if column == 0 or second is None or columns[column - 1][0] != first else None)
    rows.append(heading)
    if two_lines:
        rows.append([second for _, second, _ in columns])
        start = 0
        for column in range(1, len(columns) + 1):
            if column == len(columns) or columns[column][0] != columns[start][0]:
                if columns[start][1] is None:
                    merges.append((top, start, top + 1, start))
                elif column - start > 1:
                    merges.append((top, start, top, column - 1))
                start = column
    if layout.furniture:
        rows.append([f"({number})" for number in range(1, len(columns) + 1)])
    said: dict[str, Any] = {}
    number = person_number = 0
    for code, household in households.iterrows():
        kinds = (("status", STATUSES[household["status"]]), ("village", household["village_name"]))
        for index, (kind, text) in enumerate((k, t) for k, t in kinds if getattr(layout, k) == "dividing"):
            if said.get(kind) != text:
                count = " (3 hộ)" if layout.furniture else ""
                rows.append([["I", "A"][index] if layout.numbers != "none" else None, f"{text}{count}"])
                said = {k: v for k, v in said.items() if k != "village"} if kind == "status" else said
                said |= {kind: text, "ethnic": None}
        number += 1
        for first, (_, member) in zip([True] + [False] * 99, registry.members.loc[str(code)].iterrows(), strict=False):
            person_number += 1
            cells = _person(layout, str(code), household, member, first, number, person_number, said)
            rows.append([cells.get(what) for _, _, what in columns])
        if layout.furniture and number % 3 == 0:
            rows.append([None, "Cộng", 3])
    if layout.furniture:
        rows += [["Tổng cộng", number], [], [None, "NGƯỜI LẬP BIỂU", None, "TM. UBND XÃ"], [None, "Trần Văn Ký"]]
    return [[encode(c, layout.text) if isinstance(c, str) else c for c in row] for row in rows], merges


def _person(
    layout: Layout, code: str, household: Any, member: Any, first: bool, number: int, person: int, said: dict[str, Any]
) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    cells["number"] = {"heads": number if first else None, "rows": person, "repeated": number}.get(layout.numbers)
    cells["code"] = code if first or layout.codes == "rows" else None
    if layout.names == "two" and first:
        cells["head"] = member["full_name"]
    else:
        cells["name"] = member["full_name"]
    has_day = pd.notna(member["birth_date"])
    born: Any = member["birth_date"].date() if has_day else int(member["birth_year"])
    if layout.birth == "serial" and has_day:
        born = (born - date(1899, 12, 30)).days
    cells["birth"] = cells[f"birth_{member['sex']}"] = born
    if has_day:
        day = member["birth_date"]
        cells |= {"Ngày": day.day, "Tháng": day.month, "Năm": day.year}
    else:
        cells["Năm"] = born
    cells[f"mark_{member['sex']}"] = "x"
    cells["sex"] = SEXES[member["sex"]]
    cells["relation"] = RELATIONS[member["relation"]]
    if pd.notna(member["cccd"]):
        cells["cccd"] = int(member["cccd"]) if layout.numeric else member["cccd"]
    ethnic = {"01": "Kinh", "02": "Tày"}[member["ethnicity"]]
    cells["ethnic"] = "nt" if layout.ethnicity == "ditto" and said.get("ethnic") == ethnic else ethnic
    said["ethnic"] = ethnic
    village = household["village_name"]
    if layout.village == "column":
        cells["village"] = village
    elif first and said.get("village once") != village:
        cells["village"] = said["village once"] = village
    if first:
        cells["status"] = STATUSES[household["status"]]
        cells[f"mark_{household['status']}"] = "x"
    return cells


def book(tmp_path: Path, sheets: dict[str, list[list[Any]]], name: str = "danh-sach.xlsx") -> Path:
    """A workbook as a person types it; texts stay texts, whatever they begin with."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"
    workbook.save(tmp_path / name)
    return tmp_path / name


def read_rows(tmp_path: Path, *rows: list[Any], headings: list[Any] | None = None, **options: Any) -> Reading:
    """One sheet of rows, read with the mapping guessed from it."""
    path = book(tmp_path, {"Danh sách": [headings or HEADINGS, *rows]})
    options = {"year": 2025, "commune_code": COMMUNE} | options
    return read(path, guess_mapping(path).confirm(), **options)


def rejected(registry: Registry) -> list[tuple[int, str]]:
    """Row and column of what was left out."""
    rows = registry.problems[registry.problems["rejected"].astype(bool)]
    return list(rows[["row", "column"]].itertuples(index=False, name=None))
