"""Numbers of identity and telephone: well formed, and no two alike."""

from __future__ import annotations

from math import gcd

import numpy as np
import pandas as pd

from sandbox.population.births import Births
from sandbox.population.vocabulary import Bools, Floats, Ints, draw

#: Province of birth registration: 033 Hưng Yên, 034 Thái Bình, then the neighbours and Hà Nội.
_PROVINCES = {33: 0.55, 34: 0.33, 1: 0.04, 30: 0.03, 35: 0.015, 36: 0.02, 31: 0.015}
_PREFIXES = (
    *(32, 33, 34, 35, 36, 37, 38, 39, 52, 56, 58, 59, 70, 76, 77, 78, 79),
    *(81, 82, 83, 84, 85, 86, 88, 89, 90, 91, 93, 94, 96, 97, 98),
)


def _scatter(serial: Ints, size: int, start: Ints | int) -> Ints:
    """Distinct serials below `size` to distinct numbers below `size` that look drawn, from `start` on."""
    step = int(size * 0.6180339887) | 1
    while gcd(step, size) != 1:
        step += 2
    return (serial * step + start) % size


def draw_cccd(births: Births, male: Bools, rng: np.random.Generator) -> pd.Series[str]:
    """Everybody's 12-digit number: province, century and sex, two digits of the birth year, six of its own."""
    year = births.year
    province = draw(rng, _PROVINCES, len(year)).astype(np.int64)
    century = 2 * (year // 100 - 19) + np.where(male, 0, 1)
    head = (province * 10 + century) * 100 + year % 100
    serial: Ints = pd.Series(head).groupby(head).cumcount().to_numpy().astype(np.int64)
    starts = rng.integers(1_000_000, size=int(head.max()) + 1)
    number = head * 1_000_000 + _scatter(serial, 1_000_000, starts[head])
    return _padded(number, 12)


def cccd_unknown_share(age: Ints) -> Floats:
    """How likely the respondent does not have the number at hand: often for children, now and then for the old."""
    return np.interp(age, [0, 6, 14, 15, 70, 90], [0.6, 0.4, 0.25, 0.07, 0.1, 0.2])


def draw_phones(households: int, rng: np.random.Generator) -> pd.Series[str]:
    """A mobile number for each household."""
    size = len(_PREFIXES) * 10_000_000
    number = _scatter(np.arange(households, dtype=np.int64), size, int(rng.integers(size)))
    prefix = np.array(_PREFIXES)[number // 10_000_000]
    return _padded(prefix * 10_000_000 + number % 10_000_000, 10)


def _padded(number: Ints, digits: int) -> pd.Series[str]:
    """Numbers as text with leading zeros."""
    return pd.Series(number + 10**digits).astype("string").str.slice(1)
