"""What happened since last year's list: who left, who came, whose head changed, which household split off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.population.kinship import People, count, group, merge
from sandbox.population.quotas import ABSENT, NOT_LISTED, Quotas
from sandbox.population.vocabulary import (
    CHILD,
    CHILD_IN_LAW,
    GRANDCHILD,
    HEAD,
    NEAR_POOR,
    OTHER,
    PARENT,
    POOR,
    SPOUSE,
    Bools,
    Codes,
    Ints,
)

#: What may have happened to a household, in the words of `truth["change"]`.
CHANGES = ("same", "new", "head_swapped", "head_died", "head_aged", "split_off", "absent")
SAME, NEW, HEAD_SWAPPED, HEAD_DIED, HEAD_AGED, SPLIT_OFF, GONE = range(7)

# Modest, invented rates: no published figure is at hand.
_SWAPPED, _DIED, _AGED, _LEFT, _CAME = 0.025, 0.04, 0.25, 0.04, 0.05
_SPLITS_AMONG_NEW = 0.12


@dataclass(frozen=True)
class LastYear:
    """The people of now and then, and where each stood on the list.

    Per person: `entry` the household on whose entry the person stands (-1: on none), `relation` to that head.
    Per household: `change` (index into CHANGES), `origin` the household it split from (-1: none).
    """

    people: People
    entry: Ints
    relation: Codes
    change: Codes
    origin: Ints


def look_back(people: People, quotas: Quotas, rng: np.random.Generator) -> LastYear:
    """Draw what changed, adding those who have left as people who are not `present`."""
    total = len(quotas.current)
    listed = quotas.previous != NOT_LISTED
    absent = quotas.current == ABSENT
    change = np.full(total, SAME, dtype=np.int8)
    change[~listed] = NEW
    change[absent] = GONE
    settled = listed & ~absent
    heads = people.where(people.relation == HEAD)
    married = count(people.relation == SPOUSE, people.household, total) > 0
    with_parents = count(people.relation == PARENT, people.household, total) > 0

    chance = rng.random(total)
    change[settled & married & ~with_parents & (chance < _SWAPPED)] = HEAD_SWAPPED
    change[settled & ~married & (heads.age >= 50) & (chance < _DIED)] = HEAD_DIED
    change[settled & with_parents & (chance < _AGED)] = HEAD_AGED

    late = np.flatnonzero(change == HEAD_DIED)
    late_male = ~heads.male[late]
    gap = rng.integers(0, 7, size=len(late))
    late_age = heads.age[late] + np.where(late_male, gap, -gap)
    left = np.flatnonzero(settled & (change == SAME) & (heads.age >= 42) & (rng.random(total) < _LEFT))
    left_age = np.minimum(rng.integers(19, 33, size=len(left)), heads.age[left] - 20)
    people = merge(
        [
            people,
            group(late, HEAD, late_male, late_age, late_male, present=False),
            group(left, CHILD, rng.random(len(left)) < 0.5, left_age, left >= 0, present=False),
        ]
    )
    origin = _split_off(heads, change, quotas, rng)
    change[origin >= 0] = SPLIT_OFF
    return LastYear(people, _entries(people, listed, origin, rng), _relations(people, change), change, origin)


def _split_off(heads: People, change: Codes, quotas: Quotas, rng: np.random.Generator) -> Ints:
    """For some of the new poor or near-poor, the listed household of the parents they left."""
    origin = np.full(len(change), -1, dtype=np.int64)
    in_need = np.isin(quotas.current, [POOR, NEAR_POOR])
    young = rng.permutation(np.flatnonzero((change == NEW) & in_need & heads.male & (heads.age <= 36)))
    old = rng.permutation(np.flatnonzero((change == SAME) & heads.male & (heads.age >= 56)))
    pairs = min(len(young), len(old), round(_SPLITS_AMONG_NEW * np.count_nonzero((change == NEW) & in_need)))
    origin[young[:pairs]] = old[:pairs]
    return origin


def _entries(people: People, listed: Bools, origin: Ints, rng: np.random.Generator) -> Ints:
    """The household on whose entry each person stood; the newborn and those who came since stand on none."""
    own = np.where(listed[people.household], people.household, origin[people.household])
    chance = rng.random(len(people))
    came = np.isin(people.relation, [CHILD_IN_LAW, GRANDCHILD]) & (chance < _CAME)
    came |= (people.relation == OTHER) & (chance < 0.3)
    # Last year's list is of 1 September: who is not yet one year old was not born.
    return np.where((people.age < 1) | (came & people.present), -1, own)


def _relations(people: People, change: Codes) -> Codes:
    """Relation to last year's head."""
    relation = people.relation.copy()
    what = change[people.household]
    present = people.present

    swapped = (what == HEAD_SWAPPED) & present
    relation[swapped & (people.relation == HEAD)] = SPOUSE
    relation[swapped & (people.relation == SPOUSE)] = HEAD
    relation[(what == HEAD_DIED) & present & (people.relation == HEAD)] = SPOUSE

    generation_later = {HEAD: CHILD, SPOUSE: CHILD_IN_LAW, CHILD: GRANDCHILD}
    aged = (what == HEAD_AGED) & present
    for now, before in generation_later.items():
        relation[aged & (people.relation == now)] = before
    parents = np.flatnonzero(aged & (people.relation == PARENT))
    # The father headed the household where he lives (named after the mother), else the mother.
    relation[parents] = SPOUSE
    _, last = np.unique(people.household[parents][::-1], return_index=True)
    relation[parents[::-1][last]] = HEAD

    split = what == SPLIT_OFF
    for now, before in generation_later.items():
        relation[split & (people.relation == now)] = before
    relation[split & (people.relation > CHILD) & (people.relation != CHILD_IN_LAW)] = OTHER
    return relation
