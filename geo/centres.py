"""One point per unit, for a province that has no boundary layer yet.

The points come from the data file of the optional package vietnamadminunits (extra `rasoat[demo]`). Only its SQLite
file is read; the package is found without being imported.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo.boundaries import UNIT_COLUMNS
from geo.errors import CentresError, listed
from geo.units import units

#: The day whose units the data file describes: the reform of 2025-07-01.
CENTRES_SINCE = date(2025, 7, 1)

_QUERY = """
    SELECT wardCode AS code, ward AS name, wardLon AS longitude, wardLat AS latitude
    FROM admin_units WHERE provinceCode = ?
"""


def data_file() -> Path:
    """The data file of the installed package. Raises `CentresError` when it is not there."""
    spec = importlib.util.find_spec("vietnamadminunits")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "data" / "dataset.db"
        if path.is_file():
            return path
    raise CentresError(
        "Chưa có điểm trung tâm của các xã. Cài: pip install rasoat[demo], hoặc dùng lớp ranh giới (--boundaries).",
        "No centre points of the communes. Install: pip install rasoat[demo], or give a boundary layer (--boundaries).",
    )


def read_centres(province_code: str = "33", path: Path | None = None) -> gpd.GeoDataFrame:
    """The centre of each unit of a province since 2025-07-01.

    Rows are matched to the official list by code, and by name where the code is another. Returns a GeoDataFrame of
    points (EPSG:4326) indexed by `code`, sorted, with the unit columns of `geo.boundaries`. Raises `CentresError` when
    a unit has no centre.
    """
    path = data_file() if path is None else path
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            given = pd.read_sql_query(_QUERY, connection, params=(province_code,))
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        raise CentresError(
            f"Không đọc được {path.name} của gói vietnamadminunits. Cài lại: pip install rasoat[demo].",
            f"{path.name} of the package vietnamadminunits cannot be read. Install it again: pip install rasoat[demo].",
        ) from error
    given["name"] = given["name"].astype("string").str.normalize("NFC")
    given = given.dropna(subset=["longitude", "latitude"])
    official = units(CENTRES_SINCE, province_code).set_index("code")
    # Code and name together first; a code with another name is the trap of 2025 (codes were used again).
    by_name = given.drop_duplicates("name", keep=False).set_index("name")
    points = by_name[["longitude", "latitude"]].reindex(official["name"].to_numpy())
    points.index = official.index
    by_code = given.drop_duplicates("code", keep=False).set_index("code")
    points = points.fillna(by_code[["longitude", "latitude"]].reindex(official.index))
    absent = [f"{code} {official.loc[code, 'name']}" for code in official.index[points["longitude"].isna()]]
    if absent:
        raise CentresError(
            f"Thiếu điểm trung tâm của {len(absent)} đơn vị: {listed(absent)}. Dùng lớp ranh giới (--boundaries).",
            f"No centre point for {len(absent)} units: {listed(absent)}. Give a boundary layer (--boundaries).",
        )
    geometry = gpd.points_from_xy(points["longitude"], points["latitude"], crs="EPSG:4326")
    return gpd.GeoDataFrame(official[list(UNIT_COLUMNS)], geometry=geometry, crs="EPSG:4326").sort_index()
