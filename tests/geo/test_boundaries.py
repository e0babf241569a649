"""Reading a layer: every fault is named with its remedy; a good layer comes out valid, in degrees, by official code."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.boundaries import UNIT_COLUMNS, for_web, read_boundaries
from geo.errors import BoundaryError
from geo.locate import METRIC_CRS
from geo.units import short_names, units

SINCE_2025, IN_2024, EARLY_2025 = date(2025, 7, 1), date(2024, 6, 1), date(2025, 3, 1)


@pytest.fixture
def layer(drawn_cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What a province might hand in: code, short name and polygons."""
    names = short_names(drawn_cells["name"])
    return gpd.GeoDataFrame(
        {"ma_xa": drawn_cells.index.to_numpy(), "ten_xa": names.to_numpy(), "nam": 2025},
        geometry=drawn_cells.geometry.to_numpy(),
        crs="EPSG:4326",
    )


def written(frame: gpd.GeoDataFrame, path: Path, **options: Any) -> Path:
    frame.to_file(path, **options)
    return path


@pytest.mark.parametrize("name", ["xa.gpkg", "xa.geojson", "xa.shp"])
def test_reads_each_format(name: str, layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    cells = read_boundaries(written(layer, tmp_path / name), SINCE_2025)
    official = units(SINCE_2025).set_index("code")
    assert cells.index.tolist() == official.index.tolist()
    assert cells.index.name == "code"
    assert cells.columns.tolist() == [*UNIT_COLUMNS, "geometry"]
    assert (cells["name"] == official["name"]).all()
    assert cells.crs.to_epsg() == 4326
    assert cells.attrs == {"is_boundary": True, "source": name, "repaired": []}
    expected = layer.set_index("ma_xa").geometry.sort_index()
    apart = shapely.symmetric_difference(cells.geometry.to_numpy(), expected.to_numpy())
    assert shapely.area(apart).max() < 1e-6 * shapely.area(expected.to_numpy()).min()


def test_brings_vn2000_to_wgs84(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    cells = read_boundaries(written(layer.to_crs("EPSG:3405"), tmp_path / "xa.gpkg"), SINCE_2025)
    was = layer.set_index("ma_xa").geometry.sort_index().to_crs(METRIC_CRS)
    assert cells.geometry.to_crs(METRIC_CRS).centroid.distance(was.centroid, align=False).max() < 0.1


def test_numeric_codes_and_a_named_column(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    numeric = layer.assign(ma_xa=layer["ma_xa"].astype(float), other=layer["ma_xa"].iloc[::-1].to_numpy())
    assert len(read_boundaries(written(numeric, tmp_path / "a.gpkg"), SINCE_2025, code_column="ma_xa")) == 104
    with pytest.raises(BoundaryError, match="no column ma") as caught:
        read_boundaries(tmp_path / "a.gpkg", SINCE_2025, code_column="ma")
    assert "ma_xa" in caught.value.vi


def test_names_missing_extra_repeated_and_blank_codes(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    faulty = layer.copy()
    faulty["ma_xa"] = faulty["ma_xa"].astype(object)
    faulty.loc[0, "ma_xa"] = faulty.loc[1, "ma_xa"]
    faulty.loc[2, "ma_xa"] = "00007"
    faulty.loc[3, "ma_xa"] = None
    with pytest.raises(BoundaryError) as caught:
        read_boundaries(written(faulty, tmp_path / "xa.gpkg"), SINCE_2025)
    for said in ("3 codes missing", layer.loc[0, "ten_xa"], "00007", "1 codes repeated", "1 features without a code"):
        assert said in caught.value.en
    assert "thiếu 3 mã" in caught.value.vi
    assert "xa.gpkg" in caught.value.vi


def test_a_layer_of_another_time_is_recognised_by_its_codes(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = written(layer[["ma_xa", "geometry"]], tmp_path / "xa.gpkg")
    for asked in (IN_2024, EARLY_2025):
        with pytest.raises(BoundaryError, match="the 104 units of 2025-07-01 to today") as caught:
            read_boundaries(path, asked)
        assert "01/07/2025 - nay" in caught.value.vi


def test_a_layer_of_another_time_is_recognised_by_its_names(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """The codes of today on polygons that carry the names of before: only the names tell."""
    before = units(EARLY_2025).set_index("code")["name"]
    older = layer.assign(ten_xa=before.reindex(layer["ma_xa"]).to_numpy())
    with pytest.raises(BoundaryError, match="import it as valid from 20"):
        read_boundaries(written(older, tmp_path / "xa.gpkg"), SINCE_2025)


def test_repairs_an_invalid_polygon_and_says_which(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    ring = shapely.get_coordinates(layer.geometry.iloc[5])
    x, y = ring[0]
    spike = np.vstack([ring[:1], [(x + 1e-4, y + 2e-4), (x, y + 2e-4), (x + 1e-4, y)], ring[1:]])
    broken = layer.copy()
    broken.loc[5, "geometry"] = shapely.Polygon(spike)
    assert not broken.geometry.iloc[5].is_valid
    cells = read_boundaries(written(broken, tmp_path / "xa.gpkg"), SINCE_2025)
    assert cells.attrs["repaired"] == [layer.loc[5, "ma_xa"]]
    assert cells.is_valid.all()
    assert set(cells.geom_type) == {"MultiPolygon"}


def test_refuses_what_is_no_polygon(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    empty = layer.copy()
    empty.loc[4, "geometry"] = None
    with pytest.raises(BoundaryError, match=layer.loc[4, "ma_xa"]):
        read_boundaries(written(empty, tmp_path / "a.gpkg"), SINCE_2025)
    points = layer.assign(geometry=layer.geometry.representative_point())
    with pytest.raises(BoundaryError, match="104 units have no polygon"):
        read_boundaries(written(points, tmp_path / "b.gpkg"), SINCE_2025)


def test_refuses_polygons_out_of_the_country_or_on_one_another(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    swapped = layer.set_geometry(layer.geometry.map(lambda shape: shapely.transform(shape, lambda xy: xy[:, ::-1])))
    with pytest.raises(BoundaryError, match="longitude and latitude are swapped"):
        read_boundaries(written(swapped.set_crs("EPSG:4326"), tmp_path / "a.geojson"), SINCE_2025)
    twice = layer.copy()
    twice.loc[1, "geometry"] = twice.loc[0, "geometry"]
    with pytest.raises(BoundaryError, match="1 pairs of units overlap") as caught:
        read_boundaries(written(twice, tmp_path / "b.gpkg"), SINCE_2025)
    assert layer.loc[0, "ma_xa"] in caught.value.vi


def test_refuses_files_it_cannot_use(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="does not exist"):
        read_boundaries(tmp_path / "none.gpkg", SINCE_2025)
    (tmp_path / "text.gpkg").write_text("this is no layer")
    with pytest.raises(BoundaryError, match="cannot be read"):
        read_boundaries(tmp_path / "text.gpkg", SINCE_2025)
    with pytest.raises(BoundaryError, match="Name the code column"):
        read_boundaries(written(layer[["ten_xa", "geometry"]], tmp_path / "codeless.gpkg"), SINCE_2025)
    with pytest.raises(BoundaryError, match="holds no feature"):
        read_boundaries(written(layer.iloc[:0], tmp_path / "empty.gpkg"), SINCE_2025)
    path = written(layer, tmp_path / "xa.shp")
    path.with_suffix(".prj").unlink()
    with pytest.raises(BoundaryError, match="does not say its coordinate system"):
        read_boundaries(path, SINCE_2025)


def test_asks_which_layer(layer: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = written(layer, tmp_path / "xa.gpkg", layer="xa")
    written(layer.dissolve(), path, layer="tinh")
    with pytest.raises(BoundaryError, match="2 layers"):
        read_boundaries(path, SINCE_2025)
    with pytest.raises(BoundaryError, match="has no layer huyen"):
        read_boundaries(path, SINCE_2025, layer="huyen")
    assert len(read_boundaries(path, SINCE_2025, layer="xa")) == 104


def test_for_web_keeps_shared_edges(cells: gpd.GeoDataFrame) -> None:
    light = for_web(cells, 60.0)
    before, after = (np.asarray(frame.geometry.array, dtype=object) for frame in (cells, light))
    assert shapely.coverage_is_valid(before)
    assert shapely.coverage_is_valid(after)
    assert light.is_valid.all()
    assert shapely.get_num_coordinates(after).sum() <= shapely.get_num_coordinates(before).sum()
    assert light.attrs == cells.attrs
    assert light.columns.tolist() == cells.columns.tolist()
    drift = light.to_crs(METRIC_CRS).area / cells.to_crs(METRIC_CRS).area
    assert drift.between(0.99, 1.01).all()


def test_for_web_refuses_a_negative_tolerance(drawn_cells: gpd.GeoDataFrame) -> None:
    with pytest.raises(ValueError, match="negative"):
        for_web(drawn_cells, -1.0)
