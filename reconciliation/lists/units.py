"""Old communes to new: the place a list names, and the code it has today.

Which commune became which is the business of `geo`; here stands only what a list needs of it: a plain function, and
one made from a plain table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from reconciliation.lists.cells import is_number
from reconciliation.names import fold

_PREFIX = re.compile(r"^(?:xa|phuong|thi tran|tt|p|x)\b\.?\s*:?\s*")


@dataclass(frozen=True)
class Place:
    """Where a household lives, as its list says: commune by code or name; district and village where written; year of
    the list, which tells the vintage of the commune."""

    commune: str
    district: str | None
    village: str | None
    year: int


@dataclass(frozen=True)
class Resolved:
    """The 5-digit code of today, or None and the reason (Vietnamese, with the remedy). `outside`: no such commune in
    the province at all."""

    code: str | None
    reason: str | None = None
    outside: bool = False


Resolver = Callable[[Place], Resolved]


def by_code(place: Place) -> Resolved:
    """The resolver without a table: a code is taken as it stands, with the zeros a spreadsheet ate; a name is not."""
    if is_number(place.commune) and len(place.commune) <= 5:
        return Resolved(place.commune.zfill(5))
    return Resolved(None, "phải có 5 chữ số")


def from_table(table: pd.DataFrame, villages: pd.DataFrame | None = None) -> Resolver:
    """A resolver by a table of succession.

    table: one row per (old commune, successor): `code`, `name` (official, with its prefix), `district` (NA where there
        was none), `first_year` and `last_year` (review years whose lists carry that commune; NA = open), `new_code`.
        A commune with several `new_code` was split.
    villages: `code` (old commune), `village` (name), `new_code`: where the villages of split communes went.

    A household of a split commune goes where its village went; without a village that the table knows a person has to
    say, and nothing is guessed.
    """
    rows = table.assign(
        key=table["name"].map(lambda name: _PREFIX.sub("", fold(name))),
        district_key=table["district"].map(lambda name: _district(name), na_action="ignore"),
    )
    moved: dict[tuple[str, str], str] = {}
    if villages is not None:
        for code, village, new_code in villages[["code", "village", "new_code"]].itertuples(index=False):
            moved[(str(code), _village(str(village)))] = str(new_code)

    def resolve(place: Place) -> Resolved:
        found = rows[
            (rows["first_year"].isna() | (rows["first_year"] <= place.year))
            & (rows["last_year"].isna() | (rows["last_year"] >= place.year))
        ]
        if is_number(place.commune):
            found = found[found["code"] == place.commune.zfill(5)]
        else:
            found = found[found["key"] == _PREFIX.sub("", fold(place.commune))]
            if place.district is not None:
                found = found[found["district_key"] == _district(place.district)]
        olds = found["code"].unique()
        if len(olds) == 0:
            return Resolved(
                None, f"không có trong danh mục xã của tỉnh năm {place.year}; kiểm tra tên, mã xã và năm", outside=True
            )
        if len(olds) > 1:
            return Resolved(None, "có nhiều xã cùng tên trong tỉnh; ghi thêm huyện hoặc ghi mã xã")
        codes = found["new_code"].unique()
        if len(codes) == 1:
            return Resolved(str(codes[0]))
        if place.village is not None and (code := moved.get((str(olds[0]), _village(place.village)))):
            return Resolved(code)
        return Resolved(
            None,
            f"xã cũ đã chia về các xã {', '.join(sorted(map(str, codes)))}; ghi mã xã mới của hộ"
            " hoặc bổ sung thôn của xã cũ vào bảng thôn",
        )

    return resolve


def _village(name: str) -> str:
    return re.sub(r"^(?:thon|xom|khu pho|khu|to dan pho|tdp|lang|ap)\b\.?\s*:?\s*", "", fold(name))


def _district(name: str) -> str:
    return re.sub(r"^(?:huyen|thi xa|thanh pho|tx|tp|quan)\b\.?\s*:?\s*", "", fold(name))
