"""Candidate households compared: who of the one is who of the other, and what both households have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reconciliation.linkage.arrays import distinct, positions
from reconciliation.linkage.candidates import find_candidates
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE
from reconciliation.linkage.model import Model
from reconciliation.linkage.scoring import score
from reconciliation.linkage.tables import Tables

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]

Levels = dict[str, npt.NDArray[np.int8]]

#: Candidates compared at a time: memory follows this, not the size of the province.
_AT_A_TIME = 200_000
#: Two people below this weight are not the same, whatever their households.
LEAST_WEIGHT = 3.0


@dataclass(frozen=True)
class Compared:
    """Numbers of rows of `Tables`; arrays of one length each.

    listed, asked: households of a pair; home_weight: bits of what the households share, members aside; home_levels:
    the level of each comparison of households.
    pair (position in these), listed_person, asked_person, weight, levels: members who are each other's best, one to
    one.
    """

    listed: Small
    asked: Small
    home_weight: Weights
    home_levels: Levels
    pair: Small
    listed_person: Small
    asked_person: Small
    weight: Weights
    levels: Levels


def compare(connection: Any, tables: Tables, model: Model, forced: Small) -> Compared:
    """Compare every candidate, and the pairs (n, 2: listed, asked) of `forced` whatever they share.

    connection: of `scoring.database` with these tables.
    """
    if not 0 < tables.listed_households < tables.total_households or not 0 < tables.listed_people < len(
        tables.household
    ):
        return _joined([])
    listed, asked = _with(find_candidates(tables), forced)
    people = _People(tables)
    parts = []
    start = 0
    while start < len(asked):
        # Up to where an interview begins, so that its candidates stay together.
        end = np.searchsorted(asked, asked[min(start + _AT_A_TIME, len(asked)) - 1], side="right")
        chosen = (listed[start:end], asked[start:end])
        parts.append(_compare_candidates(connection, tables, people, model, chosen, forced))
        start = end
    return _joined(parts)


def _joined(parts: list[Compared]) -> Compared:
    before = np.cumsum([0, *(len(part.listed) for part in parts)])
    shifted = [part.pair + np.int32(shift) for part, shift in zip(parts, before[:-1], strict=True)]

    def whole(arrays: list[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
        return np.concatenate([np.empty(0, kind), *arrays])

    return Compared(
        listed=whole([part.listed for part in parts], np.int32),
        asked=whole([part.asked for part in parts], np.int32),
        home_weight=whole([part.home_weight for part in parts], np.float32),
        home_levels={one.name: whole([part.home_levels[one.name] for part in parts], np.int8) for one in HOUSEHOLDS},
        pair=whole(shifted, np.int32),
        listed_person=whole([part.listed_person for part in parts], np.int32),
        asked_person=whole([part.asked_person for part in parts], np.int32),
        weight=whole([part.weight for part in parts], np.float32),
        levels={one.name: whole([part.levels[one.name] for part in parts], np.int8) for one in PEOPLE},
    )


def _with(found: tuple[Small, Small], forced: Small) -> tuple[Small, Small]:
    """The candidates and the pairs forced, sorted by interview, each once."""
    if not len(forced):
        return found
    both = np.unique(np.concatenate([np.column_stack(found[::-1]), forced[:, ::-1]]), axis=0)
    return both[:, 1].astype(np.int32), both[:, 0].astype(np.int32)


class _People:
    """What decides at a glance whether two members may be the same; members of a household stand together."""

    def __init__(self, tables: Tables) -> None:
        self.start = np.searchsorted(tables.household, np.arange(tables.total_households + 1)).astype(np.int32)
        self.year, self.name = tables.person("birth_year"), tables.person("fold_id")
        self.cccd = tables.person("cccd")

    def pairs(self, listed: Small, asked: Small) -> tuple[Small, Small]:
        """Every two members of the pairs of households who share number, name or, within a year, birth."""
        sizes = self.start[listed + 1] - self.start[listed], self.start[asked + 1] - self.start[asked]
        which, place = positions(sizes[0] * sizes[1])
        left, right = np.divmod(place, sizes[1][which])
        left += self.start[listed][which]
        right += self.start[asked][which]
        one, other = self.year[left], self.year[right]
        near = (abs(one - other) <= 1) | (one < 0) | (other < 0)
        near |= (self.name[left] == self.name[right]) & (self.name[left] >= 0)
        near |= (self.cccd[left] == self.cccd[right]) & (self.cccd[left] >= 0)
        return left[near], right[near]


def _compare_candidates(
    connection: Any, tables: Tables, people: _People, model: Model, candidates: tuple[Small, Small], forced: Small
) -> Compared:
    found = score(connection, tables, PEOPLE, model, people.pairs(*candidates), LEAST_WEIGHT)
    key = tables.household[found.left].astype(np.int64) * tables.total_households + tables.household[found.right]
    chosen = _one_to_one(key, found.left, found.right)
    key = key[chosen]
    forced = forced[(forced[:, 1] >= candidates[1][0]) & (forced[:, 1] <= candidates[1][-1])]
    forced_keys = forced[:, 0].astype(np.int64) * tables.total_households + forced[:, 1]
    keys = distinct(np.concatenate([key, forced_keys]))
    listed, asked = (part.astype(np.int32) for part in np.divmod(keys, tables.total_households))
    homes = score(connection, tables, HOUSEHOLDS, model, (listed, asked))
    order = np.lexsort((homes.right, homes.left))  # as `keys`
    return Compared(
        listed=listed,
        asked=asked,
        home_weight=homes.weight[order],
        home_levels={name: level[order] for name, level in homes.levels.items()},
        pair=np.searchsorted(keys, key).astype(np.int32),
        listed_person=found.left[chosen],
        asked_person=found.right[chosen],
        weight=found.weight[chosen],
        levels={name: level[chosen] for name, level in found.levels.items()},
    )


def _one_to_one(key: Ints, left: Small, right: Small) -> npt.NDArray[np.bool_]:
    """Rows, sorted by weight, that are the best left of both their people within the pair of households."""
    of_left, of_right = key * 1024 + left % 1024, key * 1024 + right % 1024
    # Most people have one counterpart only.
    contested = pd.Series(of_left).duplicated(keep=False) | pd.Series(of_right).duplicated(keep=False)
    chosen = ~contested.to_numpy()
    waiting = np.flatnonzero(~chosen)
    while len(waiting):
        lefts, rights = pd.Series(of_left[waiting]), pd.Series(of_right[waiting])
        best = ~(lefts.duplicated() | rights.duplicated())
        chosen[waiting[best]] = True
        # Who is taken leaves the others.
        open_ = ~(lefts.isin(lefts[best]) | rights.isin(rights[best]))
        waiting = waiting[open_]
    return chosen
