"""Old communes to new: the place a list names, and the code it has today.

Which commune became which is the business of `geo`; here stands only what a list needs of it: a plain function, and
one made from a plain table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from reconciliation.lists.cells import is_number
from reconciliation.names import fold, nfc
from reconciliation.registry import Said

_PREFIX = re.compile(r"^(?:xa|phuong|thi tran|tt|p|x)\b\.?\s*:?\s*")
#: Heading under which a person says where a household of a split commune lives today; known without a mapping.
TODAY_HEADING = "Xã hiện nay (nếu xã cũ đã chia)"


@dataclass(frozen=True)
class Place:
    """Where a household lives, as its list says: commune by code or name; district and village where written; year of
    the list, which tells the vintage of the commune (None: today's); today: its commune of today, where a person says
    it."""

    commune: str
    district: str | None
    village: str | None
    year: int | None
    today: str | None = None


@dataclass(frozen=True)
class Resolved:
    """The 5-digit code of today, or None and the reason. `listed`: its code in the year of the list. `remark`: what a
    person should know of a place that was found. `outside`: no such commune in the province at all."""

    code: str | None
    reason: Said | None = None
    listed: str | None = None
    remark: Said | None = None
    outside: bool = False


Resolver = Callable[[Place], Resolved]


def by_code(place: Place) -> Resolved:
    """The resolver without a table: a code is taken as it stands, with the zeros a spreadsheet ate; a name is not."""
    written = place.today or place.commune
    if is_number(written) and len(written) <= 5:
        return Resolved(written.zfill(5), listed=written.zfill(5))
    return Resolved(None, Said("phải có 5 chữ số", "must have 5 digits"))


def from_table(table: pd.DataFrame, villages: pd.DataFrame | None = None) -> Resolver:
    """A resolver by a table of succession.

    table: one row per (old commune, successor): `code`, `name` (official, with its prefix), `district` (NA where there
        was none), `first_year` and `last_year` (review years whose lists carry that commune; NA = open), `valid_from`
        (first day of the official list that documents it), `new_code`. A commune with several `new_code` was split.
    villages: `code` (old commune), `village` (name), `new_code`: where the villages of split communes went.

    A name that several communes bear is told apart by its district, its prefix and its tones, else refused. A
    household of a split commune goes where its village went, or where the list says it lives today; else a person has
    to say, and nothing is guessed. Years before the first official list are read by that list, and a remark says so.
    """
    return _Table(table, villages).resolve


class _Table:
    def __init__(self, table: pd.DataFrame, villages: pd.DataFrame | None) -> None:
        self.rows = table.assign(
            key=table["name"].map(lambda name: _PREFIX.sub("", fold(name))),
            district_key=table["district"].map(lambda name: _district(name), na_action="ignore"),
        )
        today = self.rows[self.rows["last_year"].isna()]
        self.names: dict[str, str] = dict(zip(today["code"].astype(str), today["name"].astype(str), strict=True))
        self.moved: dict[tuple[str, str], str] = {}
        if villages is not None:
            for code, village, new_code in villages[["code", "village", "new_code"]].itertuples(index=False):
                self.moved[(str(code), _village(str(village)))] = str(new_code)

    def resolve(self, place: Place) -> Resolved:
        found = _named(self._of_year(place.year), place.commune)
        if place.district is not None and not is_number(place.commune) and found["district_key"].notna().any():
            of_district = found[found["district_key"] == _district(place.district)]
            if of_district.empty:
                return Resolved(None, _other_district(found), outside=True)
            found = of_district
        older = self._older(place, found)
        if older is not None and found.empty:
            found = older
        elif older is not None and set(older["new_code"]) != set(found["new_code"]):
            return Resolved(None, self._two_meanings(place, older, found))
        if found.empty and place.today is not None and (said := self._said_today(place.today)) is not None:
            return Resolved(said, listed=said)  # merged before the earliest list: a person knows where it is today
        if found.empty:
            return self._unknown(place)
        if found["code"].nunique() > 1:
            return Resolved(None, _several(found))
        return self._today(place, found, remarked=older is not None)

    def _said_today(self, commune: str) -> str | None:
        found = _named(self._of_year(None), commune)["code"].unique()
        return str(found[0]) if len(found) == 1 else None

    def _of_year(self, year: int | None) -> pd.DataFrame:
        rows = self.rows
        if year is None:
            return rows[rows["last_year"].isna()]
        return rows[
            (rows["first_year"].isna() | (rows["first_year"] <= year))
            & (rows["last_year"].isna() | (rows["last_year"] >= year))
        ]

    def _older(self, place: Place, found: pd.DataFrame) -> pd.DataFrame | None:
        """The commune of that name in the district that a list names though its year has none any more."""
        if place.district is None or place.year is None or is_number(place.commune):
            return None
        if found["district_key"].notna().any() or self._of_year(place.year)["district_key"].notna().any():
            return None
        older = self.rows[self.rows["district_key"] == _district(place.district)]
        older = _named(older[older["last_year"] == older["last_year"].max()], place.commune)
        return None if older.empty else older

    def _today(self, place: Place, found: pd.DataFrame, *, remarked: bool) -> Resolved:
        listed, codes = str(found["code"].iloc[0]), sorted(map(str, found["new_code"].unique()))
        remark = self._remark(place, found) if not remarked else _OLD_NAME
        if place.today is not None:
            said = self._said_today(place.today)
            if said in codes:
                return Resolved(said, listed=listed, remark=remark)
            return Resolved(None, self._not_a_successor(codes))
        if len(codes) == 1:
            return Resolved(codes[0], listed=listed, remark=remark)
        if place.village is not None and (code := self.moved.get((listed, _village(place.village)))):
            return Resolved(code, listed=listed, remark=remark)
        return Resolved(None, self._split(codes))

    def _remark(self, place: Place, found: pd.DataFrame) -> Said | None:
        first = pd.Timestamp(found["valid_from"].iloc[0]).date()
        if place.year is None or date(place.year, 12, 31) >= first:
            return None
        return Said(
            f"xã xếp theo danh mục ngày {first:%d/%m/%Y}, sớm nhất có được; xã có thay đổi trước ngày đó thì kiểm"
            " tra lại",
            f"placed by the official list of {first.isoformat()}, the earliest known; if the commune changed before"
            " that, check it",
        )

    def _first_list(self, year: int | None) -> date | None:
        """The first day from which every part of the province has a list of units, when the year ends before it."""
        starts = self._of_year(year)["valid_from"]
        if year is None or starts.empty:
            return None
        latest = pd.Timestamp(starts.max()).date()
        return latest if latest > date(year, 12, 31) else None

    def _called(self, codes: list[str]) -> str:
        return ", ".join(f"{code} {self.names.get(code, '')}".strip() for code in codes)

    def _split(self, codes: list[str]) -> Said:
        return Said(
            f"xã cũ đã chia về các xã {self._called(codes)}; ghi mã xã vào cột «{TODAY_HEADING}»,"
            " hoặc bổ sung thôn của xã cũ vào danh sách thôn",
            f"the old commune was divided among {self._called(codes)}; write the code of one in a column"
            f" «{TODAY_HEADING}», or add the old commune's village to the list of villages",
        )

    def _not_a_successor(self, codes: list[str]) -> Said:
        return Said(
            f"xã hiện nay không phải xã mà xã cũ đã nhập vào; ghi một trong: {self._called(codes)}",
            f"the commune of today is none that the old commune became; write one of: {self._called(codes)}",
        )

    def _unknown(self, place: Place) -> Resolved:
        """No such commune in that year; whether it is one of another year, and what that became."""
        other = _named(self.rows, place.commune) if place.year is not None else self.rows.iloc[:0]
        if other.empty:
            first = self._first_list(place.year)
            before = Said("", "")
            if first is not None:
                before = Said(
                    f" (danh mục của cả tỉnh có từ {first:%d/%m/%Y})",
                    f" (the lists of the whole province begin on {first.isoformat()})",
                )
            reason = Said(
                f"không có trong danh mục xã của tỉnh{before.vi}; kiểm tra tên, mã xã và huyện, hoặc ghi mã xã vào cột"
                f" «{TODAY_HEADING}»",
                f"is not among the communes of the province{before.en}; check its name, code and district, or write"
                f" today's code in a column «{TODAY_HEADING}»",
            )
            return Resolved(None, reason, outside=True)
        codes = sorted(map(str, other["new_code"].unique()))
        reason = Said(
            f"không có trong danh mục xã của tỉnh năm {place.year}; năm khác có, nay thuộc {self._called(codes)};"
            " kiểm tra năm của danh sách hoặc ghi mã xã",
            f"is not among the communes of {place.year}; it is in another year, today {self._called(codes)}; check"
            " the year of the list or write the commune's code",
        )
        return Resolved(None, reason)

    def _two_meanings(self, place: Place, older: pd.DataFrame, found: pd.DataFrame) -> Said:
        before, now = (self._called(sorted(map(str, rows["new_code"].unique()))) for rows in (older, found))
        return Said(
            f"năm {place.year} không còn huyện: xã cũ tên này nay thuộc {before}, còn xã hiện nay tên này là {now};"
            " ghi mã xã hiện nay",
            f"there are no districts in {place.year}: the old commune of this name is of {before} today, while {now}"
            " has this name today; write the code of today's commune",
        )


_OLD_NAME = Said(
    "hiểu là xã của danh mục trước 01/07/2025, vì danh sách còn ghi huyện; kiểm tra lại",
    "read as a commune of before 2025-07-01, since the list still names a district; check it",
)


def _named(rows: pd.DataFrame, commune: str) -> pd.DataFrame:
    """The rows of a code or a name; where several communes fold to one name, those with its prefix and its tones."""
    if is_number(commune):
        return rows[rows["code"] == commune.zfill(5)]
    found = rows[rows["key"] == _PREFIX.sub("", fold(commune))]
    for same in (fold, _toned):
        if found["code"].nunique() > 1 and (alike := found["name"].map(same) == same(commune)).any():
            found = found[alike]
    return found


def _toned(name: str) -> str:
    return re.sub(r"^(?:xã|phường|thị trấn)\s+", "", nfc(name).lower())


def _districts(found: pd.DataFrame) -> str:
    pairs = found[["name", "district"]].drop_duplicates().itertuples(index=False, name=None)
    return "; ".join(str(name) if pd.isna(district) else f"{name}, {district}" for name, district in pairs)


def _several(found: pd.DataFrame) -> Said:
    return Said(
        f"có nhiều xã cùng tên ({_districts(found)}); ghi thêm huyện hoặc ghi mã xã",
        f"several communes have this name ({_districts(found)}); write the district too, or the commune's code",
    )


def _other_district(found: pd.DataFrame) -> Said:
    return Said(
        f"không có ở huyện ghi trong danh sách; tỉnh có {_districts(found)}; sửa huyện hoặc ghi mã xã",
        f"is not in the district that the list names; the province has {_districts(found)}; correct the district or"
        " write the commune's code",
    )


def _village(name: str) -> str:
    return re.sub(r"^(?:thon|xom|khu pho|khu|to dan pho|tdp|lang|ap)\b\.?\s*:?\s*", "", fold(name))


def _district(name: str) -> str:
    return re.sub(r"^(?:huyen|thi xa|thanh pho|tx|tp|quan|h)\b\.?\s*:?\s*", "", fold(name))
