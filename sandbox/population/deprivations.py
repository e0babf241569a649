"""The truth about each household: which of the twelve deprivations hold, do not hold, or cannot be known.

Drawn before any answer is written, within what the household's members allow: nobody is a malnourished child in a
household without children, and where most members are children the share of dependents is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.population.kinship import People, choose_one, count
from sandbox.population.vocabulary import (
    HEAD,
    NEAR_POOR,
    NOT_POOR,
    POOR,
    UNDETERMINED,
    Bools,
    Codes,
    Floats,
    Ints,
)

#: Share of poor households deprived, d01 to d12 (report form 5, Cư Jút 2024): 3.51 deprivations a household.
POOR_SHARES = (0.456, 0.461, 0.181, 0.255, 0.304, 0.064, 0.250, 0.525, 0.020, 0.628, 0.260, 0.108)
#: Odds by which deprivations are picked so that the poor come out at POOR_SHARES. Found by iterative scaling on
#: 60,000 households (to be found again when `kinship` changes); d05 stands high because few have somebody of 16-30.
ODDS = (1.0, 0.751, 0.626, 0.268, 4.48, 0.247, 0.264, 0.693, 0.019, 0.946, 0.278, 0.108)
#: How many deprivations hold, by class (not known for any but the poor: chosen lower).
NUMBERS: dict[int, dict[int, float]] = {
    POOR: {3: 0.62, 4: 0.27, 5: 0.09, 6: 0.02},
    NEAR_POOR: {0: 0.22, 1: 0.40, 2: 0.38},
    NOT_POOR: {0: 0.58, 1: 0.28, 2: 0.10, 3: 0.04},
    UNDETERMINED: {0: 0.1, 1: 0.3, 2: 0.6},
}
YES, NO, UNKNOWN = 1, 0, -1
D01, D02, D03, D04, D05, D06 = range(6)
_POORER_BY = 3  # deprivations that make a household below the line poor
_UNKNOWN_DECIDED = 0.05  # share of households of a decided class with an answer missing that does not matter


@dataclass(frozen=True)
class Truth:
    """Per household: `holds` (n, 12) of YES, NO, UNKNOWN; `below_line` of the same; `ageless` the position of the
    member whose birth is not known (-1: none)."""

    holds: Codes
    below_line: Codes
    ageless: Ints


@dataclass(frozen=True)
class Possible:
    """Masks (n, 12): what the members let be true, what they make true, what an answer may leave unknown."""

    true: Bools
    forced: Bools
    unknown: Bools


def possible(people: People, ageless: Bools, households: int) -> Possible:
    """What the composition allows; `ageless` are people of no known age, on whom no rule may rest."""
    age, known = people.age, ~ageless

    def has(mask: Bools) -> Bools:
        return np.asarray(count(mask & known, people.household, households) > 0)

    members = count(np.ones(len(people), dtype=bool), people.household, households)
    children = count((age < 16) & known, people.household, households)
    elders = count((age >= 60) & known, people.household, households)
    disabled = has((age >= 16) & (age < 60)).astype(np.int64)
    true = np.ones((households, 12), dtype=bool)
    true[:, D01] = has((age >= 15) & (age <= 65))
    true[:, D02] = 2 * (children + elders + disabled) > members
    true[:, D03] = children > 0
    true[:, D05] = has((age >= 16) & (age <= 30))
    true[:, D06] = has((age >= 3) & (age < 16))
    unknown = true.copy()
    unknown[:, D01] = True
    # At most two allowances are in doubt, and a household with a member of no known age is in doubt by that alone.
    unknown[:, D02] = (2 * children <= members) & (members // 2 + 1 - children <= 2)
    forced = np.zeros_like(true)
    forced[:, D02] = 2 * children > members
    return Possible(true, forced, unknown)


def _pick(odds: Floats, allowed: Bools, first: Bools, number: Ints, rng: np.random.Generator) -> Bools:
    """For each row `number` of the allowed columns, by odds, those in `first` before all others."""
    score = np.log(odds) + rng.gumbel(size=allowed.shape)
    score = np.where(first, np.inf, np.where(allowed, score, -np.inf))
    rank = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray((rank < np.maximum(number, first.sum(axis=1))[:, None]) & (allowed | first))


def draw_truth(people: People, classes: Codes, rng: np.random.Generator) -> Truth:
    """Draw the truth of every household such that its class is the one of `classes`.

    Undetermined households lack either an income or answers on deprivations that could make the difference.
    """
    total = len(classes)
    by_income = (classes == UNDETERMINED) & (rng.random(total) < 0.5)
    ageless = _ageless(people, classes, by_income, rng)
    without_age = np.zeros(len(people), dtype=bool)
    without_age[ageless[ageless >= 0]] = True
    can = possible(people, without_age, total)

    number = np.zeros(total, dtype=np.int64)
    for value, shares in NUMBERS.items():
        rows = classes == value
        number[rows] = rng.choice(list(shares), size=int(rows.sum()), p=list(shares.values()))
    holds = np.where(_pick(np.array(ODDS), can.true, can.forced, number, rng), YES, NO).astype(np.int8)

    in_doubt = _in_doubt(people, ageless, total) & (holds == NO)
    missing = np.where(rng.random(total) < _UNKNOWN_DECIDED, rng.integers(1, 3, size=total), 0)
    held = (holds == YES).sum(axis=1)
    # A near-poor household has room for doubts only below three deprivations.
    missing = np.where(classes == NEAR_POOR, np.minimum(missing, _POORER_BY - 1 - held), missing)
    needed = _POORER_BY - held + (rng.random(total) < 0.25)
    missing = np.where((classes == UNDETERMINED) & ~by_income, needed, missing)
    allowed = can.unknown & (holds == NO)
    allowed[ageless >= 0, D02] = False
    doubtful = _pick(np.ones(12), allowed, in_doubt, missing, rng)
    holds[doubtful] = UNKNOWN

    below = np.where(classes == NOT_POOR, NO, YES).astype(np.int8)
    below[by_income] = UNKNOWN
    return Truth(holds, below, ageless)


def _ageless(people: People, classes: Codes, by_income: Bools, rng: np.random.Generator) -> Ints:
    """In a few households the birth of one grown member, not the head, is not known.

    That alone puts three or four rules in doubt, so no near-poor household is among them.
    """
    few = np.where((classes == UNDETERMINED) & ~by_income, 0.08, np.where(classes == NEAR_POOR, 0.0, 0.004))
    chosen = rng.random(len(classes)) < few
    candidates = (people.age > 30) & (people.age < 60) & (people.relation != HEAD) & chosen[people.household]
    result = np.full(len(classes), -1, dtype=np.int64)
    positions = choose_one(candidates, people.household, rng)
    result[people.household[positions]] = positions
    return result


def _in_doubt(people: People, ageless: Ints, households: int) -> Bools:
    """What a member of unknown age leaves in doubt: nutrition, both educations, dependents where one more counts."""
    doubt = np.zeros((households, 12), dtype=bool)
    some = ageless >= 0
    doubt[some, D03] = doubt[some, D05] = doubt[some, D06] = True
    members = count(np.ones(len(people), dtype=bool), people.household, households)
    children = count(people.age < 16, people.household, households)
    doubt[:, D02] = some & (2 * (children + 1) > members)
    return doubt


def class_of(holds: npt.NDArray[np.int8], below_line: Codes) -> Codes:
    """The class that follows from the truth (Article 3), in three-valued logic."""
    surely = (holds == YES).sum(axis=1) >= _POORER_BY
    surely_not = (holds != NO).sum(axis=1) < _POORER_BY
    result = np.full(len(holds), UNDETERMINED, dtype=np.int8)
    result[(below_line == YES) & surely] = POOR
    result[(below_line == YES) & surely_not] = NEAR_POOR
    result[below_line == NO] = NOT_POOR
    return result
