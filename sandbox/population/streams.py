"""Randomness by part, from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """Independent streams, so that a change in how one part is drawn leaves the others as they were."""

    seed: int

    def of(self, part: str) -> np.random.Generator:
        """The stream of the part of this name."""
        return np.random.default_rng([self.seed, *part.encode()])
