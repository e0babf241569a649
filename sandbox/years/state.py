"""The households of one year and who lives in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sandbox.population import identifiers, kinship
from sandbox.population.births import Births
from sandbox.population.kinship import People
from sandbox.population.names import draw_lineages, draw_names
from sandbox.population.streams import Streams
from sandbox.population.vocabulary import Bools, Codes, Floats, Ints

#: Households of a village, and of a commune where the province is small.
_HOUSEHOLDS_PER_VILLAGE, _HOUSEHOLDS_PER_COMMUNE, _MOST_COMMUNES = 350, 2_000, 104
#: Metres around the middle of a village, and per degree of latitude.
_SPREAD, _METRES = 250.0, 111_195.0
_WEST, _SOUTH = 105.9, 20.4  # of the invented province


@dataclass(frozen=True)
class State:
    """A year.

    villages: by position: village_id, commune_code (text), commune (position), latitude, longitude (EPSG:4326).
    households: by household_no (never used again): village (position), latitude, longitude, phone (whole number),
        opened (year), split_from (household_no it split from in that year, -1: from none).
    people: by person_no, sorted by household, the head first: household (household_no), relation (index into
        `RELATIONS`), male, birth (datetime64[s]), family, middle, given (codes of `sandbox.population.names`),
        cccd (whole number of 12 digits with zeros in front).
    closed: by household_no: closed (year), merged_into (household_no, or -1: moved away or died out), split_from.
    departed: by person_no: departed (year), reason (died | left), household (the last one).
    next_household, next_person: the first numbers not used yet.
    """

    year: int
    villages: pd.DataFrame
    households: pd.DataFrame
    people: pd.DataFrame
    closed: pd.DataFrame
    departed: pd.DataFrame
    next_household: int
    next_person: int


def begin(households: int, year: int = 2025, seed: int = 1) -> State:
    """The first year; the same arguments give the same state. ValueError for fewer than one household."""
    if households < 1:
        raise ValueError(f"households must be at least 1, not {households}")
    streams = Streams(seed)
    villages = _found_villages(households, streams.of("villages"))
    rng = streams.of("settling")
    village = rng.choice(len(villages), size=households, p=rng.dirichlet(np.full(len(villages), 6.0)))
    lineage = draw_lineages(village, len(villages), streams.of("lineages"))
    numbers = np.arange(households, dtype=np.int64)
    people = draw_people(numbers, lineage, year, streams)
    places = around(village, villages, streams.of("places"))
    return State(
        year=year,
        villages=villages,
        households=pd.DataFrame(
            {
                "village": village,
                "latitude": places[:, 0],
                "longitude": places[:, 1],
                "phone": draw_phones(households, streams.of("phones")),
                "opened": np.full(households, year),
                "split_from": np.full(households, -1, dtype=np.int64),
            },
            index=pd.Index(numbers, name="household_no"),
        ),
        people=people.set_index(pd.RangeIndex(len(people), name="person_no")),
        closed=pd.DataFrame(
            {name: np.empty(0, np.int64) for name in ("closed", "merged_into", "split_from")},
            index=pd.Index(np.empty(0, np.int64), name="household_no"),
        ),
        departed=pd.DataFrame(
            {
                "departed": np.empty(0, np.int64),
                "reason": pd.Series([], dtype="str"),
                "household": np.empty(0, np.int64),
            },
            index=pd.Index(np.empty(0, np.int64), name="person_no"),
        ),
        next_household=households,
        next_person=len(people),
    )


def _found_villages(households: int, rng: np.random.Generator) -> pd.DataFrame:
    communes = int(np.clip(round(households / _HOUSEHOLDS_PER_COMMUNE), 1, _MOST_COMMUNES))
    number = max(communes, round(households / _HOUSEHOLDS_PER_VILLAGE))
    commune = np.sort(np.arange(number) % communes)
    serial = pd.Series(commune).groupby(commune).cumcount() + 1
    codes = (pd.Series(commune) + 100_001).astype("str").str.slice(1)
    across = int(np.ceil(np.sqrt(communes)))
    middle = np.column_stack([_SOUTH + 0.08 * (commune // across), _WEST + 0.08 * (commune % across)])
    places = middle + rng.uniform(-0.03, 0.03, size=(number, 2))
    return pd.DataFrame(
        {
            "village_id": codes + "-V" + (serial + 1000).astype("str").str.slice(1),
            "commune_code": codes,
            "commune": commune,
            "latitude": places[:, 0],
            "longitude": places[:, 1],
        }
    )


def draw_people(household_no: Ints, lineage: Codes, year: int, streams: Streams) -> pd.DataFrame:
    """Households of strangers, one for each number, with the columns of `State.people`.

    `lineage` is the family name (code) of each.
    """
    position = np.zeros(len(household_no), dtype=np.int8) + np.int8(2)  # classes: most are not poor
    people = kinship.compose(kinship.draw_kinds(position, streams.of("kinds")), streams.of("kinship"))
    return name_people(people, household_no, lineage, year, streams)


def name_people(people: People, household_no: Ints, lineage: Codes, year: int, streams: Streams) -> pd.DataFrame:
    """Births, names and numbers for `people`, whose `household` is a position in `household_no` and `lineage`."""
    rng = streams.of("births")
    review = np.datetime64(f"{year}-09-01")
    days = np.floor(people.age * 365.2425).astype(np.int64) + rng.integers(0, 365, size=len(people))
    birth = review - days.astype("timedelta64[D]")
    births = Births(birth, np.zeros(len(people), dtype=bool))
    drawn = draw_names(people, births.year, lineage, streams.of("names"))
    cccd = identifiers.draw_cccd(births, people.male, streams.of("cccd"))
    return pd.DataFrame(
        {
            "household": household_no[people.household],
            "relation": people.relation,
            "male": people.male,
            "birth": birth.astype("datetime64[s]"),
            "family": drawn.family,
            "middle": drawn.middle.astype(np.int16),
            "given": drawn.given.astype(np.int16),
            "cccd": cccd.astype("int64").to_numpy(),
        }
    )


def around(village: Ints, villages: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Latitude and longitude (n, 2) of households of the given villages (positions)."""
    middle = villages[["latitude", "longitude"]].to_numpy()[village]
    return np.asarray(middle + to_degrees(rng.normal(0, _SPREAD, size=(len(village), 2)), middle[:, 0]))


def to_degrees(metres: Floats, latitude: Floats) -> Floats:
    """Metres north and east (n, 2) as degrees at the given latitudes."""
    return np.asarray(np.column_stack([metres[:, 0] / _METRES, metres[:, 1] / _METRES / np.cos(np.radians(latitude))]))


def draw_phones(households: int, rng: np.random.Generator) -> Ints:
    """Mobile numbers as whole numbers (without the zero in front)."""
    return identifiers.draw_phones(households, rng).astype("int64").to_numpy().astype(np.int64)


def ages(birth: pd.Series[pd.Timestamp], year: int) -> Ints:
    """Full years on 1 September of `year`, to a day."""
    days = (np.datetime64(f"{year}-09-01") - birth.to_numpy().astype("datetime64[D]")).astype(np.int64)
    return np.asarray(np.floor(days / 365.2425).astype(np.int64))


def pick(mask: Bools, number: int, rng: np.random.Generator) -> Bools:
    """A mask of `number` positions at random among those of `mask` (all, where there are fewer)."""
    chosen = np.zeros(len(mask), dtype=bool)
    chosen[rng.permutation(np.flatnonzero(mask))[:number]] = True
    return chosen
