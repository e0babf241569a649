"""Eight little square communes, side by side, for tests that need a province but no boundary layer."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import shapely

from sandbox.population import Province, generate
from sandbox.population.quotas import Scope


def squares(number: int = 8) -> gpd.GeoDataFrame:
    """Communes of 0.06 degrees a side, codes 11953 to 11960, the first and the fifth urban."""
    rows = []
    for position in range(number):
        west, south = 106.0 + 0.06 * (position % 4), 20.6 + 0.06 * (position // 4)
        urban = position % 4 == 0
        rows.append(
            {
                "code": f"{11953 + position:05d}",
                "name": f"{'Phường' if urban else 'Xã'} Ô {position + 1}",
                "area_class": "urban" if urban else "rural",
                "population": 20_000 + 3_000 * position,
                "geometry": shapely.box(west, south, west + 0.06, south + 0.06),
            }
        )
    return gpd.GeoDataFrame(rows, crs=4326).set_index("code")


@cache
def province(households: int = 6_000, scope: Scope = "annual", seed: int = 2026) -> Province:
    """A province on the squares, made once for all tests that only look at it."""
    return generate(households, squares(), scope, seed)
