"""The commune of the point against the commune of the answer."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.locate import LOCATION_STATUSES, METRIC_CRS, Locator, place
from poverty.frames import empty_households

# Two squares of 0.1 degree side by side, about 10.4 x 11.1 km.
WEST, EAST = shapely.box(106.0, 20.5, 106.1, 20.6), shapely.box(106.1, 20.5, 106.2, 20.6)


@pytest.fixture
def two() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(index=["00001", "00002"], geometry=[WEST, EAST], crs="EPSG:4326")


def visits(*rows: tuple[Any, Any, Any]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["commune_code", "longitude", "latitude"])
    table.index = pd.Index([f"uuid:{i}" for i in range(len(rows))], name="interview_id")
    return table.astype({"commune_code": "string", "longitude": "Float64", "latitude": "Float64"})


def test_every_status(two: gpd.GeoDataFrame) -> None:
    found = place(
        visits(
            ("00001", 106.05, 20.55),
            ("00001", 106.15, 20.55),
            ("00001", 106.05, 20.65),
            ("00001", None, 20.55),
            (None, 106.05, 20.55),
            ("99999", 106.05, 20.55),
            (None, None, None),
        ),
        two,
    )
    assert found["location_status"].tolist() == [
        "agree", "differ", "outside", "no_gps", "no_answer", "unknown_commune", "no_answer",
    ]  # fmt: skip
    assert set(found["location_status"]) <= set(LOCATION_STATUSES)
    assert found["commune_gps"].fillna("-").tolist() == ["00001", "00002", "-", "-", "00001", "00001", "-"]
    assert found["distance_m"].isna().tolist() == [False, False, False, True, True, True, True]
    assert found.index.name == "interview_id"


def test_distances_are_metres_on_the_ground(two: gpd.GeoDataFrame) -> None:
    found = place(visits(("00001", 106.05, 20.55), ("00001", 106.15, 20.55), ("00001", 106.05, 20.61)), two)[
        "distance_m"
    ]
    # Degrees of WGS 84 at latitude 20.5: 0.05 of longitude is 5.213 km, 0.01 of latitude 1.107 km.
    assert found.iloc[0] == 0
    assert found.iloc[1] == pytest.approx(5213, rel=2e-3)
    assert found.iloc[2] == pytest.approx(1107, rel=2e-3)


def test_the_shared_edge_contradicts_neither_answer(two: gpd.GeoDataFrame) -> None:
    found = place(visits(("00001", 106.1, 20.55), ("00002", 106.1, 20.55)), two)
    assert found["location_status"].tolist() == ["agree", "agree"]
    assert found["commune_gps"].tolist() == ["00001", "00002"]
    assert found["distance_m"].tolist() == [0, 0]


def test_impossible_points_are_outside_without_distance(two: gpd.GeoDataFrame) -> None:
    found = place(visits(("00001", 0.0, 0.0), ("00001", 20.55, 106.05), ("00001", 1e300, 20.5)), two)
    assert found["location_status"].tolist() == ["outside"] * 3
    assert found["distance_m"].isna().all()
    sea = place(visits(("00001", 107.5, 20.0)), two)
    assert sea["location_status"].tolist() == ["outside"]
    assert sea["distance_m"].iloc[0] > 100_000


def test_no_household_gives_an_empty_frame_of_the_same_shape(two: gpd.GeoDataFrame) -> None:
    found = place(empty_households(), two)
    assert found.columns.tolist() == ["commune_gps", "distance_m", "location_status"]
    assert len(found) == 0


def test_every_household_is_found_where_it_was_put(cells: gpd.GeoDataFrame) -> None:
    """A thousand households put into communes at random; those moved next door differ by their true distance."""
    random = np.random.default_rng(3)
    inside = cells.geometry.sample_points(10, rng=random).explode(index_parts=False)
    moved = random.random(len(inside)) < 0.3
    answered = np.where(moved, random.permutation(np.asarray(inside.index)), inside.index)
    households = visits(*zip(answered, inside.x, inside.y, strict=True))
    found = place(households, Locator(cells))
    assert (found["commune_gps"].to_numpy() == inside.index.to_numpy()).all()
    same = answered == inside.index.to_numpy()
    assert (found["location_status"] == np.where(same, "agree", "differ")).all()
    assert (found["distance_m"][same] == 0).all()
    metric = cells.geometry.to_crs(METRIC_CRS).loc[answered].reset_index(drop=True)
    expected = inside.to_crs(METRIC_CRS).reset_index(drop=True).distance(metric)
    assert np.allclose(found["distance_m"].astype(float), np.where(same, 0, expected), atol=1e-6)
