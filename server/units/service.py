"""The public face of units: units and boundaries here, villages and residents in files of their own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.units.frames import UNIT_COLUMNS, as_day, commune_names, communes_within, provinces_within, units_on
from server.units.residents import (
    YEARS,
    Figures,
    NumberError,
    import_residents,
    read_figures,
    residents_frame,
    residents_history,
    residents_of,
    set_residents,
)
from server.units.tables import Boundary, Unit
from server.units.villages import import_villages, village_labels, villages_frame, villages_of_old_communes

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "YEARS",
    "Figures",
    "NumberError",
    "as_day",
    "cells_on",
    "commune_names",
    "communes_within",
    "import_cells",
    "import_official_units",
    "import_residents",
    "import_villages",
    "provinces_within",
    "read_figures",
    "residents_frame",
    "residents_history",
    "residents_of",
    "set_residents",
    "units_on",
    "village_labels",
    "villages_frame",
    "villages_of_old_communes",
]


def import_official_units(session: Session) -> int:
    """Bring the table of units up to the official lists that the project ships; the number of units."""
    import geo.units

    table = geo.units.all_units()
    records = _records(table[list(UNIT_COLUMNS)], dates=("valid_from", "valid_to"))
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
