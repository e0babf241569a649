"""Files as sheets of cells: xlsx, xls, ods and csv. Values only: no formula is computed, no macro is run."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from reconciliation.lists.cells import Cell
from reconciliation.lists.encodings import UNICODE, decode, decode_bytes, detect
from reconciliation.registry import RegistryError

_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_TEXTS = {".csv", ".tsv", ".txt"}
_TOLD_BY = 200  # rows that tell the encoding of a sheet

#: (first row, first column), (last row, last column), counted from 0.
Range = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Limits:
    """How much is read at most. A province's list of poor households has some 150,000 persons: a workbook of 7 MB that
    unpacks to some 100 MB. What these limits let through was read within 1 GB of memory."""

    file_bytes: int = 64 * 2**20
    unpacked_bytes: int = 256 * 2**20  # of a zipped workbook: a small file can unpack to anything
    rows: int = 400_000  # of all sheets together
    columns: int = 256


@dataclass
class Sheet:
    """One sheet. `rows[0]` is line 1 as the spreadsheet numbers it; rows may differ in length; empty cells are None."""

    name: str
    rows: list[list[Cell]]
    merged: list[Range] = field(default_factory=list)
    hidden: bool = False

    @cached_property
    def encoding(self) -> str:
        """Encoding of most of the sheet's text: what its headings and titles are read by."""
        texts = (cell for row in self.rows[:_TOLD_BY] for cell in row if isinstance(cell, str))
        return detect(texts) or UNICODE

    def plain(self, text: str) -> str:
        """Text of no known column (titles, headings) in Unicode."""
        return decode(text, self.encoding)

    def cell(self, row: int, column: int) -> Cell:
        """The cell at a place counted from 0; None beyond the end."""
        if row >= len(self.rows) or column >= len(self.rows[row]):
            return None
        return self.rows[row][column]


def read_sheets(path: Path, limits: Limits | None = None) -> list[Sheet]:
    """Every sheet of a file that holds anything, in its order.

    Raises `RegistryError` when the file is missing, of another kind, locked by a password, damaged, or too large.
    """
    limits = limits or Limits()
    if not path.is_file():
        raise RegistryError(path.name, "không có tệp này; kiểm tra lại đường dẫn", "no such file; check the path")
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise RegistryError(
            path.name,
            f"tệp {size / 2**20:.0f} MB, lớn hơn mức {limits.file_bytes / 2**20:.0f} MB; tách mỗi xã một tệp, bỏ ảnh và"
            " trang không dùng",
            f"the file has {size / 2**20:.0f} MB, more than {limits.file_bytes / 2**20:.0f} MB; make one file a"
            " commune, without pictures and unused sheets",
        )
    suffix = path.suffix.lower()
    if suffix in _TEXTS:
        sheets = [_text_sheet(path, limits)]
    elif suffix in _WORKBOOKS:
        sheets = _workbook_sheets(path, limits)
    else:
        raise RegistryError(
            path.name,
            "không đọc được tệp loại này; lưu lại dạng .xlsx hoặc .csv",
            "files of this kind cannot be read; save it as .xlsx or .csv",
        )
    sheets = [sheet for sheet in sheets if sheet.rows]
    for sheet in sheets:
        width = max(len(row) for row in sheet.rows)
        if width > limits.columns:
            raise RegistryError(
                path.name,
                f"trang «{sheet.name}» có {width} cột, nhiều hơn mức {limits.columns}; xoá các cột không thuộc"
                " danh sách",
                f"sheet «{sheet.name}» has {width} columns, more than {limits.columns}; delete those that are not of"
                " the list",
            )
    return sheets


