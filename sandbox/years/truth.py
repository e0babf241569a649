"""What is true of households and people between any two years of one history."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.population.vocabulary import HEAD
from sandbox.years.observe import Observed
from sandbox.years.state import State


def changes(before: State, after: State) -> pd.DataFrame:
    """One row per household of either year, by household_no.

    kind: `same` (of both years), `split_off` (of `after`; other = the household of `before` it came from), `merged`
    (of `before`; other = the household of `after` in which its people live), `new`, `gone`; other (household_no, NA
    where there is none); moved (to another village) and head_changed (bool, `same` only).
    """
    old, new = before.households, after.households
    result = pd.DataFrame(index=old.index.union(new.index))
    in_old, in_new = result.index.isin(old.index), result.index.isin(new.index)
    split_from = pd.concat([new["split_from"], after.closed["split_from"]])
    origin = _followed(split_from, new.index.difference(old.index), old.index)
    heir = _followed(after.closed["merged_into"], old.index.difference(new.index), new.index)
    result["kind"] = np.select(
        [
            in_old & in_new,
            result.index.isin(origin.index),
            result.index.isin(heir.index),
            in_new,
        ],
        ["same", "split_off", "merged", "new"],
        "gone",
    )
    result["kind"] = result["kind"].astype("str")
    result["other"] = pd.concat([origin, heir]).reindex(result.index).astype("Int64")
    same = old.index.intersection(new.index)
    moved = old.loc[same, "village"] != new.loc[same, "village"]
    heads = [_heads(state).reindex(same) for state in (before, after)]
    result["moved"] = moved.reindex(result.index, fill_value=False)
    result["head_changed"] = (heads[0] != heads[1]).reindex(result.index, fill_value=False)
    return result


def _followed(ties: pd.Series[int], start: pd.Index[int], end: pd.Index[int]) -> pd.Series[int]:
    """Where each household of `start` leads by `ties`, through those that opened and closed in between, to `end`."""
    reached = ties.reindex(start).fillna(-1).astype("int64")
    while len(on_the_way := reached.index[(reached >= 0) & ~reached.isin(end)]):
        reached[on_the_way] = ties.reindex(reached[on_the_way]).fillna(-1).astype("int64").array
    return reached[reached >= 0]


def _heads(state: State) -> pd.Series[int]:
    heads = state.people[state.people["relation"].eq(HEAD)]
    return pd.Series(heads.index, index=heads["household"])


def person_changes(before: State, after: State) -> pd.DataFrame:
    """One row per person of either year, by person_no.

    what: `stayed` (in the household they were in), `changed` (to another household of the province), `died`, `left`,
    `born`, `arrived`; from_household, to_household (household_no, NA where not there).
    """
    old, new = before.people["household"], after.people["household"]
    result = pd.DataFrame({"from_household": old.astype("Int64"), "to_household": new.astype("Int64")})
    reason = after.departed["reason"].reindex(result.index)
    birth_year = after.people["birth"].dt.year.reindex(result.index)
    both = result.notna().all(axis=1)
    result["what"] = pd.Series(
        np.select(
            [
                both & result["from_household"].eq(result["to_household"]).fillna(False).astype(bool),
                both,
                result["to_household"].isna(),
                birth_year >= before.year,
            ],
            ["stayed", "changed", reason.fillna("left"), "born"],
            "arrived",
        ),
        index=result.index,
        dtype="str",
    )
    return result.rename_axis("person_no")


def true_links(listed: Observed, asked: Observed, truth: pd.DataFrame) -> pd.DataFrame:
    """The pairs a perfect linkage finds: interview_id, household_code, kind (same | split | merge).

    `truth` of `changes` between the two years observed.
    """
    code = pd.Series(listed.households.index, index=listed.households.array)
    interview = pd.Series(asked.households.index, index=asked.households.array)
    parts = []
    for kind, old, new in (
        ("same", truth.index[truth["kind"].eq("same")], truth.index[truth["kind"].eq("same")]),
        ("split", truth["other"][truth["kind"].eq("split_off")], truth.index[truth["kind"].eq("split_off")]),
        ("merge", truth.index[truth["kind"].eq("merged")], truth["other"][truth["kind"].eq("merged")]),
    ):
        pairs = pd.DataFrame({"interview_id": interview.reindex(new).array, "household_code": code.reindex(old).array})
        parts.append(pairs.dropna().assign(kind=kind))
    return pd.concat(parts, ignore_index=True).astype("str")
