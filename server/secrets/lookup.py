"""What a keyed hash is made of: the number as it is written once, however people write it."""

from __future__ import annotations

import re

#: Marks that people put between digits; any other character means that this is not a number.
_SEPARATORS = re.compile(r"[\s.\-()/]+")
_DIGITS = re.compile(r"[0-9]+")

#: Prefixes of the 11-digit mobile numbers given up in 2018 and what replaced them (recalled, see FACTS: only the
#: look-up widens with it, no number is rewritten).
OLD_MOBILE_PREFIXES = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036",
    "0167": "037", "0168": "038", "0169": "039", "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip


def normalise_cccd(text: str | None) -> str | None:
    """Số định danh cá nhân as 12 digits, an old CMND as 9; None when it is neither.

    >>> normalise_cccd(" 033 084 000 999 ")
    '033084000999'
    """
    digits = _SEPARATORS.sub("", text or "")
    return digits if _DIGITS.fullmatch(digits) and len(digits) in (9, 12) else None


def normalise_phone(text: str | None) -> str | None:
    """A phone number in its national form (a leading 0, 10 or 11 digits); None when it is no phone number.

    >>> normalise_phone("+84 912.345.678"), normalise_phone("0165 234 5678")
    ('0912345678', '0352345678')
    """
    digits = _SEPARATORS.sub("", text or "")
    if digits.startswith("+84"):
        digits = "0" + digits[3:].removeprefix("0")
    elif digits.startswith("84") and len(digits) == 11:
        digits = "0" + digits[2:]
    if len(digits) == 11 and (replaced := OLD_MOBILE_PREFIXES.get(digits[:4])):
        digits = replaced + digits[4:]
    return digits if _DIGITS.fullmatch(digits) and re.fullmatch(r"0[2-9]\d{8,9}", digits) else None