def _workbook_sheets(path: Path, limits: Limits) -> list[Sheet]:
    data = path.read_bytes()
    try:
        _check_unpacked(path, data, limits)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets: list[Sheet] = []
        left = limits.rows
        for about in workbook.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            found = workbook.get_sheet_by_name(about.name)
            if found.start is None:
                continue
            indent: list[Cell] = [None] * found.start[1]
            read = (indent + [None if cell == "" else _plain(cell) for cell in row] for row in found.iter_rows())
            rows = _taken(path, read, left, limits)
            left -= len(rows)
            sheets.append(
                Sheet(about.name, rows, found.merged_cell_ranges or [], about.visible != SheetVisibleEnum.Visible)
            )
    except PasswordError:
        raise RegistryError(
            path.name,
            "tệp có mật khẩu; mở tệp, bỏ mật khẩu rồi lưu lại",
            "the file has a password; open it, take the password off and save it",
        ) from None
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise RegistryError(
            path.name,
            f"không đọc được như tệp Excel; mở tệp và lưu lại dạng .xlsx ({type(error).__name__})",
            f"cannot be read as an Excel file; open it and save it as .xlsx ({type(error).__name__})",
        ) from None
    return sheets


def _plain(cell: object) -> Cell:
    # A time of day or a duration is no answer to anything a list asks.
    return cell if isinstance(cell, str | float | int | bool) or hasattr(cell, "year") else str(cell)  # type: ignore[return-value]


def _check_unpacked(path: Path, data: bytes, limits: Limits) -> None:
    if not data.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > limits.unpacked_bytes:
        raise RegistryError(
            path.name,
            f"tệp giải nén ra {unpacked / 2**20:.0f} MB, lớn hơn mức {limits.unpacked_bytes / 2**20:.0f} MB; tách mỗi"
            " xã một tệp, xoá dòng và cột trống đã định dạng",
            f"the file unpacks to {unpacked / 2**20:.0f} MB, more than {limits.unpacked_bytes / 2**20:.0f} MB; make one"
            " file a commune, delete empty rows and columns that carry a format",
        )


def _text_sheet(path: Path, limits: Limits) -> Sheet:
    text = decode_bytes(path.read_bytes())
    if "\0" in text[:4096]:
        raise RegistryError(
            path.name, "không phải tệp văn bản; lưu lại dạng .xlsx hoặc .csv", "is no text; save it as .xlsx or .csv"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        rows = _taken(path, ([cell or None for cell in row] for row in reader), limits.rows, limits)
    except csv.Error:
        raise RegistryError(
            path.name,
            f"dòng {reader.line_num} hỏng cấu trúc CSV; mở tệp bằng Excel và lưu lại dạng .xlsx",
            f"line {reader.line_num} is broken as CSV; open the file in Excel and save it as .xlsx",
        ) from None
    return Sheet(path.stem, rows)


def _delimiter(text: str) -> str:
    """The delimiter that cuts most lines alike; headings and names hold commas, so a count alone would mislead."""
    lines = [line for line in text[:65536].splitlines() if line.strip()][:50]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        wide = [width for width in widths if width > 1]
        usual = max(set(wide), key=wide.count, default=1)
        return (wide.count(usual), usual)

    return max(";\t,|", key=agreement)


def _taken(path: Path, rows: Iterable[list[Cell]], left: int, limits: Limits) -> list[list[Cell]]:
    """The rows without the empty ones at the end, refused as soon as there are too many."""
    taken: list[list[Cell]] = []
    filled = 0
    for row in _trimmed(rows):
        taken.append(row)
        if row:
            filled = len(taken)
            if filled > left:
                raise RegistryError(
                    path.name,
                    f"có hơn {limits.rows} dòng; tách mỗi xã một tệp, xoá các trang không dùng",
                    f"has more than {limits.rows} rows; make one file a commune, delete unused sheets",
                )
    return taken[:filled]


def _trimmed(rows: Iterable[list[Cell]]) -> Iterator[list[Cell]]:
    for row in rows:
        end = len(row)
        while end and (row[end - 1] is None or (isinstance(cell := row[end - 1], str) and not cell.strip())):
            end -= 1
        yield row[:end]
