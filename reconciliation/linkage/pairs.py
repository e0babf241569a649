"""Candidate households compared: who of the one is who of the other, and what both households have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from reconciliation.linkage.candidates import find_candidates
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE
from reconciliation.linkage.model import Model
from reconciliation.linkage.scoring import score
from reconciliation.linkage.tables import Tables

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]

#: Interviews whose candidates are found, and compared, at a time: memory follows this, not the size of the province.
_FOUND_AT_A_TIME, _COMPARED_AT_A_TIME = 280_000, 140_000
#: Two people below this weight are not the same, whatever their households.
LEAST_WEIGHT = 3.0


@dataclass(frozen=True)
class Compared:
    """Numbers of rows of `Tables`; arrays of one length each.

    listed, asked: households of a pair; home_weight: bits of what the households share, members aside.
    pair (position in these), listed_person, asked_person, weight: members who are each other's best, one to one.
    """

    listed: Small
    asked: Small
    home_weight: Weights
    pair: Small
    listed_person: Small
    asked_person: Small
    weight: Weights


def compare(connection: Any, tables: Tables, model: Model, forced: Small) -> Compared:
    """Compare every candidate, and the pairs (n, 2: listed, asked) of `forced` whatever they share.

    connection: of `scoring.database` with these tables.
    """
    listed, total = tables.listed_households, tables.total_households
    if not 0 < listed < total or not 0 < tables.listed_people < len(tables.household):
        return _none()
    parts = []
    people = _People(tables)
    for first in range(listed, total, _FOUND_AT_A_TIME):
        end = min(first + _FOUND_AT_A_TIME, total)
        here = forced[(forced[:, 1] >= first) & (forced[:, 1] < end)]
        found = _with(find_candidates(connection, listed, (first, end)), here)
        for start in range(first, end, _COMPARED_AT_A_TIME):
            low, high = np.searchsorted(found[1], [start, min(start + _COMPARED_AT_A_TIME, end)])
            if low < high:
                chosen = (found[0][low:high], found[1][low:high])
                parts.append(_compare_candidates(connection, tables, people, model, chosen, here))
    if not parts:
        return _none()
    before = np.cumsum([0, *(len(part.listed) for part in parts)])
    shifted = [part.pair + np.int32(shift) for part, shift in zip(parts, before[:-1], strict=True)]
    return Compared(
        listed=np.concatenate([part.listed for part in parts]),
        asked=np.concatenate([part.asked for part in parts]),
        home_weight=np.concatenate([part.home_weight for part in parts]),
        pair=np.concatenate(shifted),
        listed_person=np.concatenate([part.listed_person for part in parts]),
        asked_person=np.concatenate([part.asked_person for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
    )


def _none() -> Compared:
    nothing, weightless = np.empty(0, np.int32), np.empty(0, np.float32)
    return Compared(nothing, nothing, weightless, nothing, nothing, nothing, weightless)


def _with(found: tuple[Small, Small], forced: Small) -> tuple[Small, Small]:
    """The candidates and the pairs forced, sorted by interview, each once."""
    if not len(forced):
        return found
    both = np.unique(np.concatenate([np.column_stack(found[::-1]), forced[:, ::-1]]), axis=0)
    return both[:, 1].astype(np.int32), both[:, 0].astype(np.int32)


class _People:
    """What decides at a glance whether two members may be the same; members of a household stand together."""

    def __init__(self, tables: Tables) -> None:
        people = tables.columns["people"]
        self.start = np.searchsorted(tables.household, np.arange(tables.total_households + 1)).astype(np.int32)
        self.year = people["birth_year"].fill_null(0).to_numpy()
        self.name = people["fold_id"].fill_null(-1).to_numpy()
        number = people["cccd"].combine_chunks().dictionary_encode()
        number = number.combine_chunks() if isinstance(number, pa.ChunkedArray) else number
        self.cccd = number.indices.fill_null(-1).to_numpy(zero_copy_only=False)

    def pairs(self, listed: Small, asked: Small) -> tuple[Small, Small]:
        """Every two members of the pairs of households who share number, name or, within a year, birth."""
        sizes = self.start[listed + 1] - self.start[listed], self.start[asked + 1] - self.start[asked]
        several = sizes[0] * sizes[1]
        which = np.repeat(np.arange(len(listed), dtype=np.int32), several)
        place = np.arange(len(which), dtype=np.int64) - np.repeat(np.cumsum(several) - several, several)
        left = (self.start[listed][which] + place // sizes[1][which]).astype(np.int32)
        right = (self.start[asked][which] + place % sizes[1][which]).astype(np.int32)
        one, other = self.year[left], self.year[right]
        near = (abs(one - other) <= 1) | (one == 0) | (other == 0)
        near |= (self.name[left] == self.name[right]) & (self.name[left] >= 0)
        near |= (self.cccd[left] == self.cccd[right]) & (self.cccd[left] >= 0)
        return left[near], right[near]


def _compare_candidates(
    connection: Any, tables: Tables, people: _People, model: Model, candidates: tuple[Small, Small], forced: Small
) -> Compared:
    some = people.pairs(*candidates)
    left, right, weight = score(connection, tables.columns["people"], PEOPLE, model.shares, some, LEAST_WEIGHT)
    forced = forced[(forced[:, 1] >= candidates[1][0]) & (forced[:, 1] <= candidates[1][-1])]
    listed, asked = tables.household[left], tables.household[right]
    key = listed.astype(np.int64) * tables.total_households + asked
    chosen = _one_to_one(key, left, right)
    left, right, weight, key = left[chosen], right[chosen], weight[chosen], key[chosen]
    forced_keys = forced[:, 0].astype(np.int64) * tables.total_households + forced[:, 1]
    keys = np.sort(pd.unique(np.concatenate([key, forced_keys])))
    pair = np.searchsorted(keys, key)
    listed = (keys // tables.total_households).astype(np.int32)
    asked = (keys % tables.total_households).astype(np.int32)
    home = np.zeros(len(keys), dtype=np.float32)
    homes = score(connection, tables.columns["households"], HOUSEHOLDS, model.shares, (listed, asked), -1e6)
    home[np.searchsorted(keys, homes[0].astype(np.int64) * tables.total_households + homes[1])] = homes[2]
    return Compared(listed, asked, home, pair.astype(np.int32), left.astype(np.int32), right.astype(np.int32), weight)


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
