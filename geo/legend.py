"""Classes of a choropleth map. Zero is a class of its own; missing values are in none."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import mapclassify
import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class LegendClass:
    """One class: the least and greatest value that occurs in it, and how many units it has."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Legend:
    """What a map needs to colour its units.

    `classes`: from low to high; the first is zero's (low = high = 0) when `has_zero`. `class_index`: position
    in `classes` per unit (Int64, index of the values), NA where the value is missing. `missing`: how many
    are.
    """

    classes: tuple[LegendClass, ...]
    class_index: pd.Series
    has_zero: bool
    missing: int

    @property
    def breaks(self) -> tuple[float, ...]:
        """The upper bound of each class, inclusive."""
        return tuple(item.high for item in self.classes)


def legend(values: pd.Series, k: int = 5) -> Legend:
    """At most `k` classes of the values above zero, by Fisher-Jenks natural breaks, with zero in a class of its own.

    Equal values always share a class. With `k` or fewer distinct values each is its own class. Counts and
    rates only: raises `ValueError` for a negative or infinite value, or `k` below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1: {k}")
    number = np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if np.isinf(number).any() or (number < 0).any():
        raise ValueError("a legend is drawn for counts and rates: values must be finite and not negative")
    present = ~np.isnan(number)
    positive = number[present & (number > 0)]
    upper = _upper_bounds(positive, k)
    has_zero = bool((number == 0).any())
    if has_zero:
        upper = np.concatenate([[0.0], upper])
    position = np.searchsorted(upper, number[present], side="left")
    class_index = pd.Series(pd.NA, index=values.index, dtype="Int64", name="class_index")
    class_index[present] = position
    classes = []
    for at in range(len(upper)):
        within = number[present][position == at]
        classes.append(LegendClass(float(within.min()), float(within.max()), len(within)))
    return Legend(tuple(classes), class_index, has_zero, int((~present).sum()))


def _upper_bounds(positive: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.float64]:
    """Inclusive upper bounds of up to `k` classes; the last is the greatest value."""
    distinct = np.unique(positive)
    if len(distinct) <= k:
        return distinct
    with warnings.catch_warnings():
        # mapclassify recommends numba for speed: a province's units need no speed.
        warnings.simplefilter("ignore", UserWarning)
        bins = np.asarray(mapclassify.FisherJenks(positive, k=k).bins, dtype=np.float64)
    # Natural breaks may leave a class empty; keep those that a value reaches.
    return np.unique(distinct[np.minimum(np.searchsorted(distinct, bins, side="right") - 1, len(distinct) - 1)])
