"""The two sides of a linkage."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

HOUSEHOLD_COLUMNS = ("village_id", "commune_code", "household_code", "phone", "latitude", "longitude")
MEMBER_COLUMNS = ("full_name", "relation", "sex", "cccd", "birth_date", "birth_year")


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
