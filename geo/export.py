"""Cells and their figures as GeoJSON (RFC 7946), ready to be sent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

#: Decimals of a coordinate: 0.1 m on the ground.
DECIMALS = 6


def feature_collection(
    cells: gpd.GeoDataFrame, properties: Iterable[str] | None = None, is_boundary: bool | None = None
) -> bytes:
    """A FeatureCollection as UTF-8 bytes: one Feature per row, `id` = the index (the commune code, text).

    `properties`: the columns to send (None: all but the geometry). NA, NaN and infinity become null, days ISO text.
    Geometry is in EPSG:4326, rounded to 6 decimals, outer rings counter-clockwise; a missing one is null.
    `is_boundary` is sent as a member of the collection: whether the cells are boundaries, or only drawn around centres.
    None takes it from `cells.attrs` (pandas drops them in a join), and without it there the member is left out.
    """
    geometry = cells.geometry if cells.crs is None else cells.geometry.to_crs("EPSG:4326")
    rounded = shapely.transform(np.asarray(geometry.array, dtype=object), lambda points: np.round(points, DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(rounded, exterior_cw=False))
    if properties is None:
        properties = [name for name in cells.columns if name != cells.geometry.name]
    names = list(properties)
    columns = [[_plain(value) for value in cells[name]] for name in names]
    rows = zip(*columns, strict=True) if columns else [()] * len(cells)
    features = [
        {
            "type": "Feature",
            "id": str(code),
            "properties": dict(zip(names, row, strict=True)),
            "geometry": None if text is None else orjson.Fragment(text),
        }
        for code, text, row in zip(cells.index, texts, rows, strict=True)
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if is_boundary is None:
        is_boundary = cells.attrs.get("is_boundary")
    if is_boundary is not None:
        collection["is_boundary"] = bool(is_boundary)
    return orjson.dumps(collection)


def _plain(value: Any) -> Any:
    """A value that JSON knows."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()  # a day, in the frames' only type for days
    if isinstance(value, date):
        return value.isoformat()
    return value
