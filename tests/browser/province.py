"""A small invented province for tests of the pages: 104 communes as squares, some 400 interviews, last year's list.

Everything goes in by the service's own doors (rounds, units, submissions, derivation), so that pages are tested on
what the service really stores. People and figures are invented.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import shapely
from fastapi import FastAPI
from sqlalchemy import insert

from server.accounts.actor import demo_supervisor
from server.app import create_app
from server.cases import service as cases
from server.database import Database, import_tables
from server.registry.tables import RegistryHousehold
from server.rounds import service as rounds
from server.secrets import service as secrets
from server.settings import load_settings
from server.submissions import service as submissions
from server.submissions.rows import read_row
from server.units import service as units

ROUND, REVIEW_DATE, PROVINCE = "2026", date(2026, 9, 1), "33"
SOURCE = submissions.Source(project_id=1, form_id="household", round_id=ROUND)
#: Degrees of one square; the squares stand in rows of thirteen around the province's real place.
SIDE, WEST, SOUTH, ROW = 0.06, 105.95, 20.35, 13
_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Đỗ", "Vũ", "Hoàng")
_GIVEN = ("Đượm", "Hiến", "Thơm", "Quý", "Lành", "Mỡi", "Tấn", "Sửu", "Ngoãn", "Bưởi")


def make_site(folder: Path, households: int = 400, **concerns: dict[str, Any]) -> FastAPI:
    """The service over a new province in `folder`, with the demo's supervisor before it. concerns: other settings."""
    settings = load_settings({}, data={"dir": folder}, **concerns)
    database = Database(settings.database_url)
    import_tables().create_all(database.engine)
    database.use_keys(secrets.set_up(database, settings))
    fill(database, households)
    database.dispose()
    return create_app(settings, demo_actor=demo_supervisor(PROVINCE))


def fill(database: Database, households: int = 400, seed: int = 7, residents: bool = True) -> None:
    """Fill empty tables. The last commune has no interview; with few households others have none either."""
    draw = random.Random(seed)
    with database.session() as session:
        units.import_official_units(session)
        of = units.units_on(session, REVIEW_DATE, PROVINCE)
        units.import_cells(session, squares(of))
        codes = list(of.index)
        units.import_villages(
            session,
            pd.DataFrame(
                [
                    {
                        "village_id": f"{code}-{number:02d}",
                        "name": f"Thôn {number}",
                        "type": "thon",
                        "commune_code": code,
                    }
                    for code in codes
                    for number in (1, 2)
                ]
            ),
            on=REVIEW_DATE,
            province_code=PROVINCE,
            source="invented for tests",
        )
        if residents:
            units.import_residents(
                session,
                pd.DataFrame(
                    {
                        "commune_code": codes,
                        "households": [2_000 + 50 * at for at in range(len(codes))],
                        "persons": 9_000,
                    }
                ),
                year=REVIEW_DATE.year,
                on=REVIEW_DATE,
                province_code=PROVINCE,
                source="Số liệu thử",
                source_date=date(2026, 8, 1),
            )
        rounds.create(
            session, ROUND, province_code=PROVINCE, review_date=REVIEW_DATE,
            opens_on=REVIEW_DATE, closes_on=date(2026, 12, 14),
        )  # fmt: skip
        rounds.advance(session, ROUND, "open")
        rounds.attach_form(session, ROUND, "household", SOURCE.project_id, SOURCE.form_id, "1")
        session.execute(insert(RegistryHousehold), _last_year(codes))
        rows = [_interview(number, codes, draw) for number in range(households)]
        now = datetime.now(UTC)
        stored = submissions.store(session, SOURCE, [read_row(orjson.dumps(row)) for row in rows], now)
        cases.mark_stale(session, ROUND, stored.changed)
        state = submissions.sync_state(session, SOURCE)
        state.last_attempt_at = state.last_success_at = state.watermark = now
        state.live_at_central = len(rows)
    cases.derive(database, ROUND)


def squares(of: pd.DataFrame) -> gpd.GeoDataFrame:
    """One square per unit, in rows; stand-ins for boundaries."""
    shapes = [
        shapely.MultiPolygon([shapely.box(x, y, x + SIDE, y + SIDE)]) for x, y in (_corner(at) for at in range(len(of)))
    ]
    cells = gpd.GeoDataFrame(of, geometry=shapes, crs="EPSG:4326")
    cells.attrs.update(is_boundary=False, source="ô vuông thử")
    return cells


