"""Households linked by exact keys: the first pass of the linkage.

The keys, in order: the personal number (CCCD) of any member; else the head's name and birth date in the same
village; else the household code answered on the phone, where at least one member's name agrees.
"""

from __future__ import annotations

import pandas as pd

from reconciliation.names import fold_series
from reconciliation.registry import Registry

LINK_COLUMNS = ["interview_id", "household_code", "rule", "evidence", "status"]
RULES = ("cccd", "head_birth_village", "household_code")


def link_exact(households: pd.DataFrame, members: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Link interviews with the registry by exact keys, one to one.

    households, members: the frames of `poverty.frames`.

    Returns one row per link: interview_id, household_code, rule (one of `RULES`), evidence (number of members who
    agree under the rule), status: `linked`, or `contested` where the key points to a household that another
    interview holds with more evidence (a split, a merger, a copied number) or that two hold equally. A contested
    pair is a question for a person; neither of its households is linked by a weaker rule.
    """
    interview_people = _people(households, members)
    registry_people = _people(registry.households, registry.members)
    taken = pd.DataFrame(columns=LINK_COLUMNS)
    for rule, pairs in (
        ("cccd", _by_cccd(interview_people, registry_people)),
        ("head_birth_village", _by_head(interview_people, registry_people)),
        ("household_code", _by_code(households, interview_people, registry_people)),
    ):
        free = pairs[
            ~pairs["interview_id"].isin(taken["interview_id"]) & ~pairs["household_code"].isin(taken["household_code"])
        ]
        # A household seen by a stronger rule is not linked again, but a pair that points to it is worth a look.
        rest = pairs.drop(free.index)
        rest = rest[~rest["interview_id"].isin(taken["interview_id"])]
        found = pd.concat([_one_to_one(free), rest.assign(status="contested")], ignore_index=True)
        taken = pd.concat([taken, found.assign(rule=rule)], ignore_index=True)
    order = taken["status"].ne("linked")
    taken = taken.assign(_order=order).sort_values(["interview_id", "_order", "household_code"])
    return taken.drop_duplicates(["interview_id", "household_code"])[LINK_COLUMNS].reset_index(drop=True)


def _people(households: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    people = members[["full_name", "relation", "birth_date", "birth_year", "cccd"]].reset_index()
    people = people.rename(columns={people.columns[0]: "household", people.columns[1]: "member_no"})
    people["name"] = fold_series(people["full_name"])
    villages = households["village_id"].rename("village_id")
    return people.merge(villages, left_on="household", right_index=True, how="left")


def _by_cccd(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    # A number written for two people of one source identifies neither.
    numbers = [
        people[people["cccd"].str.fullmatch(r"\d{12}|\d{9}").fillna(False)].drop_duplicates("cccd", keep=False)
        for people in (left, right)
    ]
    return _count_pairs(numbers[0].merge(numbers[1], on="cccd"))


def _by_head(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    keys = ["name", "birth", "village_id"]
    heads = []
    for people in (left, right):
        of_heads = people[people["relation"].eq("head")]
        # Only a full birth date: the year alone is shared by namesakes of one village.
        birth = of_heads["birth_date"]
        of_heads = of_heads.assign(birth=birth).dropna(subset=keys)
        heads.append(of_heads.drop_duplicates(keys, keep=False))
    return _count_pairs(heads[0].merge(heads[1], on=keys))


def _by_code(households: pd.DataFrame, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    codes = households["household_code"].dropna()
    named = left.merge(codes.rename("code"), left_on="household", right_index=True)
    same = named.merge(right, left_on=["code", "name"], right_on=["household", "name"])
    same = same.dropna(subset=["name"]).drop_duplicates(["household_x", "member_no_x"])
    return _count_pairs(same)


def _count_pairs(people: pd.DataFrame) -> pd.DataFrame:
    pairs = people.groupby(["household_x", "household_y"], as_index=False).size()
    return pairs.rename(
        columns={"household_x": "interview_id", "household_y": "household_code", "size": "evidence"}
    ).astype({"evidence": "int64"})


def _one_to_one(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mutual best by evidence; a tie on either side leaves the pair contested."""
    best_left = pairs.groupby("interview_id")["evidence"].transform("max")
    best_right = pairs.groupby("household_code")["evidence"].transform("max")
    best = pairs[pairs["evidence"].eq(best_left) & pairs["evidence"].eq(best_right)]
    alone = ~best.duplicated("interview_id", keep=False) & ~best.duplicated("household_code", keep=False)
    linked = best[alone]
    rest = pairs.drop(linked.index)
    # What a linked interview also resembled is no question any more; an unlinked one keeps its candidates.
    rest = rest[~rest["interview_id"].isin(linked["interview_id"])]
    return pd.concat([linked.assign(status="linked"), rest.assign(status="contested")], ignore_index=True)
