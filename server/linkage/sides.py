"""Both sides of the linkage out of the database: a year's list, and the interviews of a round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.cases import service as cases

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Registry


@dataclass(frozen=True)
class Side:
    households: pd.DataFrame
    members: pd.DataFrame


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
    """A year's list (`server.registry.service.load_list`). A list has no points."""
    import pandas as pd

    households = registry.households.reset_index(names="household_code")
    households = households.set_index(pd.Index(households["household_code"].astype("string"), name="household"))
    households = households.reindex(columns=list(_HOUSEHOLD)).astype(_HOUSEHOLD)
    return Side(households, _members(registry.members))


def of_interviews(session: Session, round_id: str, ids: pd.Index) -> Side:
    """Interviews of a round: those that count as a household of it (`ids`)."""

    households, members = cases.linkage_frames(session, round_id)
    households = households.loc[households.index.intersection(ids, sort=True)]
    members = members[members.index.get_level_values(0).isin(households.index)]
    return Side(households.reindex(columns=list(_HOUSEHOLD)).astype(_HOUSEHOLD), _members(members))


def _members(members: pd.DataFrame) -> pd.DataFrame:
    text = dict.fromkeys(("full_name", "relation", "sex", "cccd"), "string")
    chosen = members[_MEMBER].astype(text | {"birth_date": "datetime64[ns]", "birth_year": "Int64"})
    return chosen.rename_axis(index=["household", "member_no"])
