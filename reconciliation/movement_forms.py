"""Report forms 2 and 3 (diễn biến hộ nghèo, hộ cận nghèo): movements counted, in households and in persons.

    9 closing = 1 opening - 2 changed_to - 3 escaped - 4 left + 5 changed_from + 6 fallen_back + 7 new + 8 came

The right side is `expected`. `residual` = closing - expected is shown and never forced: published rows break the
identity as displayed (Đắk Nông 2024: Đăk Glong, Đắk Mil).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reconciliation.movements import OPEN
from reconciliation.status import LISTED

#: The columns between opening and closing, in the order of the forms, with their sign.
COLUMNS: dict[str, int] = {
    "changed_to": -1,  # 2: poor -> near-poor (form 2), near-poor -> poor (form 3)
    "escaped": -1,  # 3: above the near-poor line
    "left": -1,  # 4: died, moved, merged; persons who died or left a household that stayed
    "changed_from": +1,  # 5: from the other list
    "fallen_back": +1,  # 6: tái nghèo, tái cận nghèo
    "new": +1,  # 7: phát sinh mới
    "came": +1,  # 8: split, moved in, back; persons who were born or came into a household that stayed
}
#: Which movements each column counts, by list.
COUNTED: dict[str, dict[str, str]] = {
    "poor": {
        "poor_to_near_poor": "changed_to",
        "escaped_poverty": "escaped",
        "poor_left": "left",
        "near_poor_to_poor": "changed_from",
        "fallen_back_poor": "fallen_back",
        "newly_poor": "new",
        "came_poor": "came",
    },
    "near_poor": {
        "near_poor_to_poor": "changed_to",
        "escaped_near_poverty": "escaped",
        "near_poor_left": "left",
        "poor_to_near_poor": "changed_from",
        "fallen_back_near_poor": "fallen_back",
        "newly_near_poor": "new",
        "came_near_poor": "came",
    },
}
STAYED = {"poor": "stayed_poor", "near_poor": "stayed_near_poor"}
UNITS = ("households", "persons")
#: Columns of `tally`.
TALLIED = ["opening", *COLUMNS, "closing", "expected", "residual", "open", "unplaced", "unknown_size", "unexplained"]


def expected_closing(row: Mapping[str, int]) -> int:
    """Column 9 as the identity gives it: 1-2-3-4+5+6+7+8. A column left out is zero."""
    return row["opening"] + sum(sign * row.get(column, 0) for column, sign in COLUMNS.items())


def by_commune(table: pd.DataFrame) -> pd.DataFrame:
    """Movements as communes count them: a household that moved from one to another left the one and came to the other.

    table: as `movements` returns it. Returns its rows with `commune_code` ("" = not known); such a household has two,
    cause `moved_between`.
    """
    before, after = table["commune_before"], table["commune_after"]
    listed = table["previous"].isin(LISTED)
    moved = before.notna() & after.notna() & before.ne(after) & listed & table["current"].isin(LISTED)
    # Who left a list left that of the commune where it was on one.
    stayed = table[~moved].assign(commune_code=before.where(listed & before.notna(), after)[~moved])
    of = table[moved]
    nobody = pd.Series(pd.NA, index=of.index, dtype="Int64")
    left = of.assign(
        commune_code=before[moved],
        current="gone",
        movement=of["previous"].astype("str") + "_left",
        cause="moved_between",
        persons_after=nobody,
    )
    came = of.assign(
        commune_code=after[moved],
        previous="none",
        movement="came_" + of["current"].astype("str"),
        cause="moved_between",
        persons_before=nobody,
    )
    parts = [part for part in (stayed, left, came) if len(part)] or [stayed]
    rows = pd.concat(parts).sort_index(kind="stable")
    persons = dict.fromkeys(("persons_before", "persons_after", "persons_kept"), "Int64")
    return rows.assign(commune_code=rows["commune_code"].fillna("").astype("str")).astype(persons)


def tally(table: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Forms 2 and 3.

    table: as `movements` or `by_commune` returns it; or its rows summed (persons) by whatever tells them apart, with
    `households`, how many each stands for, and `unknown_size`, of how many the persons are not known at one end.
    by: the column to group by (commune_code); None for one total.

    Returns Int64 columns `TALLIED` and provisional (bool), one row per (group, list poor | near_poor, unit households |
    persons). open: of the opening, what has no closing status yet. unplaced: of the closing, what has no opening
    status, its identity waiting for a person. unknown_size: households whose number of persons is not known at one end
    (for persons: they count as nobody there). unexplained = residual + open - unplaced: zero, but for persons where a
    size is not known.
    """
    group = table[by] if by is not None else pd.Series("total", index=table.index)
    rows = [_one_form(table, group, name, unit) for name in COUNTED for unit in UNITS]
    found = pd.concat(rows, ignore_index=True).set_index(["group", "list", "unit"]).sort_index()
    return found[[*TALLIED, "provisional"]].astype(dict.fromkeys(TALLIED, "Int64") | {"provisional": "bool"})


def _one_form(table: pd.DataFrame, group: pd.Series[str], name: str, unit: str) -> pd.DataFrame:
    in_persons = unit == "persons"
    one = table["households"] if "households" in table else pd.Series(1, index=table.index, dtype="Int64")
    before = table["persons_before"].fillna(0) if in_persons else one
    after = table["persons_after"].fillna(0) if in_persons else one
    opening, closing = table["previous"].eq(name), table["current"].eq(name)
    column = table["movement"].map(COUNTED[name])
    unsettled = table["movement"].eq(OPEN)
    counted = pd.DataFrame({"opening": before.where(opening, 0), "closing": after.where(closing, 0)})
    for label, sign in COLUMNS.items():
        counted[label] = (before if sign < 0 else after).where(column.eq(label), 0)
    counted["open"] = before.where(opening & unsettled, 0)
    counted["unplaced"] = after.where(closing & unsettled, 0)
    no_size = unknown_size(table).where(opening | closing, 0)
    counted["unknown_size"] = no_size if in_persons else 0
    if in_persons:
        stayed = table["movement"].eq(STAYED[name]) & no_size.eq(0)
        counted["left"] += (before - table["persons_kept"].fillna(0)).where(stayed, 0)
        counted["came"] += (after - table["persons_kept"].fillna(0)).where(stayed, 0)
    summed = counted.astype("Int64").groupby(group).sum()
    summed["expected"] = summed["opening"] + sum(sign * summed[label] for label, sign in COLUMNS.items())
    summed["residual"] = summed["closing"] - summed["expected"]
    summed["unexplained"] = summed["residual"] + summed["open"] - summed["unplaced"]
    concerned = opening | closing
    summed["provisional"] = (concerned & (table["provisional"] | unsettled)).groupby(group).any()
    return summed.assign(list=name, unit=unit).rename_axis("group").reset_index()


def unknown_size(table: pd.DataFrame) -> pd.Series[int]:
    """Of how many households of each row the persons are not known at an end at which they are on a list."""
    if "unknown_size" in table:
        return table["unknown_size"]
    listed = {end: table[end].isin(LISTED) for end in ("previous", "current")}
    missing = listed["previous"] & table["persons_before"].isna()
    missing |= listed["current"] & table["persons_after"].isna()
    return missing.astype("Int64")
