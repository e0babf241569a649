"""What the map can show: two rates over resident households, and the twelve deprivations of the poor and near-poor."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from geo.aggregate import RULES
from poverty import Standard
from server.web.language import Language, gettext, mark


@dataclass(frozen=True)
class Indicator:
    """One map: a count (circles) and the rate beside it (colour), in per cent of `base`.

    `counted`: columns of the aggregate table whose sum is the count; `unknown`: those that may hide more of it.
    """

    id: str
    counted: tuple[str, ...]
    base: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    @property
    def over_residents(self) -> bool:
        return self.base == ("resident_households",)

    def count(self, table: pd.DataFrame) -> pd.Series:
        """Households per unit (Int64)."""
        return table[list(self.counted)].sum(axis=1, skipna=False).astype("Int64")

    def rate(self, table: pd.DataFrame) -> pd.Series:
        """Per cent per unit (Float64); NA where the base is unknown or nobody."""
        base = table[list(self.base)].sum(axis=1, skipna=False).astype("Float64")
        return 100 * self.count(table).astype("Float64") / base.where((base > 0).fillna(False))


POOR = Indicator("rate_poor", ("poor",), ("resident_households",))
NEAR_POOR = Indicator("rate_near_poor", ("near_poor",), ("resident_households",))
DEPRIVATIONS = tuple(
    Indicator(
        rule,
        (f"{rule}_poor", f"{rule}_near_poor"),
        ("poor", "near_poor"),
        (f"{rule}_poor_unknown", f"{rule}_near_poor_unknown"),
    )
    for rule in RULES
)
INDICATORS = {indicator.id: indicator for indicator in (POOR, NEAR_POOR, *DEPRIVATIONS)}

_NAMES = {
    "rate_poor": mark("Tỷ lệ hộ nghèo"),
    "rate_near_poor": mark("Tỷ lệ hộ cận nghèo"),
}
_COUNTS = {"rate_poor": mark("Hộ nghèo"), "rate_near_poor": mark("Hộ cận nghèo")}


def name(indicator: Indicator, standard: Standard, language: Language) -> str:
    """What the indicator is called."""
    if indicator.id in _NAMES:
        return gettext(language, _NAMES[indicator.id])
    return standard.rule(indicator.id).name.in_language(language)


def count_name(indicator: Indicator, language: Language) -> str:
    """What its count counts."""
    return gettext(language, _COUNTS.get(indicator.id, mark("Hộ thiếu hụt")))


def base_name(indicator: Indicator, language: Language) -> str:
    """What its rate is a share of."""
    if indicator.over_residents:
        return gettext(language, mark("tổng số hộ dân cư"))
    return gettext(language, mark("số hộ nghèo và hộ cận nghèo"))
