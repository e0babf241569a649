"""One map of one round: figures by commune, its legend, and what must be said beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import pandas as pd
from sqlalchemy.orm import Session

import geo.units
from geo.aggregate import NO_COMMUNE, aggregate, total
from geo.legend import Legend, legend
from poverty import Standard, load_standard
from server.accounts.access import Entity, readable
from server.accounts.actor import Actor
from server.accounts.errors import Refused
from server.errors import NotFoundError, UserError
from server.maps import queries
from server.maps.indicators import INDICATORS, Indicator
from server.rounds import service as rounds
from server.rounds.tables import Round
from server.submissions import service as submissions
from server.units import service as units
from server.web.language import Language

if TYPE_CHECKING:
    import geopandas as gpd

Basis = Literal["proposed", "official"]
#: A commune counts as visited from this share of the households expected: some died, moved or merged since.
VISITED_SHARE = 0.9
CLASSES = 5

#: Why a commune's review is unfinished (chưa rà soát xong).
NOT_STARTED, NOT_VISITED, RETURNED = "not_started", "not_visited", "returned"


@dataclass(frozen=True)
class Sources:
    """Where the figures come from, for the foot of the map."""

    pulled_at: datetime | None
    pull_failed: bool
    residents: tuple[str, date] | None
    boundaries: str | None
    is_boundary: bool | None


@dataclass(frozen=True)
class MapView:
    """Everything that a page or an answer of the API tells.

    `table`: one row per commune (index code): `geo.aggregate`'s columns and `name`, `unit_type`, `area_class`, `count`,
    `rate`, `unknown` (households whose answer is missing), `class_index`, `expected`, `unfinished` ("" or why),
    `returned`, `change_poor` (against last year's list), `rank` (NA when unfinished). Greatest `count` first.
    Communes outside the reader's areas are left out. `total`: the same figures of all that is shown, which is the
    province or less (`whole_province`). `unplaced`: interviews of no known commune (in every total).
    """

    round: Round
    whole_province: bool
    standard: Standard
    indicator: Indicator
    basis: Basis
    table: pd.DataFrame
    total: pd.Series
    legend: Legend
    unplaced: int
    provisional: bool
    sources: Sources


def view(
    session: Session,
    actor: Actor,
    *,
    round_id: str | None = None,
    indicator_id: str = "rate_poor",
    basis: Basis = "proposed",
    language: Language = "vi",
) -> MapView:
    """The map of a round (None: the latest), within the reader's areas.

    Raises `NotFoundError` (no such round), `UserError` (no indicator) or `Refused` (no commune to show).
    """
    indicator = INDICATORS.get(indicator_id)
    if indicator is None:
        known = ", ".join(INDICATORS)
        raise UserError(
            "indicator_unknown", f"Không có chỉ số này; các chỉ số: {known}.", f"No such indicator: {known}."
        )
    shown = rounds.choose(session, round_id)
    official = units.units_on(session, shown.unit_vintage, shown.province_code)
    scope = readable(actor, Entity.AGGREGATES)
    within = units.communes_within(session, shown.unit_vintage, shown.province_code, scope)
    if not within:
        raise Refused("no_area")
    whole_province = within.issuperset(official.index)
    official = official[official.index.isin(within)]
    cases = queries.cases_frame(session, shown.round_id, scope)
    cases = cases[cases["commune_code"].isna() | cases["commune_code"].isin(within)]
    residents = units.residents_frame(session, shown.review_date.year, shown.unit_vintage, shown.province_code)
    if residents is not None:
        residents = residents[residents["commune_code"].isin(within)]
    aggregated = aggregate(cases, residents, official.reset_index(), basis)

    listed = queries.listed(session, shown.province_code, shown.review_date.year - 1, scope)
    table = _described(aggregated[aggregated.index != NO_COMMUNE], official, indicator, language)
    table = _with_progress(table, cases, listed, shown)
    whole = total(aggregated)
    whole = whole.assign(count=indicator.count(whole), rate=indicator.rate(whole))
    whole["change_poor"] = table["change_poor"].sum(skipna=False)
    whole["expected"] = table["expected"].sum(skipna=False)
    legend_of_rate = legend(table["rate"], k=CLASSES)
    table = table.assign(class_index=legend_of_rate.class_index)
    unplaced = int(aggregated["interviewed"].get(NO_COMMUNE, 0))
    return MapView(
        round=shown,
        whole_province=whole_province,
        standard=load_standard(shown.standard_id),
        indicator=indicator,
        basis=basis,
        table=table,
        total=whole.astype(object).iloc[0],
        legend=legend_of_rate,
        unplaced=unplaced,
        # A figure that rests on recorded decisions alone is official, whatever our proposal was.
        provisional=basis == "proposed",
        sources=_sources(session, shown, set(official["valid_from"])),
    )


def commune_causes(session: Session, actor: Actor, round_id: str, code: str) -> Counter[str]:
    """Causes (nguyên nhân nghèo) named by the poor and near-poor households of a commune."""
    return queries.causes(session, round_id, code, readable(actor, Entity.AGGREGATES))


def row(shown: MapView, code: str) -> pd.Series:
    """The commune's row of a map. Raises `NotFoundError`."""
    if code not in shown.table.index:
        raise NotFoundError(
            "commune_unknown",
            "Không có xã, phường này trong đợt; chọn lại trên bản đồ.",
            "There is no such commune in this round; choose again on the map.",
        )
    return pd.Series(shown.table.loc[code])


def cells(session: Session, shown: Round) -> gpd.GeoDataFrame | None:
    """The round's communes light enough for a browser, by code, with `longitude` and `latitude` of a point well inside.

    None when no boundaries were imported and no stand-ins drawn. Attrs: `is_boundary`, `source`.
    """
    full = units.cells_on(session, shown.unit_vintage, shown.province_code)
    if full is None:
        return None
    return _light(_Cells(full))


class _Cells:
    """Cells as a key of the cache: equal when codes and shapes are."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.frame = frame
        self._key = hash((tuple(frame.index), tuple(frame.geometry.to_wkb()), frame.attrs["is_boundary"]))

    def __hash__(self) -> int:
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Cells) and self._key == other._key


@lru_cache(maxsize=4)
def _light(cells: _Cells) -> gpd.GeoDataFrame:
    import shapely

    from geo.boundaries import for_web

    light = for_web(cells.frame)
    # The middle of the largest circle within: a centroid may lie outside a bent commune.
    inside = shapely.get_point(shapely.maximum_inscribed_circle(light.geometry.array, tolerance=0.001), 0)
    light["longitude"], light["latitude"] = shapely.get_x(inside).round(5), shapely.get_y(inside).round(5)
    light.attrs = dict(cells.frame.attrs)
    return light


def _described(table: pd.DataFrame, official: pd.DataFrame, indicator: Indicator, language: Language) -> pd.DataFrame:
    named = official.loc[table.index]
    unknown = table[list(indicator.unknown)].sum(axis=1) if indicator.unknown else pd.Series(0, index=table.index)
    return table.assign(
        name=geo.units.labels(named.assign(district=None).reset_index(), language).to_numpy(),
        unit_type=named["unit_type"],
        area_class=named["area_class"],
        count=indicator.count(table),
        rate=indicator.rate(table),
        unknown=unknown.astype("Int64"),
    )


def _with_progress(table: pd.DataFrame, cases: pd.DataFrame, listed: pd.DataFrame, shown: Round) -> pd.DataFrame:
    """Add `expected`, `returned`, `unfinished`, `change_poor` and `rank`, and sort."""
    last_year = listed.reindex(table.index).fillna(0) if len(listed) else listed.reindex(table.index)
    returned = cases["commune_code"][cases["review_state"] == "hasIssues"].value_counts()
    expected = table["resident_households"] if shown.scope == "full" else last_year.sum(axis=1, skipna=False)
    expected = expected.astype("Int64")
    table = table.assign(
        expected=expected,
        returned=returned.reindex(table.index).fillna(0).astype("Int64"),
        change_poor=table["poor"] - last_year["listed_poor"].astype("Int64"),
        unfinished="",
    )
    table.loc[table["returned"] > 0, "unfinished"] = RETURNED
    short = (table["interviewed"] < VISITED_SHARE * expected.astype("Float64")).fillna(False).astype(bool)
    table.loc[short, "unfinished"] = NOT_VISITED
    # Nobody visited and nobody to visit is finished; nobody visited and nothing known is not.
    table.loc[(table["interviewed"] == 0) & ~(expected == 0).fillna(False).astype(bool), "unfinished"] = NOT_STARTED
    finished = table["unfinished"] == ""
    table = table.assign(rank=table["count"].where(finished).rank(ascending=False, method="min").astype("Int64"))
    return table.sort_values(["count", "name"], ascending=[False, True], kind="stable")


def _sources(session: Session, shown: Round, vintages: set[date]) -> Sources:
    pulled = submissions.last_pull(session, shown.round_id)
    drawn = queries.drawn_from(session, shown.unit_vintage, shown.province_code)
    return Sources(
        pulled_at=None if pulled is None else pulled.last_success_at,
        pull_failed=pulled is not None and pulled.last_error_code is not None,
        residents=queries.residents_source(session, shown.review_date.year, vintages),
        boundaries=None if drawn is None else drawn[0],
        is_boundary=None if drawn is None else drawn[1],
    )
