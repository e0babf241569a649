"""Commune tables: nothing lost, every sum ties, unknown stays unknown, rates over residents only."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.aggregate import COUNTED_CLASSES, NO_COMMUNE, RATES, RULES, aggregate, total
from geo.errors import ResidentsError
from geo.units import units
from poverty.frames import CLASSES

UNITS = units(date(2025, 7, 1)).head(6)
CODES = UNITS["code"].tolist()


def case(**other: Any) -> dict[str, Any]:
    usual = {"commune_code": CODES[0], "proposed_class": "poor", "member_count": 4, **dict.fromkeys(RULES, False)}
    return usual | other


def cases(*rows: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=[*case(), "official_status", "review_state"])
    text = dict.fromkeys(["commune_code", "proposed_class", "official_status", "review_state"], "string")
    return frame.astype({**text, "member_count": "Int64", **dict.fromkeys(RULES, "boolean")})


def residents(households: int | None = 1000, persons: int | None = 3500) -> pd.DataFrame:
    return pd.DataFrame({"commune_code": CODES, "households": households, "persons": persons})


def test_counts_classes_persons_and_deprivations() -> None:
    table = aggregate(
        cases(
            case(d01=True, d02=None),
            case(member_count=None, d01=True),
            case(proposed_class="near_poor", member_count=2, d12=True),
            case(proposed_class="not_poor", d01=True),
            case(proposed_class="undetermined"),
            case(commune_code=CODES[1], proposed_class="poor", member_count=7),
        ),
        residents(),
        UNITS,
    )
    first = table.loc[CODES[0]]
    assert first[["interviewed", *CLASSES]].tolist() == [5, 2, 1, 1, 1]
    assert first[["persons_poor", "persons_near_poor", "persons_unknown"]].tolist() == [4, 2, 1]
    assert first[["d01_poor", "d01_poor_unknown", "d02_poor", "d02_poor_unknown"]].tolist() == [2, 0, 0, 1]
    assert first[["d01_near_poor", "d12_near_poor"]].tolist() == [0, 1]
    assert table.loc[CODES[1], "persons_poor"] == 7
    assert (table.loc[CODES[2:], "interviewed"] == 0).all()
    assert table.index.tolist() == CODES


def test_rates_divide_by_residents_never_by_interviews() -> None:
    table = aggregate(cases(case(), case(), case(proposed_class="near_poor", member_count=7)), residents(), UNITS)
    assert table.loc[CODES[0], ["rate_poor", "rate_near_poor"]].tolist() == pytest.approx([0.2, 0.1])
    assert table.loc[CODES[0], "rate_persons_poor"] == pytest.approx(100 * 8 / 3500)
    assert table.loc[CODES[0], "coverage"] == pytest.approx(0.3)
    assert total(table).loc["total", "rate_poor"] == pytest.approx(100 * 2 / 6000)


@pytest.mark.parametrize("given_residents", [None, residents(None, None), residents(0, 0)])
def test_without_residents_the_count_stands_and_the_rate_is_missing(given_residents: pd.DataFrame | None) -> None:
    table = aggregate(cases(case()), given_residents, UNITS)
    assert table.loc[CODES[0], "poor"] == 1
    assert table[list(RATES)].isna().all().all()
    assert total(table)[list(RATES)].isna().all().all()


def test_the_total_has_no_rate_while_one_unit_lacks_its_residents() -> None:
    table = aggregate(cases(case()), residents().iloc[1:], UNITS)
    whole = total(table).loc["total"]
    assert table["rate_poor"].isna().tolist() == [True, False, False, False, False, False]
    assert whole["poor"] == 1
    assert pd.isna(whole["resident_households"])
    assert pd.isna(whole["rate_poor"])


def test_interviews_without_a_unit_stay_in_the_total() -> None:
    table = aggregate(cases(case(), case(commune_code=None), case(commune_code="99999")), residents(), UNITS)
    assert table.index.tolist() == [*CODES, NO_COMMUNE]
    assert table.loc[NO_COMMUNE, ["interviewed", "poor"]].tolist() == [2, 2]
    assert pd.isna(table.loc[NO_COMMUNE, "rate_poor"])
    whole = total(table).loc["total"]
    assert whole["poor"] == 3
    assert whole["rate_poor"] == pytest.approx(100 * 3 / 6000)


def test_rejected_interviews_count_as_rejected_only() -> None:
    table = aggregate(cases(case(review_state="rejected", d01=True), case(review_state="approved")), None, UNITS)
    row = table.loc[CODES[0]]
    assert row[["interviewed", "approved", "rejected", "poor", "persons_poor", "d01_poor"]].tolist() == [
        1,
        1,
        1,
        1,
        4,
        0,
    ]


def test_official_figures_rest_on_decisions_alone() -> None:
    frame = cases(
        case(official_status="near_poor"),
        case(official_status=None),
        case(official_status="not_poor", review_state="rejected"),
    )
    official = aggregate(frame, None, UNITS, basis="official").loc[CODES[0]]
    assert official[["decided", *CLASSES]].tolist() == [1, 0, 1, 0, 1]
    assert aggregate(frame, None, UNITS).loc[CODES[0], ["decided", "poor"]].tolist() == [1, 2]


def test_a_class_outside_the_list_is_undetermined() -> None:
    frame = cases(case(proposed_class="rich"), case(proposed_class=None))
    assert aggregate(frame, None, UNITS).loc[CODES[0], list(CLASSES)].tolist() == [0, 0, 0, 2]


def test_works_without_optional_columns_and_without_interviews() -> None:
    table = aggregate(cases().drop(columns=["official_status", "review_state"]), residents(), UNITS)
    assert len(table) == len(UNITS)
    assert total(table).loc["total", "interviewed"] == 0
    assert table["rate_poor"].tolist() == [0.0] * 6


@pytest.mark.parametrize(
    "faulty, said",
    [
        (pd.concat([residents(), residents().head(1)]), "given twice"),
        (residents().assign(commune_code=[*CODES[:5], "99999"]), "99999"),
        (residents().assign(households=[1, 2, 3, -4, 5, 6]), "below zero"),
    ],
)
def test_refuses_residents_that_cannot_be(faulty: pd.DataFrame, said: str) -> None:
    with pytest.raises(ResidentsError, match=said):
        aggregate(cases(case()), faulty, UNITS)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 300), st.sampled_from(["proposed", "official"]))
def test_every_table_ties(seed: int, size: int, basis: Any) -> None:
    random = np.random.default_rng(seed)

    def pick(*values: Any) -> Any:
        return pd.Series(np.array(values, dtype=object)[random.integers(0, len(values), size)], dtype="string")

    frame = pd.DataFrame(
        {
            "commune_code": pick(*CODES, None, "00000"),
            "proposed_class": pick(*CLASSES, None),
            "official_status": pick(*CLASSES, None),
            "review_state": pick("received", "approved", "rejected", None),
            "member_count": pd.Series(random.integers(0, 9, size), dtype="Int64").mask(random.random(size) < 0.1),
        }
    )
    for rule in RULES:
        frame[rule] = pd.Series(random.random(size) < 0.4, dtype="boolean").mask(random.random(size) < 0.2)
    frame.index = pd.Index([f"uuid:{i}" for i in range(size)], name="interview_id")
    table = aggregate(frame, residents(), UNITS, basis)

    assert (table[list(CLASSES)].sum(axis=1) == table["interviewed"]).all()
    assert table["interviewed"].sum() + table["rejected"].sum() == size
    kept = frame[frame["review_state"].fillna("") != "rejected"]
    status = kept["official_status" if basis == "official" else "proposed_class"].fillna("undetermined")
    commune = kept["commune_code"].where(kept["commune_code"].isin(CODES), NO_COMMUNE)
    for name in COUNTED_CLASSES:
        of_class = kept[(status == name).to_numpy(dtype=bool)]
        by = of_class.groupby(commune[of_class.index])
        deprived, known = by[list(RULES)].sum(), by[list(RULES)].count()
        assert (by.size().reindex(table.index, fill_value=0) == table[name]).all()
        assert (by["member_count"].sum().reindex(table.index, fill_value=0) == table[f"persons_{name}"]).all()
        for rule in RULES:
            assert (deprived[rule].reindex(table.index, fill_value=0) == table[f"{rule}_{name}"]).all()
            unknown = table[name] - known[rule].reindex(table.index, fill_value=0)
            assert (unknown == table[f"{rule}_{name}_unknown"]).all()
    whole = total(table).loc["total"]
    for column in table.columns.drop(list(RATES)):
        assert whole[column] == table[column].sum()
