"""Points into communes: `geo.locate.Locator` (building its raster included) beside geopandas' spatial join."""

from __future__ import annotations

import resource
import time
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.locate import METRIC_CRS, Locator
from geo.voronoi import voronoi_cells

#: Households of a province.
DEFAULT_SIZE = 1_100_000
_UNITS = 104


def province(units: int = _UNITS, seed: int = 2026) -> gpd.GeoDataFrame:
    """An invented province of `units` cells without gap or overlap, with winding edges (some 700 vertices a cell)."""
    random = np.random.default_rng(seed)
    spread = np.sqrt(units) * 5_000.0
    east, north = 580_000.0 + random.uniform(0, spread, units), 2_250_000.0 + random.uniform(0, spread, units)
    codes = [str(90000 + number) for number in range(units)]
    points = gpd.GeoDataFrame(index=codes, geometry=gpd.points_from_xy(east, north, crs=METRIC_CRS))
    cells = voronoi_cells(points).to_crs(METRIC_CRS)

    def winding(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        # One smooth shift of the whole plane: neighbours move together, and their shared edges stay shared.
        # Rounded first: cut from either side, an edge gets the same points only up to the last bits.
        xy = np.round(xy, 3)
        x, y = xy[:, 0], xy[:, 1]
        moved: npt.NDArray[np.float64] = xy + np.column_stack(
            [60 * np.sin(y / 180) + 200 * np.sin(y / 900), 60 * np.sin(x / 170)]
        )
        return moved

    edges = shapely.segmentize(np.asarray(cells.geometry.array, dtype=object), 30.0)
    cells.geometry = gpd.GeoSeries(shapely.transform(edges, winding), index=cells.index, crs=METRIC_CRS)
    return cells.to_crs("EPSG:4326")


def run(size: int = DEFAULT_SIZE) -> dict[str, Any]:
    """Locate `size` points spread over the province and around it; both ways must agree on every point."""
    cells = province()
    x0, y0, x1, y1 = cells.total_bounds
    random = np.random.default_rng(1)
    lon, lat = random.uniform(x0, x1, size), random.uniform(y0, y1, size)

    started = time.perf_counter()
    locator = Locator(cells)
    build_seconds = time.perf_counter() - started
    codes = locator.locate(lon, lat)
    seconds = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    started = time.perf_counter()
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))
    joined = gpd.sjoin(points, cells[["geometry"]], predicate="within", how="left")
    yardstick = time.perf_counter() - started

    # A point right on an edge is within no cell for the join; ours gives it to one.
    expected = joined[joined.columns[-1]].reindex(points.index)
    different = int((expected.notna() & (expected != codes)).sum())
    if different:
        raise AssertionError(f"{different} of {size} points differ from the spatial join")
    return {
        "name": "locate",
        "size": size,
        "seconds": seconds,
        "peak_mb": peak_mb,
        "figures": {
            "cells": len(cells),
            "vertices": int(shapely.get_num_coordinates(np.asarray(cells.geometry.array, dtype=object)).sum()),
            "build_seconds": build_seconds,
            "points_per_second": size / seconds,
            "located": int(pd.notna(codes).sum()),
        },
        "yardstick": {"name": 'geopandas sjoin(predicate="within")', "seconds": yardstick},
        "ratio": yardstick / seconds,
    }
