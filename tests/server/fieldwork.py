"""A round on a grid of made-up squares, a stand-in Central with its form, and submissions as a phone sends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

import geopandas as gpd
import orjson
import pandas as pd
import shapely

from geo.units import units as official_units
from sandbox.central.process import StandIn
from server.cases import service as cases
from server.central import service as central
from server.central.client import Central, part
from server.central.publish import RoundForm, publish
from server.database import Database, upgrade
from server.rounds import service as rounds
from server.settings import Settings, load_settings
from server.submissions import service as submissions
from server.submissions.rows import read_row
from server.submissions.service import Source
from server.units import service as units
from tests.server.keys import set_up_keys

ROUND = "2026"
REVIEW_DATE = date(2026, 9, 1)
PROVINCE = "33"
#: Side of a square in degrees; the grid begins at this corner and runs east, then north.
SIDE, WEST, SOUTH, ACROSS = 0.05, 105.8, 20.2, 13
FORM = "household"


def squares() -> gpd.GeoDataFrame:
    """One square per commune of the province, said to be its boundary."""
    return _squares().copy()


@cache
def _squares() -> gpd.GeoDataFrame:
    listed = official_units(REVIEW_DATE, PROVINCE)
    frame = listed if listed.index.name == "code" else listed.set_index("code")
    corners = [(WEST + SIDE * (n % ACROSS), SOUTH + SIDE * (n // ACROSS)) for n in range(len(frame))]
    boxes = [shapely.MultiPolygon([shapely.box(x, y, x + SIDE, y + SIDE)]) for x, y in corners]
    cells = gpd.GeoDataFrame(frame, geometry=boxes, crs="EPSG:4326")
    cells.attrs.update(is_boundary=True, source="squares")
    return cells


def centre(code: str) -> tuple[float, float]:
    """Latitude and longitude of the middle of a commune's square."""
    return _middles()[code]


@cache
def _middles() -> dict[str, tuple[float, float]]:
    return {code: (box.centroid.y, box.centroid.x) for code, box in _squares().geometry.items()}


def set_up_round(database: Database) -> None:
    """Schema, keys, units, squares, one village a commune, and the round, open."""
    upgrade(database)
    set_up_keys(database)
    cells = squares()
    villages = pd.DataFrame(
        {
            "village_id": [f"{code}-01" for code in cells.index],
            "name": "Mẫu",
            "type": "Thôn",
            "commune_code": list(cells.index),
        }
    )
    with database.session() as session:
        units.import_official_units(session)
        units.import_cells(session, cells)
        units.import_villages(session, villages, on=REVIEW_DATE, province_code=PROVINCE, source="test")
        rounds.create(session, ROUND, province_code=PROVINCE, review_date=REVIEW_DATE)
        rounds.advance(session, ROUND, "open")


@dataclass
class Field:
    """A published round: the database, the settings that reach Central, and Central itself."""

    database: Database
    settings: Settings
    stand_in: StandIn
    project_id: int
    version: str

    def client(self) -> Central:
        connection = Central(self.settings.central)
        connection.login()
        return connection

    def sync(self, **options: Any) -> central.Synced:
        return central.sync(self.database, self.settings.central, ROUND, **options)

    def send(self, *numbers: int, **changes: Any) -> list[str]:
        """Submit interviews by number, each answered as `answers` with changes; their ids."""
        ids = []
        with self.client() as connection:
            for number in numbers:
                xml = submission_xml(answers(number) | changes, number, self.version)
                self.post(connection, xml)
                ids.append(instance_id(number))
        return ids

    def post(self, connection: Central, xml: str) -> Any:
        return connection.send(
            "POST",
            f"projects/{self.project_id}/forms/{FORM}/submissions",
            "submission",
            data=xml.encode(),
            headers={"Content-Type": "text/xml"},
        )

    def edit(self, number: int, revision: int, **changes: Any) -> str:
        """Send a corrected version of an interview; its instance id."""
        new = instance_id(number, revision)
        old = instance_id(number, revision - 1)
        xml = submission_xml(answers(number) | changes, number, self.version, revision=revision, deprecated=old)
        with self.client() as connection:
            connection.send(
                "PUT",
                f"projects/{self.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}",
                "submission",
                data=xml.encode(),
                headers={"Content-Type": "text/xml"},
            )
        return new

    def at_central(self, number: int) -> dict[str, Any]:
        path = f"projects/{self.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}"
        with self.client() as connection:
            result: dict[str, Any] = connection.get_json(path, "submission")
            result["comments"] = connection.get_json(f"{path}/comments", "comments")
        return result

    def set_state(self, number: int, state: str) -> None:
        path = f"projects/{self.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}"
        with self.client() as connection:
            connection.send("PATCH", path, "submission", json={"reviewState": state})

    def delete(self, number: int) -> None:
        path = f"projects/{self.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}"
        with self.client() as connection:
            connection.send("DELETE", path, "submission")

    def restore(self, number: int) -> None:
        path = f"projects/{self.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}"
        with self.client() as connection:
            connection.send("POST", f"{path}/restore", "submission")


def publish_round(database: Database, stand_in: StandIn, data_dir: Path, form: RoundForm) -> Field:
    """A project with the round's form published in it; no retries."""
    reach = {"url": stand_in.url, "user": stand_in.user, "password": stand_in.password, "retries": 0, "backoff": 0}
    settings = load_settings({}, data={"dir": data_dir}, central=reach)
    with Central(settings.central) as connection:
        project = connection.send("POST", "projects", "project", json={"name": "Rà soát thử"})
    settings = load_settings({}, data={"dir": data_dir}, central=reach | {"project_id": project["id"]})
    with Central(settings.central) as connection:
        published = publish(connection, form)
    with database.session() as session:
        rounds.attach_form(session, ROUND, FORM, project["id"], published.form_id, published.version)
    return Field(database, settings, stand_in, project["id"], published.version)


