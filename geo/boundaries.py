"""Boundary layers of units: read, checked against the official list, made light for the web.

The project ships no polygon: a province imports its own layer.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geo.errors import BoundaryError, listed
from geo.locate import METRIC_CRS
from geo.units import all_units, short_names, units

#: What a cells frame carries of each unit, beside its geometry.
UNIT_COLUMNS = ("valid_from", "name", "unit_type", "area_class", "province_code", "area_km2", "population")

#: Viet Nam with its sea, in degrees: what lies outside was projected wrongly.
_VIETNAM = (101.0, 7.0, 118.5, 24.5)

#: Two units may share a sliver through drawing; beyond this share of the smaller one, one of them is wrong.
_MOST_OVERLAP = 0.10


def read_boundaries(
    path: str | Path,
    valid_from: date,
    layer: str | None = None,
    code_column: str | None = None,
    province_code: str | None = None,
) -> gpd.GeoDataFrame:
    """Read the polygons of the units in force on `valid_from` from GeoPackage, GeoJSON or Shapefile.

    The layer must hold each unit of that day exactly once, by its official code. `code_column` and `layer` are found
    when not given. Geometries are brought to EPSG:4326 and repaired where invalid (`attrs["repaired"]` names them).

    Returns a GeoDataFrame indexed by `code`, sorted, with `UNIT_COLUMNS` from the official list and `geometry`
    (MultiPolygon). `attrs`: `is_boundary` True, `source` (file name), `repaired` (codes).

    Raises `BoundaryError` (what, where, how to mend) for an unreadable file, missing CRS, codes that do not match, a
    layer of another vintage, empty or non-polygon geometry, polygons outside Viet Nam or on top of one another.
    """
    path = Path(path)
    frame = _read(path, layer)
    official = units(valid_from, province_code)
    codes = _codes(frame, code_column, path)
    _check_vintage(codes, frame, official, valid_from, path)
    _check_codes(codes, official, path, valid_from)
    geometry, repaired = _polygons(frame, codes, path)
    cells = with_units(pd.Series(geometry, index=pd.Index(codes, name="code")), official)
    _check_place(cells, path)
    cells.attrs.update(is_boundary=True, source=path.name, repaired=repaired)
    return cells


def with_units(geometry: pd.Series, official: pd.DataFrame) -> gpd.GeoDataFrame:
    """Join polygons (EPSG:4326, indexed by code) with the official columns of their units, sorted by code."""
    table = official.set_index("code")[list(UNIT_COLUMNS)]
    cells = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, crs="EPSG:4326").reindex(table.index))
    return cells.sort_index()


def for_web(cells: gpd.GeoDataFrame, tolerance_m: float = 50.0) -> gpd.GeoDataFrame:
    """The same cells with fewer vertices; neighbours keep their shared edges, so no gap or overlap appears.

    `tolerance_m`: square root of the smallest triangle that is worth drawing, in metres. Order, columns and `attrs`
    stay; a cell that would vanish keeps its shape.
    """
    if tolerance_m < 0:
        raise ValueError(f"tolerance_m must not be negative: {tolerance_m}")
    metric = np.asarray(cells.geometry.to_crs(METRIC_CRS).array, dtype=object)
    simple = shapely.coverage_simplify(metric, tolerance_m)
    broken = shapely.is_empty(simple) | ~shapely.is_valid(simple)
    simple = np.where(broken, metric, simple)
    light = cells.copy()
    light.geometry = gpd.GeoSeries(simple, index=cells.index, crs=METRIC_CRS).to_crs("EPSG:4326")
    light.attrs = dict(cells.attrs)
    return light


def _read(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    if not path.exists():
        raise BoundaryError(
            f"Không thấy tệp ranh giới {path.name}. Kiểm tra đường dẫn.",
            f"Boundary file {path.name} does not exist. Check the path.",
        )
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if layer is None:
            if len(layers) != 1:
                raise BoundaryError(
                    f"{path.name} có {len(layers)} lớp ({listed(layers)}). Chọn một lớp bằng layer.",
                    f"{path.name} holds {len(layers)} layers ({listed(layers)}). Name one as layer.",
                )
            layer = layers[0]
        elif layer not in layers:
            raise BoundaryError(
                f"{path.name} không có lớp {layer}. Các lớp: {listed(layers)}.",
                f"{path.name} has no layer {layer}. Its layers: {listed(layers)}.",
            )
        frame = pyogrio.read_dataframe(path, layer=layer)
    except pyogrio.errors.DataSourceError as error:
        raise BoundaryError(
            f"Không đọc được {path.name}. Dùng GeoPackage, GeoJSON hoặc Shapefile (đủ .shp .dbf .shx .prj).",
            f"{path.name} cannot be read. Use GeoPackage, GeoJSON or Shapefile (with .shp .dbf .shx .prj).",
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise BoundaryError(
            f"Lớp {layer} của {path.name} không có đối tượng nào. Chọn lớp khác hoặc xuất lại tệp.",
            f"Layer {layer} of {path.name} holds no feature. Choose another layer or export it again.",
        )
    if frame.crs is None:
        raise BoundaryError(
            f"{path.name} không ghi hệ toạ độ. Xuất lại kèm hệ toạ độ (Shapefile: tệp .prj), "
            "ví dụ VN-2000 hoặc EPSG:4326.",
            f"{path.name} does not say its coordinate system. Export it with one (Shapefile: the .prj file), "
            "such as VN-2000 or EPSG:4326.",
        )
    return frame


def _as_codes(column: pd.Series) -> pd.Series:
    """Values as 5-digit text: numbers lose their '.0' and get their zeros back."""
    text = column.astype("string").str.strip().str.replace(r"\.0+$", "", regex=True)
    return text.where(~text.str.fullmatch(r"\d{1,5}", na=False), text.str.zfill(5))


def _codes(frame: gpd.GeoDataFrame, code_column: str | None, path: Path) -> pd.Series:
    """The codes of the layer's rows, from the column named or the one that holds most official codes."""
    columns = [str(name) for name in frame.columns if name != frame.geometry.name]
    if code_column is not None:
        if code_column not in columns:
            raise BoundaryError(
                f"{path.name} không có cột {code_column}. Các cột: {listed(columns)}.",
                f"{path.name} has no column {code_column}. Its columns: {listed(columns)}.",
            )
        return _as_codes(frame[code_column])
    known = set(all_units()["code"])
    share = {name: float(_as_codes(frame[name]).isin(known).mean()) for name in columns}
    best = max(share, key=lambda name: share[name], default="")
    if not best or share[best] < 0.5:
        raise BoundaryError(
            f"Không tìm thấy cột mã xã (mã 5 số của Tổng cục Thống kê) trong {path.name}. Các cột: {listed(columns)}. "
            "Chỉ rõ cột mã.",
            f"No column of {path.name} holds commune codes (5 digits, General Statistics Office). Its columns: "
            f"{listed(columns)}. Name the code column.",
        )
    return _as_codes(frame[best])


