"""Headings of a list: where they stand, how several lines make one heading, and what field each names.

A heading of several lines is written as a path, «Năm sinh / Nam». What a heading names is decided on its words
without tones, except where only tones tell («Năm», a year, from «Nam», a man): there its neighbours decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from reconciliation.lists.cells import text_of
from reconciliation.lists.units import TODAY_HEADING
from reconciliation.lists.workbook import Sheet
from reconciliation.names import fold
from reconciliation.registry import Said

#: Field -> what it holds, as shown to the person who confirms a mapping.
FIELDS: dict[str, Said] = {
    "household_code": Said("Mã hộ (của phần mềm)", "Household code (of the software)"),
    "household_no": Said("Số thứ tự hộ", "Number of the household"),
    "year": Said("Năm của danh sách", "Year of the list"),
    "commune": Said("Xã, phường (mã hoặc tên)", "Commune (code or name)"),
    "district": Said("Huyện (khi tên xã trùng nhau)", "District (where communes share a name)"),
    "commune_today": Said("Xã, phường hiện nay (khi xã cũ đã chia)", "Commune of today (where the old one was split)"),
    "village_id": Said("Mã thôn", "Code of the village"),
    "village": Said("Tên thôn", "Name of the village"),
    "status": Said("Phân loại hộ", "Class of the household"),
    "mark_poor": Said("Đánh dấu hộ nghèo", "Tick for poor"),
    "mark_near_poor": Said("Đánh dấu hộ cận nghèo", "Tick for near-poor"),
    "phone": Said("Điện thoại", "Telephone"),
    "head_name": Said("Họ tên chủ hộ", "Name of the head"),
    "member_no": Said("Số thứ tự thành viên", "Number of the member"),
    "full_name": Said("Họ tên thành viên", "Name of the member"),
    "relation": Said("Quan hệ với chủ hộ", "Relation to the head"),
    "sex": Said("Giới tính", "Sex"),
    "mark_male": Said("Đánh dấu nam", "Tick for male"),
    "mark_female": Said("Đánh dấu nữ", "Tick for female"),
    "birth": Said("Ngày sinh hoặc năm sinh", "Day or year of birth"),
    "birth_year": Said("Năm sinh (cột riêng)", "Year of birth (its own column)"),
    "birth_male": Said("Ngày hoặc năm sinh của nam", "Day or year of birth, of men"),
    "birth_female": Said("Ngày hoặc năm sinh của nữ", "Day or year of birth, of women"),
    "birth_day": Said("Ngày (của ngày sinh)", "Day (of the birth)"),
    "birth_month": Said("Tháng (của ngày sinh)", "Month (of the birth)"),
    "birth_year_part": Said("Năm (của ngày sinh)", "Year (of the birth)"),
    "cccd": Said("Số định danh cá nhân, CCCD, CMND", "Personal number, CCCD, CMND"),
    "ethnicity": Said("Dân tộc", "Ethnic group"),
    "origin_no": Said(
        "Số của hộ trong tệp gốc (tệp dòng bị từ chối)",
        "Number of the household in the first file (file of rejected rows)",
    ),
    "ignore": Said("Không dùng", "Not used"),
}
#: Heading of the column that `write_rejected` adds, so that a household without a code keeps its temporary one.
ORIGIN_HEADING = "Số hộ trong tệp gốc (không sửa, do not change)"
#: Heading of the other column it adds: why the household was rejected.
REASON_HEADING = "Lý do bị từ chối (reason)"
#: Columns of such a file, known without a mapping: heading -> field.
OWN_HEADINGS = {ORIGIN_HEADING: "origin_no", REASON_HEADING: "ignore", TODAY_HEADING: "commune_today"}
#: Fields of the household, equal on all its rows.
HOUSEHOLD_FIELDS = (*list(FIELDS)[: list(FIELDS).index("member_no")], "origin_no")

_NAME = "ho ?,? ?(?:va )?(?:chu dem va )?ten"
_BORN = r"(?:ngay ?,? ?(?:thang ?,? ?nam )?sinh|ngay thang nam|nam sinh|ngay/thang/nam sinh|sinh (?:ngay|nam))"
_COMMUNE = "(?:xa|phuong|xa ?[,/] ?phuong(?: ?[,/] ?thi tran)?)"
# First match wins; the certainty is that of the words alone.
_RULES: tuple[tuple[str, str, float], ...] = (
    ("origin_no", r"^so ho trong tep goc", 1.0),
    ("ignore", r"^(ghi chu|so (nhan )?khau|tong so|so nguoi|so thanh vien|ly do|nguyen nhan)", 0.9),
    ("household_code", r"^(ma (so )?(dinh danh )?ho\b|ma (so )?(phieu|ho gia dinh)|ma phan mem)", 1.0),
    ("village_id", r"^ma (so )?(thon|xom|to dan pho|khu|ap|ban)\b", 1.0),
    ("commune_today", rf"^(?:ma |ma so |ten )?{_COMMUNE} \(?(?:hien nay|moi|sau (?:sap nhap|sap xep))\b.*$", 0.95),
    ("commune", rf"^(?:ma|ma so|ten)? ?\(?{_COMMUNE}\)?(?: cu| truoc (?:sap nhap|sap xep)| \(.*\))?$", 0.95),
    ("district", r"^(ten )?(huyen|quan)\b(?! he)", 0.9),
    ("member_no", r"^(so )?(stt|tt|thu tu) ?\(?(cua )?(trong ho|thanh vien|khau|nhan khau|nguoi)", 1.0),
    ("household_no", r"^(so )?(stt|tt|thu tu)( ho( gia dinh)?)?$", 0.95),
    ("birth_male", rf"{_BORN}.* / nam \(gioi\)$", 1.0),
    ("birth_female", rf"{_BORN}.* / nu$", 1.0),
    ("birth_day", rf"({_BORN}|sinh).* / ngay( sinh)?$", 0.95),
    ("birth_month", rf"({_BORN}|sinh).* / thang( sinh)?$", 0.95),
    ("birth_year_part", rf"({_BORN}|sinh).* / nam( sinh)?$", 0.9),
    ("mark_male", r"(gioi tinh|gioi|phai) / nam( \(gioi\))?$", 1.0),
    ("mark_female", r"(gioi tinh|gioi|phai) / nu$", 1.0),
    ("mark_near_poor", r"( / |^)(ho )?can ngheo( \(.*\))?$|( / |^)hcn$", 0.9),
    ("mark_poor", r"( / |^)(ho )?ngheo( \(.*\))?$|( / |^)hn$", 0.9),
    ("relation", r"\b(quan he|qh voi|moi qh)", 1.0),
    ("cccd", r"\b(cccd|cmnd|cmtnd|cmt|can cuoc|dinh danh ca nhan|ddcn|so giay to|chung minh)", 1.0),
    ("phone", r"\b(dien thoai|sdt|so dt|di dong|dt lien he)", 1.0),
    ("ethnicity", r"\bdan toc\b", 1.0),
    ("sex", r"^(gioi tinh|gioi|phai|nam/nu|nam ?, ?nu)$", 1.0),
    ("head_name", rf"^({_NAME} )?\(?chu ho( gia dinh| ngheo| can ngheo|/ho|,.*)?\)?$|^ten chu ho", 0.95),
    ("full_name", rf"^{_NAME}\b", 0.95),
    ("full_name", r"^(thanh vien|nhan khau|cac thanh vien)( trong| cua)?( ho)?( gia dinh)?$", 0.7),
    ("birth_year", r"^nam sinh\b(?!.*/)", 0.95),
    ("birth", rf"^{_BORN}\b|^sinh$", 0.95),
    ("year", r"^(nam|nam (ra soat|danh sach|cong nhan|bao cao))$", 0.85),
    ("status", r"^(phan loai|loai ho|doi tuong|dien ho|thuoc dien|ket qua (ra soat|phan loai)|tinh trang ngheo)", 0.95),
    ("status", r"^ho ngheo ?[,/-] ?(ho )?can ngheo$", 0.9),
    ("village", r"^(ten )?\(?(thon|xom|khu|khu pho|to dan pho|tdp|lang|ap|ban|doi)\b", 0.95),
    ("village", r"^(dia chi|noi o|cho o|noi cu tru|noi thuong tru|ho khau thuong tru)", 0.7),
)  # fmt: skip
_PATTERNS = [(field, re.compile(pattern), certainty) for field, pattern, certainty in _RULES]
#: What makes a line a line of headings: somebody's name and something else.
NAME_FIELDS = ("full_name", "head_name")

_SEARCHED_ROWS = 60
_MOST_LINES = 4


@dataclass(frozen=True)
class Block:
    """The heading lines of a sheet: rows `top` to `bottom` (from 0, both included), and column -> heading path."""

    top: int
    bottom: int
    paths: dict[int, str]


def key_of(path: str) -> str:
    """A heading path made comparable: no tones, single spaces, no line breaks, no colon."""
    return fold(path).replace(" :", "").rstrip(":* ")


def field_of(path: str, siblings: frozenset[str] = frozenset()) -> tuple[str, float]:
    """The field a heading names and how certain its words are (0 to 1); (`ignore`, 0) when unknown.

    siblings: keys of the last parts of the headings under the same parent: «Nam» beside «Nữ» is a sex.
    """
    key = key_of(path)
    last = key.rsplit(" / ", 1)[-1]
    if last == "nam" and "nu" in siblings:
        key += " (gioi)"
    for field, pattern, certainty in _PATTERNS:
        if pattern.search(key):
            return field, certainty
    return "ignore", 0.0


def siblings_of(paths: dict[int, str]) -> dict[int, frozenset[str]]:
    """For each column the keys of the last parts under the same parent."""
    parts = {column: key_of(path).rsplit(" / ", 1) for column, path in paths.items()}
    groups: dict[str, set[str]] = {}
    for part in parts.values():
        if len(part) == 2:
            groups.setdefault(part[0], set()).add(part[1])
    return {column: frozenset(groups[part[0]]) if len(part) == 2 else frozenset() for column, part in parts.items()}


def find_block(sheet: Sheet, worth: Callable[[dict[int, str]], float]) -> Block | None:
    """The block of heading lines that is worth most, or None when none is worth anything.

    worth: what the paths of a candidate block are worth (0: no headings at all).
    """
    expanded = _expanded(sheet, _SEARCHED_ROWS + _MOST_LINES)
    best: Block | None = None
    best_worth = 0.0
    for top in range(min(_SEARCHED_ROWS, len(expanded))):
        if len(set(expanded[top].values())) < 2:
            continue
        for bottom in range(top, min(top + _MOST_LINES, len(expanded))):
            if bottom > top and not _continues(expanded[bottom]):
                break
            paths = _paths(expanded[top : bottom + 1])
            # Of two readings of equal worth the one with fewer lines: the line below is data.
            gained = worth(paths) - 0.05 * (bottom - top)
            if gained > best_worth + 1e-9:
                best, best_worth = Block(top, bottom, paths), gained
    return best


def guessed_worth(paths: dict[int, str]) -> float:
    """What a candidate block is worth to the guesser: certainties of the distinct fields its headings name."""
    siblings = siblings_of(paths)
    fields: dict[str, float] = {}
    for column, path in paths.items():
        field, certainty = field_of(path, siblings[column])
        fields[field] = max(fields.get(field, 0.0), certainty)
    fields.pop("ignore", None)
    if not any(name in fields for name in NAME_FIELDS) or len(fields) < 2:
        return 0.0
    return sum(fields.values())


def _continues(row: dict[int, str]) -> bool:
    """Whether a line can be a lower line of headings: words, none of them a number, and more than one of them."""
    return len(row) > 1 and not any(re.search(r"\d{2,}|^\(?\d+\)?$", text) for text in row.values())


def _expanded(sheet: Sheet, count: int) -> list[dict[int, str]]:
    """The first rows as column -> text, with the text of a merged range in every column it spans."""
    rows: list[dict[int, str]] = []
    for cells in sheet.rows[:count]:
        texts = {c: text_of(sheet.plain(cell) if isinstance(cell, str) else cell) for c, cell in enumerate(cells)}
        rows.append({column: text for column, text in texts.items() if text is not None})
    for (row, column), (last_row, last_column) in sheet.merged:
        if row >= count or row >= len(rows) or column not in rows[row]:
            continue
        for r in range(row, min(last_row + 1, len(rows))):
            for c in range(column, last_column + 1):
                rows[r].setdefault(c, rows[row][column])
    return rows


def _paths(lines: list[dict[int, str]]) -> dict[int, str]:
    """Column -> path over the lines. A parent without merged cells reaches right over the empty cells that follow,
    as far as the line below has texts there."""
    lines = [dict(line) for line in lines]
    for upper, lower in pairwise(lines):
        current: str | None = None
        for column in range(max([*upper, *lower], default=-1) + 1):
            if column in upper:
                # A heading that stands alone in its column has no children to its right.
                current = upper[column] if column in lower else None
            elif current is not None and column in lower:
                upper[column] = current
            else:
                current = None
    paths: dict[int, str] = {}
    for column in sorted({column for line in lines for column in line}):
        parts: list[str] = []
        for line in lines:
            text = line.get(column)
            if text is not None and (not parts or parts[-1] != text):
                parts.append(text)
        paths[column] = " / ".join(parts)
    seen: dict[str, int] = {}
    for column, path in paths.items():
        seen[key_of(path)] = times = seen.get(key_of(path), 0) + 1
        if times > 1:
            paths[column] = f"{path} ({times})"
    return paths
