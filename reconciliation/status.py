"""The official status of a household over time: what is in force on a day, and what changed within a year.

A status history has one row per decision: household_id, date (datetime64), status (poor | near_poor | not_poor |
undetermined | gone), source, number (of the decision; of an end, its reason; "" where a list has none), commune_code,
persons (Int64, NA where not known). source: `decision`; `list`, which counts as a decision in force on 31 December of
its year; `end`, a person found that the household is no more, moved away or lives in another (status gone);
`proposal`, which is no decision and stands for one that is not there yet.
"""

from __future__ import annotations

import pandas as pd

HISTORY_COLUMNS = ["household_id", "date", "status", "source", "number", "commune_code", "persons"]
LISTED = ("poor", "near_poor")
#: In the order in which they hold when they are of one day.
OFFICIAL = ("end", "decision", "list")


def end_of(year: int) -> pd.Timestamp:
    """The day on which a year's statuses are taken."""
    return pd.Timestamp(year=year, month=12, day=31)


def in_order(history: pd.DataFrame) -> pd.DataFrame:
    """The official rows by household and time; of one day, the list last: it is what the year ended with."""
    official = history[history["source"].isin(OFFICIAL)]
    ordered = official.assign(_rank=official["source"].map({name: at for at, name in enumerate(OFFICIAL)}))
    return ordered.sort_values(["household_id", "date", "_rank", "number"], kind="stable").drop(columns="_rank")


def in_force(history: pd.DataFrame, on: pd.Timestamp) -> pd.DataFrame:
    """The last official row of every household up to a day, indexed by household_id; listed households only.

    A list says of its commune who is on it, so whoever was listed in an earlier year and is not on it is not listed any
    more. A commune of which no newer list is held says nothing: what was decided stays in force.
    """
    known = in_order(history[history["date"] <= on])
    last: pd.DataFrame = known.drop_duplicates("household_id", keep="last").set_index("household_id")
    lists = known[known["source"].eq("list")]
    newest = lists.groupby("commune_code")["date"].max().dt.year
    superseded = last["date"].dt.year.to_numpy() < newest.reindex(last["commune_code"]).to_numpy(dtype="float64")
    listed: pd.DataFrame = last[last["status"].isin(LISTED) & ~superseded]
    return listed


def netted(history: pd.DataFrame, year: int) -> pd.DataFrame:
    """The changes within a year that its opening and closing do not show: the annex of report forms 2 and 3.

    Returns the rows of the history that were decided in the year, in order, of every household that changed more often
    than its first and last status tell; with `before`, the status that each replaced (`none`: on no list).
    """
    opening = in_force(history, end_of(year - 1))["status"]
    rows = in_order(history)
    rows = rows[(rows["date"] > end_of(year - 1)) & (rows["date"] <= end_of(year))]
    previous = rows.groupby("household_id")["status"].shift()
    previous = previous.fillna(rows["household_id"].map(opening)).fillna("none")
    # Who is on no list, who is found not poor and who is gone stand alike.
    alike = {"not_poor": "none", "gone": "none"}
    rows = rows.assign(before=previous)[rows["status"].replace(alike).ne(previous.replace(alike))]
    first = rows.groupby("household_id")["before"].first().replace(alike)
    last = rows.groupby("household_id")["status"].last().replace(alike)
    net = first.ne(last).astype("int64")
    hidden = net.index[rows.groupby("household_id").size() > net]
    found: pd.DataFrame = rows[rows["household_id"].isin(hidden)].reset_index(drop=True)
    return found