def _folded(names: pd.Series) -> pd.Series:
    text = names.astype("string").str.normalize("NFC").str.strip()
    return short_names(text).str.casefold()


def _names(frame: gpd.GeoDataFrame) -> pd.Series | None:
    """The layer's unit names, folded, from the column where most are official names of any time; None when none is."""
    known = set(_folded(all_units()["name"]))
    text = [name for name in frame.columns if name != frame.geometry.name and frame[name].dtype.kind in "OSU"]
    text += [name for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype) and name not in text]
    share = {name: float(_folded(frame[name]).isin(known).mean()) for name in text}
    best = max(share, key=lambda name: share[name], default=None)
    return _folded(frame[best]) if best is not None and share[best] >= 0.5 else None


def _check_vintage(
    codes: pd.Series, frame: gpd.GeoDataFrame, official: pd.DataFrame, valid_from: date, path: Path
) -> None:
    """Refuse a layer that fits the list of another time better than that of the day asked for."""
    names = _names(frame)
    in_layer = _pairs(codes, names)

    def likeness(listed_units: pd.DataFrame) -> float:
        there = _pairs(listed_units["code"], None if names is None else _folded(listed_units["name"]))
        return len(in_layer & there) / max(len(in_layer | there), 1)

    table = all_units()
    others = [
        other
        for _, other in table[table["province_code"].isin(set(official["province_code"]))].groupby("valid_from")
        if not set(other["valid_from"]) & set(official["valid_from"])
    ]
    best = max(others, key=likeness, default=official)
    if likeness(best) <= likeness(official):
        return
    since, until = best["valid_from"].iloc[0], best["valid_to"].iloc[0]
    until_vi = "nay" if pd.isna(until) else f"{until:%d/%m/%Y}"
    until_en = "today" if pd.isna(until) else f"{until:%Y-%m-%d}"
    raise BoundaryError(
        f"{path.name} vẽ {len(best)} đơn vị của giai đoạn {since:%d/%m/%Y} - {until_vi}, không phải "
        f"{len(official)} đơn vị có hiệu lực ngày {valid_from:%d/%m/%Y}. "
        f"Chọn tệp của đúng giai đoạn, hoặc nhập với ngày {since:%d/%m/%Y}.",
        f"{path.name} draws the {len(best)} units of {since:%Y-%m-%d} to {until_en}, not the {len(official)} "
        f"in force on {valid_from.isoformat()}. "
        f"Choose the layer of that time, or import it as valid from {since:%Y-%m-%d}.",
    )


def _pairs(codes: pd.Series, names: pd.Series | None) -> set[Any]:
    return set(codes.dropna()) if names is None else set(zip(codes.fillna(""), names.fillna(""), strict=True))


