"""Dates of birth that give exactly the intended age on the review date, and what people know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sandbox.population.vocabulary import REVIEW_DATE, REVIEW_YEAR, Bools, Floats, Ints

#: Ages at which a rule begins or ends.
EDGES = (3, 6, 12, 15, 16, 18, 30, 31)
_AT_EDGE = 0.04


@dataclass(frozen=True)
class Births:
    """`date` the true date of birth (datetime64[D]); `year_only` where the answer gives the year alone."""

    date: npt.NDArray[Any]
    year_only: Bools

    @property
    def year(self) -> Ints:
        """Calendar year of birth."""
        return self.date.astype("datetime64[Y]").astype(np.int64) + 1970


def _anniversary(age: Ints) -> npt.NDArray[Any]:
    """The date of birth of a person who completes `age` years exactly on the review date."""
    months = (REVIEW_DATE.astype("datetime64[M]").astype(np.int64) - 12 * age).astype("datetime64[M]")
    day_of_month = REVIEW_DATE - REVIEW_DATE.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(months.astype("datetime64[D]") + day_of_month)


def year_only_share(age: Ints) -> Floats:
    """How likely only the year is known: rare for children, most of the very old."""
    return np.interp(age, [0, 15, 16, 40, 60, 80, 100], [0.003, 0.01, 0.04, 0.12, 0.45, 0.75, 0.85])


def draw_births(age: Ints, rng: np.random.Generator) -> Births:
    """Births such that the *answer* gives `age`: from the date, or from the year where only that is known.

    One in twenty-five of those at an edge of a rule completes that age on the review date itself, and as many of
    those one year below would do so on the day after.
    """
    size = len(age)
    year_only = rng.random(size) < year_only_share(age)
    date = _anniversary(age) - rng.integers(0, 365, size=size).astype("timedelta64[D]")
    chance = rng.random(size)
    today = (chance < _AT_EDGE) & np.isin(age, EDGES)
    date[today] = _anniversary(age[today])
    tomorrow = (chance > 1 - _AT_EDGE) & np.isin(age + 1, EDGES)
    date[tomorrow] = _anniversary(age[tomorrow] + 1) + np.timedelta64(1, "D")
    first_day = (REVIEW_YEAR - age - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    within = rng.integers(0, 365, size=size).astype("timedelta64[D]")
    # Nobody is born after the review date: a child of the review year was born before 1 September.
    within = np.where(age == 0, within % np.timedelta64(243, "D"), within)
    date = np.where(year_only, first_day + within, date)
    return Births(date, year_only)
