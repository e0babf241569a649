"""What a cell says: text, marks, dates and numbers as people type them and as spreadsheets mangle them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from reconciliation.registry import Said

#: A cell as a workbook gives it; None is an empty cell.
Cell = str | float | int | bool | date | datetime | timedelta | None

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BLANKS = frozenset({"", "-", "--", "—", "–", ".", "..", "...", "…", "/", "#n/a", "null", "none", "nan"})
_DITTOS = frozenset(
    {"nt", "-nt-", "- nt -", "n.t", "nt.", '"', '""', "''", "”", "“", "″", "〃", "//", "như trên", "nhu tren", "ntr"}
)
_MARKS = frozenset({"x", "×", "v", "✓", "✔", "√", "þ", "1", "có", "+"})

#: First and last year a birth on a list can have.
FIRST_YEAR, LAST_YEAR = 1880, 2100
_EXCEL_EPOCH = date(1899, 12, 30)
# A serial below this (1 January 1910) is rather an age or a number of persons.
_FIRST_SERIAL = 3654


def text_of(cell: Cell) -> str | None:
    """The cell as text: whole numbers without `.0`, dates as dd/mm/yyyy, spaces single; None when it says nothing."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "x" if cell else None
    if isinstance(cell, datetime | date):
        return f"{cell.day:02d}/{cell.month:02d}/{cell.year:04d}"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return _text(cell if isinstance(cell, str) else str(cell))


@lru_cache(maxsize=65536)
def _text(cell: str) -> str | None:
    # The soft hyphen is a letter in TCVN3: callers decode first, then clean.
    text = " ".join(_INVISIBLE.sub("", cell).split()).removeprefix("'").strip()
    return None if text.lower() in _BLANKS else text


def is_number(text: str) -> bool:
    """Whether a text is digits 0 to 9 alone (`str.isdigit` takes ² and ① too)."""
    return text.isascii() and text.isdigit()


def is_ditto(text: str | None) -> bool:
    """Whether a cell means "as above" (như trên)."""
    return text is not None and text.lower() in _DITTOS


def is_mark(text: str | None) -> bool:
    """Whether a cell is a tick: x, v, 1, có."""
    return text is not None and text.lower() in _MARKS


@dataclass(frozen=True)
class Birth:
    """A birth as a cell gives it: a day, or a year only, or neither; `problem` says why, or what was understood."""

    day: date | None = None
    year: int | None = None
    problem: Said | None = None


_UNREAD = Said(
    "không đọc được; ghi ngày/tháng/năm, ví dụ 05/09/1980, hoặc năm có 4 chữ số; để trống",
    "cannot be read; write day/month/year, as 05/09/1980, or a year of 4 digits; left blank",
)
_TWO_DIGITS = Said("phải là năm có 4 chữ số; để trống", "must be a year of 4 digits; left blank")
_TWO_CENTURIES = Said(
    "năm hai chữ số có thể thuộc hai thế kỷ; ghi năm có 4 chữ số; để trống",
    "a year of 2 digits can be of two centuries; write 4 digits; left blank",
)
_IN_THE_FUTURE = Said(
    "sau năm của danh sách; kiểm tra lại; để trống", "after the year of the list; check it; left blank"
)
_MONTH_FIRST = Said(
    "tháng lớn hơn 12, hiểu là tháng/ngày/năm; ghi lại ngày/tháng/năm",
    "the month is above 12, read as month/day/year; write day/month/year",
)
_NOT_A_DAY = Said(
    "không có ngày này trong lịch; ghi lại ngày/tháng/năm, ví dụ 05/09/1980; để trống",
    "no such day in the calendar; write day/month/year, as 05/09/1980; left blank",
)

_SEPARATED = re.compile(r"([0-9?_.x*…]{1,4})\s*[/\-.,\s]\s*([0-9?_.x*…]{1,4})\s*[/\-.,\s]\s*([0-9]{4}|[0-9]{2})", re.I)
_ISO = re.compile(r"([0-9]{4})[/\-.]([0-9]{1,2})[/\-.]([0-9]{1,2})")
_WORDS = re.compile(r"(?:ngày|ngay)\s*([0-9]{1,2})\s*(?:tháng|thang)\s*([0-9]{1,2})\s*(?:năm|nam)\s*([0-9]{4})", re.I)
_MONTH_YEAR = re.compile(
    r"(?:[0-9]{1,2}|[?_.x*…]{1,4}|(?:tháng|thang)\s*[0-9]{1,2})\s*(?:[/\-.,]|(?:năm|nam))\s*([0-9]{4})", re.I
)
_TIME = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$")


