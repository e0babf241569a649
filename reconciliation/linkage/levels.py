"""The comparisons of `comparisons.py` once more in plain Python, for one record at a time.

A test holds both to the same levels on the same pairs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reconciliation.linkage.comparisons import RELATIONS, TURNED
from reconciliation.linkage.tables import NameParts

_NUMBER = re.compile(r"\d{12}|\d{9}")
_PHONE = re.compile(r"\d{9,11}")
_METRES = 111_195


@dataclass(frozen=True)
class Person:
    """A member as they are compared; `day` is month * 32 + day, 0 and None where not known."""

    name: NameParts | None
    year: int
    day: int
    cccd: str | None
    sex: str | None
    relation: int | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Person:
        """A row with the columns of `Side.members`."""
        name = _text(row.get("full_name"))
        parts = NameParts.of(name) if name else None
        year, day, date, only_year = 0, 0, _known(row.get("birth_date")), _known(row.get("birth_year"))
        if only_year is not None:
            year = int(only_year) if 1850 < int(only_year) < 2200 else 0
        if date is not None:
            year, day = date.year, date.month * 32 + date.day
        number, sex, relation = _text(row.get("cccd")), _text(row.get("sex")), _text(row.get("relation"))
        return cls(
            parts if parts and parts.fold else None,
            year,
            day,
            number if number and _NUMBER.fullmatch(number) else None,
            sex if sex in ("male", "female") else None,
            RELATIONS.index(relation) if relation in RELATIONS else None,
        )


@dataclass(frozen=True)
class Home:
    """A household as it is compared, members aside."""

    village: str | None
    commune: str | None
    phone: str | None
    latitude: float
    longitude: float
    code: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Home:
        """A row with the columns of `Side.households`."""
        phone = _text(row.get("phone"))
        places = [_known(row.get(name)) for name in ("latitude", "longitude")]
        latitude, longitude = (math.nan if place is None else float(place) for place in places)
        return cls(
            _text(row.get("village_id")),
            _text(row.get("commune_code")),
            phone if phone and _PHONE.fullmatch(phone) else None,
            latitude,
            longitude,
            _text(row.get("household_code")),
        )


def _known(value: Any) -> Any:
    """The value, or None where it is missing: None, NA, NaT or NaN, of which the last two differ from themselves."""
    return None if value is None or value is pd.NA or value != value else value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def name_level(a: Person, b: Person) -> int:
    """As `comparisons.NAME`."""
    if a.name is None or b.name is None:
        return -1
    if a.name.fold == b.name.fold:
        if a.name.written == b.name.written:
            return 7
        return 6 if a.name.bare or b.name.bare else 5
    if a.name.words == b.name.words:
        return 4
    if a.name.core == b.name.core:
        return 3
    near = a.name.given == b.name.given or a.name.fold[:2] == b.name.fold[:2]
    if near and one_slip(a.name.fold, b.name.fold):
        return 2
    return 1 if a.name.given == b.name.given else 0


def birth_level(a: Person, b: Person) -> int:
    """As `comparisons.BIRTH`."""
    if not a.year or not b.year:
        return -1
    apart, both = abs(a.year - b.year), bool(a.day and b.day)
    if both and apart == 0 and a.day == b.day:
        return 7
    if both and apart == 0 and a.day == (b.day % 32) * 32 + b.day // 32:
        return 6
    if both and apart == 1 and a.day == b.day:
        return 5
    if apart == 0 and not both:
        return 4
    if apart == 0 and (a.day % 32 == b.day % 32 or a.day // 32 == b.day // 32):
        return 3
    if apart == 1 and not both:
        return 2
    return 1 if apart == 0 else 0


def cccd_level(a: Person, b: Person) -> int:
    """As `comparisons.CCCD`."""
    if a.cccd is None or b.cccd is None or len(a.cccd) != len(b.cccd):
        return -1
    if a.cccd == b.cccd:
        return 2
    return 1 if one_slip(a.cccd, b.cccd) else 0


def sex_level(a: Person, b: Person) -> int:
    """As `comparisons.SEX`."""
    return -1 if a.sex is None or b.sex is None else int(a.sex == b.sex)


def relation_level(a: Person, b: Person) -> int:
    """As `comparisons.RELATION`; `a` is the listed one."""
    if a.relation is None or b.relation is None:
        return -1
    return 2 if a.relation == b.relation else int((a.relation, b.relation) in TURNED)


def place_level(a: Home, b: Home) -> int:
    """As `comparisons.PLACE`."""
    if a.commune is None or b.commune is None:
        return -1
    if a.village is not None and a.village == b.village:
        return 2
    return int(a.commune == b.commune)


def phone_level(a: Home, b: Home) -> int:
    """As `comparisons.PHONE`."""
    return -1 if a.phone is None or b.phone is None else int(a.phone == b.phone)


def distance_level(a: Home, b: Home) -> int:
    """As `comparisons.DISTANCE`; `a` is the listed one."""
    north = (a.latitude - b.latitude) * _METRES
    east = (a.longitude - b.longitude) * _METRES * math.cos(math.radians(a.latitude))
    metres = math.hypot(north, east)
    if math.isnan(metres):
        return -1
    return 3 if metres < 60 else 2 if metres < 200 else int(metres < 1000)


def code_level(listed_code: str, answered: Home) -> int:
    """As `comparisons.CODE`."""
    return -1 if answered.code is None else int(answered.code == listed_code)


def one_slip(a: str, b: str) -> bool:
    """Whether one letter changed, dropped or added, or two neighbours swapped, leads from `a` to `b`."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    rest_a, rest_b = a[start : len(a) - end], b[start : len(b) - end]
    if max(len(rest_a), len(rest_b)) <= 1:
        return True
    return len(rest_a) == len(rest_b) == 2 and rest_a == rest_b[::-1]
