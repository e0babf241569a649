"""Who each person is: name, birth, number of identity, ethnic group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sandbox.population import identifiers, names
from sandbox.population.births import Births, draw_births
from sandbox.population.last_year import LastYear
from sandbox.population.streams import Streams
from sandbox.population.vocabulary import Ints, draw

#: Hưng Yên is almost wholly Kinh; the others came by marriage or work (shares invented).
_ETHNICITY = {
    **{"01": 0.9955, "04": 0.0015, "02": 0.001, "03": 0.0008},
    **{"06": 0.0004, "07": 0.0004, "09": 0.0002, "08": 0.0002},
}


@dataclass(frozen=True)
class Identities:
    """Per person, in the order of `LastYear.people`; `births` are the true ones, `cccd` everybody's."""

    names: pd.Series[str]
    births: Births
    cccd: pd.Series[str]
    ethnicity: pd.Series[str]


def identify(past: LastYear, village: Ints, villages: int, streams: Streams) -> Identities:
    """Name everybody; `village` is the position of each household's village among `villages`."""
    people = past.people
    births = draw_births(people.age, streams.of("births"))
    lineage = names.draw_lineages(village, villages, streams.of("lineages"))
    # Who split off bears the name of the household left.
    lineage = np.where(past.origin >= 0, lineage[past.origin], lineage)
    drawn = names.draw_names(people, births.year, lineage, streams.of("names"))
    return Identities(
        drawn.full(np.ones(len(people), dtype=bool)),
        births,
        identifiers.draw_cccd(births, people.male, streams.of("cccd")),
        pd.Series(draw(streams.of("ethnicity"), _ETHNICITY, len(people)), dtype="string"),
    )
