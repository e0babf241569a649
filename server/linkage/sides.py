"""Interviews as linkage takes them, out of the database: those of a round, or one as plain rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from server.cases import service as cases
from server.cases.service import Household, Person
from server.cases.tables import Interview

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.linkage import Side


def of_interviews(session: Session, round_id: str, ids: pd.Index) -> Side:
    """Interviews of a round: those that count as a household of it (`ids`)."""
    from reconciliation.linkage import Side

    households, members = cases.linkage_frames(session, round_id)
    households = households.loc[households.index.intersection(ids, sort=True)]
    members = members[members.index.get_level_values(0).isin(households.index)]
    return Side.of(households, members)


def of_one(
    of: Interview, household: Household, people: Iterable[Person]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One interview, opened, as plain rows with the columns of `Side`: the household and its members."""
    from reconciliation.linkage.side import MEMBER_COLUMNS

    phone = household.answer("phone")
    row = {
        "village_id": of.village_id,
        "commune_code": of.commune_code,
        "household_code": of.household_code,
        "phone": None if phone is None else str(phone),
        "latitude": household.latitude,
        "longitude": household.longitude,
    }
    return row, [{name: getattr(person, name) for name in MEMBER_COLUMNS} for person in people]
