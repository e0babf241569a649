"""The households that were met, and the people found there."""

from __future__ import annotations

import numpy as np

from sandbox.population.kinship import People
from sandbox.population.last_year import LastYear
from sandbox.population.vocabulary import Bools, Ints


class Interviewed:
    """`met` per household of the province; `rows` the people who were there; `people` the same, with households
    counted anew from 0; `sizes` members per household met."""

    def __init__(self, past: LastYear, met: Bools) -> None:
        self.met = met
        self.rows: Bools = past.people.present & met[past.people.household]
        here = past.people.where(self.rows)
        position = np.cumsum(met) - 1
        self.people = People(position[here.household], here.relation, here.male, here.age, here.lineage, here.present)
        self.sizes: Ints = np.bincount(self.people.household, minlength=int(met.sum()))
