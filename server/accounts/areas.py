"""Which communes make up a province or a former district: from the official lists and what became of each unit.

Communes and villages are areas by themselves, known by the rows' own columns.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy.orm import Session

from server.accounts.actor import AreaKind
from server.accounts.queries import replace_area_communes


def import_areas(session: Session) -> int:
    """Fill `area_communes` from the lists that the project ships; the number of rows.

    A former district holds every commune of today that took in one of its units, wholly or in part: a commune is
    not divided between two working areas by a line that no longer exists.
    """
    import geo.units

    units = geo.units.all_units()
    today = units[units["valid_to"].isna()]
    provinces = list(today[["province_code", "code"]].itertuples(index=False, name=None))
    districts = _former_districts(units, geo.units.succession())
    replace_area_communes(session, AreaKind.PROVINCE, provinces)
    replace_area_communes(session, AreaKind.FORMER_DISTRICT, districts)
    return len(provinces) + len(districts)


def _former_districts(units: pd.DataFrame, steps: pd.DataFrame) -> set[tuple[str, str]]:
    """(district code, commune code of today), step by step through the lists."""
    key = ["code", "valid_from"]
    in_force = units.loc[units["valid_to"].isna(), key]
    reached = units.loc[units["district_code"].notna(), ["district_code", *key]]
    found: set[tuple[str, str]] = set()
    while len(reached):
        ended = reached.merge(in_force, on=key)
        found |= set(ended[["district_code", "code"]].itertuples(index=False, name=None))
        onward = reached.merge(steps, left_on=key, right_on=["old_code", "old_valid_from"])
        onward = onward[["district_code", "new_code", "new_valid_from"]].drop_duplicates()
        reached = onward.set_axis(["district_code", *key], axis="columns")
    return found
