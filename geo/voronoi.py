"""Cells around unit centres, for maps without a boundary layer. They are not boundaries, and the map says so."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.errors import CentresError, listed
from geo.locate import METRIC_CRS

#: How closely the outline follows the outermost centres: 0 tightest, 1 their convex hull.
_HULL_RATIO = 0.2


def voronoi_cells(centres: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The land nearest to each centre, as polygons that cover a plausible outline without gap or overlap.

    `centres`: points (any CRS) indexed by `code`; other columns are kept. The outline is the concave hull of the
    centres, widened by half their mean spacing. Returns the frame with polygons in EPSG:4326, `attrs["is_boundary"]`
    False. Distances are metric (UTM zone 48N).

    Raises `CentresError` for fewer than three centres, or two at the same place.
    """
    points = centres.geometry.to_crs(METRIC_CRS)
    if len(points) < 3:
        raise CentresError(
            f"Cần ít nhất 3 điểm trung tâm, chỉ có {len(points)}. Thêm điểm hoặc dùng lớp ranh giới.",
            f"At least 3 centres are needed, there are {len(points)}. Add centres or use a boundary layer.",
        )
    alike = points.index[points.duplicated(keep=False)].astype(str)
    if len(alike):
        raise CentresError(
            f"Các đơn vị có cùng một điểm trung tâm: {listed(sorted(alike))}. Sửa toạ độ của chúng.",
            f"Units with the same centre: {listed(sorted(alike))}. Mend their coordinates.",
        )
    array = np.asarray(points.array, dtype=object)
    cells = centres.copy()
    cells.geometry = gpd.GeoSeries(_cells(array), index=centres.index, crs=METRIC_CRS).to_crs("EPSG:4326")
    cells.attrs.update(is_boundary=False, source="voronoi")
    return cells.sort_index()


def _cells(points: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """One valid (multi)polygon per point, in the points' metric CRS."""
    together = shapely.multipoints(points)
    hull = shapely.concave_hull(together, ratio=_HULL_RATIO)
    spacing = np.sqrt(max(shapely.area(hull), 1.0) / len(points))
    outline = shapely.buffer(hull, spacing / 2)
    edges = shapely.voronoi_polygons(together, extend_to=outline, only_edges=True)
    # Cutting all edges and the outline together gives neighbours the very same vertices; cell by cell would not.
    lines = shapely.union(edges, shapely.boundary(outline))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inside = shapely.point_on_surface(faces)
    faces, inside = faces[shapely.contains(outline, inside)], inside[shapely.contains(outline, inside)]
    owner = shapely.STRtree(points).query_nearest(inside, all_matches=False)[1]
    return np.array([_joined(faces[owner == number]) for number in range(len(points))], dtype=object)


def _joined(faces: npt.NDArray[np.object_]) -> Any:
    return faces[0] if len(faces) == 1 else shapely.union_all(faces)
