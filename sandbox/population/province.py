"""The province: what is drawn in which order, and the frames that come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from sandbox.population import frames, kinship, places, registry
from sandbox.population.deprivations import draw_truth
from sandbox.population.identity import identify
from sandbox.population.interviewed import Interviewed
from sandbox.population.kinship import count
from sandbox.population.last_year import LastYear, look_back
from sandbox.population.outcomes import MET, draw_outcomes, unknown_where
from sandbox.population.quotas import ABSENT, NOT_LISTED, Quotas, Scope, draw_quotas
from sandbox.population.streams import Streams
from sandbox.population.visits import visit
from sandbox.population.vocabulary import INCOME_LINE, NEAR_POOR, Ints, apportion


@dataclass(frozen=True)
class Province:
    """A synthetic province. Households are keyed by `household_no` ("H0000001"), also where the index of the
    frames is called `interview_id`.

    villages: village_id, name, type, commune_code, latitude, longitude (EPSG:4326): all invented.
    residents: commune_code, households, persons: all who live there, the denominators of the rates.
    households, members: the answers, columns and codes of the household form; households also have `enumerator`
        and `visited_at` (Asia/Ho_Chi_Minh). A household whose `outcome` is not met has no other answers and no members.
    truth: by household_no: outcome (of a household that was not met nothing is known), proposed_class, below_line
        (boolean), d01..d12 (boolean, NA unknown), commune_code, area_class, village_id, latitude, longitude (where it
        stands, GPS or not), member_count (met or not), registry_code and registry_village_id (on last year's list; NA:
        not on it), previous (poor, near_poor, none: not listed), change (see `last_year.CHANGES`), split_from (code of
        the household left, or NA).
    registry_households, registry_members: last year's list (see `registry.write_list`).
    movements: previous, current, households, persons.
    enumerators: enumerator_id, name, village_ids (joined by a space).
    """

    villages: pd.DataFrame
    residents: pd.DataFrame
    households: pd.DataFrame
    members: pd.DataFrame
    truth: pd.DataFrame
    registry_households: pd.DataFrame
    registry_members: pd.DataFrame
    movements: pd.DataFrame
    enumerators: pd.DataFrame


def generate(households: int, communes: gpd.GeoDataFrame, scope: Scope = "annual", seed: int = 2026) -> Province:
    """Invent a province with `households` interviewed households; the same arguments give the same bytes.

    `communes` in EPSG:4326, indexed by code: name, area_class (rural | urban), population, geometry (polygons).
    Scope `annual`: the households are last year's list (as far as they still exist) and the applicants;
    `residents` says of how many they are the part. Scope `full`: all resident households are interviewed. Either
    way 1.93 % of the residents are poor and 2.01 % near-poor. ValueError when an argument does not fit.
    """
    _check(households, communes, scope)
    streams = Streams(seed)
    quotas = draw_quotas(households, scope, streams.of("quotas"))
    kinds = kinship.draw_kinds(quotas.current, streams.of("kinds"))
    past = look_back(kinship.compose(kinds, streams.of("kinship")), quotas, streams.of("last year"))
    met = quotas.current != ABSENT

    areas = [places.Area(polygon) for polygon in communes.geometry]
    rng = streams.of("places")
    commune = _communes(quotas, communes, past, rng)
    population = communes["population"].to_numpy(dtype=float)
    in_commune = np.bincount(commune[met], minlength=len(communes))
    resident = in_commune if scope == "full" else np.maximum(apportion(quotas.residents, population), in_commune)
    villages = places.found_villages(communes, areas, resident, rng)
    village = places.settle(commune, villages, rng)
    village = np.where(past.origin >= 0, village[past.origin], village)

    everybody = identify(past, village, len(villages.frame), streams)
    listed = registry.write_list(
        past,
        quotas,
        everybody,
        registry.former_villages(village, villages, streams.of("moves")),
        villages,
        communes["name"].astype("string"),
        streams.of("registry"),
    )
    interviewed = Interviewed(past, met)
    truth = draw_truth(interviewed.people, quotas.current[met], streams.of("truth"))
    outcome = draw_outcomes(quotas.current[met], streams.of("outcomes"))
    truth = unknown_where(truth, outcome != MET)
    location = places.locate(village[met], villages, areas, streams.of("positions"))
    enumerators, visits = visit(village[met], villages, streams.of("visits"))
    drawn = frames.Drawn(
        quotas, past, everybody, interviewed, truth, outcome, communes, commune, villages, village, location, listed
    )
    answers = frames.household_answers(drawn, streams)
    return Province(
        villages=villages.frame,
        residents=frames.residents(drawn, resident, streams.of("residents")),
        households=answers.assign(**{name: visits[name].array for name in visits.columns}),
        members=frames.member_answers(drawn, streams),
        truth=frames.truth(drawn),
        registry_households=listed.households,
        registry_members=listed.members,
        movements=registry.count_movements(quotas, count(past.people.present, past.people.household, len(met))),
        enumerators=enumerators,
    )


def _check(households: int, communes: gpd.GeoDataFrame, scope: str) -> None:
    if households < 1:
        raise ValueError(f"households must be at least 1, not {households}")
    if scope not in get_args(Scope):
        raise ValueError(f"scope must be annual or full, not {scope!r}")
    missing = {"name", "area_class", "population", "geometry"} - set(communes.columns)
    if missing:
        raise ValueError(f"communes lack the columns {', '.join(sorted(missing))}")
    if communes.empty or communes.crs is None or communes.crs.to_epsg() != 4326:
        raise ValueError("communes must be given in EPSG:4326, at least one of them")
    if not communes.index.is_unique or not communes["area_class"].isin(list(INCOME_LINE)).all():
        raise ValueError("every commune needs a code of its own and an area_class, rural or urban")
    if communes.geometry.is_empty.any() or not (communes["population"] > 0).all():
        raise ValueError("every commune needs a polygon and a population above zero")


def _communes(quotas: Quotas, communes: gpd.GeoDataFrame, past: LastYear, rng: np.random.Generator) -> Ints:
    """A commune for each household: those on the list or in need by need, all others so that populations come out."""
    met = quotas.current != ABSENT
    in_need = (quotas.previous != NOT_LISTED) | (quotas.current <= NEAR_POOR)
    result = np.empty(len(met), dtype=np.int64)
    result[in_need] = places.draw_communes(int(in_need.sum()), communes, rng)
    # A household that split off stays in the village of the one it left.
    result = np.where(past.origin >= 0, result[past.origin], result)
    others = np.flatnonzero(~in_need)
    weights = communes["population"].to_numpy(dtype=float)
    if quotas.residents == met.sum():
        there = np.bincount(result[in_need & met], minlength=len(communes))
        still_wanted = np.maximum(apportion(quotas.residents, weights) - there, 0).astype(float)
        weights = still_wanted if still_wanted.any() else weights
    result[others] = rng.permutation(np.repeat(np.arange(len(communes)), apportion(len(others), weights)))
    return result
