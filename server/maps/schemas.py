"""The shapes of `/api/v1/communes`: figures as numbers, rates in per cent, unknown as null."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field


class LegendClassOut(BaseModel):
    """One class of the map: the least and greatest value in it, and its number of communes."""

    low: float
    high: float
    communes: int


class Commune(BaseModel):
    """Figures of one commune (xã, phường)."""

    commune_code: str = Field(description="5-digit code, text")
    name: str
    unit_type: str
    area_class: str
    interviewed: int
    expected: int | None = Field(description="households on last year's list (yearly review), or residents (full)")
    resident_households: int | None
    resident_persons: int | None
    poor: int
    near_poor: int
    not_poor: int
    undetermined: int
    persons_poor: int
    persons_near_poor: int
    rate_poor: float | None = Field(description="per cent of resident households; null = residents unknown")
    rate_near_poor: float | None
    change_poor: int | None = Field(description="poor households against last year's list")
    count: int = Field(description="of the indicator")
    rate: float | None = Field(description="of the indicator, per cent of its base")
    unknown: int = Field(description="households whose answer to the indicator is missing")
    class_index: int | None = Field(description="position in the legend's classes")
    rank: int | None = Field(description="by count; null while the review is unfinished")
    unfinished: str = Field(description="empty, not_started, not_visited or returned")
    deprivations: dict[str, int] = Field(description="poor and near-poor households deprived, per rule")


class IndicatorOut(BaseModel):
    id: str
    name: str
    count: str
    base: str


class CommunesOut(BaseModel):
    """Every commune of a round under one indicator."""

    round_id: str
    review_date: date
    standard: str
    basis: Literal["proposed", "official"]
    provisional: bool
    pulled_at: datetime | None
    is_boundary: bool | None
    indicator: IndicatorOut
    legend: list[LegendClassOut]
    unplaced: int = Field(description="interviews of no known commune; they count in the total")
    total: dict[str, float | int | None]
    communes: list[Commune]
