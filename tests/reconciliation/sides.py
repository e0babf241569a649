"""Sides written by hand, and made by the generator, for the tests of the linkage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from reconciliation.linkage import Side
from sandbox.years import Errors, begin, changes, evolve, observe, true_links

PERSON = dict.fromkeys(("full_name", "relation", "sex", "cccd", "birth_date", "birth_year"))
HOME = {
    **dict.fromkeys(("household_code", "phone", "latitude", "longitude")),
    "village_id": "11953-V01",
    "commune_code": "11953",
}


def person(name: str, born: str | int | None = None, relation: str = "child", **given: Any) -> dict[str, Any]:
    """A member; `born` is a date ("1960-02-03") or a year."""
    known = {"birth_date": born} if isinstance(born, str) else {"birth_year": born}
    return {**PERSON, "full_name": name, "relation": relation, **known, **given}


def side(households: dict[str, list[dict[str, Any]]], **homes: dict[str, Any]) -> Side:
    """A side of members by household key; `homes` gives columns of households by key."""
    rows = [
        {"household": key, "member_no": number, **row}
        for key, people in households.items()
        for number, row in enumerate(people, start=1)
    ]
    members = pd.DataFrame(rows, columns=["household", "member_no", *PERSON]).set_index(["household", "member_no"])
    members["birth_date"] = pd.to_datetime(members["birth_date"]).astype("datetime64[ns]")
    members["birth_year"] = members["birth_year"].astype("Int64")
    texts = ["full_name", "relation", "sex", "cccd"]
    members = members.astype(dict.fromkeys(texts, "str"))
    table = pd.DataFrame(
        [{**HOME, **homes.get(key, {})} for key in households], index=pd.Index(households, dtype="str")
    )
    if table.empty:
        table = pd.DataFrame(columns=list(HOME), index=pd.Index([], dtype="str"))
    texts = ["village_id", "commune_code", "household_code", "phone"]
    return Side(table.astype({**dict.fromkeys(texts, "str"), "latitude": "Float64", "longitude": "Float64"}), members)


@dataclass(frozen=True)
class Case:
    """A list, a census of the year after, and the links that are true."""

    listed: Side
    asked: Side
    links: pd.DataFrame
    households: pd.DataFrame


def case(households: int, seed: int, errors: Errors | None = None) -> Case:
    """The hard cases at a size; of seeds that no benchmark and no model was made with."""
    errors = errors or Errors()
    before = begin(households, seed=seed)
    after = evolve(before, seed + 1)
    listed = observe(before, "list", seed + 2, errors)
    asked = observe(after, "census", seed + 3, errors, listed)
    truth = changes(before, after)
    return Case(listed.side, asked.side, true_links(listed, asked, truth), truth)


def pairs(frame: pd.DataFrame, kind: str) -> set[tuple[str, str]]:
    """(interview_id, household_code) of a kind."""
    rows = frame[frame["kind"].eq(kind)]
    return set(zip(rows["interview_id"], rows["household_code"], strict=True))
