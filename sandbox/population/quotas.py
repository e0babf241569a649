"""How many households of which past and present: last year's status against this year's class.

Shares are of resident households. Last year 2.55 % poor and 2.56 % near-poor, this year 1.93 % and 2.01 % (Hưng
Yên 2021 and 2022, resolution NQ 41-NQ/TU). The shares of those who stay, rise or fall follow Cư Jút 2024 (report
form 2) for the poor; for the near-poor no such row is published and they are chosen so that the ends meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sandbox.population.vocabulary import (
    NEAR_POOR,
    NOT_POOR,
    POOR,
    UNDETERMINED,
    Codes,
    Floats,
    apportion,
)

Scope = Literal["annual", "full"]
#: This year's class of a household that no longer exists in the province.
ABSENT = 4
CURRENT = ("poor", "near_poor", "not_poor", "undetermined", "absent")
PREVIOUS = ("poor", "near_poor", "none")
NOT_LISTED = 2

POOR_RATE, NEAR_POOR_RATE = 0.0193, 0.0201
POOR_LAST_YEAR, NEAR_POOR_LAST_YEAR = 0.0255, 0.0256
#: Applicants who turn out not to be poor, as a share of resident households.
REFUSED_APPLICANTS = 0.0025
#: Of the households visited as listed or applying, those whose answers do not suffice; and of all others.
UNDETERMINED_SHARE, UNDETERMINED_ORDINARY = 0.02, 0.002

_STAY = {
    POOR: {POOR: 0.63, NEAR_POOR: 0.20, NOT_POOR: 0.12, ABSENT: 0.05},
    NEAR_POOR: {POOR: 0.02, NEAR_POOR: 0.46, NOT_POOR: 0.47, ABSENT: 0.05},
}


@dataclass(frozen=True)
class Quotas:
    """Per household: `previous` (index into PREVIOUS), `current` (index into CURRENT), in shuffled order.

    `residents` is the number of resident households of the whole province.
    """

    previous: Codes
    current: Codes
    residents: int


def _shares(scope: Scope) -> dict[tuple[int, int], float]:
    """(previous, current) -> share of resident households, undetermined taken out of every visited group."""
    share: dict[tuple[int, int], float] = {}
    for previous, rate in ((POOR, POOR_LAST_YEAR), (NEAR_POOR, NEAR_POOR_LAST_YEAR)):
        for current, part in _STAY[previous].items():
            share[previous, current] = rate * part
    share[NOT_LISTED, POOR] = POOR_RATE - share[POOR, POOR] - share[NEAR_POOR, POOR]
    share[NOT_LISTED, NEAR_POOR] = NEAR_POOR_RATE - share[POOR, NEAR_POOR] - share[NEAR_POOR, NEAR_POOR]
    share[NOT_LISTED, NOT_POOR] = REFUSED_APPLICANTS
    # The published rates are of decided classes: the undetermined are taken from those found not poor.
    for previous in (POOR, NEAR_POOR, NOT_LISTED):
        unsure = UNDETERMINED_SHARE * sum(share[previous, current] for current in (POOR, NEAR_POOR, NOT_POOR))
        share[previous, NOT_POOR] -= unsure
        share[previous, UNDETERMINED] = unsure
    if scope == "full":
        ordinary = 1 - sum(part for (_, current), part in share.items() if current != ABSENT)
        share[NOT_LISTED, NOT_POOR] += ordinary * (1 - UNDETERMINED_ORDINARY)
        share[NOT_LISTED, UNDETERMINED] += ordinary * UNDETERMINED_ORDINARY
    return share


def draw_quotas(households: int, scope: Scope, rng: np.random.Generator) -> Quotas:
    """Pasts and presents such that exactly `households` are interviewed (the absent come on top)."""
    share = _shares(scope)
    groups = list(share)
    weights: Floats = np.array([share[group] for group in groups])
    visited = np.array([current != ABSENT for _, current in groups])
    counts = np.zeros(len(groups), dtype=np.int64)
    counts[visited] = apportion(households, weights[visited])
    scale = households / weights[visited].sum()
    counts[~visited] = np.rint(weights[~visited] * scale).astype(np.int64)
    previous = np.repeat(np.array([group[0] for group in groups], dtype=np.int8), counts)
    current = np.repeat(np.array([group[1] for group in groups], dtype=np.int8), counts)
    order = rng.permutation(len(previous))
    return Quotas(previous[order], current[order], households if scope == "full" else max(households, round(scale)))
