"""Personal numbers and telephone numbers as lists hold them, made whole where that is certain and only there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciliation.lists.cells import Cell, is_number, text_of
from reconciliation.registry import Said

_PUNCTUATION = re.compile(r"[\s.\-'’`,:]+")
_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+e\+?[0-9]+", re.I)
# Century and sex in the fourth digit of a CCCD: 20th century male 0, female 1; 21st 2, 3 (TT 59/2021/TT-BCA Art 4).
_FIRST_CENTURY = 19

_NOT_TWELVE = Said(
    "phải có 12 chữ số (hoặc CMND cũ 9 chữ số); để trống",
    "must have 12 digits (or 9, an old CMND); left blank",
)
_SCIENTIFIC_LOSS = Said(
    "bị bảng tính đổi thành số mũ, đã mất chữ số; gõ lại số dạng văn bản; để trống",
    "the spreadsheet made it an exponent and lost digits; type it again as text; left blank",
)
_RESTORED = Said(
    "thiếu số 0 ở đầu, đã khôi phục vì khớp giới tính và năm sinh; kiểm tra lại",
    "its leading zero was lost and put back, since sex and year of birth agree; check it",
)
_DISAGREES = Said(
    "chữ số thứ 4 đến thứ 6 không khớp giới tính hoặc năm sinh; kiểm tra lại; vẫn nhập",
    "its 4th to 6th digits do not agree with sex or year of birth; check it; taken all the same",
)
_NO_TELEPHONE = Said(
    "không phải số điện thoại; ghi 10 chữ số, ví dụ bắt đầu bằng 09; để trống",
    "is no telephone number; write 10 digits, beginning with 09 for example; left blank",
)


def _not_restored(count: int) -> Said:
    return Said(
        f"có {count} chữ số, có thể mất số 0 ở đầu nhưng không khớp giới tính và năm sinh; ghi đủ 12 chữ số; để trống",
        f"has {count} digits, perhaps without its leading zero, but sex and year of birth do not agree; write all 12;"
        " left blank",
    )


@dataclass(frozen=True)
class Number:
    """A number as taken (`value`, None = left blank), and what a person should look at."""

    value: str | None = None
    problem: Said | None = None


def cccd_of(cell: Cell, sex: str | None, birth_year: int | None) -> Number:
    """The 12-digit personal number (CCCD) or the old 9-digit CMND in a cell, as text.

    A spreadsheet that took the number for a quantity ate its leading zeros. They are restored (one or two: no
    province code has three) only where sex (male | female) and birth year are known and agree with the digits.
    """
    text = text_of(cell)
    if text is None:
        return Number()
    if _SCIENTIFIC.fullmatch(text):
        return Number(problem=_SCIENTIFIC_LOSS)
    digits = _PUNCTUATION.sub("", text)
    if not is_number(digits):
        return Number(problem=_NOT_TWELVE)
    if len(digits) == 9:
        return Number(digits)
    if len(digits) in (10, 11):
        whole = digits.zfill(12)
        if sex is not None and birth_year is not None and _plausible(whole) and _agrees(whole, sex, birth_year):
            return Number(whole, _RESTORED)
        return Number(problem=_not_restored(len(digits)))
    if len(digits) != 12:
        return Number(problem=_NOT_TWELVE)
    if not _agrees(digits, sex, birth_year):
        return Number(digits, _DISAGREES)
    return Number(digits)


def _plausible(number: str) -> bool:
    return 1 <= int(number[:3]) <= 96


def _agrees(number: str, sex: str | None, birth_year: int | None) -> bool:
    century, male = divmod(int(number[3]), 2)
    if sex is not None and (sex == "female") != bool(male):
        return False
    return birth_year is None or birth_year == (_FIRST_CENTURY + century) * 100 + int(number[4:6])


#: Mobile prefixes of 11-digit numbers and what they became between 15 September and 14 November 2018.
NEW_PREFIXES = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036", "0167": "037", "0168": "038",
    "0169": "039", "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip
_MOBILE = re.compile(r"0(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])[0-9]{7}")
_LANDLINE = re.compile(r"02[0-9]{9}")


def phone_of(cell: Cell) -> Number:
    """A telephone number in today's 10 digits (11 for a landline): old 11-digit mobiles converted, +84 and a lost zero
    put back. Of several numbers in a cell the first that stands is taken."""
    text = text_of(cell)
    if text is None:
        return Number()
    for part in re.split(r"[;/,\n]| - | hoặc ", text):
        digits = re.sub(r"\D", "", part)
        if part.strip().startswith("+84") or (digits.startswith("84") and len(digits) in (11, 12)):
            digits = digits[2:]
        if not digits.startswith("0"):
            digits = "0" + digits
        if len(digits) == 11 and digits[:4] in NEW_PREFIXES:
            digits = NEW_PREFIXES[digits[:4]] + digits[4:]
        if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits):
            return Number(digits)
    return Number(problem=_NO_TELEPHONE)
