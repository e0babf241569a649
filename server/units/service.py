"""Units, boundaries, villages and residents: imported, and given back as the frames that `geo` works on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.errors import NotFoundError, UserError
from server.units.tables import Boundary, Residents, Unit, Village

if TYPE_CHECKING:
    import geopandas as gpd

_UNIT_COLUMNS = (
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


def import_official_units(session: Session) -> int:
    """Bring the table of units up to the official lists that the project ships; the number of units."""
    import geo.units

    table = geo.units.all_units()
    records = _records(table[list(_UNIT_COLUMNS)], dates=("valid_from", "valid_to"))
    held = {(unit.code, unit.valid_from): unit for unit in session.scalars(select(Unit))}
    new = []
    for record in records:
        unit = held.get((record["code"], record["valid_from"]))
        if unit is None:
            new.append(record)
        else:
            for name, value in record.items():
                if getattr(unit, name) != value:
                    setattr(unit, name, value)
    if new:
        session.execute(insert(Unit), new)
    session.flush()
    return len(records)


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
    frame = pd.DataFrame([{name: getattr(unit, name) for name in _UNIT_COLUMNS} for unit in found])
    return frame.set_index("code")


def import_cells(session: Session, cells: gpd.GeoDataFrame) -> int:
    """Store the boundaries (or Voronoi cells) of units of one vintage, instead of what was there; how many.

    cells: as `geo.boundaries.read_boundaries` or `geo.voronoi.voronoi_cells` give them: EPSG:4326 by `code`, with
    `valid_from`; attrs `is_boundary`, `source`.
    """
    import shapely

    vintages = pd.to_datetime(cells["valid_from"]).dt.date
    rows = [
        {
            "code": code,
            "valid_from": valid_from,
            "geometry": shapely.to_wkb(geometry),
            "is_boundary": bool(cells.attrs["is_boundary"]),
            "source": str(cells.attrs["source"]),
        }
        for code, valid_from, geometry in zip(cells.index.astype(str), vintages, cells.geometry, strict=True)
    ]
    session.execute(
        delete(Boundary).where(Boundary.code.in_([row["code"] for row in rows]), Boundary.valid_from.in_(set(vintages)))
    )
    session.execute(insert(Boundary), rows)
    return len(rows)


def cells_on(session: Session, on: date, province_code: str) -> gpd.GeoDataFrame | None:
    """The cells of the units in force on a day: GeoDataFrame EPSG:4326 by `code`, or None when none were imported.

    Columns of the units beside `geometry`; attrs: `is_boundary` (False when any is a stand-in), `source`.
    """
    import geopandas as gpd
    import shapely

    units = units_on(session, on, province_code)
    statement = (
        select(Boundary)
        .join(Unit, (Unit.code == Boundary.code) & (Unit.valid_from == Boundary.valid_from))
        .where(Unit.province_code == province_code, Unit.valid_from <= on)
        .where((Unit.valid_to.is_(None)) | (Unit.valid_to >= on))
        .order_by(Boundary.code)
    )
    found = list(session.scalars(statement))
    if not found:
        return None
    geometry = pd.Series(
        shapely.from_wkb([boundary.geometry for boundary in found]),
        index=pd.Index([boundary.code for boundary in found], name="code"),
    )
    cells = gpd.GeoDataFrame(units.loc[geometry.index], geometry=geometry, crs="EPSG:4326")
    cells.attrs["is_boundary"] = all(boundary.is_boundary for boundary in found)
    cells.attrs["source"] = ", ".join(sorted({boundary.source for boundary in found}))
    return cells


def import_villages(session: Session, villages: pd.DataFrame, *, on: date, province_code: str, source: str) -> int:
    """Store villages: village_id, name, type, commune_code; optional latitude, longitude, old_commune_code.

    A village that is there already is brought up to date. Raises `UserError` for a commune that is no unit of that day,
    or an id given twice.
    """
    units = units_on(session, on, province_code)
    given = villages.assign(village_id=villages["village_id"].astype(str))
    unknown = sorted(set(given["commune_code"].astype(str)) - set(units.index))
    if unknown:
        raise _unknown_units(unknown, on)
    doubled = sorted(given["village_id"][given["village_id"].duplicated()].unique())
    if doubled:
        raise UserError(
            "villages_doubled",
            f"Mã thôn bị trùng: {', '.join(doubled[:5])}. Mỗi thôn cần một mã riêng.",
            f"Village ids given twice: {', '.join(doubled[:5])}. Each village needs an id of its own.",
        )
    rows = [
        {
            "village_id": record["village_id"],
            "name": record["name"],
            "village_type": record.get("type") or "",
            "commune_code": str(record["commune_code"]),
            "unit_valid_from": units.loc[str(record["commune_code"]), "valid_from"],
            "old_commune_code": record.get("old_commune_code"),
            "latitude": record.get("latitude"),
            "longitude": record.get("longitude"),
            "source": source,
        }
        for record in _records(given)
    ]
    ids = [row["village_id"] for row in rows]
    for start in range(0, len(ids), 1000):
        session.execute(delete(Village).where(Village.village_id.in_(ids[start : start + 1000])))
    if rows:
        session.execute(insert(Village), rows)
    return len(rows)


def villages_frame(session: Session, on: date, province_code: str) -> pd.DataFrame:
    """Villages of the units in force on a day: village_id, name, type, commune_code, latitude, longitude."""
    units = units_on(session, on, province_code)
    statement = (
        select(Village).where(Village.unit_valid_from.in_(set(units["valid_from"]))).order_by(Village.village_id)
    )
    rows = [
        {
            "village_id": village.village_id,
            "name": village.name,
            "type": village.village_type,
            "commune_code": village.commune_code,
            "latitude": village.latitude,
            "longitude": village.longitude,
        }
        for village in session.scalars(statement)
        if village.commune_code in units.index
    ]
    return pd.DataFrame(rows, columns=["village_id", "name", "type", "commune_code", "latitude", "longitude"])


def import_residents(
    session: Session,
    residents: pd.DataFrame,
    *,
    year: int,
    on: date,
    province_code: str,
    source: str,
    source_date: date,
) -> int:
    """Store resident households and persons per unit: commune_code, households, optional persons. Replaces the year's.

    Raises `UserError` for an unknown unit, one given twice, or a figure that is no whole number of zero or more.
    """
    units = units_on(session, on, province_code)
    given = residents.assign(commune_code=residents["commune_code"].astype(str).str.zfill(5))
    unknown = sorted(set(given["commune_code"]) - set(units.index))
    if unknown:
        raise _unknown_units(unknown, on)
    doubled = sorted(given["commune_code"][given["commune_code"].duplicated()].unique())
    if doubled:
        raise UserError(
            "residents_doubled",
            f"Xã {', '.join(doubled[:5])} có hai dòng số hộ dân cư; giữ một dòng.",
            f"Units {', '.join(doubled[:5])} have two rows of residents; keep one.",
        )
    numbers: dict[str, pd.Series[Any]] = {}
    for column in ("households", "persons"):
        values = pd.to_numeric(given.get(column, pd.Series(pd.NA, index=given.index)), errors="coerce").astype(
            "Float64"
        )
        wrong = (values < 0) | (values % 1 != 0)
        missing = values.isna() if column == "households" else pd.Series(False, index=given.index)
        bad = given["commune_code"][(wrong.fillna(False) | missing).astype(bool)]
        if len(bad):
            raise UserError(
                "residents_number",
                f"Cột {column}: xã {', '.join(bad[:5])} không có số nguyên không âm. Sửa rồi nhập lại.",
                f"Column {column}: units {', '.join(bad[:5])} have no whole number of zero or more. "
                "Correct it and import again.",
            )
        numbers[column] = values.astype("Int64")
    rows = _records(pd.DataFrame({"commune_code": given["commune_code"], **numbers}))
    session.execute(
        delete(Residents)
        .where(Residents.year == year, Residents.unit_valid_from.in_(set(units["valid_from"])))
        .where(Residents.commune_code.in_(list(units.index)))
    )
    complete = [
        row
        | {
            "unit_valid_from": units.loc[row["commune_code"], "valid_from"],
            "year": year,
            "source": source,
            "source_date": source_date,
        }
        for row in rows
    ]
    if complete:
        session.execute(insert(Residents), complete)
    return len(complete)


def residents_frame(session: Session, year: int, on: date, province_code: str) -> pd.DataFrame | None:
    """Residents of a year as `geo.aggregate` reads them (commune_code, households, persons), or None without any."""
    units = units_on(session, on, province_code)
    statement = (
        select(Residents)
        .where(Residents.year == year, Residents.unit_valid_from.in_(set(units["valid_from"])))
        .order_by(Residents.commune_code)
    )
    rows = [
        {"commune_code": one.commune_code, "households": one.households, "persons": one.persons}
        for one in session.scalars(statement)
        if one.commune_code in units.index
    ]
    if not rows:
        return None
    return pd.DataFrame(rows).astype({"households": "Int64", "persons": "Int64"})


def _unknown_units(codes: list[str], on: date) -> UserError:
    some = ", ".join(codes[:8])
    return UserError(
        "unit_unknown",
        f"Không có xã, phường mang mã {some} vào ngày {on:%d/%m/%Y}. Kiểm tra mã theo danh mục hiện hành.",
        f"There is no commune or ward with code {some} on {on}. Check the codes against the list in force.",
    )


def _records(frame: pd.DataFrame, dates: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Rows as plain Python values; NA as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    records: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in plain.to_dict("records")
    ]
    for record in records:
        for name in dates:
            if record[name] is not None:
                record[name] = record[name].date()
    return records
