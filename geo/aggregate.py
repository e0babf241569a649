"""Counts by commune from classified interviews; rates over resident households, never over those surveyed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import ResidentsError, listed
from poverty.frames import CLASSES

RULES = tuple(f"d{number:02d}" for number in range(1, 13))
#: The classes that official tables count deprivations among.
COUNTED_CLASSES = ("poor", "near_poor")
#: Index value of interviews whose commune is missing or not among the units: they stay in every total.
NO_COMMUNE = ""

_Ints = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]
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
    # Position of each interview's row; one past the last unit for those without a unit.
    row = _positions(cases["commune_code"].astype("string"), codes, len(codes))
    unplaced = row == len(codes)
    index = codes.append(pd.Index([NO_COMMUNE])) if unplaced.any() else codes
    counts = pd.DataFrame(_counts(cases, row, len(index), basis), index=index).astype("Int64")
    return _with_rates(counts.join(_residents(residents, codes).reindex(index)).rename_axis("commune_code"))


def total(table: pd.DataFrame) -> pd.DataFrame:
    """The whole as one row, indexed `total`: sums of an `aggregate` table, rates over the residents of all its units.

    Residents, and so rates, are NA as long as one unit's figure is missing: a rate over a part of the
    residents would be too high.
    """
    base = table.drop(columns=list(RATES))
    placed = base.loc[base.index != NO_COMMUNE]
    sums = {name: (placed[name].sum(skipna=False) if name in _RESIDENTS else base[name].sum()) for name in base}
    return _with_rates(pd.DataFrame(sums, index=["total"]).astype("Int64"))


def _counts(cases: pd.DataFrame, row: _Ints, rows: int, basis: str) -> dict[str, _Ints]:
    """The counts of each of `rows` table rows, given the `row` of every interview."""
    official = _column(cases, "official_status")
    official = official.where(official.isin(CLASSES))
    status = official if basis == "official" else _column(cases, "proposed_class")
    # A class outside the list is no class: the supervisor sees it, the table counts the household as undetermined.
    kind = _positions(status, pd.Index(CLASSES), CLASSES.index("undetermined"))
    review = _column(cases, "review_state")
    rejected = _true(review == "rejected")
    persons = cases["member_count"].astype("Int64")
    unsized = _true(persons.isna())
    sizes = np.asarray(persons.fillna(0), dtype=np.int64)

    def tally(those: _Bools, weights: _Ints | None = None) -> _Ints:
        """How many of `those` (or the sum of their weights) per row; floats are exact up to 2^53."""
        chosen = None if weights is None else weights[those]
        return np.bincount(row[those], chosen, minlength=rows).astype(np.int64)

    counts = {
        "interviewed": tally(~rejected),
        "approved": tally(_true(review == "approved")),
        "rejected": tally(rejected),
        "decided": tally(~rejected & _true(official.notna())),
    }
    has = {name: ~rejected & (kind == at) for at, name in enumerate(CLASSES)}
    counts.update({name: tally(those) for name, those in has.items()})
    counts.update({f"persons_{name}": tally(has[name], sizes) for name in COUNTED_CLASSES})
    counts["persons_unknown"] = tally((has["poor"] | has["near_poor"]) & unsized)
    for name in COUNTED_CLASSES:
        of_class, its_row = cases.loc[has[name], list(RULES)].astype("boolean"), row[has[name]]
        for rule in RULES:
            deprived, unknown = _true(of_class[rule]), _true(of_class[rule].isna())
            counts[f"{rule}_{name}"] = np.bincount(its_row[deprived], minlength=rows)
            counts[f"{rule}_{name}_unknown"] = np.bincount(its_row[unknown], minlength=rows)
    return counts


def _positions(values: pd.Series, among: pd.Index, otherwise: int) -> _Ints:
    """The position of each value in `among`, `otherwise` where it is missing or not there."""
    number, distinct = pd.factorize(values)
    at = np.append(among.get_indexer(pd.Index(distinct)), -1)[number]
    return np.where(at < 0, otherwise, at).astype(np.int64)


def _true(values: pd.Series) -> _Bools:
    """Where the values are true; NA is not."""
    return np.asarray(values.fillna(False), dtype=bool)


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
