"""What came of each visit, what was agreed to, and whether the phone found its place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.population.deprivations import UNKNOWN, Truth
from sandbox.population.vocabulary import UNDETERMINED, Bools, Codes, draw, text

OUTCOMES = ("met", "absent", "refused", "moved_away", "dissolved", "split")
MET = 0
#: Of the households whose class cannot be told: those that could not be interviewed (share invented).
_NOT_MET = 0.4
_INSTEAD = {1: 0.45, 2: 0.2, 3: 0.2, 4: 0.08, 5: 0.07}
_NO_GPS, _REFUSED_GPS, _REFUSED_PHOTO = 0.05, 0.015, 0.06
_POOR_POINT = 0.01
_REASONS = {"no_signal": 0.6, "bad_weather": 0.2, "device": 0.15, "other": 0.05}


def draw_outcomes(classes: Codes, rng: np.random.Generator) -> Codes:
    """Index into OUTCOMES of every household; whoever is not met is among those of no class."""
    outcome = np.full(len(classes), MET, dtype=np.int8)
    rows = np.flatnonzero((classes == UNDETERMINED) & (rng.random(len(classes)) < _NOT_MET))
    outcome[rows] = draw(rng, _INSTEAD, len(rows))
    return outcome


def unknown_where(truth: Truth, not_met: Bools) -> Truth:
    """The truth as far as it can be known: nothing of a household that was not met."""
    return Truth(
        np.where(not_met[:, None], UNKNOWN, truth.holds).astype(np.int8),
        np.where(not_met, UNKNOWN, truth.below_line).astype(np.int8),
        truth.ageless,
    )


def answer_consent(size: int, rng: np.random.Generator) -> dict[str, pd.Series]:
    """notice_read, consent_gps, consent_photo, gps_accuracy (NA: no point) and gps_reason of households met."""
    chance = rng.random(size)
    refused = chance < _REFUSED_GPS
    missing = chance < _NO_GPS
    poor = ~missing & (rng.random(size) < _POOR_POINT)
    accuracy = np.where(poor, rng.uniform(51, 90, size=size), rng.uniform(3, 15, size=size)).round(1)
    reason = pd.Series(draw(rng, _REASONS, size), dtype="string")
    return {
        "notice_read": pd.Series(["OK"] * size, dtype="string"),
        "consent_gps": pd.Series(text(("yes", "no"), refused.astype(np.int8))),
        "consent_photo": pd.Series(text(("yes", "no"), (rng.random(size) < _REFUSED_PHOTO).astype(np.int8))),
        "gps_accuracy": pd.Series(accuracy, dtype="Float64").mask(pd.Series(missing)),
        "gps_reason": reason.where(pd.Series((missing & ~refused) | poor)),
    }
