"""Last year's list of poor and near-poor households, as the commune kept it: true people, clerk's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sandbox.population.identity import Identities
from sandbox.population.last_year import LastYear
from sandbox.population.names import without_tones
from sandbox.population.places import Villages
from sandbox.population.quotas import CURRENT, NOT_LISTED, PREVIOUS, Quotas
from sandbox.population.vocabulary import HEAD, RELATIONS, REVIEW_YEAR, SPOUSE, Bools, Ints, text

_NO_CCCD = 0.40
_NO_TONES = 0.03
_ONLY_YEAR = 0.25  # beside those of whom only the year is known anyway
_MOVED, _MOVED_FAR = 0.015, 0.4


@dataclass(frozen=True)
class Registry:
    """`households`, `members` as a file would hold them; `codes` the code of every household (NA: not listed);
    `village` where each listed household stood on the list."""

    households: pd.DataFrame
    members: pd.DataFrame
    codes: pd.Series[str]
    village: Ints


def former_villages(village: Ints, villages: Villages, rng: np.random.Generator) -> Ints:
    """Where households lived last year: a few have moved since, most of them within their commune."""
    former = village.copy()
    chance = rng.random(len(village))
    far = rng.integers(0, len(villages.frame), size=len(village))
    starts = np.searchsorted(villages.commune, villages.commune[village])
    sizes = np.bincount(villages.commune)[villages.commune[village]]
    near = starts + np.floor(rng.random(len(village)) * sizes).astype(np.int64)
    moved = chance < _MOVED
    former[moved] = np.where(chance < _MOVED * _MOVED_FAR, far, near)[moved]
    return former


def household_codes(quotas: Quotas, village: Ints, villages: Villages) -> pd.Series[str]:
    """The code on the list ("33-11953-00017"): province, commune, number; NA for who is not on it."""
    listed = quotas.previous != NOT_LISTED
    commune_codes = villages.frame["commune_code"].to_numpy()
    commune = pd.Series(commune_codes[village], dtype="string")
    serial = commune[listed].groupby(commune[listed]).cumcount() + 1
    codes: pd.Series[str] = "33-" + commune[listed] + "-" + (serial + 100_000).astype("string").str.slice(1)
    return codes.reindex(range(len(commune)))


def write_list(
    past: LastYear,
    quotas: Quotas,
    identities: Identities,
    village: Ints,
    villages: Villages,
    communes: pd.Series[str],
    rng: np.random.Generator,
) -> Registry:
    """The list of last year; `village` is last year's, per household, `communes` the names by code.

    households: household_code, year, commune_code, village_id, village_name, head_name, status, address.
    members: household_code, member_no, full_name, sex, birth_date, birth_year, relation, cccd, ethnicity.
    """
    codes = household_codes(quotas, village, villages)
    people, births = past.people, identities.births
    rows = _order(past)
    entry = past.entry[rows]
    number = pd.Series(entry).groupby(entry).cumcount().to_numpy() + 1
    size = len(rows)
    written = identities.names.iloc[rows].reset_index(drop=True)
    bare: Bools = rng.random(size) < _NO_TONES
    written = without_tones(written, bare)
    only_year = births.year_only[rows] | (rng.random(size) < _ONLY_YEAR)
    date = births.date[rows].astype("datetime64[ns]")
    year = pd.Series(births.year[rows], dtype="Int64")
    without_cccd = pd.Series(rng.random(size) < _NO_CCCD)
    members = pd.DataFrame(
        {
            "household_code": codes.iloc[entry].array,
            "member_no": number,
            "full_name": written,
            "sex": text(("male", "female"), np.where(people.male[rows], 0, 1)),
            "birth_date": pd.Series(date).mask(pd.Series(only_year)),
            "birth_year": year.where(pd.Series(only_year)),
            "relation": text(RELATIONS, past.relation[rows]),
            "cccd": identities.cccd.iloc[rows].reset_index(drop=True).mask(without_cccd),
            "ethnicity": identities.ethnicity.iloc[rows].array,
        }
    )
    listed = np.flatnonzero(quotas.previous != NOT_LISTED)
    heads = pd.Series(written[number == 1].array, index=entry[number == 1])
    frame = villages.frame.iloc[village[listed]].reset_index(drop=True)
    households = pd.DataFrame(
        {
            "household_code": codes.iloc[listed].array,
            "year": REVIEW_YEAR - 1,
            "commune_code": frame["commune_code"],
            "village_id": frame["village_id"],
            "village_name": frame["name"],
            "head_name": heads.reindex(listed).array,
            "status": text(PREVIOUS, quotas.previous[listed]),
            "address": frame["name"] + ", " + frame["commune_code"].map(communes).astype("string"),
        }
    )
    households = households.sort_values("household_code", ignore_index=True)
    members = members.sort_values(["household_code", "member_no"], ignore_index=True)
    return Registry(households, members, codes, village)


def _order(past: LastYear) -> Ints:
    """People on the list by entry: head first, spouse second, then as they are."""
    rows = np.flatnonzero(past.entry >= 0)
    relation = past.relation[rows]
    rank = np.select([relation == HEAD, relation == SPOUSE], [0, 1], 2)
    return rows[np.lexsort((rows, rank, past.entry[rows]))]


def count_movements(quotas: Quotas, persons: Ints) -> pd.DataFrame:
    """previous, current, households, persons: the true transitions, absent and not listed included.

    `persons` are of this year; of the absent, those of last year.
    """
    frame = pd.DataFrame(
        {"previous": text(PREVIOUS, quotas.previous), "current": text(CURRENT, quotas.current), "persons": persons}
    )
    grouped = frame.groupby(["previous", "current"], sort=True)["persons"]
    return grouped.agg(households="size", persons="sum").reset_index()
