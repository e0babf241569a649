"""Who lives together: households of a few kinds, their members, ages, sexes and lines of descent."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sandbox.population.vocabulary import (
    CHILD,
    CHILD_IN_LAW,
    GRANDCHILD,
    HEAD,
    NEAR_POOR,
    NOT_POOR,
    OTHER,
    PARENT,
    POOR,
    SIBLING,
    SPOUSE,
    UNDETERMINED,
    Bools,
    Codes,
    Ints,
)


@dataclass(frozen=True)
class People:
    """One entry per person, sorted by household and then in the order in which the members are named.

    `household` position of the household; `relation` index into RELATIONS; `male`; `age` full years on the review
    date as the answers will say it; `lineage` whether the person bears the household's family name; `present`
    whether the person lives there now (who left or died since last year's list is kept for the list alone).
    """

    household: Ints
    relation: Codes
    male: Bools
    age: Ints
    lineage: Bools
    present: Bools

    def __len__(self) -> int:
        return len(self.household)

    def where(self, keep: Bools) -> People:
        """Only the people of the mask `keep`."""
        return People(*(getattr(self, field.name)[keep] for field in fields(self)))


@dataclass(frozen=True)
class Kind:
    """A kind of household. Number shares start at the number given first: children=(1, (.5, .5)) is one or two."""

    head_age: tuple[int, int, int]  # youngest, most frequent, oldest
    male_head: float
    spouse: float = 0.0
    children: tuple[int, tuple[float, ...]] = (0, (1.0,))
    oldest_child_from: int = 0  # age
    parents: tuple[int, tuple[float, ...]] = (0, (1.0,))
    siblings: tuple[int, tuple[float, ...]] = (0, (1.0,))
    grown_couple: bool = False
    grandchildren: tuple[int, tuple[float, ...]] = (0, (1.0,))


KINDS: dict[str, Kind] = {
    "elder_alone": Kind((61, 76, 95), 0.22),
    "adult_alone": Kind((23, 45, 60), 0.55),
    "elder_couple": Kind((60, 67, 90), 0.92, spouse=1),
    "couple": Kind((22, 45, 60), 0.9, spouse=1),
    "nuclear": Kind((23, 38, 57), 0.88, spouse=1, children=(1, (0.30, 0.47, 0.17, 0.045, 0.015))),
    "adult_children": Kind((44, 52, 68), 0.75, spouse=0.72, children=(1, (0.6, 0.4)), oldest_child_from=16),
    "lone_parent": Kind((22, 38, 56), 0.18, children=(1, (0.45, 0.40, 0.15))),
    "with_parents": Kind(
        (26, 38, 55), 1.0, spouse=0.93, children=(1, (0.3, 0.5, 0.16, 0.04)), parents=(1, (0.55, 0.45))
    ),
    "with_grown_child": Kind(
        (52, 62, 82), 0.75, spouse=0.72, grown_couple=True, grandchildren=(0, (0.1, 0.3, 0.45, 0.15))
    ),
    "grandparents": Kind((50, 64, 82), 0.35, spouse=0.45, grandchildren=(1, (0.6, 0.3, 0.1))),
    "siblings": Kind((19, 45, 78), 0.5, siblings=(1, (0.8, 0.2))),
    "large": Kind(
        (36, 42, 52), 1.0, spouse=1, children=(3, (0.5, 0.3, 0.2)), parents=(1, (0.3, 0.7)), siblings=(0, (0.4, 0.6))
    ),
}
#: Shares of the kinds by class, in the order of KINDS: the poor are more often old and alone, or a lone parent.
KIND_SHARES: dict[int, tuple[float, ...]] = {
    POOR: (0.17, 0.05, 0.09, 0.02, 0.15, 0.18, 0.11, 0.07, 0.06, 0.06, 0.02, 0.02),
    NEAR_POOR: (0.13, 0.05, 0.11, 0.05, 0.24, 0.12, 0.08, 0.10, 0.06, 0.03, 0.02, 0.01),
    NOT_POOR: (0.05, 0.04, 0.10, 0.08, 0.36, 0.13, 0.04, 0.12, 0.05, 0.01, 0.01, 0.01),
    UNDETERMINED: (0.11, 0.06, 0.10, 0.05, 0.26, 0.12, 0.08, 0.10, 0.06, 0.03, 0.02, 0.01),
}
_LARGEST = 5


def draw_kinds(classes: Codes, rng: np.random.Generator) -> Codes:
    """The kind (position in KINDS) of each household, given its class; the absent are like the near-poor."""
    kinds = np.zeros(len(classes), dtype=np.int8)
    for value in np.unique(classes):
        rows = classes == value
        shares = np.array(KIND_SHARES.get(int(value), KIND_SHARES[NEAR_POOR]))
        kinds[rows] = rng.choice(len(KINDS), size=int(rows.sum()), p=shares / shares.sum())
    return kinds


def _numbers(kinds: Codes, field: str, rng: np.random.Generator) -> Ints:
    """How many of `field` (children, parents ...) each household has."""
    numbers = np.zeros(len(kinds), dtype=np.int64)
    for position, kind in enumerate(KINDS.values()):
        first, shares = getattr(kind, field)
        rows = np.flatnonzero(kinds == position)
        if first or len(shares) > 1:
            weights = np.array(shares) / sum(shares)
            numbers[rows] = first + rng.choice(len(shares), size=len(rows), p=weights)
    return numbers


def _brood(oldest: Ints, numbers: Ints, rng: np.random.Generator) -> list[tuple[Ints, Ints]]:
    """(households, ages) per rank of a row of siblings, the oldest first; who would not be born yet is left out."""
    ages, result = oldest.copy(), []
    for rank in range(_LARGEST):
        rows = np.flatnonzero((numbers > rank) & (ages >= 0))
        result.append((rows, ages[rows].copy()))
        ages = ages - rng.integers(1, 7, size=len(ages))
    return result


def compose(kinds: Codes, rng: np.random.Generator) -> People:
    """The members of every household, heads first.

    Ages fit the kinship: a mother is at least 19 years older than her child, parents 19 to 34 years older than the
    head. Male heads, husbands and their children bear the household's family name, who married in does not.
    """
    total = len(kinds)
    every = np.arange(total)
    table = list(KINDS.values())
    low, mode, high = np.array([kind.head_age for kind in table])[kinds].T
    head_age = np.floor(rng.triangular(low, mode, high + 0.999)).astype(np.int64)
    head_male = rng.random(total) < np.array([kind.male_head for kind in table])[kinds]
    siblings = _numbers(kinds, "siblings", rng)
    parts: list[People] = []

    def add(rows: Ints, relation: int, male: Bools, age: Ints, lineage: Bools) -> None:
        parts.append(group(rows, relation, male, age, lineage))

    unmarried = np.array([name == "siblings" for name in KINDS])[kinds]
    add(every, HEAD, head_male, head_age, head_male | unmarried)

    has_spouse = rng.random(total) < np.array([kind.spouse for kind in table])[kinds]
    gap = np.clip(np.rint(rng.normal(3, 3, size=total)), -4, 12).astype(np.int64)
    spouse_age = np.maximum(head_age + np.where(head_male, -gap, gap), 20)
    rows = every[has_spouse]
    add(rows, SPOUSE, ~head_male[rows], spouse_age[rows], ~head_male[rows])

    mother_age = np.where(head_male, np.where(has_spouse, spouse_age, head_age - 2), head_age)
    # Grown children leave home: the oldest child at home is rarely beyond the mid-twenties.
    youngest = np.array([kind.oldest_child_from for kind in table])[kinds]
    span = np.clip(mother_age - 19 - youngest, 1, 27 - youngest // 2)
    oldest = np.minimum(youngest + np.floor(rng.random(total) * span).astype(np.int64), mother_age - 19)
    for rows, ages in _brood(oldest, _numbers(kinds, "children", rng), rng):
        add(rows, CHILD, rng.random(len(rows)) < 0.52, ages, np.ones(len(rows), dtype=bool))

    grown = every[np.array([kind.grown_couple for kind in table])[kinds]]
    grown_age = np.maximum(mother_age - rng.integers(20, 31, size=total), 20)
    add(grown, CHILD, np.ones(len(grown), dtype=bool), grown_age[grown], np.ones(len(grown), dtype=bool))
    married_in = np.maximum(grown_age - rng.integers(-1, 6, size=total), 19)
    wives = grown[rng.random(len(grown)) < 0.9]
    add(wives, CHILD_IN_LAW, np.zeros(len(wives), dtype=bool), married_in[wives], np.zeros(len(wives), dtype=bool))
    # Where the generation between is away, it is taken to be 24 years younger than the grandmother.
    between = np.where(np.isin(every, grown), np.minimum(grown_age, married_in), mother_age - 24)
    oldest = np.floor(rng.random(total) * np.clip(between - 18, 1, 18)).astype(np.int64)
    paternal = np.isin(every, grown) | (rng.random(total) < 0.6)
    for rows, ages in _brood(oldest, _numbers(kinds, "grandchildren", rng), rng):
        add(rows, GRANDCHILD, rng.random(len(rows)) < 0.52, ages, paternal[rows])

    parents = _numbers(kinds, "parents", rng)
    first_is_mother = (rng.random(total) < 0.78) | (parents == 2)
    first_age = head_age + rng.integers(19, 35, size=total)
    rows = every[parents > 0]
    add(rows, PARENT, ~first_is_mother[rows], first_age[rows], ~first_is_mother[rows])
    rows = every[parents > 1]
    fathers = first_age[rows] + rng.integers(0, 6, size=len(rows))
    add(rows, PARENT, np.ones(len(rows), dtype=bool), fathers, np.ones(len(rows), dtype=bool))

    for rank in range(2):
        rows = every[siblings > rank]
        ages = np.maximum(head_age[rows] - rng.integers(1, 9, size=len(rows)), 15)
        add(rows, SIBLING, rng.random(len(rows)) < 0.5, ages, np.ones(len(rows), dtype=bool))
    rows = every[rng.random(total) < 0.012]
    add(rows, OTHER, rng.random(len(rows)) < 0.5, rng.integers(8, 75, size=len(rows)), np.zeros(len(rows), dtype=bool))
    return merge(parts)


def group(household: Ints, relation: int, male: Bools, age: Ints, lineage: Bools, present: bool = True) -> People:
    """People who all stand in the same relation to their heads."""
    size = len(household)
    relations = np.full(size, relation, dtype=np.int8)
    return People(household, relations, male, age, lineage, np.full(size, present))


def merge(parts: list[People]) -> People:
    """All parts as one, sorted by household; within a household in the order of the parts."""
    whole = {field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(People)}
    order = np.argsort(whole["household"], kind="stable")
    return People(**{name: values[order] for name, values in whole.items()})


def member_numbers(household: Ints) -> Ints:
    """1, 2, 3 ... within each household (entries sorted by household)."""
    starts = np.flatnonzero(np.r_[True, household[1:] != household[:-1]])
    sizes = np.diff(np.r_[starts, len(household)])
    return np.arange(len(household)) - np.repeat(starts, sizes) + 1


def choose_one(mask: Bools, household: Ints, rng: np.random.Generator) -> Ints:
    """Positions of one person at random from each household that has somebody in `mask`."""
    candidates = rng.permutation(np.flatnonzero(mask))
    _, first = np.unique(household[candidates], return_index=True)
    return candidates[first]


def count(mask: Bools, household: Ints, households: int) -> Ints:
    """How many people of `mask` each household has."""
    return np.bincount(household[mask], minlength=households)
