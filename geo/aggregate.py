"""Counts by commune from classified interviews; rates over resident households, never over those surveyed."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from geo.errors import ResidentsError, listed
from poverty.frames import CLASSES

RULES = tuple(f"d{number:02d}" for number in range(1, 13))
#: The classes that official tables count deprivations among.
COUNTED_CLASSES = ("poor", "near_poor")
#: Index value of interviews whose commune is missing or not among the units: they stay in every total.
NO_COMMUNE = ""

_RESIDENTS = ("resident_households", "resident_persons")
#: Rate -> (count above, residents below).
RATES = {
    "rate_poor": ("poor", "resident_households"),
    "rate_near_poor": ("near_poor", "resident_households"),
    "rate_persons_poor": ("persons_poor", "resident_persons"),
    "rate_persons_near_poor": ("persons_near_poor", "resident_persons"),
    "coverage": ("interviewed", "resident_households"),
}


def aggregate(
    cases: pd.DataFrame,
    residents: pd.DataFrame | None,
    units: pd.DataFrame,
    basis: Literal["proposed", "official"] = "proposed",
) -> pd.DataFrame:
    """One row per unit, indexed by `commune_code`, in the order of `units`; a unit without interviews has zeros.

    `cases`: one row per interview: `commune_code`, `proposed_class`, `member_count` (persons), `d01`..`d12`
    (boolean, NA = unknown); optional `official_status` (the decided class, NA = not decided) and
    `review_state` (Central's: received, hasIssues, edited, approved, rejected). Rejected interviews (loại
    phiếu) count in `rejected` and nowhere else. `residents`: `commune_code`, `households`, `persons` of the
    year, or None. `units`: as `geo.units.units` (`code`). `basis`: `proposed` counts our class; `official`
    counts decided classes only, undecided ones as `undetermined`.

    Columns (Int64): `interviewed`, `approved`, `rejected`, `decided`; `poor`, `near_poor`, `not_poor`,
    `undetermined` (sum = `interviewed`); `persons_poor`, `persons_near_poor`, and `persons_unknown` (poor and near-poor
    households whose size is unknown, so the persons are a lower bound); `dNN_poor`, `dNN_near_poor` (deprived) and
    `dNN_poor_unknown`, `dNN_near_poor_unknown`; `resident_households`, `resident_persons` (NA = unknown). Float64
    percent: `RATES`, NA without residents.

    Interviews without a unit stand in a last row `NO_COMMUNE`, present only when there are some. Raises
    `ResidentsError` for residents of a unit given twice, of an unknown unit, or below zero.
    """
    codes = pd.Index(units["code"].astype(str), name="commune_code")
    counts = _counts(cases, basis)
    commune = cases["commune_code"].astype("string")
    commune = commune.where(commune.isin(codes), NO_COMMUNE)
    index = codes if bool(commune.isin(codes).all()) else codes.append(pd.Index([NO_COMMUNE]))
    table = counts.groupby(commune.to_numpy(dtype=object), sort=False).sum().reindex(index, fill_value=0)
    table = table.astype("Int64").join(_residents(residents, codes).reindex(index))
    return _with_rates(table.rename_axis("commune_code"))


def total(table: pd.DataFrame) -> pd.DataFrame:
    """The whole as one row, indexed `total`: sums of an `aggregate` table, rates over the residents of all its units.

    Residents, and so rates, are NA as long as one unit's figure is missing: a rate over a part of the
    residents would be too high.
    """
    base = table.drop(columns=list(RATES))
    placed = base.loc[base.index != NO_COMMUNE]
    sums = {name: (placed[name].sum(skipna=False) if name in _RESIDENTS else base[name].sum()) for name in base}
    return _with_rates(pd.DataFrame(sums, index=["total"]).astype("Int64"))


def _counts(cases: pd.DataFrame, basis: str) -> pd.DataFrame:
    """Zeros and ones (persons: their number) per interview, ready to be summed."""
    review = _column(cases, "review_state")
    valid = ~(review == "rejected").fillna(False)
    official = _column(cases, "official_status")
    official = official.where(official.isin(CLASSES))
    proposed = _column(cases, "proposed_class")
    status = (official if basis == "official" else proposed).fillna("undetermined")
    # A class outside the list is no class: the supervisor sees it, the table counts the household as
    # undetermined.
    status = status.where(status.isin(CLASSES), "undetermined")
    persons = cases["member_count"].astype("Int64")

    counts: dict[str, pd.Series] = {
        "interviewed": valid,
        "approved": valid & (review == "approved").fillna(False),
        "rejected": ~valid,
        "decided": valid & official.notna(),
    }
    has = {name: valid & (status == name) for name in CLASSES}
    counts.update(has)
    for name in COUNTED_CLASSES:
        counts[f"persons_{name}"] = persons.fillna(0).where(has[name], 0)
    counts["persons_unknown"] = (has["poor"] | has["near_poor"]) & persons.isna()
    for rule in RULES:
        deprived = cases[rule].astype("boolean")
        for name in COUNTED_CLASSES:
            counts[f"{rule}_{name}"] = has[name] & deprived.fillna(False)
            counts[f"{rule}_{name}_unknown"] = has[name] & deprived.isna()
    return pd.DataFrame(counts, index=cases.index).astype("int64")


def _column(cases: pd.DataFrame, name: str) -> pd.Series:
    """An optional text column, NA throughout when it is not there."""
    if name in cases:
        return cases[name].astype("string")
    return pd.Series(pd.NA, index=cases.index, dtype="string")


def _residents(residents: pd.DataFrame | None, codes: pd.Index) -> pd.DataFrame:
    """`resident_households`, `resident_persons` (Int64) by commune code, checked."""
    if residents is None:
        return pd.DataFrame({name: pd.array([pd.NA] * len(codes), dtype="Int64") for name in _RESIDENTS}, index=codes)
    code = residents["commune_code"].astype(str)
    twice, unknown = sorted(set(code[code.duplicated()])), sorted(set(code) - set(codes))
    if twice:
        raise ResidentsError(
            f"Số dân cư của {len(twice)} đơn vị được ghi hai lần: {listed(twice)}. Giữ một dòng cho mỗi đơn vị.",
            f"Residents of {len(twice)} units are given twice: {listed(twice)}. Keep one row per unit.",
        )
    if unknown:
        raise ResidentsError(
            f"Số dân cư có {len(unknown)} mã ngoài danh mục: {listed(unknown)}. Dùng mã đơn vị có hiệu lực trong đợt.",
            f"Residents name {len(unknown)} codes that are not on the list: {listed(unknown)}. Use the codes in force.",
        )
    table = pd.DataFrame(
        {
            "resident_households": residents["households"].astype("Int64").to_numpy(),
            "resident_persons": residents["persons"].astype("Int64").to_numpy(),
        },
        index=pd.Index(code, name="commune_code"),
    ).astype("Int64")
    below = sorted(table.index[(table < 0).fillna(False).any(axis=1)])
    if below:
        raise ResidentsError(
            f"Số dân cư âm ở: {listed(below)}. Sửa số liệu.",
            f"Residents below zero in: {listed(below)}. Mend the figures.",
        )
    return table.reindex(codes)


def _with_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Add the percent columns; NA where residents are unknown or zero."""
    rates = {}
    for rate, (above, below) in RATES.items():
        residents = table[below].astype("Float64")
        rates[rate] = 100 * table[above].astype("Float64") / residents.where((residents > 0).fillna(False))
    return table.assign(**rates)
