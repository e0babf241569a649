"""Movements (diễn biến) from last year's list to this year's status: report forms 2 and 3.

A movement compares official status with official status. Until this year's decisions exist the current status is
the proposal, and whoever shows the result says "tạm tính".
"""

from __future__ import annotations

import pandas as pd

#: Previous status -> current status -> movement. `none` = not on last year's list.
MOVEMENTS: dict[tuple[str, str], str] = {
    ("poor", "poor"): "stayed_poor",
    ("poor", "near_poor"): "poor_to_near_poor",
    ("poor", "not_poor"): "escaped_poverty",
    ("poor", "absent"): "poor_left",
    ("near_poor", "near_poor"): "stayed_near_poor",
    ("near_poor", "poor"): "near_poor_to_poor",
    ("near_poor", "not_poor"): "escaped_near_poverty",
    ("near_poor", "absent"): "near_poor_left",
    ("none", "poor"): "newly_poor",
    ("none", "near_poor"): "newly_near_poor",
    ("none", "not_poor"): "not_on_any_list",
}
#: The household's class is not known yet, so its movement is not either.
OPEN = "open"

#: Columns of form 2 (poor) and form 3 (near-poor): sign in `closing = opening +- ...` and the movements counted.
#: Returning to poverty (tái nghèo) needs the years before last and is counted under newly poor until they are there.
FORMS: dict[str, dict[str, tuple[int, tuple[str, ...]]]] = {
    "poor": {
        "to_near_poor": (-1, ("poor_to_near_poor",)),
        "escaped": (-1, ("escaped_poverty",)),
        "left": (-1, ("poor_left",)),
        "from_near_poor": (+1, ("near_poor_to_poor",)),
        "new": (+1, ("newly_poor",)),
    },
    "near_poor": {
        "to_poor": (-1, ("near_poor_to_poor",)),
        "escaped": (-1, ("escaped_near_poverty",)),
        "left": (-1, ("near_poor_left",)),
        "from_poor": (+1, ("poor_to_near_poor",)),
        "new": (+1, ("newly_near_poor",)),
    },
}


def movements(previous: pd.Series[str], current: pd.Series[str], links: pd.DataFrame) -> pd.DataFrame:
    """The movement of every household that is on last year's list or was interviewed this year.

    previous: status (poor | near_poor) by household_code, one year's list.
    current: status (poor | near_poor | not_poor | undetermined) by interview_id.
    links: interview_id, household_code, and status where given (only `linked` rows count).

    Returns one row per household: household_code (NA when not on the list), interview_id (NA when not seen),
    previous (`none` when not on the list), current (`absent` when not interviewed), movement (a value of
    `MOVEMENTS`, or `open` where the current class is undetermined).
    """
    linked = links[links["status"].eq("linked")] if "status" in links else links
    linked = linked[["interview_id", "household_code"]].astype("str")
    previous = previous.set_axis(previous.index.astype("str"))
    current = current.set_axis(current.index.astype("str"))
    table = (
        previous.rename("previous")
        .rename_axis("household_code")
        .reset_index()
        .merge(linked, on="household_code", how="left")
        .merge(
            current.rename("current").rename_axis("interview_id").reset_index(),
            on="interview_id",
            how="outer",
        )
    )
    # An interview that is linked to nobody on the list came in by the outer side of the join.
    table["previous"] = table["previous"].fillna("none")
    table["current"] = table["current"].fillna("absent")
    keys = pd.Series(list(zip(table["previous"], table["current"], strict=True)), index=table.index, dtype="object")
    table["movement"] = keys.map(MOVEMENTS).fillna(OPEN).astype("str")
    return table[["household_code", "interview_id", "previous", "current", "movement"]]


def tally(table: pd.DataFrame, by: pd.Series[str] | None = None) -> pd.DataFrame:
    """Forms 2 and 3 as counts of households.

    table: as `movements` returns it. by: a group per row of `table` (a commune code); None for one total.

    Returns one row per (group, list), list = poor | near_poor: opening, the columns of `FORMS`, closing (counted
    from the current status), open (on last year's list, class not known yet), residual = closing - (opening +-
    movements). The residual is shown, never forced: what is open explains it, or something is wrong.
    """
    group = by if by is not None else pd.Series("total", index=table.index)
    results = []
    for name, columns in FORMS.items():
        counted = pd.DataFrame({"opening": table["previous"].eq(name).groupby(group).sum()})
        expected = counted["opening"].copy()
        for column, (sign, kinds) in columns.items():
            counted[column] = table["movement"].isin(kinds).groupby(group).sum()
            expected = expected + sign * counted[column]
        counted["closing"] = table["current"].eq(name).groupby(group).sum()
        counted["open"] = (table["previous"].eq(name) & table["movement"].eq(OPEN)).groupby(group).sum()
        counted["residual"] = counted["closing"] - expected
        results.append(counted.assign(list=name).rename_axis("group").reset_index())
    tables = pd.concat(results, ignore_index=True)
    movement_columns = [c for c in tables.columns if c not in ("group", "list")]
    return tables.set_index(["group", "list"])[movement_columns].astype("Int64")