def birth_of(cell: Cell, last_year: int = LAST_YEAR) -> Birth:
    """Read a birth. `last_year`: year of the list, after which nobody on it can be born.

    Taken: real dates; 5/9/1980 with / - . or spaces; 1980-09-05; 05091980 and 19800905, also where the first zero was
    eaten; «ngày 5 tháng 9 năm 1980»; an Excel serial; 1980; and with an unknown day or month (9/1980, ../../1980,
    00/00/1980) the year alone. Two-digit years are taken in a date that only one century can mean; a bare two-digit
    number can be an age and is never guessed.
    """
    if isinstance(cell, bool):
        return Birth(problem=_UNREAD)
    if isinstance(cell, datetime | date):
        return _on(cell.day, cell.month, cell.year, last_year)
    text = text_of(cell)
    if text is None:
        return Birth()
    text = _TIME.sub("", text)
    if found := _WORDS.fullmatch(text):
        day, month, year = map(int, found.groups())
        return _on(day, month, year, last_year)
    if found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
        return _on(day, month, year, last_year)
    if is_number(text):
        return _digits(text, last_year)
    if found := _MONTH_YEAR.fullmatch(text):
        return _in(int(found[1]), last_year)
    if found := _SEPARATED.fullmatch(text):
        return _parts(found[1], found[2], found[3], last_year)
    return Birth(problem=_UNREAD)


def _parts(day: str, month: str, year: str, last_year: int) -> Birth:
    whole_year = int(year)
    if len(year) == 2:
        if 2000 + whole_year <= last_year:
            return Birth(problem=_TWO_CENTURIES)
        whole_year += 1900
    if not (is_number(day) and is_number(month)) or int(day) == 0 or int(month) == 0:
        return _in(whole_year, last_year)
    if int(month) > 12 and int(day) <= 12:
        swapped = _on(int(month), int(day), whole_year, last_year)
        return Birth(swapped.day, swapped.year, swapped.problem or _MONTH_FIRST)
    return _on(int(day), int(month), whole_year, last_year)


def _digits(text: str, last_year: int) -> Birth:
    number = int(text)
    if len(text) in (7, 8):
        padded = text.zfill(8)
        for order in ((padded[:2], padded[2:4], padded[4:]), (padded[6:], padded[4:6], padded[:4])):
            day, month, year = map(int, order)
            read = _on(day, month, year, last_year)
            if read.day:
                return read
        return Birth(problem=_UNREAD)
    if len(text) == 4 and FIRST_YEAR <= number <= LAST_YEAR:
        return _in(number, last_year)
    if len(text) in (4, 5) and number >= _FIRST_SERIAL:
        born = _EXCEL_EPOCH + timedelta(days=number)
        return _on(born.day, born.month, born.year, last_year)
    return Birth(problem=_TWO_DIGITS if len(text) < 4 else _UNREAD)


def _on(day: int, month: int, year: int, last_year: int) -> Birth:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Birth(problem=_UNREAD)
    if year > last_year:
        return Birth(problem=_IN_THE_FUTURE)
    try:
        return Birth(day=date(year, month, day))
    except ValueError:
        return Birth(problem=_NOT_A_DAY)


def _in(year: int, last_year: int) -> Birth:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Birth(problem=_TWO_DIGITS)
    return Birth(problem=_IN_THE_FUTURE) if year > last_year else Birth(year=year)


def split_birth(day: Cell, month: Cell, year: Cell, last_year: int = LAST_YEAR) -> Birth:
    """A birth from three columns (ngày | tháng | năm); the year alone where day or month is not written."""
    parts = [text_of(part) for part in (day, month, year)]
    if parts[2] is None:
        return Birth(problem=_UNREAD) if parts[0] or parts[1] else Birth()
    if not is_number(parts[2]) or len(parts[2]) != 4:
        return birth_of(year, last_year)
    return _parts(parts[0] or "?", parts[1] or "?", parts[2], last_year)