def instance_id(number: int, revision: int = 0) -> str:
    """The id that the phone gave to a version of an interview."""
    return f"uuid:{UUID(int=revision << 64 | number)}"


def commune_of(number: int) -> str:
    """The commune where an interview was held."""
    codes = list(_middles())
    return codes[number % len(codes)]


def answers(number: int) -> dict[str, Any]:
    """Answers of a couple without any deprivation and a rural income above the line, at home in its village."""
    code = commune_of(number)
    latitude, longitude = centre(code)
    return {
        "started_at": "2026-09-03T08:05:00.000+07:00",
        "ended_at": "2026-09-03T08:36:00.000+07:00",
        "enumerator": "rsv-01",
        "round_id": ROUND,
        "province_code": PROVINCE,
        "review_date": REVIEW_DATE.isoformat(),
        "place": {"commune_code": code, "village_id": f"{code}-01", "household_code": None, "phone": None},
        "location": f"{latitude:.6f} {longitude:.6f} 5 4.5",
        "household_size": 2,
        "member": [
            person(f"Trần Văn Mẫu {number}", "head", "male", "1980-04-12", f"0330800{number:05d}"),
            person(f"Lê Thị Mẫu {number}", "spouse", "female", "1982-11-30", f"0331820{number:05d}"),
        ],
        "dwelling": {"wall": "durable", "column": "durable", "roof": "durable", "floor_area": 80},
        "services": {
            "water_source": "tap",
            "toilet": "septic",
            "internet": "yes",
            "shared_devices": "tv",
            "personal_devices": "smartphone",
        },
        "income": {
            "income_wage": 120_000_000,
            "income_farm": 0,
            "income_business": 0,
            "income_other": 0,
            "income_allowance": 0,
        },
        "needs": {"causes": None, "support_needs": None, "remarks": None},
    }


def person(name: str, relation: str, sex: str, born: str, cccd: str | None) -> dict[str, Any]:
    """A member for whom nothing is amiss."""
    return {
        "identity": {
            "full_name": name,
            "relation": relation,
            "sex": sex,
            "birth_precision": "full",
            "birth_date": born,
            "cccd": cccd,
            "ethnicity": "01",
        },
        "situation": {
            "attending": "none",
            "qualification": "upper_secondary",
            "work": "self_employed",
            "job_training": "no",
            "insured": "yes",
            "allowance": "none",
            "disability": "no",
            "able_to_work": "yes",
        },
    }


def submission_xml(
    given: dict[str, Any], number: int, version: str, *, revision: int = 0, deprecated: str | None = None
) -> str:
    """The submission as XML; an answer of None is an empty element, a list a repeat. `audit` goes to the meta block."""
    # Members stand in a group of their own, as in the form: Central gives what stands where the form has it.
    given = {**given, "member": [{"person": member} for member in given.get("member", [])]}
    audit = given.pop("audit", None)
    meta = "" if audit is None else f"<audit>{audit}</audit>"
    meta += f"<instanceID>{instance_id(number, revision)}</instanceID>"
    meta += "" if deprecated is None else f"<deprecatedID>{deprecated}</deprecatedID>"
    return f'<data id="{FORM}" version="{version}">{_elements(given)}<meta>{meta}</meta></data>'


def odata_row(given: dict[str, Any], number: int, **system: Any) -> dict[str, Any]:
    """The row that Central would give for a submission; `system` changes its `__system` part."""
    row = dict(given)
    if isinstance(row.get("location"), str):
        latitude, longitude, altitude, accuracy = (float(part) for part in row["location"].split())
        row["location"] = {
            "type": "Point",
            "coordinates": [longitude, latitude, altitude],
            "properties": {"accuracy": accuracy},
        }
    members = row.pop("member", [])
    row["meta"] = {"instanceID": instance_id(number), "instanceName": None}
    row["__id"] = instance_id(number)
    row["__system"] = {
        "submissionDate": "2026-09-03T02:00:00.000Z",
        "updatedAt": None,
        "submitterName": "rsv-01",
        "attachmentsPresent": 0,
        "attachmentsExpected": 0,
        "status": None,
        "reviewState": None,
        "edits": 0,
        "formVersion": "1",
        "deletedAt": None,
    } | system
    if members:  # a repeat without an instance has no key at all
        row["member@odata.navigationLink"] = f"Submissions('{row['__id']}')/member"
        row["member"] = members
    return row


def receive(database: Database, *rows: dict[str, Any]) -> None:
    """Store rows as a pull would, and derive their interviews."""
    received = [read_row(orjson.dumps(row)) for row in rows]
    with database.session() as session:
        rounds.attach_form(session, ROUND, FORM, 1, FORM, "1")
        stored = submissions.store(session, Source(1, FORM, ROUND), received, datetime(2026, 9, 3, 3, tzinfo=UTC))
        cases.mark_stale(session, ROUND, stored.changed)
    cases.derive(database, ROUND)


def _elements(given: dict[str, Any]) -> str:
    pieces = []
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            inner = _elements(one) if isinstance(one, dict) else "" if one is None else escape(str(one))
            pieces.append(f"<{name}>{inner}</{name}>")
    return "".join(pieces)
