"""Movements (diễn biến) of a year, from official status to official status.

The opening status is what was decided and in force on 31 December of the year before, the closing status this year's
decision. Until it is there a proposal stands for it, and whoever shows the result says "tạm tính". What changed within
the year is netted (`reconciliation.status.netted` lists it). `reconciliation.movement_forms` counts forms 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from reconciliation.status import LISTED, end_of, in_force, in_order

#: Opening status -> closing status -> movement. `none` = on no list; `gone` = a person found that it is no more, moved
#: away or lives in another household.
MOVEMENTS: dict[tuple[str, str], str] = {
    ("poor", "poor"): "stayed_poor",
    ("poor", "near_poor"): "poor_to_near_poor",
    ("poor", "not_poor"): "escaped_poverty",
    ("poor", "gone"): "poor_left",
    ("near_poor", "near_poor"): "stayed_near_poor",
    ("near_poor", "poor"): "near_poor_to_poor",
    ("near_poor", "not_poor"): "escaped_near_poverty",
    ("near_poor", "gone"): "near_poor_left",
    ("none", "poor"): "newly_poor",
    ("none", "near_poor"): "newly_near_poor",
    ("none", "not_poor"): "not_on_any_list",
    ("none", "gone"): "not_on_any_list",
}
#: On no list, but on that one before (tái nghèo, tái cận nghèo); come as such (a split, from elsewhere, back).
FALLEN_BACK = {"newly_poor": "fallen_back_poor", "newly_near_poor": "fallen_back_near_poor"}
CAME = {"newly_poor": "came_poor", "newly_near_poor": "came_near_poor"}
#: Opening or closing status is not known yet, so the movement is not either; `waiting` says for what.
OPEN = "open"
#: What a movement waits for: a decision or an interview (no_decision), the answers that would give a class
#: (undetermined), a person who finds the household or says why it is gone (not_found), a person who says which
#: household it is (identity).
WAITING = ("no_decision", "undetermined", "not_found", "identity")

HOUSEHOLD_COLUMNS = ["split_on", "arrived_on", "reopened_on", "waiting"]


@dataclass(frozen=True)
class Rules:
    """What no official text that is known here settles (illustrative: results say "tạm tính").

    look_back_years: fallen back is who was on the same list in one of so many years before; None = as far back as the
    history reaches. newly_escaped_years: newly escaped (hộ mới thoát nghèo, mới thoát cận nghèo) is who left the lists
    in this year or one of those before, so many years in all.
    """

    look_back_years: int | None = None
    newly_escaped_years: int = 3
    status: str = "illustrative"


def movements(
    history: pd.DataFrame,
    households: pd.DataFrame,
    year: int,
    *,
    kept: pd.Series[int] | None = None,
    rules: Rules | None = None,
) -> pd.DataFrame:
    """The movement in one year of every household that was on a list, came onto one, or was reviewed.

    history: as `reconciliation.status` describes it. households: by household_id, `HOUSEHOLD_COLUMNS`: the day of its
    split from another, of its coming from elsewhere with its status, of its return; `waiting` ("" | not_found |
    identity); who waits for its identity is on no list that is known. kept: members who were in the household at the
    opening and still are, by household_id; where it is not known, only the net change of a household is.

    Returns one row per household, indexed by household_id: previous (poor | near_poor | none | unknown), current
    (poor | near_poor | not_poor | undetermined | gone | unknown), movement (`MOVEMENTS`, `FALLEN_BACK`, `CAME`,
    `open`), waiting (`WAITING`; "" unless open), cause (why it left or came: death, move, merged, other; split,
    moved_in, reopened), earlier_year (Int64: when who fell back was last on that list), newly_escaped (poverty |
    near_poverty | ""), provisional (bool: no decision yet), commune_before, commune_after, persons_before,
    persons_after, persons_kept (Int64).
    """
    rules = rules or Rules()
    opening = in_force(history, end_of(year - 1))
    closing = _closing(history, year)
    table = pd.DataFrame(index=opening.index.union(closing.index).rename("household_id"))
    known = households.reindex(table.index)
    waits = known["waiting"].fillna("").astype("str")
    previous = opening["status"].reindex(table.index).fillna("none")
    table["previous"] = previous.mask(waits.eq("identity"), "unknown").astype("str")
    table["current"] = closing["status"].reindex(table.index).fillna("unknown").astype("str")
    pairs = pd.Series(list(zip(table["previous"], table["current"], strict=True)), index=table.index, dtype="object")
    movement = pairs.map(MOVEMENTS).fillna(OPEN).astype("str")
    earlier = _earlier_year(history, table, year, rules)
    cause = _came(known, year)
    came, fell = cause.ne(""), earlier.notna()
    movement = movement.mask(fell & ~came, movement.replace(FALLEN_BACK)).mask(came, movement.replace(CAME))
    table["movement"] = movement
    table["waiting"] = _waiting(table, waits)
    left = movement.isin(["poor_left", "near_poor_left"])
    came &= movement.isin(list(CAME.values()))
    reason = closing["number"].reindex(table.index).where(left, "")
    table["cause"] = cause.where(came, reason).astype("str")
    table["earlier_year"] = earlier.where(movement.isin(list(FALLEN_BACK.values())))
    table["newly_escaped"] = _newly_escaped(history, table, year, rules)
    table["provisional"] = closing["provisional"].reindex(table.index).fillna(True).astype(bool)
    before = opening["commune_code"].reindex(table.index)
    table["commune_before"] = before
    after = closing["commune_code"].reindex(table.index)
    table["commune_after"] = after.where(after.notna(), before)
    of_opening = table["previous"].isin(LISTED)
    table["persons_before"] = opening["persons"].reindex(table.index).where(of_opening).astype("Int64")
    table["persons_after"] = closing["persons"].reindex(table.index).astype("Int64")
    both = table[["persons_before", "persons_after"]]
    net = both.min(axis=1).where(both.notna().all(axis=1)).astype("Int64")
    table["persons_kept"] = net if kept is None else kept.reindex(table.index).astype("Int64").fillna(net)
    untouched = table["movement"].eq("not_on_any_list") & table["newly_escaped"].eq("")
    nothing_known = table["previous"].eq("none") & table["current"].eq("unknown")
    return table[~untouched & ~nothing_known]


def _closing(history: pd.DataFrame, year: int) -> pd.DataFrame:
    """The last row of every household in a year, by household_id, with `provisional`: a proposal where nothing is
    decided."""
    within = history[(history["date"] > end_of(year - 1)) & (history["date"] <= end_of(year))]
    decided = in_order(within).drop_duplicates("household_id", keep="last")
    proposed = within[within["source"].eq("proposal") & ~within["household_id"].isin(decided["household_id"])]
    proposed = proposed.sort_values(["household_id", "date"], kind="stable")
    proposed = proposed.drop_duplicates("household_id", keep="last")
    closing = pd.concat([decided, proposed]).set_index("household_id")
    return closing.assign(provisional=closing["source"].eq("proposal"))


def _earlier_year(history: pd.DataFrame, table: pd.DataFrame, year: int, rules: Rules) -> pd.Series[int]:
    """The last year, before the opening, in which each household was on the list onto which it comes now."""
    rows = in_order(history)
    rows = rows[rows["date"] <= end_of(year - 1)]
    rows = rows[rows["status"].eq(table["current"].reindex(rows["household_id"]).array)]
    years = rows["date"].dt.year.groupby(rows["household_id"]).max()
    if rules.look_back_years is not None:
        years = years[years >= year - rules.look_back_years]
    found: pd.Series[int] = years.reindex(table.index).astype("Int64")
    return found.where(table["previous"].eq("none") & table["current"].isin(LISTED))


def _came(known: pd.DataFrame, year: int) -> pd.Series[str]:
    """Why a household that was on no list came onto one otherwise than by becoming poor: "" where it did not."""
    start, end = end_of(year - 1), end_of(year)
    cause = pd.Series("", index=known.index, dtype="object")
    for name, word in (("reopened_on", "reopened"), ("arrived_on", "moved_in"), ("split_on", "split")):
        cause = cause.mask((known[name] > start) & (known[name] <= end), word)
    return cause


def _waiting(table: pd.DataFrame, waits: pd.Series[str]) -> pd.Series[str]:
    undetermined = table["current"].eq("undetermined")
    why = waits.mask(waits.ne("identity") & undetermined, "undetermined")
    return why.mask(why.eq(""), "no_decision").where(table["movement"].eq(OPEN), "").astype("str")


def _newly_escaped(history: pd.DataFrame, table: pd.DataFrame, year: int, rules: Rules) -> pd.Series[str]:
    """From which list those who are on none left within the years that count as newly escaped."""
    rows = in_order(history)
    rows = rows[(rows["date"] <= end_of(year)) & rows["household_id"].isin(table.index)]
    listed = rows[rows["status"].isin(LISTED)].drop_duplicates("household_id", keep="last").set_index("household_id")
    after = rows[rows["status"].eq("not_poor")]
    after = after[after["date"] > listed["date"].reindex(after["household_id"]).array]
    decided = after.groupby("household_id")["date"].min().dt.year
    # Off a list without a word: it left in the year after.
    left = decided.reindex(listed.index).fillna(listed["date"].dt.year + 1)
    words = {"poor": "poverty", "near_poor": "near_poverty"}
    recent: pd.Series[str] = listed["status"][left.gt(year - rules.newly_escaped_years)].map(words).astype("object")
    return recent.reindex(table.index).where(table["current"].eq("not_poor")).fillna("").astype("str")
