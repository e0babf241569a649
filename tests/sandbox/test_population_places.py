"""The places: households in their communes, villages invented but consistent."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from sandbox.population import Province, generate
from tests.sandbox.population_squares import province, squares

METRES = 6_371_000 * np.pi / 180


@pytest.fixture(scope="module")
def made() -> Province:
    return province()


def metres_to_edge(longitude: np.ndarray, latitude: np.ndarray, polygon: shapely.Polygon) -> np.ndarray:
    """Distance to the edge of an upright rectangle."""
    west, south, east, north = polygon.bounds
    across = np.minimum(longitude - west, east - longitude) * METRES * np.cos(np.radians(latitude))
    return np.minimum(across, np.minimum(latitude - south, north - latitude) * METRES)


def test_every_household_stands_well_inside_its_commune(made: Province) -> None:
    communes = squares()
    for code, rows in made.truth.groupby("commune_code"):
        longitude, latitude = rows["longitude"].to_numpy(), rows["latitude"].to_numpy()
        assert shapely.contains_xy(communes.geometry[code], longitude, latitude).all()
        assert metres_to_edge(longitude, latitude, communes.geometry[code]).min() > 14.5
    assert (made.households["commune_code"] == made.truth["commune_code"]).all()


def test_households_stand_near_their_village(made: Province) -> None:
    villages = made.villages.set_index("village_id").loc[made.truth["village_id"]]
    north = (made.truth["latitude"].to_numpy() - villages["latitude"].to_numpy()) * METRES
    east = (made.truth["longitude"].to_numpy() - villages["longitude"].to_numpy()) * METRES * np.cos(np.radians(20.6))
    distance = np.hypot(north, east)
    assert 100 < np.median(distance) < 500
    assert distance.max() < 2_000


def test_villages_are_named_once_in_a_commune_and_lie_in_it(made: Province) -> None:
    villages, communes = made.villages, squares()
    assert villages["village_id"].is_unique
    assert villages["village_id"].str.fullmatch(r"\d{5}-V\d\d").all()
    assert (villages["village_id"].str[:5] == villages["commune_code"]).all()
    assert not villages.duplicated(["commune_code", "name"]).any()
    assert (villages.groupby("commune_code").size() >= 3).all()
    for code, rows in villages.groupby("commune_code"):
        assert shapely.contains_xy(communes.geometry[code], rows["longitude"], rows["latitude"]).all()
        urban = communes.loc[code, "area_class"] == "urban"
        assert rows["name"].str.startswith("Tổ dân phố" if urban else "Thôn").all()
        assert (rows["type"] == ("tổ dân phố" if urban else "thôn")).all()
    belongs = villages.set_index("village_id")["commune_code"]
    assert (made.households["village_id"].map(belongs) == made.households["commune_code"]).all()


def test_residents_follow_the_population(made: Province) -> None:
    households = made.residents.set_index("commune_code")["households"]
    population = squares()["population"]
    share = households / households.sum()
    assert share.to_numpy() == pytest.approx((population / population.sum()).to_numpy(), abs=0.002)


def test_poverty_differs_between_communes(made: Province) -> None:
    poor = made.truth[made.truth["proposed_class"] == "poor"].groupby("commune_code").size()
    rates = poor / made.residents.set_index("commune_code")["households"]
    assert rates.max() > 1.5 * rates.min()


def test_narrow_and_split_communes_are_filled_too() -> None:
    sliver = shapely.box(106.0, 20.6, 106.0001, 20.65)  # some ten metres wide
    parts = shapely.MultiPolygon([shapely.box(106.1, 20.6, 106.11, 20.61), shapely.box(106.2, 20.7, 106.22, 20.72)])
    communes = gpd.GeoDataFrame(
        {"name": ["Xã Hẹp", "Xã Hai Mảnh"], "area_class": "rural", "population": 1_000},
        index=["12001", "12002"],
        geometry=[sliver, parts],
        crs=4326,
    )
    truth = generate(300, communes, seed=4).truth
    for code, rows in truth.groupby("commune_code"):
        assert shapely.contains_xy(communes.geometry[code], rows["longitude"], rows["latitude"]).all()
