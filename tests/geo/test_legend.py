"""Map classes: zero apart, no empty class, equal values together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.legend import legend


def test_zero_is_a_class_of_its_own() -> None:
    values = pd.Series([0, 0, 1, 2, 10, 11, 50, 52, 90, 91, 400], index=list("abcdefghijk"))
    found = legend(values)
    assert found.has_zero
    assert (found.classes[0].low, found.classes[0].high, found.classes[0].count) == (0, 0, 2)
    assert found.breaks == (0, 2, 11, 52, 91, 400)
    assert found.class_index.to_dict() == dict(zip("abcdefghijk", [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5], strict=True))


def test_without_zero_no_class_for_it() -> None:
    found = legend(pd.Series([1, 2, 3]))
    assert not found.has_zero
    assert found.breaks == (1, 2, 3)


def test_fewer_values_than_classes() -> None:
    found = legend(pd.Series([0.0, 3.5, 3.5, 0.44]), k=5)
    assert [(item.low, item.high, item.count) for item in found.classes] == [(0, 0, 1), (0.44, 0.44, 1), (3.5, 3.5, 2)]
    assert found.class_index.tolist() == [0, 2, 2, 1]


def test_all_missing_all_zero_and_nothing() -> None:
    missing = legend(pd.Series([None, None], dtype="Float64"))
    assert missing.classes == ()
    assert missing.class_index.isna().all()
    assert missing.missing == 2
    zero = legend(pd.Series([0, 0, 0], dtype="Int64"))
    assert [(item.low, item.high, item.count) for item in zero.classes] == [(0, 0, 3)]
    assert zero.class_index.tolist() == [0, 0, 0]
    assert legend(pd.Series([], dtype="float64")).classes == ()


def test_missing_values_are_in_no_class() -> None:
    found = legend(pd.Series([1, None, 2], dtype="Int64"))
    assert found.class_index.isna().tolist() == [False, True, False]
    assert found.missing == 1
    assert sum(item.count for item in found.classes) == 2


def test_one_value_shared_by_many() -> None:
    found = legend(pd.Series([7.0] * 100 + [1, 2, 3, 4, 5, 6]), k=3)
    assert found.class_index.iloc[:100].nunique() == 1
    assert sum(item.count for item in found.classes) == 106


@pytest.mark.parametrize("values", [[-1.0, 2.0], [np.inf, 1.0]])
def test_refuses_what_is_no_count_or_rate(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        legend(pd.Series(values))


def test_refuses_no_class() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        legend(pd.Series([1.0]), k=0)


rates = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.integers(0, 40) | rates, max_size=60), st.integers(1, 7))
def test_classes_partition_the_values(values: list[float | None], k: int) -> None:
    series = pd.Series(values, dtype="Float64")
    found = legend(series, k)
    assert len(found.classes) <= k + found.has_zero
    assert all(item.count > 0 for item in found.classes)
    assert sum(item.count for item in found.classes) + found.missing == len(series)
    for before, after in zip(found.classes, found.classes[1:], strict=False):
        assert before.high < after.low
    for value, at in zip(series, found.class_index, strict=True):
        assert pd.isna(value) == pd.isna(at)
        if not pd.isna(value):
            assert found.classes[at].low <= value <= found.classes[at].high
            assert (value == 0) == (found.has_zero and at == 0)