def _corner(at: int) -> tuple[float, float]:
    return WEST + SIDE * (at % ROW), SOUTH + SIDE * (at // ROW)


def _last_year(codes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "province_code": PROVINCE, "year": REVIEW_DATE.year - 1, "household_code": f"{code}-{number}",
            "commune_code": code, "unit_valid_from": None, "village_id": None, "village_name": "Thôn 1",
            "status": "poor" if number == 1 else "near_poor", "head_name": None, "member_count": 3,
            "source": "danh sách thử", "imported_at": datetime(2026, 9, 1, tzinfo=UTC),
        }
        for code in codes
        for number in (1, 2)
    ]  # fmt: skip


def _interview(number: int, codes: list[str], draw: random.Random) -> dict[str, Any]:
    """A row of Central's OData, as the household form gives it."""
    # Few in the last communes, none in the very last: a map has zeros and unfinished ones.
    at = (
        min(int(abs(draw.gauss(0, 0.4)) * len(codes)), len(codes) - 1)
        if number >= 2 * len(codes)
        else number % len(codes)
    )
    at = 0 if at == len(codes) - 1 else at
    x, y = _corner(at)
    key = f"uuid:{number:08d}-0000-4000-8000-000000000000"
    visited = datetime(2026, 9, 3, 1, tzinfo=UTC) + timedelta(hours=number % 500)
    hard = draw.random()
    return {
        "__id": key,
        "__system": {
            "submissionDate": (visited + timedelta(days=1)).isoformat(), "updatedAt": None, "status": None,
            "reviewState": None, "edits": 0, "formVersion": "1", "deletedAt": None,
            "attachmentsPresent": 0, "attachmentsExpected": 1 if number % 11 == 0 else 0,
        },
        "meta": {"instanceID": key},
        "started_at": visited.isoformat(),
        "ended_at": (visited + timedelta(minutes=2 if number % 17 == 0 else 25)).isoformat(),
        "enumerator": f"rsv-{at:03d}",
        "round_id": ROUND,
        "review_date": REVIEW_DATE.isoformat(),
        "place": {
            "commune_code": codes[at], "village_id": f"{codes[at]}-01", "household_code": None, "phone": "0912345678",
        },
        "location": None if number % 9 == 0 else {
            "type": "Point",
            "coordinates": [x + SIDE * (0.5 if number % 13 else 1.5), y + SIDE * 0.4, 0],
            "properties": {"accuracy": 8.0},
        },
        "household_size": 2,
        "dwelling": {
            "wall": "not_durable" if hard > 0.7 else "durable", "column": "durable",
            "roof": "not_durable" if hard > 0.7 else "durable", "floor_area": 14 if hard > 0.8 else 60,
        },
        "services": {
            "water_source": "surface" if hard > 0.5 else "tap",
            "toilet": "dk" if number % 7 == 0 else ("pit" if hard > 0.4 else "septic"),
            "internet": "no" if hard > 0.3 else "yes",
            "shared_devices": "tv", "personal_devices": "none" if hard > 0.6 else "smartphone",
        },
        "income": {
            "income_wage": 12_000_000 if hard > 0.25 else 90_000_000, "income_farm": 6_000_000,
            "income_business": 0, "income_other": None if number % 19 == 0 else 0, "income_allowance": 0,
        },
        "needs": {
            "causes": "no_capital illness" if hard > 0.5 else "no_skills", "support_needs": "credit", "remarks": None,
        },
        "member": [_head(number, draw), _child(number)],
    }  # fmt: skip


def _head(number: int, draw: random.Random) -> dict[str, Any]:
    name = f"{draw.choice(_SURNAMES)} Thị {draw.choice(_GIVEN)}"
    return {
        "identity": {
            "full_name": name, "relation": "head", "sex": "female", "birth_precision": "full",
            "birth_date": f"{1960 + number % 30}-05-17", "birth_year": None,
            "cccd": f"0331{60 + number % 30:02d}{number:06d}", "ethnicity": "01",
        },
        "situation": {
            "attending": "none", "qualification": "lower_secondary", "work": "wage" if number % 2 else "self_employed",
            "contract": "no" if number % 2 else None, "job_training": "no",
            "insured": "no" if number % 5 == 0 else "yes", "malnourished": None, "allowance": "none",
            "disability": "no", "able_to_work": "yes",
        },
    }  # fmt: skip


def _child(number: int) -> dict[str, Any]:
    return {
        "identity": {
            "full_name": "Nguyễn Văn Bé", "relation": "child", "sex": "male", "birth_precision": "year",
            "birth_date": None, "birth_year": 2016, "cccd": None, "ethnicity": "01",
        },
        "situation": {
            "attending": "primary", "qualification": None, "work": None, "contract": None, "job_training": None,
            "insured": "yes", "malnourished": "dk" if number % 23 == 0 else "no", "allowance": "none",
            "disability": "no", "able_to_work": None,
        },
    }  # fmt: skip