def _check_codes(codes: pd.Series, official: pd.DataFrame, path: Path, valid_from: date) -> None:
    """Every unit once and no other code: name each difference."""
    expected, given = set(official["code"]), codes.dropna()
    name = official.set_index("code")["name"]
    missing = [f"{code} {name[code]}" for code in sorted(expected - set(given))]
    extra = sorted(set(given) - expected)
    twice = sorted(set(given[given.duplicated()]))
    blank = int(codes.isna().sum())
    if not (missing or extra or twice or blank):
        return
    vi, en = [], []
    if missing:
        vi.append(f"thiếu {len(missing)} mã: {listed(missing)}")
        en.append(f"{len(missing)} codes missing: {listed(missing)}")
    if extra:
        vi.append(f"{len(extra)} mã không có trong danh mục: {listed(extra)}")
        en.append(f"{len(extra)} codes not on the list: {listed(extra)}")
    if twice:
        vi.append(f"{len(twice)} mã lặp lại (gộp các mảnh thành một đối tượng): {listed(twice)}")
        en.append(f"{len(twice)} codes repeated (dissolve the parts into one feature): {listed(twice)}")
    if blank:
        vi.append(f"{blank} đối tượng không có mã")
        en.append(f"{blank} features without a code")
    raise BoundaryError(
        f"{path.name} không khớp danh mục ngày {valid_from:%d/%m/%Y}: {'; '.join(vi)}. Sửa lớp rồi nhập lại.",
        f"{path.name} does not match the list of {valid_from.isoformat()}: {'; '.join(en)}. "
        "Mend the layer and import it again.",
    )


def _polygons(frame: gpd.GeoDataFrame, codes: pd.Series, path: Path) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Valid multipolygons in EPSG:4326, and the codes that needed repair."""
    geometry = np.asarray(frame.geometry.force_2d().to_crs("EPSG:4326").array, dtype=object)
    invalid = ~shapely.is_valid(geometry) & ~shapely.is_missing(geometry)
    geometry[invalid] = shapely.make_valid(geometry[invalid], method="structure", keep_collapsed=False)
    kind = shapely.get_type_id(geometry)
    bad = shapely.is_empty(geometry) | shapely.is_missing(geometry) | ~np.isin(kind, (3, 6))
    if bad.any():
        named = sorted(codes[bad].astype(str))
        raise BoundaryError(
            f"{path.name}: {len(named)} đơn vị không có vùng (polygon): {listed(named)}. Vẽ lại hoặc chọn lớp vùng.",
            f"{path.name}: {len(named)} units have no polygon: {listed(named)}. Draw them or choose the polygon layer.",
        )
    single = kind == 3
    geometry[single] = shapely.multipolygons(geometry[single], indices=np.arange(single.sum()))
    return geometry, sorted(codes[invalid].astype(str))


def _check_place(cells: gpd.GeoDataFrame, path: Path) -> None:
    """Polygons lie in Viet Nam, and no two cover the same land."""
    bounds = cells.geometry.bounds
    west, south, east, north = _VIETNAM
    inside = (bounds["minx"] > west) & (bounds["miny"] > south) & (bounds["maxx"] < east) & (bounds["maxy"] < north)
    if not inside.all():
        named = list(cells.index[~inside])
        raise BoundaryError(
            f"{path.name}: {len(named)} đơn vị nằm ngoài Việt Nam ({listed(named)}). Hệ toạ độ ghi sai, hoặc kinh độ "
            "và vĩ độ đổi chỗ. Sửa hệ toạ độ rồi nhập lại.",
            f"{path.name}: {len(named)} units lie outside Viet Nam ({listed(named)}). The coordinate system is wrong, "
            "or longitude and latitude are swapped. Mend it and import the layer again.",
        )
    polygons = np.asarray(cells.geometry.to_crs(METRIC_CRS).array, dtype=object)
    first, second = shapely.STRtree(polygons).query(polygons, predicate="overlaps")
    covers, covered = shapely.STRtree(polygons).query(polygons, predicate="covers")
    first, second = np.append(first, covers), np.append(second, covered)
    first, second = first[first != second], second[first != second]
    shared = shapely.area(shapely.intersection(polygons[first], polygons[second]))
    much = shared > _MOST_OVERLAP * np.minimum(shapely.area(polygons[first]), shapely.area(polygons[second]))
    if much.any():
        pairs = sorted(
            {tuple(sorted((cells.index[a], cells.index[b]))) for a, b in zip(first[much], second[much], strict=True)}
        )
        named = [f"{a} / {b}" for a, b in pairs]
        raise BoundaryError(
            f"{path.name}: {len(named)} cặp đơn vị chồng lên nhau: {listed(named)}. Sửa vùng chồng rồi nhập lại.",
            f"{path.name}: {len(named)} pairs of units overlap: {listed(named)}. Mend the overlap and import it again.",
        )
