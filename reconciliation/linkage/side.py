"""The two sides of a linkage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from reconciliation.registry import Registry

_HOUSEHOLD: dict[str, Any] = {
    "village_id": "string",
    "commune_code": "string",
    "household_code": "string",
    "phone": "string",
    "latitude": "Float64",
    "longitude": "Float64",
}
_MEMBER: dict[str, Any] = {
    "full_name": "string",
    "relation": "string",
    "sex": "string",
    "cccd": "string",
    "birth_date": "datetime64[ns]",
    "birth_year": "Int64",
}
MEMBER_COLUMNS = tuple(_MEMBER)


@dataclass(frozen=True)
class Side:
    """Households and their members of one source: a list of one year, or the interviews of a round.

    households: by household key (text): village_id, commune_code, household_code (on a list its own; of an interview
        the one answered on the phone), phone (digits), latitude, longitude (Float64, EPSG:4326).
    members: by (household key, member_no): full_name, relation (`head`, `spouse`, ...), sex (male | female), cccd (12
        digits, or the 9 of an old CMND), birth_date (datetime64), birth_year (Int64, where only the year is known).

    A column that is missing counts as not known. Text may be `str` or categorical.
    """

    households: pd.DataFrame
    members: pd.DataFrame

    @classmethod
    def of(cls, households: pd.DataFrame, members: pd.DataFrame) -> Side:
        """The columns that linkage reads, in their types; a household column that is missing is not known."""
        return cls(
            households.reindex(columns=list(_HOUSEHOLD)).astype(_HOUSEHOLD),
            members[list(_MEMBER)].astype(_MEMBER).rename_axis(index=["household", "member_no"]),
        )

    @classmethod
    def of_list(cls, registry: Registry) -> Side:
        """A year's list, or some households of it: a household's code is its key. A list has no points."""
        households = registry.households.reset_index(names="household_code")
        households.index = pd.Index(households["household_code"].astype("string"), name="household")
        return cls.of(households, registry.members)
