"""Small numbers: what is hidden cannot be got back by subtraction, what is shown is untouched."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.aggregate import COUNTED_CLASSES, RULES, aggregate
from geo.disclosure import suppress
from geo.units import units
from poverty.frames import CLASSES

CODES = units(date(2025, 7, 1))["code"].head(8).tolist()


NO_CASES = pd.DataFrame(columns=["commune_code", "proposed_class", "member_count", *RULES])


def table_of(counts: list[list[int]], deprived: float = 0.5, seed: int = 0) -> pd.DataFrame:
    """An aggregate table with `counts` households of each class per unit, of four persons each."""
    random = np.random.default_rng(seed)
    in_force = units(date(2025, 7, 1)).head(len(counts))
    residents = pd.DataFrame({"commune_code": in_force["code"], "households": 1000, "persons": 3500})
    table = aggregate(NO_CASES, residents, in_force)
    table[list(CLASSES)] = np.array(counts)
    table["interviewed"] = table[list(CLASSES)].sum(axis=1)
    for name in COUNTED_CLASSES:
        table[f"persons_{name}"] = 4 * table[name]
        for rule in RULES:
            table[f"{rule}_{name}"] = random.binomial(table[name].to_numpy(dtype=int), deprived)
    return table


def test_a_small_count_goes_with_its_persons_and_rate() -> None:
    table = table_of([[3, 40, 200, 0], [20, 30, 300, 0], [25, 50, 400, 0]])
    public, hidden = suppress(table)
    first = CODES[0]
    assert pd.isna(public.loc[first, ["poor", "persons_poor", "rate_poor", "rate_persons_poor", "d01_poor"]]).all()
    # Complementary: near-poor of the row (the smallest other), and one more unit in both columns.
    assert hidden.loc[first, "near_poor"]
    assert hidden["poor"].sum() >= 2
    assert hidden["near_poor"].sum() >= 2
    assert public.loc[CODES[2], "poor"] == 25
    assert not hidden["interviewed"].any()
    assert not hidden["resident_households"].any()


def test_zero_and_large_counts_stay() -> None:
    table = table_of([[0, 40, 200, 0], [20, 30, 300, 0]], deprived=0.0)
    public, hidden = suppress(table)
    assert not hidden.any().any()
    pd.testing.assert_frame_equal(public, table)


def test_unknown_is_not_hidden() -> None:
    table = table_of([[10, 40, 200, 0]]).assign(resident_households=pd.NA, rate_poor=pd.NA)
    public, hidden = suppress(table)
    assert pd.isna(public["rate_poor"]).all()
    assert not hidden["rate_poor"].any()


def test_a_lone_deprived_or_a_lone_exception_is_hidden() -> None:
    table = table_of([[20, 50, 90, 0], [30, 50, 90, 0], [40, 50, 90, 0]], deprived=0.0)
    table.loc[CODES[0], "d05_poor"] = 1  # one household lacks it
    table.loc[CODES[1], "d06_poor"] = 29  # one household does not
    table.loc[CODES[2], "d06_poor"] = 10
    hidden = suppress(table).hidden
    assert hidden.loc[CODES[0], "d05_poor"]
    assert hidden.loc[CODES[1], "d06_poor"]
    assert hidden.loc[CODES[2], "d06_poor"]  # else the provincial total gives the other away
    assert not hidden["poor"].any()
    assert not hidden["d07_poor"].any()


def test_the_threshold_is_the_callers() -> None:
    table = table_of([[4, 40, 200, 0], [20, 30, 300, 0]], deprived=0.0)
    assert suppress(table, minimum=5).hidden["poor"].any()
    assert not suppress(table, minimum=4).hidden.any().any()
    with pytest.raises(ValueError, match="minimum"):
        suppress(table, minimum=0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 14), min_size=4, max_size=4), min_size=2, max_size=8),
    st.integers(1, 8),
    st.integers(0, 100),
)
def test_no_hidden_cell_stands_alone(counts: list[list[int]], minimum: int, seed: int) -> None:
    table = table_of(counts, seed=seed)
    public, hidden = suppress(table, minimum)
    shown = public[list(CLASSES)]
    assert not ((shown > 0) & (shown < minimum)).fillna(False).any().any()
    mask, values = hidden[list(CLASSES)].to_numpy(), table[list(CLASSES)].to_numpy(dtype=int)
    for lines, masks in ((values, mask), (values.T, mask.T)):
        for line, of_line in zip(lines, masks, strict=True):
            if of_line.any() and (of_line.sum() == 1 or line[of_line].sum() < minimum):
                assert (line[~of_line] == 0).all()  # nothing left to hide
    for name in COUNTED_CLASSES:
        assert (hidden[f"persons_{name}"] == hidden[name]).all()
        for rule in RULES:
            assert hidden.loc[hidden[name], f"{rule}_{name}"].all()
    same = public.where(~hidden, table)
    pd.testing.assert_frame_equal(same, table, check_dtype=False)
