"""Resident households and persons (số hộ dân cư, nhân khẩu): what rates divide by, imported or typed, with history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.errors import UserError
from server.units.frames import is_blank, units_on
from server.units.problems import Problems
from server.units.tables import Residents, ResidentsChange

REQUIRED = ("commune_code", "households")
SYSTEM = "system"
#: No commune has more; a figure above is a slip of the hand (a phone number, two cells in one).
_MOST = 10_000_000
YEARS = range(2016, 2101)


@dataclass(frozen=True)
class Figures:
    """Of one unit in one year; `persons` None where not known."""

    households: int
    persons: int | None


class NumberError(ValueError):
    """A figure that cannot stand; says why in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(vi)
        self.vi = vi
        self.en = en


def read_number(value: Any) -> int | None:
    """A whole number as people write it (1794, 1.794, 1,794, 1 794), None for nothing. Raises `NumberError`."""
    if is_blank(value):
        return None
    text = str(value).strip().replace("\N{NO-BREAK SPACE}", " ")
    for mark in (".", ",", " "):
        head, *groups = text.split(mark)
        if groups and 1 <= len(head) <= 3 and all(len(group) == 3 for group in groups):
            text = head + "".join(groups)
            break
    text = text.removesuffix(".0")  # a spreadsheet's number
    if not (text.isascii() and text.isdigit()) or int(text) > _MOST:
        raise NumberError(
            "cần số nguyên không âm, ví dụ 1794 hoặc 1.794.", "needs a whole number of zero or more, such as 1794."
        )
    return int(text)


def read_figures(households: Any, persons: Any) -> Figures | None:
    """Two cells as figures; None when both are empty. Raises `NumberError`."""
    of_households, of_persons = read_number(households), read_number(persons)
    if of_households is None:
        if of_persons is not None:
            raise NumberError("có nhân khẩu mà thiếu số hộ.", "persons without households.")
        return None
    if of_persons is not None and of_persons < of_households:
        raise NumberError("nhân khẩu ít hơn số hộ; xem lại hai cột.", "fewer persons than households; look at both.")
    return Figures(of_households, of_persons)


def import_residents(
    session: Session,
    residents: pd.DataFrame,
    *,
    year: int,
    on: date,
    province_code: str,
    source: str,
    source_date: date,
    file: str = "",
    by: str = SYSTEM,
) -> int:
    """Store a year's figures of the units in the table; units that are not in it keep theirs. How many it holds.

    residents: `commune_code`, `households`, optional `persons`. `file` is named in errors (the source otherwise).
    Raises `FileError` with every problem, row by row; nothing is stored then.
    """
    units = units_on(session, on, province_code)
    problems = Problems(file or source)
    given: dict[str, Figures | None] = {}
    for index, code, households, persons in zip(
        residents.index,
        residents["commune_code"].astype("str").str.strip(),
        residents["households"],
        residents.get("persons", pd.Series(None, index=residents.index, dtype=object)),
        strict=True,
    ):
        unit = code.zfill(5) if code.isdigit() else code
        if unit not in units.index:
            problems.add(
                index,
                "commune_code",
                f"không có xã, phường mang mã {code} vào ngày {on:%d/%m/%Y}; kiểm tra mã theo danh mục hiện hành.",
                f"no commune or ward has the code {code} on {on}; check it against the list in force.",
            )
        elif unit in given:
            problems.add(index, "commune_code", f"xã {unit} đã có ở dòng trên.", f"unit {unit} stands above already.")
        else:
            try:
                given[unit] = read_figures(households, persons)
                if given[unit] is None:
                    raise NumberError("thiếu số hộ dân cư.", "has no number of households.")
            except NumberError as error:
                problems.add(index, "households", f"xã {unit}: {error.vi}", f"unit {unit}: {error.en}")
    problems.refuse("residents_wrong")
    set_residents(
        session, given, year=year, on=on, province_code=province_code, source=source, source_date=source_date, by=by
    )
    return len(given)


