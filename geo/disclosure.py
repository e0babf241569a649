"""Small numbers hidden from the public, so that a table does not point at a household."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from geo.aggregate import COUNTED_CLASSES, RATES, RULES
from poverty.frames import CLASSES


class Suppressed(NamedTuple):
    """`table`: the figures, NA where hidden; `hidden`: same shape, True where hidden (not merely unknown)."""

    table: pd.DataFrame
    hidden: pd.DataFrame


def suppress(table: pd.DataFrame, minimum: int = 5) -> Suppressed:
    """Hide what an `aggregate` table tells of fewer than `minimum` households (Ẩn để bảo vệ thông tin cá nhân).

    Hidden are:

    - class counts from 1 to `minimum` - 1 (zero tells of no one and stays);
    - complementary cells, because the classes of a unit sum to `interviewed` and those of a class to the
      published total: where a row or column hides only one cell, or fewer than `minimum` households in all,
      the smallest other cell above zero is hidden too, until subtraction tells nothing. Where no such cell is
      left, the hidden ones stand beside zeros, and the total of their row or column must not be published;
    - persons and rates that rest on a hidden count;
    - deprivations of a hidden class, and those that fewer than `minimum` households of the class have, lack or
      leave unknown, with their own complementary cells towards the published total.

    Residents and the number of interviews are shown. The provincial total comes from the table before this:
    publish it only together with this one. This protects single tables; two tables of one round in different
    divisions can still be compared.
    """
    if minimum < 1:
        raise ValueError(f"minimum must be at least 1: {minimum}")
    counts = table[list(CLASSES)].astype("Int64")
    small = ((counts > 0) & (counts < minimum)).fillna(False).astype(bool)
    hidden = pd.DataFrame(False, index=table.index, columns=table.columns)
    hidden[list(CLASSES)] = _complement(counts, small, minimum)
    for name in COUNTED_CLASSES:
        of_class = hidden[name]
        hidden[f"persons_{name}"] = of_class
        for rule in RULES:
            deprived, unknown = table[f"{rule}_{name}"], table[f"{rule}_{name}_unknown"]
            risky = of_class.copy()
            for part in (deprived, unknown, table[name] - deprived - unknown):
                risky |= ((part > 0) & (part < minimum)).fillna(False).astype(bool)
            columns = [f"{rule}_{name}", f"{rule}_{name}_unknown"]
            both = pd.concat([risky, risky], axis=1, keys=columns)
            risky = _complement(table[columns], both, minimum, rows=False).any(axis=1)
            hidden[columns[0]] = hidden[columns[1]] = risky
    hidden["persons_unknown"] = hidden[[f"persons_{name}" for name in COUNTED_CLASSES]].any(axis=1)
    for rate, (above, _) in RATES.items():
        hidden[rate] = hidden[above]
    return Suppressed(table.mask(hidden), hidden)


def _complement(counts: pd.DataFrame, small: pd.DataFrame, minimum: int, rows: bool = True) -> pd.DataFrame:
    """Hide more cells until each column (and row, if `rows`) hides none, or two and `minimum` households in all."""
    values, hidden = counts.to_numpy(dtype="int64", na_value=0), small.to_numpy(dtype=bool, copy=True)
    lines = [(values[:, at], hidden[:, at]) for at in range(values.shape[1])]
    if rows:
        lines += [(values[at], hidden[at]) for at in range(len(values))]
    changed = True
    while changed:
        changed = False
        for cells, mask in lines:  # views: what one line hides, the crossing line sees
            while mask.any() and (mask.sum() == 1 or cells[mask].sum() < minimum):
                left = np.flatnonzero(~mask & (cells > 0))
                if not len(left):
                    break
                mask[left[np.argmin(cells[left])]] = True
                changed = True
    return pd.DataFrame(hidden, index=counts.index, columns=counts.columns)
