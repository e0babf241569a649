"""Which unit a point lies in: exact, and fast enough for every household of a province at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import ndimage

#: Metric CRS of distances, areas and tolerances: WGS 84 / UTM zone 48N (102-108 degrees east: all of Hưng Yên).
METRIC_CRS = "EPSG:32648"

#: Values of `location_status`.
LOCATION_STATUSES = ("agree", "differ", "outside", "no_gps", "no_answer", "unknown_commune")

#: Points farther than this from the cells (0/0, swapped degrees) get no distance: UTM means nothing there.
_FAR_DEGREES = 5.0

_NONE = -1
_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Grid:
    """A raster over the cells: `x0`, `y0` its corner, `dx`, `dy` its steps in degrees, `nx`, `ny` its shape."""

    x0: float
    y0: float
    dx: float
    dy: float
    nx: int
    ny: int

    def column(self, x: _Floats) -> _Ints:
        return np.floor((x - self.x0) / self.dx).astype(np.int64)

    def row(self, y: _Floats) -> _Ints:
        return np.floor((y - self.y0) / self.dy).astype(np.int64)


class Locator:
    """Finds the cell of each point. Build it once for a set of cells, use it for any number of points.

    A raster remembers which squares lie wholly inside one polygon: a point there needs a look-up. Points in the
    squares that an edge may touch are tested exactly. The answer is always that of testing every polygon: the first
    cell, in the order of codes, that covers the point (its edge included). So a point on a shared edge belongs to
    exactly one unit, the same on every run, and overlapping layers give an answer too.

    Parameters
    ----------
    cells: GeoDataFrame indexed by commune code, EPSG:4326, polygons or multipolygons (valid).
    resolution: squares along the longer side; changes speed and memory (8 bytes a square), never an answer.
    """

    def __init__(self, cells: gpd.GeoDataFrame, resolution: int = 1024) -> None:
        if cells.crs is not None and not cells.crs.equals("EPSG:4326"):
            cells = cells.to_crs("EPSG:4326")
        self.cells = cells.sort_index()
        self.codes: npt.NDArray[np.object_] = np.asarray(self.cells.index.astype(str), dtype=object)
        self._polygons: npt.NDArray[np.object_] = np.asarray(self.cells.geometry.array, dtype=object)
        shapely.prepare(self._polygons)
        self._grid = _grid_over(self._polygons, resolution)
        # First polygon that covers the whole square; _NONE where no polygon does.
        self._full: npt.NDArray[np.int32] = np.full(self._grid.ny * self._grid.nx, _NONE, dtype=np.int32)
        # Per polygon, the squares that its edge may touch.
        self._edge_squares: list[_Ints] = []
        # Whether any polygon's edge may touch the square.
        self._on_edge = np.zeros(self._grid.ny * self._grid.nx, dtype=bool)
        for number, polygon in enumerate(self._polygons):
            self._add(number, polygon)

    def positions(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> _Ints:
        """The position of each point's cell in `codes`; -1 where no cell covers it (and for NaN or infinity)."""
        x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        found = np.full(x.shape, _NONE, dtype=np.int64)
        grid = self._grid
        # Only points on the raster can be in a cell; NaN fails every comparison.
        on_raster = np.flatnonzero(
            (x >= grid.x0) & (x < grid.x0 + grid.nx * grid.dx) & (y >= grid.y0) & (y < grid.y0 + grid.ny * grid.dy)
        )
        column = np.minimum(grid.column(x[on_raster]), grid.nx - 1)
        row = np.minimum(grid.row(y[on_raster]), grid.ny - 1)
        square = row * grid.nx + column
        found[on_raster] = self._full[square]
        near_edge = on_raster[self._on_edge[square]]
        if len(near_edge):
            self._test(found, near_edge, square[self._on_edge[square]], x, y)
        return found

    def locate(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.object_]:
        """The code of each point's cell as text; None where no cell covers it."""
        return self.named(self.positions(lon, lat))

    def named(self, positions: _Ints) -> npt.NDArray[np.object_]:
        """Codes of the cells at `positions`; None for -1."""
        with_none = np.empty(len(self.codes) + 1, dtype=object)
        with_none[:-1] = self.codes
        named: npt.NDArray[np.object_] = with_none[positions]
        return named

    def _add(self, number: int, polygon: Any) -> None:
        """Enter a polygon in the raster: the squares on its edge, and those wholly inside."""
        grid = self._grid
        if shapely.is_empty(polygon):
            self._edge_squares.append(np.empty(0, dtype=np.int64))
            return
        x, y = _edge_samples(polygon, grid)
        column, row = grid.column(x), grid.row(y)
        # A window with room for the widened edge and a rim outside; the raster has a margin, so it always fits.
        left, bottom = column.min() - 2, row.min() - 2
        edge = np.zeros((row.max() - bottom + 3, column.max() - left + 3), dtype=bool)
        edge[row - bottom, column - left] = True
        # Samples stand at most half a square apart: an edge may touch the neighbours of a sample's square, no others.
        edge = ndimage.binary_dilation(edge, structure=np.ones((3, 3), dtype=bool))
        # Connected squares that no edge touches lie all inside or all outside: one test decides for each region.
        regions, _ = ndimage.label(~edge)
        _, first = np.unique(regions, return_index=True)
        first_row, first_column = np.unravel_index(first, edge.shape)
        inside = shapely.contains_xy(
            polygon,
            grid.x0 + (first_column + left + 0.5) * grid.dx,
            grid.y0 + (first_row + bottom + 0.5) * grid.dy,
        )
        full = np.asarray(inside)[regions] & ~edge
        full_row, full_column = np.nonzero(full)
        full_square = (full_row + bottom) * grid.nx + full_column + left
        free = full_square[self._full[full_square] == _NONE]
        self._full[free] = number
        edge_row, edge_column = np.nonzero(edge)
        edge_square = (edge_row + bottom) * grid.nx + edge_column + left
        self._edge_squares.append(edge_square)
        self._on_edge[edge_square] = True

    def _test(self, found: _Ints, points: _Ints, square: _Ints, x: _Floats, y: _Floats) -> None:
        """Test points near an edge against each polygon whose edge may touch their square; the lowest number wins."""
        order = np.argsort(square, kind="stable")
        points, square = points[order], square[order]
        occupied, start, count = np.unique(square, return_index=True, return_counts=True)
        for number, edge_square in enumerate(self._edge_squares):
            at = np.searchsorted(occupied, edge_square)
            at = at[occupied[np.minimum(at, len(occupied) - 1)] == edge_square]
            if not len(at):
                continue
            candidates = points[_ranges(start[at], count[at])]
            # A lower number may have it already, by a whole square or by an earlier test.
            held = found[candidates]
            candidates = candidates[(held == _NONE) | (held > number)]
            covered = shapely.intersects_xy(self._polygons[number], x[candidates], y[candidates])
            found[candidates[covered]] = number


