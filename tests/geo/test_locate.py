"""Locating: always the answer of testing every polygon, whatever the raster."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.locate import METRIC_CRS, Locator, locate_points

SIDE = 12
number = st.integers(0, SIDE)


def frame(polygons: list[Any]) -> gpd.GeoDataFrame:
    codes = [f"{10000 + i}" for i in range(len(polygons))]
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(polygons, index=codes, crs="EPSG:4326"))


def first_covering(polygons: npt.ArrayLike, codes: Any, x: Any, y: Any) -> npt.NDArray[np.object_]:
    """The plain way: every polygon against every point; the first in the order of codes."""
    answer = np.full(len(x), None, dtype=object)
    for code, polygon in reversed(list(zip(codes, np.asarray(polygons, dtype=object), strict=True))):
        answer[shapely.intersects_xy(polygon, x, y)] = code
    return answer


@st.composite
def shapes(draw: st.DrawFn) -> Any:
    """A (multi)polygon on small whole numbers, often with holes, parts, slanted edges, touching corners."""

    def pieces(most: int, least: int) -> Any:
        boxes = draw(
            st.lists(st.tuples(number, number, st.integers(1, 5), st.integers(1, 5)), max_size=most, min_size=least)
        )
        triangles = draw(st.lists(st.tuples(number, number, number, number, number, number), max_size=2))
        made = [shapely.box(x, y, x + w, y + h) for x, y, w, h in boxes]
        made += [shapely.Polygon([(a, b), (c, d), (e, f)]) for a, b, c, d, e, f in triangles]
        return shapely.union_all([piece for piece in made if piece.area > 0])

    shape = shapely.difference(pieces(4, 1), pieces(2, 0))
    areas = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.multipolygons(areas) if areas else shapely.Polygon()


@settings(max_examples=150, deadline=None)
@given(st.lists(shapes(), min_size=1, max_size=6), st.integers(2, 70), st.integers(0, 2**32 - 1))
def test_the_answer_is_that_of_testing_every_polygon(polygons: list[Any], resolution: int, seed: int) -> None:
    cells = frame(polygons)
    random = np.random.default_rng(seed)
    half = np.arange(-2, 2 * SIDE + 14) / 2  # vertices and edges as well as insides
    grid_x, grid_y = (axis.ravel() for axis in np.meshgrid(half, half))
    x = np.concatenate([grid_x, random.uniform(-1, SIDE + 6, 400)])
    y = np.concatenate([grid_y, random.uniform(-1, SIDE + 6, 400)])
    found = Locator(cells, resolution=resolution).locate(x, y)
    assert (found == first_covering(cells.geometry.array, cells.index, x, y)).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_agrees_with_the_spatial_join_inside_cells(seed: int, resolution: int) -> None:
    random = np.random.default_rng(seed)
    sites = shapely.multipoints(random.uniform(0, 1, (30, 2)))
    cells = frame(list(shapely.get_parts(shapely.voronoi_polygons(sites))))
    x, y = random.uniform(-0.5, 1.5, (2, 2000))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y, crs="EPSG:4326"))
    joined = gpd.sjoin(points, cells, predicate="within", how="left")
    expected = joined[joined.columns[-1]].to_numpy(dtype=object)
    found = Locator(cells, resolution=resolution).locate(x, y)
    assert ((found == expected) | (pd.isna(found) & pd.isna(expected))).all()


def test_a_point_on_a_shared_edge_belongs_to_one_unit_whatever_the_order_given() -> None:
    left, right = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    one = gpd.GeoDataFrame(index=["10000", "10001"], geometry=[left, right], crs="EPSG:4326")
    x, y = np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.5, 1.0])
    for cells in (one, one.iloc[::-1]):
        for resolution in (2, 17, 512):
            assert Locator(cells, resolution=resolution).locate(x, y).tolist() == ["10000"] * 3


def test_a_point_in_a_hole_belongs_to_what_fills_it() -> None:
    ring = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])
    filled = frame([ring, shapely.box(3, 3, 6, 6)])
    assert Locator(filled).locate([4.5, 1.0, 3.0], [4.5, 1.0, 4.0]).tolist() == ["10001", "10000", "10000"]
    assert Locator(frame([ring])).locate([4.5], [4.5]).tolist() == [None]


def test_points_that_lie_nowhere_are_missing(cells: gpd.GeoDataFrame) -> None:
    inside = cells.geometry.iloc[0].representative_point()
    lon = [np.nan, np.inf, 0.0, inside.y, 108.9, 1e300, inside.x]
    lat = [inside.y, inside.y, 0.0, inside.x, 19.5, -1e300, inside.y]
    found = locate_points(lon, lat, cells)
    assert found.isna().tolist() == [True] * 6 + [False]
    assert found.iloc[-1] == cells.index[0]


def test_keeps_the_index_and_takes_missing_values() -> None:
    cells = frame([shapely.box(0, 0, 1, 1)])
    lon = pd.Series([0.5, pd.NA], index=["a", "b"], dtype="Float64")
    found = locate_points(lon, pd.Series([0.5, 0.5], index=["a", "b"]), Locator(cells))
    assert found.index.tolist() == ["a", "b"]
    assert found.tolist() == ["10000", pd.NA]


def test_no_points_and_no_cells() -> None:
    assert len(locate_points([], [], frame([shapely.box(0, 0, 1, 1)]))) == 0
    assert Locator(frame([])).locate([0.5], [0.5]).tolist() == [None]
    assert Locator(frame([shapely.Polygon()])).locate([0.5], [0.5]).tolist() == [None]


def test_other_coordinate_systems_are_brought_to_degrees(drawn_cells: gpd.GeoDataFrame) -> None:
    inside = drawn_cells.geometry.representative_point()
    found = locate_points(inside.x, inside.y, drawn_cells.to_crs(METRIC_CRS))
    assert (found == drawn_cells.index).all()


def test_all_units_at_once_on_real_edges(cells: gpd.GeoDataFrame) -> None:
    """Points over the whole province, and every tenth vertex of every edge."""
    random = np.random.default_rng(7)
    x0, y0, x1, y1 = cells.total_bounds
    vertices = shapely.get_coordinates(np.asarray(cells.geometry.array, dtype=object))[::10]
    x = np.concatenate([random.uniform(x0, x1, 20_000), vertices[:, 0]])
    y = np.concatenate([random.uniform(y0, y1, 20_000), vertices[:, 1]])
    found = Locator(cells).locate(x, y)
    assert (found == first_covering(cells.geometry.array, cells.index, x, y)).all()
    assert pd.notna(found[20_000:]).all()
    inside = cells.geometry.representative_point()
    assert (locate_points(inside.x, inside.y, cells) == cells.index).all()


@pytest.mark.parametrize("resolution", [1, 3, 2000])
def test_the_raster_never_changes_an_answer(resolution: int, cells: gpd.GeoDataFrame) -> None:
    random = np.random.default_rng(11)
    x0, y0, x1, y1 = cells.total_bounds
    x, y = random.uniform(x0, x1, 3000), random.uniform(y0, y1, 3000)
    assert (Locator(cells, resolution=resolution).locate(x, y) == Locator(cells).locate(x, y)).all()
