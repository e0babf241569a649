"""Commune-level units in time (đơn vị hành chính cấp xã), and what became of each.

A code alone does not identify a unit: 74 of today's 104 codes carried another name in January 2025. The key is
(`code`, `valid_from`). Tables, sources and their limits: `geo/data/README.md`.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from geo.errors import UnitError

_DATA = Path(__file__).parent / "data"

#: Prefixes of official names (Xã, Phường, Thị trấn) and the type each stands for.
PREFIXES = {"Xã": "commune", "Phường": "ward", "Thị trấn": "township"}
_ENGLISH_TYPES = {"commune": "Commune", "ward": "Ward", "township": "Township"}


@cache
def _units_table() -> pd.DataFrame:
    table = pd.read_csv(_DATA / "units.csv", dtype=str)
    return table.assign(
        valid_from=pd.to_datetime(table["valid_from"]),
        valid_to=pd.to_datetime(table["valid_to"]),
        area_km2=table["area_km2"].astype("Float64"),
        population=table["population"].astype("Int64"),
    )


@cache
def _succession_table() -> pd.DataFrame:
    table = pd.read_csv(_DATA / "succession.csv", dtype=str)
    return table.assign(
        old_valid_from=pd.to_datetime(table["old_valid_from"]),
        new_valid_from=pd.to_datetime(table["new_valid_from"]),
    )


@cache
def _steps() -> dict[tuple[str, pd.Timestamp], list[tuple[str, pd.Timestamp, bool]]]:
    """Old (code, first day) -> its new (code, first day, whether only a part went there)."""
    found: dict[tuple[str, pd.Timestamp], list[tuple[str, pd.Timestamp, bool]]] = {}
    for old_code, old_from, new_code, new_from, extent in _succession_table().itertuples(index=False, name=None):
        found.setdefault((old_code, old_from), []).append((new_code, new_from, extent == "part"))
    return found


@cache
def _names() -> dict[tuple[str, pd.Timestamp], str]:
    rows = _units_table()[["code", "valid_from", "name"]].itertuples(index=False, name=None)
    return {(code, first): name for code, first, name in rows}


@cache
def _steps_back() -> dict[tuple[str, pd.Timestamp], set[tuple[str, pd.Timestamp]]]:
    """New (code, first day) -> the old ones that went into it."""
    found: dict[tuple[str, pd.Timestamp], set[tuple[str, pd.Timestamp]]] = {}
    for old, news in _steps().items():
        for new_code, new_from, _part in news:
            found.setdefault((new_code, new_from), set()).add(old)
    return found


def all_units() -> pd.DataFrame:
    """Every unit of every list, one row per (`code`, `valid_from`).

    Columns: `code` (5 digits, text), `valid_from`, `valid_to` (first and last day; NaT = in force), `name` (official,
    with its prefix), `unit_type` (commune|ward|township), `area_class` (rural|urban), `district_code`, `district` (NA
    since 2025-07-01), `province_code`, `area_km2` (Float64), `population` (Int64), both NA where not known.
    """
    return _units_table().copy()


def units(on: date, province_code: str | None = None) -> pd.DataFrame:
    """The units in force on a day, sorted by code, with the columns of `all_units`; `code` is unique.

    `province_code` keeps one province: in 2025's first half the tables know 33 Hưng Yên and 34 Thái Bình.

    Raises `UnitError` when no list covers the day: nothing is carried back or guessed.

    >>> len(units(date(2025, 7, 1)))
    104
    """
    table = _units_table()
    if province_code is not None:
        table = table[table["province_code"] == province_code]
        if table.empty:
            raise UnitError(
                f"Chưa có danh mục đơn vị của tỉnh có mã {province_code}. Thêm danh mục vào geo/data/units.csv.",
                f"No list of units for province code {province_code}. Add its list to geo/data/units.csv.",
            )
    day = pd.Timestamp(on)
    in_force = table[(table["valid_from"] <= day) & (table["valid_to"].isna() | (table["valid_to"] >= day))]
    if in_force.empty:
        first = table["valid_from"].min().date()
        raise UnitError(
            f"Không có danh mục đơn vị hành chính cho ngày {on:%d/%m/%Y}. Danh mục sớm nhất từ {first:%d/%m/%Y}.",
            f"No list of units covers {on.isoformat()}. The earliest list starts on {first.isoformat()}.",
        )
    return in_force.sort_values("code").reset_index(drop=True)


def unit(code: str, on: date) -> pd.Series:
    """The unit that carries `code` on the day: a row of `all_units`. Raises `UnitError` when none does."""
    in_force = units(on)
    found = in_force[in_force["code"] == code]
    if not found.empty:
        return found.iloc[0]
    other = _units_table()
    other = other[other["code"] == code]
    if other.empty:
        hint_vi, hint_en = "Mã này không có trong danh mục nào", "No list holds this code"
    else:
        starts, ends = other["valid_from"].dt.strftime("%Y-%m-%d"), other["valid_to"].dt.strftime("%Y-%m-%d").fillna("")
        names = "; ".join(other["name"] + " (" + starts + " - " + ends + ")")
        hint_vi, hint_en = f"Mã này thuộc: {names}", f"This code belongs to: {names}"
    raise UnitError(
        f"Không có đơn vị mã {code} vào ngày {on:%d/%m/%Y}. {hint_vi}. Kiểm tra mã và ngày.",
        f"No unit has code {code} on {on.isoformat()}. {hint_en}. Check the code and the date.",
    )


def succession() -> pd.DataFrame:
    """Every step from an old unit to a new one.

    Columns: `old_code`, `old_valid_from`, `new_code`, `new_valid_from`, `extent` (`whole`: nhập toàn bộ | `part`: nhập
    một phần, a split unit whose households must be assigned by village or position).
    """
    return _succession_table().copy()


def successors(code: str, on: date, to: date | None = None) -> pd.DataFrame:
    """The units that the unit `code` of day `on` has become by day `to` (None: by the latest list).

    One row per successor, sorted by code: `code`, `valid_from`, `name`, `extent`; `part` when any step on the way was a
    split. A unit that is still in force is its own whole successor.

    Raises `UnitError` when no unit has the code on that day, or when `to` comes before `on`.
    """
    if to is not None and to < on:
        raise UnitError(
            f"Ngày đích {to:%d/%m/%Y} trước ngày gốc {on:%d/%m/%Y}. Đổi lại thứ tự hai ngày.",
            f"The target day {to.isoformat()} is before {on.isoformat()}. Swap the two days.",
        )
    start = unit(code, on)
    latest = pd.Timestamp(to) if to is not None else pd.Timestamp.max
    final = _become(str(start["code"]), pd.Timestamp(start["valid_from"]), latest)
    rows = [(*key, _names()[key], "part" if split else "whole") for key, split in sorted(final.items())]
    return pd.DataFrame(rows, columns=["code", "valid_from", "name", "extent"])


def all_successors() -> pd.DataFrame:
    """What every unit of every list has become by the latest: `successors` of all of them at once.

    One row per (unit, successor), sorted: `code`, `valid_from`, `new_code`, `new_valid_from`, `extent`.
    """
    rows = [
        (code, first, *key, "part" if split else "whole")
        for code, first in sorted(_names())
        for key, split in sorted(_become(code, first, pd.Timestamp.max).items())
    ]
    return pd.DataFrame(rows, columns=["code", "valid_from", "new_code", "new_valid_from", "extent"])


def predecessors(code: str, valid_from: date) -> list[tuple[str, date, str]]:
    """(code, first day, name) of every ended unit that became the unit or a part of it, over all lists; sorted."""
    found: set[tuple[str, pd.Timestamp]] = set()
    waiting = [(code, pd.Timestamp(valid_from))]
    while waiting:
        before = _steps_back().get(waiting.pop(), set()) - found
        found |= before
        waiting += before
    return [(old_code, first.date(), _names()[old_code, first]) for old_code, first in sorted(found)]


def _become(code: str, first: pd.Timestamp, latest: pd.Timestamp) -> dict[tuple[str, pd.Timestamp], bool]:
    """(code, first day) of what a unit has become by a day -> whether any step on the way was a split."""
    steps = _steps()
    reached = [(code, first, False)]
    final: dict[tuple[str, pd.Timestamp], bool] = {}
    while reached:
        here_code, here_from, split = reached.pop()
        onward = [step for step in steps.get((here_code, here_from), []) if step[1] <= latest]
        if not onward:
            final[here_code, here_from] = split or final.get((here_code, here_from), False)
        reached += [(new_code, new_from, split or part) for new_code, new_from, part in onward]
    return final


def short_names(names: pd.Series) -> pd.Series:
    """Official names without their prefix: 'Phường Phố Hiến' -> 'Phố Hiến'."""
    return names.str.replace(rf"^(?:{'|'.join(PREFIXES)})\s+", "", regex=True)


def labels(table: pd.DataFrame, language: Literal["vi", "en"] = "vi") -> pd.Series:
    """What to call each unit of a `units` table, in its order and with its index.

    Vietnamese: the official name; English: 'Phố Hiến Ward'. With the district where it existed, and with the code
    where that still leaves two units alike.

    >>> labels(units(date(2025, 7, 1)), "en").iloc[0]
    'Phố Hiến Ward'
    """
    name = table["name"]
    if language == "en":
        name = short_names(name) + " " + table["unit_type"].map(_ENGLISH_TYPES)
    label = name.where(table["district"].isna(), name + ", " + table["district"].fillna(""))
    return label.where(~label.duplicated(keep=False), label + " (" + table["code"] + ")").rename("label")
