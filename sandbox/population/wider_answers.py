"""Answers on which no deprivation of Decree 07/2021 rests: waste, digital services, what is near, groups, paper points.

All shares are invented: no published figure is at hand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.population.deprivations import NO, YES, Truth
from sandbox.population.kinship import People, count
from sandbox.population.sheet import Sheet
from sandbox.population.vocabulary import WIDER_CODES, Bools, Ints, text

_WASTE = {
    "urban": {"collected": 0.96, "treated": 0.01, "burned": 0.01, "dumped": 0.01, "other": 0.005, "dk": 0.005},
    "rural": {"collected": 0.78, "treated": 0.08, "burned": 0.08, "dumped": 0.04, "other": 0.01, "dk": 0.01},
}
_ON_PAPER, _MERIT = 0.08, 0.06
_B1_CUT = {"rural": 140, "urban": 175}
_KINH = "01"


def answer_wider(urban: Bools, water: pd.Series, internet: pd.Series, rng: np.random.Generator) -> dict[str, pd.Series]:
    """Columns about waste, digital services and what the house can reach."""
    size = len(urban)
    everyone = np.ones(size, dtype=bool)
    sheet = Sheet(WIDER_CODES, size)
    for area, rows in (("urban", urban), ("rural", ~urban)):
        sheet.draw("waste", rows, _WASTE[area], rng)
    online = internet.eq("yes").fillna(False).to_numpy(dtype=bool)
    sheet.draw("digital_services", online, {"yes": 0.7, "no": 0.28, "dk": 0.02}, rng)
    sheet.draw("digital_services", ~online, {"yes": 0.02, "no": 0.95, "dk": 0.03}, rng)
    no_tap = ~water.eq("tap").fillna(False).to_numpy(dtype=bool)
    sheet.draw("tap_water_wish", no_tap, {"yes": 0.75, "no": 0.2, "dk": 0.05}, rng)
    sheet.draw("electricity", everyone, {"yes": 0.995, "no": 0.004, "dk": 0.001}, rng)
    sheet.draw("paved_road", everyone, {"yes": 0.94, "no": 0.05, "dk": 0.01}, rng)
    sheet.draw("training_wish", everyone, {"yes": 0.12, "no": 0.82, "dk": 0.06}, rng)
    columns = {name: pd.Series(values) for name, values in sheet.columns().items()}
    for question, most in (("clinic_minutes", 30), ("school_minutes", 25)):
        minutes = 5 * np.ceil(rng.gamma(2.0, most / 15, size=size)).clip(1, 48)
        columns[question] = pd.Series(minutes, dtype="Float64").mask(pd.Series(rng.random(size) < 0.03))
    return columns


def answer_groups(people: People, ethnicity: pd.Series, sizes: Ints, rng: np.random.Generator) -> pd.Series:
    """Special groups of the households met: of a minority by its head, unable to work by its members' ages, merit."""
    total = len(sizes)
    first = np.r_[0, np.cumsum(sizes)[:-1]]
    minority = ethnicity.iloc[first].ne(_KINH).to_numpy(dtype=bool)
    able = count((people.age >= 16) & (people.age < 70), people.household, total) > 0
    merit = rng.random(total) < _MERIT
    pattern = minority.astype(int) + 2 * (~able).astype(int) + 4 * merit.astype(int)
    words = ("ethnic_minority", "no_labour_capacity", "merit")
    codes = [" ".join(word for bit, word in enumerate(words) if value >> bit & 1) or "none" for value in range(8)]
    return pd.Series(text([*codes, "dk"], np.where(rng.random(total) < 0.01, 8, pattern)))


def answer_paper(truth: Truth, urban: Bools, rng: np.random.Generator) -> dict[str, pd.Series]:
    """Points of the paper sheets where one was kept: on the side of the cut that the truth is on."""
    size = len(urban)
    cut = np.where(urban, _B1_CUT["urban"], _B1_CUT["rural"])
    below = np.minimum(cut, cut - rng.integers(0, 60, size=size))
    above = cut + rng.integers(1, 80, size=size)
    known = (truth.below_line == YES) | (truth.below_line == NO)
    kept = pd.Series(known & (rng.random(size) < _ON_PAPER))
    points = {
        "b1_points": np.where(truth.below_line == YES, below, above),
        "b2_points": 10 * (truth.holds == YES).sum(axis=1),
    }
    return {name: pd.Series(values, dtype="Float64").where(kept) for name, values in points.items()}
