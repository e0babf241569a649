"""Centres out of the optional package's data file: matched to the official list, the package never imported."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest

from geo.centres import data_file, read_centres
from geo.errors import CentresError
from geo.units import units

COLUMNS = "provinceCode TEXT, wardCode TEXT, ward TEXT, wardLon REAL, wardLat REAL"


def database(path: Path, rows: list[tuple[object, ...]]) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE admin_units ({COLUMNS})")
        connection.executemany("INSERT INTO admin_units VALUES (?, ?, ?, ?, ?)", rows)
    return path


def rows_of_2025() -> list[tuple[object, ...]]:
    return [
        ("33", row.code, row.name, 106.0 + at / 100, 20.5)
        for at, row in enumerate(units(date(2025, 7, 1)).itertuples(index=False, name="Unit"))
    ]


def test_one_centre_for_each_of_the_104(centres: gpd.GeoDataFrame) -> None:
    assert len(centres) == 104
    assert centres.index.is_unique
    assert centres.geometry.geom_type.eq("Point").all()
    assert "vietnamadminunits" not in sys.modules


def test_the_name_finds_a_unit_whose_code_differs(tmp_path: Path) -> None:
    rows = rows_of_2025()
    rows[0] = ("33", "00000", *rows[0][2:])  # an older code, the right name
    rows[1] = ("33", rows[1][1], "Tên khác", *rows[1][3:])  # the right code, a misspelt name
    found = read_centres(path=database(tmp_path / "d.db", rows))
    assert found.geometry.x.round(2).tolist()[:3] == [106.0, 106.01, 106.02]


def test_a_reused_code_does_not_lead_astray(tmp_path: Path) -> None:
    rows = rows_of_2025()
    first, second = rows[0], rows[1]
    rows[0], rows[1] = (*first[:2], *second[2:]), (*second[:2], *first[2:])  # codes swapped between two names
    found = read_centres(path=database(tmp_path / "d.db", rows))
    assert found.geometry.x.round(2).tolist()[:2] == [106.0, 106.01]


def test_says_which_units_have_no_centre(tmp_path: Path) -> None:
    rows = rows_of_2025()
    lost = rows.pop(7)
    rows[3] = (*rows[3][:3], None, None)
    with pytest.raises(CentresError, match="No centre point for 2 units") as caught:
        read_centres(path=database(tmp_path / "d.db", rows))
    assert str(lost[1]) in caught.value.vi


def test_without_the_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CentresError, match=r"pip install rasoat\[demo\]"):
        data_file()


def test_a_damaged_data_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "dataset.db").write_bytes(b"not a database at all, but long enough to be read as one" * 50)
    with pytest.raises(CentresError, match=r"dataset\.db of the package"):
        read_centres(path=tmp_path / "dataset.db")