def _grid_over(polygons: npt.NDArray[np.object_], resolution: int) -> _Grid:
    """A raster over all polygons with a margin of three squares on each side."""
    drawn = polygons[~shapely.is_empty(polygons)]
    x0, y0, x1, y1 = (float(bound) for bound in shapely.total_bounds(drawn)) if len(drawn) else (0.0, 0.0, 1.0, 1.0)
    step = max(x1 - x0, y1 - y0, 1e-9) / resolution
    nx, ny = int(np.ceil((x1 - x0) / step)) + 7, int(np.ceil((y1 - y0) / step)) + 7
    return _Grid(x0 - 3 * step, y0 - 3 * step, step, step, nx, ny)


def _edge_samples(polygon: Any, grid: _Grid) -> tuple[_Floats, _Floats]:
    """Points along all rings of a polygon, at most half a square apart."""
    rings = shapely.get_rings(shapely.get_parts(polygon))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same_ring = ring[1:] == ring[:-1]
    begin, end = points[:-1][same_ring], points[1:][same_ring]
    delta = end - begin
    pieces = np.ceil(2 * np.maximum(np.abs(delta[:, 0]) / grid.dx, np.abs(delta[:, 1]) / grid.dy)).astype(np.int64)
    pieces = np.maximum(pieces, 1)
    segment = np.repeat(np.arange(len(pieces)), pieces)
    share = (_ranges(np.zeros_like(pieces), pieces) / pieces[segment])[:, None]
    # The end of each segment is the beginning of the next: rings are closed.
    samples = begin[segment] + share * delta[segment]
    return samples[:, 0], samples[:, 1]


def _ranges(start: _Ints, count: _Ints) -> _Ints:
    """start[0], start[0]+1, ... (count[0] of them), then start[1], ...: `np.arange` for many ranges at once."""
    total = int(count.sum())
    return np.arange(total) - np.repeat(np.cumsum(count) - count, count) + np.repeat(start, count)


