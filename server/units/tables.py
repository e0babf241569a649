"""Tables of units, their boundaries, their villages and their residents."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKeyConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class Unit(Base):
    """A commune-level unit (xã, phường, thị trấn) in time. A code alone does not identify one: codes were re-used."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(String(5), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    valid_to: Mapped[date | None]  # last day; NULL = in force
    province_code: Mapped[str] = mapped_column(String(2), index=True)
    name: Mapped[str] = mapped_column(String(200))  # official, with its prefix: Xã, Phường, Thị trấn
    unit_type: Mapped[str] = mapped_column(String(20))  # commune | ward | township
    area_class: Mapped[str] = mapped_column(String(5))  # rural | urban
    area_km2: Mapped[float | None]
    population: Mapped[int | None]


class Boundary(Base):
    """The area of a unit, or a stand-in for it: `is_boundary` false means a Voronoi cell, which the map must say."""

    __tablename__ = "boundaries"
    __table_args__ = (ForeignKeyConstraint(["code", "valid_from"], ["units.code", "units.valid_from"]),)

    code: Mapped[str] = mapped_column(String(5), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    geometry: Mapped[bytes] = mapped_column(LargeBinary)  # WKB, MultiPolygon, EPSG:4326, as imported
    is_boundary: Mapped[bool]
    source: Mapped[str] = mapped_column(Text)


class Village(Base):
    """A village (thôn, tổ dân phố), with an id of its own: merged communes hold several of the same name.

    The old commune is the unit it belonged to before its commune was formed: with its name it tells "Thôn 1 (Dân Tiến
    cũ)" from the others (`geo.villages`).
    """

    __tablename__ = "villages"
    __table_args__ = (Index("ix_villages_commune", "commune_code", "unit_valid_from"),)

    village_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    village_type: Mapped[str] = mapped_column(String(40))
    commune_code: Mapped[str] = mapped_column(String(5))
    unit_valid_from: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # last day; NULL = there still
    old_commune_code: Mapped[str | None] = mapped_column(String(5))
    old_commune_valid_from: Mapped[date | None]
    latitude: Mapped[float | None]  # EPSG:4326 degrees
    longitude: Mapped[float | None]
    source: Mapped[str] = mapped_column(Text)


class Residents(Base):
    """Resident households and persons (số hộ dân cư, nhân khẩu) of a unit in a year: what rates divide by.

    Imported or typed, with its source and date; never the number of households surveyed.
    """

    __tablename__ = "residents"

    commune_code: Mapped[str] = mapped_column(String(5), primary_key=True)
    unit_valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    households: Mapped[int]
    persons: Mapped[int | None]
    source: Mapped[str] = mapped_column(Text)
    source_date: Mapped[date]


class ResidentsChange(Base):
    """One change of a unit's resident figures: what stood there, what stands there now, who wrote it and when.

    Rows are only added. NULL households: there was, or is now, no figure.
    """

    __tablename__ = "residents_changes"
    __table_args__ = (Index("ix_residents_changes_year", "year", "changed_at"),)

    change_id: Mapped[int] = mapped_column(primary_key=True)
    commune_code: Mapped[str] = mapped_column(String(5))
    unit_valid_from: Mapped[date]
    year: Mapped[int]
    households_before: Mapped[int | None]
    persons_before: Mapped[int | None]
    households: Mapped[int | None]
    persons: Mapped[int | None]
    source: Mapped[str] = mapped_column(Text)
    source_date: Mapped[date]
    changed_by: Mapped[str] = mapped_column(String(120))  # user id, or `system` for the command line
    changed_at: Mapped[datetime]
