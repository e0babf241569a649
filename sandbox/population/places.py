"""Invented villages and the places of the households inside their communes."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sandbox.population.vocabulary import Bools, Floats, Ints

#: Metres per degree of latitude (mean earth radius).
_METRES = 111_195.0
#: Households keep this far from the commune's edge, so that a GPS fix does not leave the commune in doubt.
_FROM_EDGE = 15.0
_HOUSEHOLDS_PER_VILLAGE = 350
_FEWEST, _MOST = 3, 45

_FIRST = (
    *("An", "Bình", "Cao", "Đại", "Đào", "Đoài", "Đông", "Đức", "Hạ", "Hoàng", "Hòa", "Kim", "Lạc", "Long", "Mai"),
    *("Minh", "Mỹ", "Nam", "Ngọc", "Nhân", "Ninh", "Phú", "Phúc", "Quang", "Tân", "Thanh", "Thái", "Thượng", "Tiên"),
    *("Trung", "Văn", "Vĩnh", "Xuân", "Yên"),
)
_SECOND = (
    *("Bình", "Cầu", "Chiểu", "Duệ", "Đình", "Đồng", "Giang", "Hà", "Hậu", "Khê", "Lãng", "Lâm", "Lộc", "Lý", "Nghĩa"),
    *("Nội", "Phong", "Quan", "Quý", "Sơn", "Tảo", "Thịnh", "Thọ", "Tiến", "Trạch", "Trì", "Xá"),
)


@dataclass(frozen=True)
class Villages:
    """`frame`: village_id, name, type, commune_code, latitude, longitude. `commune`, `weight`: per village."""

    frame: pd.DataFrame
    commune: Ints
    weight: Floats


class Area:
    """A commune's polygon in metres around its middle, without a strip along the edge where it is wide enough."""

    def __init__(self, polygon: BaseGeometry) -> None:
        middle = polygon.centroid
        self._middle = np.array([middle.x, middle.y])
        self._scale = np.array([_METRES * np.cos(np.radians(middle.y)), _METRES])
        local: BaseGeometry = shapely.transform(polygon, self.metres)
        inner = local.buffer(-_FROM_EDGE)
        self.shape: BaseGeometry = local if inner.is_empty else inner
        shapely.prepare(self.shape)

    def contains(self, points: Floats) -> Bools:
        """Which of the local points (n, 2) lie inside."""
        return np.asarray(shapely.contains_xy(self.shape, points[:, 0], points[:, 1]))

    def degrees(self, points: Floats) -> Floats:
        """Local metres to longitude and latitude."""
        return np.asarray(points / self._scale + self._middle)

    def metres(self, places: Floats) -> Floats:
        """Longitude and latitude (n, 2) to local metres."""
        return np.asarray((places - self._middle) * self._scale)

    def scatter(self, number: int, rng: np.random.Generator) -> Floats:
        """`number` points evenly over the area."""
        west, south, east, north = self.shape.bounds
        found = np.empty((0, 2))
        while len(found) < number:
            points = rng.random((2 * number + 16, 2)) * (east - west, north - south) + (west, south)
            found = np.vstack([found, points[self.contains(points)]])
        return found[:number]

    def around(self, centres: Floats, spread: float, rng: np.random.Generator) -> Floats:
        """One point near each centre (n, 2), inside the area; the spread narrows until the point falls inside."""
        points = centres.copy()
        waiting = np.arange(len(centres))
        while len(waiting) and spread > 0.5:
            tried = centres[waiting] + rng.normal(0, spread, size=(len(waiting), 2))
            inside = self.contains(tried)
            points[waiting[inside]] = tried[inside]
            waiting = waiting[~inside]
            spread *= 0.8
        return points


def found_villages(
    communes: gpd.GeoDataFrame, areas: list[Area], residents: Ints, rng: np.random.Generator
) -> Villages:
    """Invent the villages of every commune: about one for 350 resident households, at least three.

    Each has an id of its own ("11953-V03"), a centre inside its commune and a weight by which households fall to it.
    """
    frames, weights = [], []
    for position, (code, area_class) in enumerate(zip(communes.index, communes["area_class"], strict=True)):
        number = int(np.clip(round(residents[position] / _HOUSEHOLDS_PER_VILLAGE), _FEWEST, _MOST))
        centres = areas[position].degrees(areas[position].scatter(number, rng))
        urban = area_class == "urban"
        frames.append(
            pd.DataFrame(
                {
                    "village_id": [f"{code}-V{serial:02d}" for serial in range(1, number + 1)],
                    "name": _names(number, "Tổ dân phố" if urban else "Thôn", rng),
                    "type": "tổ dân phố" if urban else "thôn",
                    "commune_code": str(code),
                    "latitude": centres[:, 1].round(6),
                    "longitude": centres[:, 0].round(6),
                }
            )
        )
        weights.append(rng.dirichlet(np.full(number, 6.0)))
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.astype(dict.fromkeys(("village_id", "name", "type", "commune_code"), "string"))
    commune = np.repeat(np.arange(len(communes)), [len(part) for part in frames])
    return Villages(frame, commune, np.concatenate(weights))


def _names(number: int, prefix: str, rng: np.random.Generator) -> list[str]:
    """Numbered in about half of the communes, else words; no name twice in a commune."""
    if rng.random() < 0.45:
        return [f"{prefix} {serial}" for serial in range(1, number + 1)]
    pairs = rng.permutation(len(_FIRST) * len(_SECOND))
    words = [(_FIRST[pair % len(_FIRST)], _SECOND[pair // len(_FIRST)]) for pair in pairs]
    return [f"{prefix} {first} {second}" for first, second in words if first != second][:number]


def settle(commune: Ints, villages: Villages, rng: np.random.Generator) -> Ints:
    """A village (position) for each household of the given commune (position)."""
    village = np.empty(len(commune), dtype=np.int64)
    for position in np.unique(commune):
        rows = np.flatnonzero(commune == position)
        choices = np.flatnonzero(villages.commune == position)
        village[rows] = rng.choice(choices, size=len(rows), p=villages.weight[choices])
    return village


def locate(village: Ints, villages: Villages, areas: list[Area], rng: np.random.Generator) -> Floats:
    """Longitude and latitude (n, 2), EPSG:4326, of households of the given villages, some hundred metres around."""
    places = np.empty((len(village), 2))
    centres = villages.frame[["longitude", "latitude"]].to_numpy(dtype=float)
    commune = villages.commune[village]
    for position, area in enumerate(areas):
        rows = np.flatnonzero(commune == position)
        if len(rows):
            places[rows] = area.degrees(area.around(area.metres(centres[village[rows]]), 250.0, rng))
    return places.round(7)


def draw_communes(number: int, communes: gpd.GeoDataFrame, rng: np.random.Generator) -> Ints:
    """A commune (position) for `number` households in need: by population, more in some communes, fewer in towns."""
    intensity = rng.lognormal(0.0, 0.4, size=len(communes)) * np.where(communes["area_class"] == "urban", 0.65, 1.0)
    weight = communes["population"].to_numpy(dtype=float) * intensity
    return rng.choice(len(communes), size=number, p=weight / weight.sum())