def locate_points(lon: npt.ArrayLike, lat: npt.ArrayLike, cells: gpd.GeoDataFrame | Locator) -> pd.Series:
    """The commune code of each point (EPSG:4326 degrees); NA where no cell covers it.

    NaN, 0/0, latitude and longitude swapped, and points in the sea are NA: none of them lies in a cell. Keeps the index
    of `lon` when it is a Series. Pass a `Locator` instead of cells to reuse its raster.
    """
    locator = cells if isinstance(cells, Locator) else Locator(cells)
    index = lon.index if isinstance(lon, pd.Series) else None
    codes = locator.locate(_degrees(lon), _degrees(lat))
    return pd.Series(codes, index=index, dtype="string", name="commune_code")


def place(households: pd.DataFrame, cells: gpd.GeoDataFrame | Locator) -> pd.DataFrame:
    """Compare where each household was visited (GPS) with the commune that was answered.

    `households`: the contract frame; read are `commune_code`, `latitude`, `longitude`. Returned by its index:

    - `commune_gps` (string): the commune of the point, NA when no cell covers it. On a shared edge it is the answered
      one.
    - `distance_m` (Float64): metres from the point to the answered commune, 0 inside; straight line in UTM zone 48N
      (within 0.1 % of the ground in the province). NA without point or known commune, or when the point is more than 5
      degrees off.
    - `location_status`: `no_answer` (no commune answered), `unknown_commune` (not among the cells), `no_gps`, `outside`
      (in no cell), `agree`, `differ`: the first that holds, in this order.
    """
    locator = cells if isinstance(cells, Locator) else Locator(cells)
    x, y = _degrees(households["longitude"]), _degrees(households["latitude"])
    answer = households["commune_code"].astype("string")
    answered = pd.Index(locator.codes).get_indexer(pd.Index(answer.fillna(""), dtype=object)).astype(np.int64)
    found = locator.positions(x, y)
    has_point = np.isfinite(x) & np.isfinite(y)

    # A point on the edge that two communes share is no contradiction to either.
    apart = np.flatnonzero(has_point & (answered != _NONE) & (found != answered))
    polygons = np.asarray(locator.cells.geometry.array, dtype=object)
    touching = apart[shapely.intersects_xy(polygons[answered[apart]], x[apart], y[apart])]
    found[touching] = answered[touching]

    status = np.select(
        [answer.isna(), answered == _NONE, ~has_point, found == _NONE, found == answered],
        ["no_answer", "unknown_commune", "no_gps", "outside", "agree"],
        default="differ",
    )
    return pd.DataFrame(
        {
            "commune_gps": pd.Series(locator.named(found), index=households.index, dtype="string"),
            "distance_m": pd.Series(
                _distances(x, y, found, answered, locator), index=households.index, dtype="Float64"
            ),
            "location_status": pd.Series(status, index=households.index, dtype="string"),
        },
        index=households.index,
    )


def _distances(x: _Floats, y: _Floats, found: _Ints, answered: _Ints, locator: Locator) -> npt.NDArray[np.object_]:
    """Metres from each point to its answered cell; None where it means nothing."""
    x0, y0, x1, y1 = locator.cells.total_bounds
    near = (np.abs(x - (x0 + x1) / 2) < (x1 - x0) / 2 + _FAR_DEGREES) & (
        np.abs(y - (y0 + y1) / 2) < (y1 - y0) / 2 + _FAR_DEGREES
    )
    metres = np.full(len(x), None, dtype=object)
    metres[near & (answered != _NONE) & (found == answered)] = 0.0
    apart = np.flatnonzero(near & (answered != _NONE) & (found != answered))
    if len(apart):
        polygons = np.asarray(locator.cells.geometry.to_crs(METRIC_CRS).array, dtype=object)
        points = gpd.GeoSeries(gpd.points_from_xy(x[apart], y[apart], crs="EPSG:4326")).to_crs(METRIC_CRS)
        metres[apart] = shapely.distance(np.asarray(points.array, dtype=object), polygons[answered[apart]])
    return metres


def _degrees(values: npt.ArrayLike | pd.Series) -> _Floats:
    """Floats with NaN for whatever is missing."""
    if isinstance(values, pd.Series):
        return np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    return np.asarray(values, dtype=np.float64)
