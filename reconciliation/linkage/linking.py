"""Linking two sides: `link`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from reconciliation.linkage.arrays import order
from reconciliation.linkage.decisions import decided_pairs
from reconciliation.linkage.model import Cuts, Model
from reconciliation.linkage.pairs import Compared, compare
from reconciliation.linkage.resolution import resolve, weigh
from reconciliation.linkage.scoring import engine
from reconciliation.linkage.side import Side
from reconciliation.linkage.tables import Tables, tabulate

_PARTS = ("prior", "people_weight", "home_weight", "absence_weight", "competition_weight")


@dataclass(frozen=True)
class Linkage:
    """What belongs together.

    households: one row per pair kept: interview_id, household_code, kind (`same`: one to one; `split`: the interview
        is a part that left this listed household, whose id stays with another interview; `merge`: members of this
        listed household live in an interview that is linked with another one), weight (bits), members_agree,
        status (`linked`; `doubtful`: a person must look; `decided`: a person has), what the weight is the sum of
        (prior, people_weight, home_weight, absence_weight, competition_weight), members missing on either side
        (listed_missing, asked_missing) and the level of each comparison of households (place, phone, distance, code).
    people: the members who are the same under these: interview_id, member_no, household_code, registry_member_no,
        weight, and the level of each comparison of people. Levels are numbers, -1 where one side is not known.
    new: interviews without a pair. gone: listed households without one.
    """

    households: pd.DataFrame
    people: pd.DataFrame
    new: list[str]
    gone: list[str]


def link(
    registry: Side,
    interviews: Side,
    model: Model,
    *,
    decisions: pd.DataFrame | None = None,
    cuts: Cuts | None = None,
) -> Linkage:
    """Link the households of a list with those of a round's interviews, or of another list.

    decisions: interview_id, household_code, verdict (one of `VERDICTS`), what people decided: `same` is kept whatever
        its weight, `different` is never linked, `split` and `merge` take that kind, `unsure` stays doubtful. Pairs
        of which one side is not here are passed over. cuts: of the model where not given.

    The same rows give the same links in whatever order they stand. ValueError where a key stands twice on a side, or
    decisions contradict one another.
    """
    model = replace(model, cuts=cuts) if cuts is not None else model
    tables = tabulate(registry, interviews, model.name_share)
    decided = decided_pairs(decisions, tables)
    with engine() as connection:
        compared = compare(connection, tables, model, decided[["listed", "asked"]].to_numpy(dtype=np.int32))
    tables = tables.compared()
    return _linkage(resolve(weigh(compared, tables, model), model, decided), compared, tables)


def _linkage(kept: pd.DataFrame, compared: Compared, tables: Tables) -> Linkage:
    kept = kept.sort_values(["asked", "listed"])
    listed, asked = kept["listed"].to_numpy(dtype=np.int32), kept["asked"].to_numpy(dtype=np.int32)
    households = pd.DataFrame(
        {
            "interview_id": _texts(tables, asked),
            "household_code": _texts(tables, listed),
            "kind": kept["kind"].to_numpy(),
            "weight": kept["weight"].to_numpy().round(3),
            "members_agree": kept["agree"].to_numpy().astype(np.int64),
            "status": kept["status"].to_numpy(),
            **{name: kept[name].to_numpy().round(3) for name in _PARTS},
            "listed_missing": kept["listed_missing"].to_numpy().astype(np.int64),
            "asked_missing": kept["asked_missing"].to_numpy().astype(np.int64),
            **{name: level[kept.index.to_numpy()] for name, level in compared.home_levels.items()},
        }
    ).astype({"kind": "str", "status": "str"})
    people = _people(kept, compared, tables)
    seen = np.zeros(tables.total_households, dtype=bool)
    seen[listed] = seen[asked] = True
    numbers = np.flatnonzero(~seen).astype(np.int32)
    first_asked = np.searchsorted(numbers, tables.listed_households)
    return Linkage(
        households,
        people,
        new=_texts(tables, numbers[first_asked:]).tolist(),
        gone=_texts(tables, numbers[:first_asked]).tolist(),
    )


def _texts(tables: Tables, households: npt.NDArray[np.int32]) -> pd.api.extensions.ExtensionArray:
    """The keys of households by number; numbers stand in the order of the keys, so nothing need be sorted by text."""
    texts: pd.api.extensions.ExtensionArray = pd.array(tables.keys.take(pa.array(households)), dtype="str")
    return texts


def _people(kept: pd.DataFrame, compared: Compared, tables: Tables) -> pd.DataFrame:
    is_kept = np.zeros(len(compared.listed), dtype=bool)
    is_kept[kept.index.to_numpy()] = True
    rows = np.flatnonzero(is_kept[compared.pair])
    left, right = compared.listed_person[rows], compared.asked_person[rows]
    # By interview, listed household, member: persons are numbered by household and member.
    by_member = order(right)
    homes = tables.household[right[by_member]].astype(np.int64) * tables.listed_households
    by_home = by_member[np.argsort(homes + tables.household[left[by_member]], kind="stable")]
    rows, left, right = rows[by_home], left[by_home], right[by_home]

    return pd.DataFrame(
        {
            "interview_id": _texts(tables, tables.household[right]),
            "member_no": tables.member_no[right],
            "household_code": _texts(tables, tables.household[left]),
            "registry_member_no": tables.member_no[left],
            "weight": compared.weight[rows].astype(float).round(3),
            **{name: level[rows] for name, level in compared.levels.items()},
        }
    )
