"""What each line under the headings is: a person, a dividing row, a total, a signature, or nothing.

A line is a person when something personal stands in it (a birth, a number, a relation); only a line without such
evidence can be a dividing row or a total, so nobody whose name resembles one (Tống, Khu) is lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from reconciliation.lists.cells import Cell, birth_of, is_ditto, is_mark, is_number, text_of
from reconciliation.lists.headings import HOUSEHOLD_FIELDS, Block, key_of
from reconciliation.lists.words import code_of, status_in
from reconciliation.lists.workbook import Sheet
from reconciliation.names import fold
from reconciliation.registry import Said

BIRTH_FIELDS = ("birth", "birth_year", "birth_male", "birth_female")
_NEVER_DITTO = frozenset({*BIRTH_FIELDS, "full_name", "head_name", "cccd", "household_no", "member_no", "origin_no"})

_TOTAL = re.compile(r"(tổng|cộng|toàn (xã|thôn|phường)|(tong|cong)( (cong|so|ho|thon|xa|khau)\b|\s*:|$))(\s|:|$|\b)")
_FOOTER = re.compile(
    r"nguoi lap|lap bieu|tm\. ?ubnd|tm\. ?uy ban|^t/?m\b|chu tich|ky,? ?(ghi ro|va ghi|ten)|truong thon$|xac nhan cua"
    r"|ngay\s*[\d.…]*\s*thang\s*[\d.…]*\s*nam"
)
_INDEX = re.compile(r"\(?([ivxlc]+|[a-hđ]|\d{1,4})[.)]*", re.I)
_COUNT = re.compile(r"\(?\d+\s*(hộ|khẩu|người|ho|khau|nguoi)?\)?[.,;]?", re.I)
_LEADING_INDEX = re.compile(r"^(?:[IVXLC]+|[A-HĐ]|\d{1,3})\s*[.)/:-]\s*")
_TRAILING_COUNT = re.compile(r"\s*[:(,-]*\s*\(?\s*\d+\s*(?:hộ|khẩu|người|ho\b|khau\b|nguoi\b).*$", re.I)
_PLACES = "thon|xom|khu dan cu|khu pho|khu|to dan pho|tdp|to|lang|ap|ban|doi|pho"
_VILLAGE = re.compile(rf"({_PLACES})\b\s*[:.-]?\s*\S")
#: Words that are surnames as well: beside an ordinary number such a line is rather a person.
_SURNAMES = re.compile(r"(khu|to|lang|ap|ban|doi|pho)\b(?! dan | pho)")
_COMMUNE = re.compile(r"(xa|phuong|thi tran)\b\s*[:.-]?\s*\S")

_BELOW_SIGNATURES = Said(
    "đứng sau phần ký tên; chuyển dòng lên trên phần ký tên rồi nhập lại",
    "stands below the signatures; move the row above them and import again",
)
_NOTHING_ABOVE = Said(
    "ghi «như trên» nhưng phía trên không có gì; ghi rõ", "says «as above», but nothing stands above; write it out"
)
_NOBODY = Said(
    "không phải hộ, thành viên hay tên thôn; bỏ qua; nếu là thành viên thì ghi họ tên",
    "is no household, member or village; passed over; if it is a member, write the name",
)
_ESCAPED = Said(
    "phần hộ thoát nghèo không thuộc danh sách; bỏ qua đến phần tiếp theo",
    "households that escaped poverty are not of the list; passed over to the next part",
)
_TAKEN_FOR_VILLAGE = Said(
    "hiểu là tên thôn của các hộ phía dưới; nếu không đúng, ghi chữ «Thôn» vào trước tên thôn",
    "taken for the village of the households below; if it is none, write «Thôn» before the village's name",
)


@dataclass
class Line:
    """A person's line. `row` as the spreadsheet numbers it; `values`: field -> cell, text decoded, dittos resolved;
    `context`: what the dividing rows above say (status, village, commune); `part`: changes at each dividing row."""

    row: int
    values: dict[str, Cell]
    context: dict[str, str]
    part: int


@dataclass(frozen=True)
class Remark:
    """Something to report of one line: `field` is the field or '' for the whole line."""

    row: int
    field: str
    problem: Said
    rejected: bool = False


@dataclass
class Lines:
    """The persons' lines of one sheet and what was remarked on the way."""

    people: list[Line] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


