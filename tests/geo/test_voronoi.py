"""Cells around centres: one per unit, without gap or overlap, each holding its own centre."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import CentresError
from geo.locate import METRIC_CRS, Locator
from geo.voronoi import voronoi_cells


def array(cells: gpd.GeoDataFrame) -> np.ndarray:
    return np.asarray(cells.geometry.array, dtype=object)


def test_the_104_have_104_cells(centres: gpd.GeoDataFrame, drawn_cells: gpd.GeoDataFrame) -> None:
    assert drawn_cells.index.tolist() == centres.index.tolist()
    assert drawn_cells.is_valid.all()
    assert shapely.coverage_is_valid(array(drawn_cells))
    assert drawn_cells.contains(centres.geometry).all()
    assert drawn_cells.attrs["is_boundary"] is False
    union = shapely.union_all(array(drawn_cells.to_crs(METRIC_CRS)))
    assert shapely.area(union) == pytest.approx(drawn_cells.to_crs(METRIC_CRS).area.sum(), rel=1e-9)
    assert (Locator(drawn_cells).locate(centres.geometry.x, centres.geometry.y) == centres.index).all()


def test_every_place_belongs_to_its_nearest_centre(centres: gpd.GeoDataFrame, drawn_cells: gpd.GeoDataFrame) -> None:
    places = drawn_cells.to_crs(METRIC_CRS).geometry.sample_points(20, rng=np.random.default_rng(1)).explode()
    at = shapely.STRtree(array(centres.to_crs(METRIC_CRS))).nearest(np.asarray(places.array, dtype=object))
    assert (centres.index[at] == places.index).mean() > 0.999  # points are drawn a hair off the edge at times


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=3, max_size=40, unique=True))
def test_any_centres_have_valid_cells(spots: list[tuple[int, int]]) -> None:
    xy = np.array(spots, dtype=float) * 1000 + (580_000, 2_250_000)
    points = gpd.GeoSeries(gpd.points_from_xy(*xy.T, crs=METRIC_CRS), index=[f"{i:05d}" for i in range(len(xy))])
    cells = voronoi_cells(gpd.GeoDataFrame(geometry=points))
    assert cells.is_valid.all()
    assert not cells.is_empty.any()
    assert cells.contains(points.to_crs("EPSG:4326")).all()
    assert shapely.coverage_is_valid(array(cells))


def test_refuses_too_few_centres_and_two_at_one_place() -> None:
    points = gpd.GeoDataFrame(
        index=["00001", "00002", "00003"], geometry=gpd.points_from_xy([106, 106, 106.1], [20, 20, 20])
    )
    points = points.set_crs("EPSG:4326")
    with pytest.raises(CentresError, match="00001, 00002"):
        voronoi_cells(points)
    with pytest.raises(CentresError, match="At least 3"):
        voronoi_cells(points.iloc[1:])
