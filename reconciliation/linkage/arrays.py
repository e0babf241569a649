"""Runs and groups in arrays of whole numbers."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Whole = TypeVar("Whole", np.int32, np.int64)


def starts(values: npt.NDArray[Any]) -> Ints:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]][: len(values)])


def sums(values: npt.NDArray[Any], start: Ints) -> Ints:
    """The sum of each run."""
    return np.add.reduceat(values, start, dtype=np.int64) if len(start) else np.empty(0, np.int64)


def distinct(values: Ints) -> Ints:
    """Each value once, in order; sorting whole numbers is several times as fast as `np.unique` looks them up."""
    ordered = np.sort(values)
    return np.asarray(ordered[starts(ordered)])


def order(values: npt.NDArray[Any]) -> Ints:
    """Rows in the order of whole numbers from 0 on; of equals the first comes first.

    A number and its row are sorted as one number, which is several times as fast as `np.argsort`.
    """
    size = max(len(values), 1)
    return np.asarray(np.sort(values.astype(np.int64) * size + np.arange(len(values))) % size)


def positions(sizes: npt.NDArray[Whole]) -> tuple[npt.NDArray[Whole], npt.NDArray[Whole]]:
    """For groups of these sizes, one behind the other: the group of each member, and its place in the group."""
    kind = sizes.dtype
    group = np.repeat(np.arange(len(sizes), dtype=kind), sizes)
    return group, np.arange(len(group), dtype=kind) - np.repeat((np.cumsum(sizes) - sizes).astype(kind), sizes)
