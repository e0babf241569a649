"""Places for the tests: cells of the 104 units in force, and a real boundary layer when one lies beside the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest

from geo.boundaries import read_boundaries
from geo.centres import read_centres
from geo.voronoi import voronoi_cells

SINCE_2025 = date(2025, 7, 1)
BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "boundaries"


@pytest.fixture(scope="session")
def centres() -> gpd.GeoDataFrame:
    return read_centres()


@pytest.fixture(scope="session")
def drawn_cells(centres: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Voronoi cells of the 104 units."""
    return voronoi_cells(centres)


@pytest.fixture(scope="session")
def cells(drawn_cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Real polygons of the 104 units where the layer is at hand, else cells drawn around their centres."""
    real = BESIDE / "hungyen_communes_104_from_2025-07.gpkg"
    return read_boundaries(real, SINCE_2025) if real.exists() else drawn_cells
