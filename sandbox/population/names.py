"""Vietnamese names: family names by lineage, middle and given names by sex and generation."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from sandbox.population.kinship import People
from sandbox.population.name_lists import (
    FAMILY,
    GENERATIONS,
    GIVEN_FEMALE,
    GIVEN_MALE,
    MIDDLE_FEMALE,
    MIDDLE_MALE,
    THI,
    VAN,
)
from sandbox.population.vocabulary import Bools, Codes, Floats, Ints, text

_FAMILY_NAMES = tuple(FAMILY)
_MIDDLE = ("", "Văn", "Thị", *dict.fromkeys((*MIDDLE_MALE, *MIDDLE_FEMALE)))
_GIVEN = tuple(dict.fromkeys(name for lists in (GIVEN_MALE, GIVEN_FEMALE) for names in lists for name in names))
_LINEAGES_OF_A_VILLAGE = 9


def _family_share() -> Floats:
    share: Floats = np.array(list(FAMILY.values()))
    return np.asarray(share / share.sum())


def draw_lineages(village: Ints, villages: int, rng: np.random.Generator) -> Codes:
    """The family name (code) of each household: a village has a few lineages, the first ones large.

    Every lineage is drawn by the national shares, so that the province keeps them while neighbours share names.
    """
    lineages = rng.choice(len(FAMILY), size=(villages, _LINEAGES_OF_A_VILLAGE), p=_family_share())
    rank = rng.geometric(0.28, size=len(village)) % _LINEAGES_OF_A_VILLAGE
    return lineages[village, rank].astype(np.int8)


class Names:
    """Full names as three codes a person."""

    def __init__(self, family: Codes, middle: Ints, given: Ints) -> None:
        self.family, self.middle, self.given = family, middle, given

    def full(self, rows: Bools) -> pd.Series[str]:
        """ "Nguyễn Văn Hùng" of the people of the mask."""
        middles = ["", *(f"{word} " for word in _MIDDLE[1:])]
        parts = (
            text([f"{name} " for name in _FAMILY_NAMES], self.family[rows]),
            text(middles, self.middle[rows]),
            text(_GIVEN, self.given[rows]),
        )
        family, middle, given = (pd.Series(part) for part in parts)
        return family + middle + given


def draw_names(people: People, birth_year: Ints, lineage: Codes, rng: np.random.Generator) -> Names:
    """Names of all people; nobody in a household is called like another.

    `lineage` is the family name of each household; who married in has one of their own.
    """
    size = len(people)
    own = rng.choice(len(FAMILY), size=size, p=_family_share()).astype(np.int8)
    family = np.where(people.lineage, lineage[people.household], own).astype(np.int8)
    generation = np.searchsorted(GENERATIONS, birth_year)
    middle, given = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    waiting = np.arange(size)
    while len(waiting):
        middle[waiting] = _draw_middle(people.male[waiting], generation[waiting], rng)
        given[waiting] = _draw_given(people.male[waiting], generation[waiting], rng)
        key = ((people.household * len(FAMILY) + family) * len(_MIDDLE) + middle) * len(_GIVEN) + given
        waiting = np.flatnonzero(pd.Series(key).duplicated())
    return Names(family, middle, given)


def _draw_middle(male: Bools, generation: Ints, rng: np.random.Generator) -> Ints:
    codes = {name: code for code, name in enumerate(_MIDDLE)}
    chance = rng.random(len(male))
    result = np.zeros(len(male), dtype=np.int64)
    for words, usual, shares, rows in (
        (MIDDLE_MALE, "Văn", VAN, np.flatnonzero(male)),
        (MIDDLE_FEMALE, "Thị", THI, np.flatnonzero(~male)),
    ):
        weights = 1 / np.arange(2, len(words) + 2)
        others = np.array([codes[word] for word in words])
        drawn = others[rng.choice(len(words), size=len(rows), p=weights / weights.sum())]
        common = chance[rows] < np.array(shares)[generation[rows]]
        result[rows] = np.where(common, codes[usual], np.where(chance[rows] > 0.985, 0, drawn))
    return result


def _draw_given(male: Bools, generation: Ints, rng: np.random.Generator) -> Ints:
    codes = {name: code for code, name in enumerate(_GIVEN)}
    result = np.zeros(len(male), dtype=np.int64)
    for lists, sex in ((GIVEN_MALE, male), (GIVEN_FEMALE, ~male)):
        for position, names in enumerate(lists):
            rows = np.flatnonzero(sex & (generation == position))
            weights = 1 / np.arange(6, len(names) + 6)
            choices = np.array([codes[name] for name in names])
            result[rows] = choices[rng.choice(len(names), size=len(rows), p=weights / weights.sum())]
    return result


def without_tones(names: pd.Series[str], rows: Bools) -> pd.Series[str]:
    """The names with the letters of the mask's rows bare, as a hurried clerk types them ("Nguyen Van Hung")."""
    bare = pd.Series(
        [
            "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
            .replace("đ", "d")
            .replace("Đ", "D")
            for name in names[rows]
        ],
        index=names.index[rows],
        dtype="string",
    )
    return names.mask(pd.Series(rows, index=names.index), bare)
