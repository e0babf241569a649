"""Boundary layers beside the project, where there are some; drawn cells stand in where there are none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.boundaries import for_web, read_boundaries
from geo.errors import BoundaryError
from geo.locate import METRIC_CRS, place

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "boundaries"
OF_2024 = BESIDE / "hungyen_communes_161_until_2024-10.gpkg"


def test_the_layer_in_use_covers_the_104(cells: gpd.GeoDataFrame) -> None:
    assert len(cells) == 104
    assert cells.is_valid.all()
    assert shapely.coverage_is_valid(np.asarray(cells.geometry.array, dtype=object))
    # Sea-front communes are drawn with their tidal flats, Voronoi cells with a rim: more than the official area.
    assert cells.to_crs(METRIC_CRS).area.sum() / 1e6 == pytest.approx(cells["area_km2"].sum(), rel=0.15)


def test_centres_lie_in_the_communes_they_name(cells: gpd.GeoDataFrame, centres: gpd.GeoDataFrame) -> None:
    households = pd.DataFrame(
        {"commune_code": centres.index, "longitude": centres.geometry.x, "latitude": centres.geometry.y}
    )
    assert (place(households, cells)["location_status"] == "agree").all()


def test_simplifying_moves_few_points_to_another_commune(cells: gpd.GeoDataFrame) -> None:
    inside = cells.geometry.sample_points(50, rng=np.random.default_rng(5)).explode(index_parts=False)
    households = pd.DataFrame({"commune_code": inside.index, "longitude": inside.x, "latitude": inside.y})
    placed = place(households, for_web(cells, 50.0))
    assert (placed["location_status"] == "agree").mean() > 0.98


def test_the_layer_of_2024_is_read_for_2024_only(drawn_cells: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path, day, other = OF_2024, date(2024, 10, 31), date(2025, 7, 1)
    if not path.exists():
        path, day, other = tmp_path / "now.gpkg", other, day
        drawn_cells[["name", "geometry"]].reset_index().to_file(path)
    assert len(read_boundaries(path, day)) in (161, 104)
    with pytest.raises(BoundaryError, match="not the"):
        read_boundaries(path, other)
