"""What villages and residents both need: the units of a day as a frame, and cells of typed tables."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.errors import NotFoundError
from server.units.tables import Unit

UNIT_COLUMNS = (
    "code",
    "valid_from",
    "valid_to",
    "province_code",
    "name",
    "unit_type",
    "area_class",
    "area_km2",
    "population",
)


def units_on(session: Session, on: date, province_code: str) -> pd.DataFrame:
    """Units of a province in force on a day, indexed by `code`, sorted, with the columns of the table.

    Raises `NotFoundError` when there are none.
    """
    statement = (
        select(Unit)
        .where(Unit.province_code == province_code, Unit.valid_from <= on)
        .where((Unit.valid_to.is_(None)) | (Unit.valid_to >= on))
        .order_by(Unit.code)
    )
    found = list(session.scalars(statement))
    if not found:
        raise NotFoundError(
            "units_missing",
            f"Chưa có danh mục đơn vị hành chính của tỉnh {province_code} ngày {on:%d/%m/%Y}. Chạy rasoat db upgrade.",
            f"There is no list of units of province {province_code} on {on}. Run rasoat db upgrade.",
        )
    frame = pd.DataFrame([{name: getattr(unit, name) for name in UNIT_COLUMNS} for unit in found])
    return frame.set_index("code")


def communes_within(session: Session, on: date, province_code: str, scope: Scope) -> set[str]:
    """Codes of the units of a day that lie wholly within the scope: a village's rate is not its commune's."""
    in_force = (
        select(Unit.code.label("commune_code"), Unit.province_code)
        .where(Unit.province_code == province_code, Unit.valid_from <= on)
        .where(Unit.valid_to.is_(None) | (Unit.valid_to >= on))
        .subquery()
    )
    return set(session.scalars(select(in_force.c.commune_code).where(scope.where(in_force))))


def provinces_within(session: Session, scope: Scope) -> list[str]:
    """Codes of the provinces that lie wholly within the scope, of the units that are in force, sorted."""
    provinces = select(Unit.province_code).where(Unit.valid_to.is_(None)).distinct().subquery()
    return sorted(session.scalars(select(provinces.c.province_code).where(scope.where(provinces))))


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return value is None or (not isinstance(value, str) and bool(pd.isna(value))) or str(value).strip() == ""


def as_day(value: Any) -> date | None:
    """A cell as a day: a date, "2026-09-01" or "01/09/2026" (a spreadsheet adds a time, which is cut); else None."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip().removesuffix("00:00:00").strip()
    for layout in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, layout).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def commune_names(session: Session, codes: Collection[str], on: date) -> dict[str, str]:
    """Names of communes in force on a day by code, by name; an unknown code is left out."""
    statement = (
        select(Unit.code, Unit.name)
        .where(Unit.code.in_(codes), Unit.valid_from <= on)
        .where(or_(Unit.valid_to.is_(None), Unit.valid_to >= on))
        .order_by(Unit.name)
    )
    return {row[0]: row[1] for row in session.execute(statement)}