class _Reader:
    def __init__(self, block: Block, fields: dict[int, str], fill: frozenset[str]) -> None:
        self.fields = fields
        self.fill = fill
        self.lines = Lines()
        self.parts = {part for path in block.paths.values() for part in key_of(path).split(" / ")}
        self.context: dict[str, str] = {}
        self.order: list[str] = []  # kinds of dividing rows, the outer one first
        self.above: dict[str, Cell] = {}
        self.part = 0
        self.ended = False
        self.skipped = False  # under «hộ thoát nghèo»

    def take(self, row: int, cells: dict[int, Cell], wide: bool) -> None:
        values = {self.fields[c]: cell for c, cell in cells.items() if c in self.fields and text_of(cell) is not None}
        if not _is_personal(values) and self._is_furniture(row, cells, values, wide):
            return
        if self.ended:
            if _is_personal(values) or _is_numbered(values):
                self._remark(row, "", _BELOW_SIGNATURES, True)
            return
        if not self.skipped:
            self._person(row, values)

    def _person(self, row: int, values: dict[str, Cell]) -> None:
        for name, cell in list(values.items()):
            if name not in _NEVER_DITTO and is_ditto(text_of(cell)):
                if self.above.get(name) is None:
                    self._remark(row, name, _NOTHING_ABOVE)
                    del values[name]
                else:
                    values[name] = self.above[name]
        for name in self.fill:
            if name not in values and self.above.get(name) is not None:
                values[name] = self.above[name]
        self.above |= values
        self.lines.people.append(Line(row, values, dict(self.context), self.part))

    def _is_furniture(self, row: int, cells: dict[int, Cell], values: dict[str, Cell], wide: bool) -> bool:
        """Whether a line without anything personal is none of a person's; takes note of what it says."""
        texts = [text for cell in cells.values() if (text := text_of(cell)) is not None]
        if not texts:
            return True
        if len(texts) > 1 and all(key_of(text) in self.parts for text in texts):
            self.ended = False
            return True
        if len(texts) > 2 and all(re.fullmatch(r"\(?(\d{1,2}|[A-Za-z])\)?", text) for text in texts):
            return True  # (1) (2) (3) under the headings
        words = [text for text in texts if not _INDEX.fullmatch(text) and not _COUNT.fullmatch(text)]
        if words and _TOTAL.match(unicodedata.normalize("NFC", words[0]).lower()):
            return True
        if any(_FOOTER.search(fold(text)) for text in words):
            self.ended = True
            return True
        if self.ended:
            return not _is_numbered(values)
        distinct = list(dict.fromkeys(words))
        if len(distinct) == 1 and self._divides(row, distinct[0], values, wide):
            return True
        if values.keys() & {"full_name", "head_name", "household_code"}:
            return False
        self._remark(row, "", _NOBODY)
        return True

    def _divides(self, row: int, text: str, values: dict[str, Cell], wide: bool) -> bool:
        text = _TRAILING_COUNT.sub("", _LEADING_INDEX.sub("", text)).strip(" :.-")
        folded = fold(text)
        named = next((values[name] for name in ("full_name", "head_name") if name in values), None)
        if "ngheo" in folded and "thoat" in folded:
            self._remark(row, "", _ESCAPED)
            self._section("status", "")
            self.skipped = True
            return True
        if "ngheo" in folded and (status := status_in(text)):
            self._section("status", status)
            self.skipped = False
            return True
        number = text_of(values.get("household_no"))
        if _VILLAGE.match(folded) and not (_SURNAMES.match(folded) and number is not None and is_number(number)):
            self._section("village", text)
            return True
        if _COMMUNE.match(folded) and named is None:
            self._section("commune", text)
            return True
        if wide:
            self._section("village", text)
            self._remark(row, "", _TAKEN_FOR_VILLAGE)
            return True
        return False

    def _section(self, kind: str, value: str) -> None:
        if kind not in self.order:
            self.order.append(kind)
        # What stood inside the outer part ends with it: a village without its own row has no village then.
        for inner in self.order[self.order.index(kind) + 1 :]:
            self.context.pop(inner, None)
            self.above.pop(inner, None)
            self.skipped = False
        self.context[kind] = value
        self.above.pop(kind, None)
        self.part += 1

    def _remark(self, row: int, name: str, problem: Said, rejected: bool = False) -> None:
        self.lines.remarks.append(Remark(row, name, problem, rejected))


