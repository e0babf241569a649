"""Numbers and dates as people write them: 1.794 and 0,44 % and 23/11/2026; in English 1,794 and 0.44% and 23 Nov 2026.

Unknown (None, NA, NaN) is never zero: it is written as a dash.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from babel import Locale
from babel.dates import format_date as babel_date
from babel.numbers import format_decimal

from server.web.language import Language

#: What stands for "not known"; a screen reader hears the cell's own words beside it.
UNKNOWN = "–"
#: Stored times are UTC; people read them here.
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

_LOCALES: dict[Language, Locale] = {"vi": Locale("vi", "VN"), "en": Locale("en", "GB")}
_DATES: dict[Language, str] = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}


def is_unknown(value: Any) -> bool:
    """Whether `value` is None, NA or NaN."""
    return value is None or bool(pd.isna(value))


def number(value: Any, language: Language, decimals: int = 0) -> str:
    """`1794` -> `1.794`; with `decimals` always that many."""
    if is_unknown(value):
        return UNKNOWN
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(float(value), format=pattern, locale=_LOCALES[language]))


def signed(value: Any, language: Language) -> str:
    """A change: `+12`, `−3`, `0`, with a true minus sign."""
    if is_unknown(value):
        return UNKNOWN
    size = number(abs(value), language)
    return size if value == 0 else ("+" if value > 0 else "\N{MINUS SIGN}") + size


def percent(value: Any, language: Language, decimals: int = 2) -> str:
    """A percentage given in per cent: `0.44` -> `0,44 %` (English `0.44%`)."""
    if is_unknown(value):
        return UNKNOWN
    return number(value, language, decimals) + ("\N{NO-BREAK SPACE}%" if language == "vi" else "%")


def day(value: date | datetime | None, language: Language) -> str:
    """The day in Viet Nam."""
    if value is None or is_unknown(value):
        return UNKNOWN
    if isinstance(value, datetime):
        value = local(value)
    return str(babel_date(value, format=_DATES[language], locale=_LOCALES[language]))


def moment(value: datetime | None, language: Language) -> str:
    """Hour and day in Viet Nam: `08:42 23/11/2026`."""
    if value is None or is_unknown(value):
        return UNKNOWN
    return f"{local(value):%H:%M} {day(value, language)}"


def local(value: datetime) -> datetime:
    """A time in Viet Nam's zone; a naive one is refused, its zone would be a guess."""
    if value.tzinfo is None:
        raise ValueError("a time to be shown needs its zone")
    return value.astimezone(ZONE)


def whole(number: Any) -> str:
    """A personal number or telephone in full, for who gave a purpose."""
    return UNKNOWN if number is None else str(number)


def mask(number: Any) -> str:
    """A personal number or telephone with its middle hidden: enough to compare with a paper, not to use."""
    text = "" if number is None else str(number)
    if len(text) < 6:
        return "•" * len(text) if text else UNKNOWN
    return text[:3] + "•" * (len(text) - 5) + text[-2:]
