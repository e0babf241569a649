"""Where an interview was held: its point, the commune answered and the commune of the point, its village."""

from __future__ import annotations

from typing import Any

import orjson
import shapely
from sqlalchemy.orm import Session

from server.cases import service as cases
from server.cases.tables import Interview
from server.maps import service as maps
from server.review import queries
from server.rounds import service as rounds
from server.units import service as units


def features(session: Session, of: Interview) -> bytes:
    """A FeatureCollection (EPSG:4326); each feature has `kind`: commune, gps_commune, point or village."""
    found: list[dict[str, Any]] = []
    cells = maps.cells(session, rounds.get(session, of.round_id))
    if cells is not None:
        for kind, code in (("commune", of.commune_code), ("gps_commune", of.commune_gps)):
            if code in cells.index and not (kind == "gps_commune" and code == of.commune_code):
                shape = orjson.loads(shapely.to_geojson(cells.geometry.loc[code]))
                found.append(_feature(kind, shape, name=str(cells.loc[code, "name"])))
    villages, _ = queries.places(session, [of])
    village = villages.get(of.village_id or "")
    if village is not None and village.longitude is not None and village.latitude is not None:
        label = units.village_labels(session, [village.village_id])[village.village_id]
        found.append(_point("village", village.longitude, village.latitude, name=label))
    household = cases.open_households(session, [of])[0]
    if household.longitude is not None and household.latitude is not None:
        found.append(_point("point", household.longitude, household.latitude, accuracy=household.gps_accuracy))
    return orjson.dumps({"type": "FeatureCollection", "features": found})


def _point(kind: str, longitude: float, latitude: float, **properties: Any) -> dict[str, Any]:
    return _feature(kind, {"type": "Point", "coordinates": [longitude, latitude]}, **properties)


def _feature(kind: str, geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"kind": kind, **properties}, "geometry": geometry}