def _is_personal(values: dict[str, Cell]) -> bool:
    relation = text_of(values.get("relation"))
    if relation is not None and (code_of("relation", relation) is not None or is_ditto(relation)):
        return True
    sex = text_of(values.get("sex"))
    if sex is not None and code_of("sex", sex) is not None and values.keys() & {"full_name", "head_name"}:
        return not _is_heading_like(values)
    if re.search(r"\d{8,}", re.sub(r"[\s.'-]", "", text_of(values.get("cccd")) or "")):
        return True
    for name in BIRTH_FIELDS:
        if name in values:
            birth = birth_of(values[name])
            if birth.day or birth.year:
                return True
    year = text_of(values.get("birth_year_part"))
    return year is not None and re.fullmatch(r"(1[89]|20)\d\d", year) is not None


def _is_numbered(values: dict[str, Cell]) -> bool:
    """Whether a household's number stands in its column: whoever signs there has a name."""
    number = text_of(values.get("household_no"))
    return number is not None and is_number(number.rstrip(".)"))


def _is_heading_like(values: dict[str, Cell]) -> bool:
    name = text_of(values.get("full_name", values.get("head_name"))) or ""
    return _TOTAL.match(unicodedata.normalize("NFC", name).lower()) is not None or "ho va ten" in fold(name)


def lines_of(
    sheet: Sheet, block: Block, fields: dict[int, str], fill: frozenset[str], decode: Callable[[int, str], str]
) -> Lines:
    """The persons' lines of a sheet under its headings.

    fields: column -> field (`ignore` left out). fill: fields whose blank cells mean "as above". decode: (column,
    text) -> Unicode text.
    """
    reader = _Reader(block, fields, fill)
    merged_down, wide_rows = _merges(sheet, block, fields)
    for index in range(block.bottom + 1, len(sheet.rows)):
        cells: dict[int, Cell] = {
            column: decode(column, cell) if isinstance(cell, str) else cell
            for column, cell in enumerate(sheet.rows[index])
            if cell is not None
        }
        for column, source in merged_down.get(index, ()):
            cell = sheet.cell(source, column)
            cells.setdefault(column, decode(column, cell) if isinstance(cell, str) else cell)
        if cells:
            reader.take(index + 1, cells, index in wide_rows)
    return reader.lines


def _merges(sheet: Sheet, block: Block, fields: dict[int, str]) -> tuple[dict[int, list[tuple[int, int]]], set[int]]:
    """Cells that a merged range of a household's column covers, as row -> (column, row of the text); and the rows
    that one merged cell spans over three columns or more."""
    down: dict[int, list[tuple[int, int]]] = {}
    wide: set[int] = set()
    for (row, column), (last_row, last_column) in sheet.merged:
        if row <= block.bottom:
            continue
        if last_column - column >= 2:
            wide.add(row)
        # A number merged over a household's rows says where the household starts: that is left to its first row.
        name = fields.get(column)
        if name in HOUSEHOLD_FIELDS and name not in ("household_no", "head_name", "phone"):
            for below in range(row + 1, last_row + 1):
                down.setdefault(below, []).append((column, row))
    return down, wide


def is_ticked(cell: Cell) -> bool | None:
    """Whether a cell of a tick column is ticked: True, False (blank or 0), None when it says something else."""
    text = text_of(cell)
    if text is None or text == "0":
        return False
    return True if is_mark(text) else None
