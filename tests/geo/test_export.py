"""GeoJSON as RFC 7946 wants it."""

from __future__ import annotations

import json
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.export import feature_collection
from geo.locate import METRIC_CRS


def signed_area(ring: list[list[float]]) -> float:
    x, y = np.array(ring).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2


def test_every_unit_is_a_feature_with_its_figures(cells: gpd.GeoDataFrame) -> None:
    read = json.loads(feature_collection(cells.assign(poor=range(len(cells)))))
    assert read["type"] == "FeatureCollection"
    assert read["is_boundary"] is cells.attrs["is_boundary"]
    assert [feature["id"] for feature in read["features"]] == cells.index.tolist()
    assert [feature["properties"]["poor"] for feature in read["features"]] == list(range(len(cells)))
    assert read["features"][0]["properties"]["name"] == cells["name"].iloc[0]
    assert read["features"][0]["properties"]["valid_from"] == "2025-07-01"


def test_coordinates_are_rounded_and_rings_wound(cells: gpd.GeoDataFrame) -> None:
    read = json.loads(feature_collection(cells, properties=[]))
    for feature, shape in zip(read["features"], cells.geometry, strict=True):
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        assert feature["properties"] == {}
        for outer, *inner in polygons:
            assert signed_area(outer) > 0
            assert all(signed_area(ring) < 0 for ring in inner)
            assert all(round(value, 6) == value for point in outer for value in point)
            assert outer[0] == outer[-1]
        there = shapely.from_geojson(json.dumps(geometry))
        # Rounding moves a corner by half a unit of the last decimal at most, along either axis.
        assert abs(there.area - shape.area) < 0.5e-6 * 2**0.5 * shape.length


def test_holes_wind_the_other_way_and_metric_cells_become_degrees() -> None:
    ring = shapely.Polygon(
        [(106.0, 20.5), (106.0, 20.6), (106.1, 20.6), (106.1, 20.5)],
        [[(106.02, 20.52), (106.08, 20.52), (106.08, 20.58), (106.02, 20.58)]],
    )
    cells = gpd.GeoDataFrame(index=["00001"], geometry=[ring], crs="EPSG:4326").to_crs(METRIC_CRS)
    outer, inner = json.loads(feature_collection(cells))["features"][0]["geometry"]["coordinates"]
    assert signed_area(outer) > 0 > signed_area(inner)
    assert sorted(map(tuple, outer[:-1])) == [(106.0, 20.5), (106.0, 20.6), (106.1, 20.5), (106.1, 20.6)]


def test_values_that_json_does_not_know() -> None:
    frame = pd.DataFrame(
        {
            "na": pd.array([pd.NA], dtype="Int64"),
            "nan": [float("nan")],
            "infinite": [float("inf")],
            "nat": [pd.NaT],
            "day": [date(2026, 9, 1)],
            "time": [pd.Timestamp("2026-09-01T08:42:00")],
            "count": np.array([7], dtype="int32"),
            "rate": pd.array([0.44], dtype="Float64"),
            "yes": [np.True_],
            "text": ['Phường "Phố Hiến"'],
        },
        index=["11953"],
    )
    cells = gpd.GeoDataFrame(frame, geometry=[None], crs="EPSG:4326")
    feature = json.loads(feature_collection(cells))["features"][0]
    assert feature["geometry"] is None
    assert feature["properties"] == {
        "na": None, "nan": None, "infinite": None, "nat": None, "day": "2026-09-01", "time": "2026-09-01T08:42:00",
        "count": 7, "rate": 0.44, "yes": True, "text": 'Phường "Phố Hiến"',
    }  # fmt: skip


def test_the_boundary_note_is_the_callers_when_given(drawn_cells: gpd.GeoDataFrame) -> None:
    one = drawn_cells.head(1)
    assert json.loads(feature_collection(one))["is_boundary"] is False
    assert json.loads(feature_collection(one, is_boundary=True))["is_boundary"] is True
    bare = one.copy()
    bare.attrs = {}
    assert "is_boundary" not in json.loads(feature_collection(bare))
