"""Lists and interviews of a few households, identified: what tests of identity stand on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import insert, select

from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.database import Database
from server.registry import service as registry
from server.registry.sealed import seal_members
from server.registry.tables import (
    HouseholdAppearance,
    IdentityEvent,
    Movement,
    MovementChange,
    OfficialDecision,
    RegistryHousehold,
    RegistryMember,
)
from tests.server.fieldwork import PROVINCE, ROUND, answers, commune_of, instance_id, odata_row, receive

CLERK = Actor("clerk", (Grant(Role.CLERK, AreaKind.PROVINCE, PROVINCE),), username="clerk")
#: The people of household H, who resemble nobody: the others' names differ by a number only.
STRANGER = {
    1: {"full_name": "Phạm Thị Thơm", "sex": "female", "birth_date": "1955-02-03", "cccd": "033155007711"},
    2: {"full_name": "Đỗ Quang Hiến", "sex": "male", "birth_date": "1990-07-28", "cccd": "033090004242"},
}
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def listed(database: Database, year: int, **households: tuple[str, int]) -> None:
    """A year's list: code -> (status, whose interview it will be)."""
    rows, members = [], []
    for code, (status, number) in households.items():
        key = {"province_code": PROVINCE, "year": year, "household_code": code}
        rows.append(
            key
            | {
                "commune_code": commune_of(number), "unit_valid_from": None, "village_id": f"{commune_of(number)}-01",
                "village_name": "Mẫu", "status": status, "head_name": None, "member_count": 2, "source": "thử",
                "imported_at": NOW,
            }
        )  # fmt: skip
        for position, member in enumerate(answers(number)["member"], start=1):
            of = member["identity"] | (STRANGER[position] if code == "H" else {})
            members.append(
                key
                | {name: of.get(name) for name in ("full_name", "relation", "sex", "cccd", "ethnicity", "birth_date")}
                | {"member_no": position, "birth_year": None}
            )
    with database.session() as session:
        session.execute(insert(RegistryHousehold), rows)
        session.execute(insert(RegistryMember), seal_members(session, members))


def interviewed(database: Database, *numbers: int) -> None:
    receive(database, *(odata_row(answers(number), number) for number in numbers))


def identify(database: Database, *links: tuple[int, str, str, str]) -> None:
    """The links of the round: (interview, code, kind, status)."""
    frame = pd.DataFrame(
        [(instance_id(number), code, kind, status) for number, code, kind, status in links],
        columns=["interview_id", "household_code", "kind", "status"],
    )
    with database.session() as session:
        registry.identify(session, ROUND, frame)


def ids(database: Database) -> dict[str, str]:
    """Household ids by `source/code`."""
    with database.session() as session:
        rows = session.execute(
            select(HouseholdAppearance.source, HouseholdAppearance.code, HouseholdAppearance.household_id)
        )
        return {f"{source}/{code}": household_id for source, code, household_id in rows}


def found(database: Database) -> dict[str, tuple[str, str, bool]]:
    """Movements by list code or interview: (movement, waiting or cause, provisional)."""
    names = {household_id: key for key, household_id in sorted(ids(database).items(), reverse=True)}
    with database.session() as session:
        return {
            names.get(one.household_id, one.household_id): (one.movement, one.waiting or one.cause, one.provisional)
            for one in session.scalars(select(Movement))
        }


def decide(database: Database, **classes: str) -> None:
    """The commune's decisions: `i1="poor"` for the first interview."""
    rows = [
        {
            "province_code": PROVINCE, "round_id": ROUND, "interview_id": instance_id(int(number[1:])),
            "decided_class": decided, "decision_number": "12/QĐ-UBND", "decision_date": date(2026, 11, 20),
            "recorded_by": "leader", "recorded_at": datetime(2026, 11, 20, tzinfo=UTC),
        }
        for number, decided in classes.items()
    ]  # fmt: skip
    with database.session() as session:
        session.execute(insert(OfficialDecision), rows)
        registry.recount(session, ROUND)


def everything(database: Database) -> dict[str, list[Any]]:
    with database.session() as session:
        return {
            table.__tablename__: sorted(
                tuple(map(str, row)) for row in session.execute(select(*table.__table__.columns))
            )
            for table in (IdentityEvent, HouseholdAppearance, Movement, MovementChange)
        }
