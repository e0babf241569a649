"""Both sides of the linkage out of the database: a year's list, the interviews of a round, or one interview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.cases import service as cases
from server.cases.service import Household, Person
from server.cases.tables import Interview

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Registry
    from reconciliation.linkage import Side

_HOUSEHOLD = {
    "village_id": "string",
    "commune_code": "string",
    "household_code": "string",
    "phone": "string",
    "latitude": "Float64",
    "longitude": "Float64",
}
_MEMBER = ["full_name", "relation", "sex", "cccd", "birth_date", "birth_year"]


def of_list(registry: Registry) -> Side:
    """A year's list, or some households of it (`server.registry.service.load_list`). A list has no points."""
    import pandas as pd

    from reconciliation.linkage import Side

    households = registry.households.reset_index(names="household_code")
    households.index = pd.Index(households["household_code"].astype("string"), name="household")
    return Side(households.reindex(columns=list(_HOUSEHOLD)).astype(_HOUSEHOLD), _members(registry.members))


def of_interviews(session: Session, round_id: str, ids: pd.Index) -> Side:
    """Interviews of a round: those that count as a household of it (`ids`)."""
    from reconciliation.linkage import Side

    households, members = cases.linkage_frames(session, round_id)
    households = households.loc[households.index.intersection(ids, sort=True)]
    members = members[members.index.get_level_values(0).isin(households.index)]
    return Side(households.reindex(columns=list(_HOUSEHOLD)).astype(_HOUSEHOLD), _members(members))


def of_one(of: Interview, household: Household, people: Mapping[int, Person]) -> Side:
    """One interview, opened. people: members by number."""
    import pandas as pd

    from reconciliation.linkage import Side

    phone = household.answer("phone")
    row = {
        "village_id": of.village_id,
        "commune_code": of.commune_code,
        "household_code": of.household_code,
        "phone": None if phone is None else str(phone),
        "latitude": household.latitude,
        "longitude": household.longitude,
    }
    index = pd.MultiIndex.from_tuples(
        [(of.interview_id, number) for number in people], names=["household", "member_no"]
    )
    members = pd.DataFrame(
        [{name: getattr(person, name) for name in _MEMBER} for person in people.values()], columns=_MEMBER, index=index
    )
    return Side(pd.DataFrame([row], index=[of.interview_id]), members)


def _members(members: pd.DataFrame) -> pd.DataFrame:
    text = dict.fromkeys(("full_name", "relation", "sex", "cccd"), "string")
    chosen = members[_MEMBER].astype(text | {"birth_date": "datetime64[ns]", "birth_year": "Int64"})
    return chosen.rename_axis(index=["household", "member_no"])