def set_residents(
    session: Session,
    figures: Mapping[str, Figures | None],
    *,
    year: int,
    on: date,
    province_code: str,
    source: str,
    source_date: date,
    by: str,
    now: datetime | None = None,
) -> int:
    """Store a year's figures by commune code (None takes a figure away); what stood there goes to the history.

    What is the same with the same source and date changes nothing. How many units changed.
    Raises `UserError` for a year, source or date that cannot stand.
    """
    moment = now or datetime.now(UTC)
    _check_source(year, source, source_date, moment)
    units = units_on(session, on, province_code)
    held = {one.commune_code: one for one in _held(session, year, units)}
    changes = []
    for code, new in figures.items():
        old = held.get(code)
        before = None if old is None else Figures(old.households, old.persons)
        if before == new and (old is None or (old.source, old.source_date) == (source, source_date)):
            continue
        changes.append(
            {
                "commune_code": code,
                "unit_valid_from": units.loc[code, "valid_from"],
                "year": year,
                "households_before": before and before.households,
                "persons_before": before and before.persons,
                "households": new and new.households,
                "persons": new and new.persons,
                "source": source,
                "source_date": source_date,
                "changed_by": by,
                "changed_at": moment,
            }
        )
    if not changes:
        return 0
    changed = [row["commune_code"] for row in changes]
    session.execute(
        delete(Residents).where(
            Residents.year == year,
            Residents.unit_valid_from.in_(set(units["valid_from"])),
            Residents.commune_code.in_(changed),
        )
    )
    kept = {column.name for column in Residents.__table__.columns}
    rows = [{name: row[name] for name in kept} for row in changes if row["households"] is not None]
    if rows:
        session.execute(insert(Residents), rows)
    session.execute(insert(ResidentsChange), changes)
    return len(changes)


def residents_frame(session: Session, year: int, on: date, province_code: str) -> pd.DataFrame | None:
    """Residents of a year as `geo.aggregate` reads them (commune_code, households, persons), or None without any."""
    units = units_on(session, on, province_code)
    rows = [
        {"commune_code": one.commune_code, "households": one.households, "persons": one.persons}
        for one in _held(session, year, units)
    ]
    if not rows:
        return None
    return pd.DataFrame(rows).astype({"households": "Int64", "persons": "Int64"})


def residents_of(session: Session, year: int, on: date, province_code: str) -> dict[str, Residents]:
    """The rows of a year by commune code, with their source and date."""
    return {one.commune_code: one for one in _held(session, year, units_on(session, on, province_code))}


def residents_history(
    session: Session, year: int, on: date, province_code: str, limit: int = 200
) -> list[ResidentsChange]:
    """Changes of a year's figures, latest first."""
    units = units_on(session, on, province_code)
    statement = (
        select(ResidentsChange)
        .where(
            ResidentsChange.year == year,
            ResidentsChange.unit_valid_from.in_(set(units["valid_from"])),
            ResidentsChange.commune_code.in_(list(units.index)),
        )
        .order_by(ResidentsChange.change_id.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def _held(session: Session, year: int, units: pd.DataFrame) -> list[Residents]:
    statement = (
        select(Residents)
        .where(Residents.year == year, Residents.unit_valid_from.in_(set(units["valid_from"])))
        .order_by(Residents.commune_code)
    )
    return [one for one in session.scalars(statement) if one.commune_code in units.index]


def _check_source(year: int, source: str, source_date: date, now: datetime) -> None:
    if year not in YEARS:
        raise UserError(
            "residents_year",
            f"Năm {year} nằm ngoài khoảng {YEARS[0]} đến {YEARS[-1]}.",
            f"The year {year} is not between {YEARS[0]} and {YEARS[-1]}.",
        )
    if not source.strip():
        raise UserError(
            "residents_source",
            "Ghi nguồn số liệu (cơ quan, văn bản): số hộ dân cư không có nguồn thì không dùng được.",
            "Give the source (office, document): figures without a source cannot be used.",
        )
    # The day after tomorrow in UTC is the future everywhere.
    if not date(YEARS[0], 1, 1) <= source_date or (source_date - now.date()).days > 1:
        raise UserError(
            "residents_date",
            f"Ngày của số liệu ({source_date:%d/%m/%Y}) ở tương lai hoặc quá xa; ghi ngày lập số liệu.",
            f"The figures' date ({source_date}) is in the future or too far back; give the day they were made.",
        )
