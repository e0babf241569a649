"""What is answered about the house, water, means of information and income."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sandbox.population.deprivations import NO, UNKNOWN, YES, Truth
from sandbox.population.sheet import Sheet
from sandbox.population.vocabulary import (
    HOUSEHOLD_CODES,
    INCOME_SOURCES,
    NOT_POOR,
    Bools,
    Codes,
    Floats,
    Ints,
    draw,
)

_EXACT = 0.03  # share put exactly at a threshold, where one exists
_MULTIPLE = 100_000  # people name incomes in round sums
_MOST = 900_000_000  # đồng a household and year: the form takes no ten digits
_SHARED = {"tv": 0.72, "tv radio": 0.12, "tv desktop": 0.06, "radio": 0.03, "tv landline": 0.02, "none": 0.05}
_PERSONAL = {"smartphone": 0.78, "smartphone laptop": 0.08, "smartphone tablet": 0.04, "none": 0.10}
#: d09, d10, d11: the question, what is answered by the deprived, and by the others.
_SERVICES: tuple[tuple[str, dict[str, float], dict[str, float]], ...] = (
    (
        "water_source",
        {"unprotected_well": 0.4, "surface": 0.4, "unprotected_spring": 0.05, "other": 0.15},
        {
            **{"tap": 0.72, "borehole": 0.17, "rain": 0.06},
            **{"protected_well": 0.03, "bottled": 0.015, "protected_spring": 0.005},
        },
    ),
    (
        "toilet",
        {"pit": 0.7, "none": 0.15, "other": 0.15},
        {"septic": 0.7, "pour_flush": 0.15, "two_vault": 0.1, "vip": 0.05},
    ),
    ("internet", {"no": 1.0}, {"yes": 1.0}),
)
CAUSES = ("no_land", "no_capital", "no_labour", "no_tools", "no_knowledge", "no_skills", "illness", "other")
NEEDS = ("health", "education", "production", "credit", "housing", "other")


def answer_dwelling(truth: Truth, members: Ints, rng: np.random.Generator) -> dict[str, pd.Series[Any]]:
    """Columns of the frame about house, water, toilet, internet and devices, implying d07 to d12."""
    sheet = Sheet(HOUSEHOLD_CODES, len(members))
    _structure(sheet, truth.holds[:, 6], rng)
    _water_and_toilet(sheet, truth, rng)
    columns = {name: pd.Series(values) for name, values in sheet.columns().items()}
    columns["floor_area"] = _floor_area(truth.holds[:, 7], members, rng)
    shared, personal = _devices(truth.holds[:, 11], rng)
    return {**columns, "shared_devices": shared, "personal_devices": personal}


def _structure(sheet: Sheet, state: Codes, rng: np.random.Generator) -> None:
    """d07: at least two of wall, column and roof are not durable."""
    good, bad, unsure = "durable", "not_durable", "dk"
    patterns: dict[int, dict[tuple[str, str, str], float]] = {
        YES: {(bad, bad, good): 0.7, (bad, bad, bad): 0.27, (bad, bad, unsure): 0.03},
        NO: {(good, good, good): 0.8, (bad, good, good): 0.18, (good, good, unsure): 0.02},
        UNKNOWN: {(bad, unsure, good): 0.6, (bad, unsure, unsure): 0.2, (unsure, unsure, good): 0.2},
    }
    for value, shares in patterns.items():
        rows = np.flatnonzero(state == value)
        places = rng.permuted(np.tile(np.arange(3), (len(rows), 1)), axis=1)
        kinds = list(shares)
        kind = rng.choice(len(kinds), size=len(rows), p=list(shares.values()))
        for code, pattern in enumerate(kinds):
            for place, word in enumerate(pattern):
                for position, question in enumerate(("wall", "column", "roof")):
                    sheet.put(question, rows[(kind == code) & (places[:, place] == position)], word)


def _water_and_toilet(sheet: Sheet, truth: Truth, rng: np.random.Generator) -> None:
    """d09 unsafe water, d10 no hygienic toilet, d11 no internet."""
    for rule, (question, deprived, well) in zip((8, 9, 10), _SERVICES, strict=True):
        state = truth.holds[:, rule]
        sheet.draw(question, state == YES, deprived, rng)
        sheet.draw(question, state == NO, well, rng)
        sheet.blur(question, np.flatnonzero(state == UNKNOWN), rng)


def _floor_area(state: Codes, members: Ints, rng: np.random.Generator) -> pd.Series[float]:
    """d08: less than 8 m2 a person; some stand exactly at 8.0 and some a tenth of a square metre below."""
    size = len(members)
    at_edge = rng.random(size) < _EXACT
    limit = 8.0 * members
    cramped = np.maximum(np.round(limit * rng.uniform(0.45, 0.98, size=size), 1), 3.0)
    cramped = np.where(at_edge, np.round(limit - 0.1, 1), cramped)
    roomy = np.maximum(np.rint(rng.lognormal(4.1, 0.4, size=size)), limit)
    roomy = np.where(at_edge, limit, roomy)
    area = pd.Series(np.where(state == YES, cramped, roomy), dtype="Float64")
    return area.mask(pd.Series(state == UNKNOWN))


def _devices(state: Codes, rng: np.random.Generator) -> tuple[pd.Series[str], pd.Series[str]]:
    """d12: neither a shared nor a personal means of information; a named one settles it whatever else is missing."""
    size = len(state)
    shared, personal = draw(rng, _SHARED, size).astype(object), draw(rng, _PERSONAL, size).astype(object)
    both_none = (shared == "none") & (personal == "none")
    personal[both_none] = "smartphone"
    half = rng.random(size)
    shared[(half < 0.01) & (personal != "none")] = "dk"
    personal[(half > 0.99) & (shared != "none") & (shared != "dk")] = "dk"
    shared[state == YES] = personal[state == YES] = "none"
    doubts = ((("none", "dk")), ("dk", "none"), ("dk", "dk"), (None, "none"), ("none", None))
    doubt = rng.integers(0, len(doubts), size=size)
    for code, (first, second) in enumerate(doubts):
        rows = (state == UNKNOWN) & (doubt == code)
        shared[rows], personal[rows] = first, second
    return pd.Series(shared, dtype="string"), pd.Series(personal, dtype="string")


def answer_income(below: Codes, line: Ints, members: Ints, rng: np.random.Generator) -> dict[str, pd.Series[float]]:
    """Đồng of the whole household in the twelve months before the review date, by source.

    Below the line (inclusive), above it, or not known: then one source is missing and the others do not reach it.
    Now and then a source is missing although the others already exceed the line.
    """
    size = len(below)
    limit = line * 12 * members
    chance = rng.random(size)
    ratio = np.clip(rng.normal(0.72, 0.18, size=size), 0.12, 0.995)
    low = np.floor(limit * ratio / _MULTIPLE) * _MULTIPLE
    low = np.where(chance < _EXACT, limit, low)
    high = np.minimum(limit * (1.02 + rng.lognormal(-0.3, 0.8, size=size)), _MOST)
    high = np.maximum(np.ceil(high / _MULTIPLE) * _MULTIPLE, limit + _MULTIPLE)
    high = np.where(chance < _EXACT, limit + 1_000, high)
    total = np.where(below == NO, high, low)

    parts = _split(total, rng)
    missing_source = rng.integers(0, len(INCOME_SOURCES), size=size)
    unknown = below == UNKNOWN
    # What the missing source would have brought goes to another when the others alone exceed the line.
    spared = (below == NO) & (rng.random(size) < 0.015)
    rows = np.flatnonzero(spared)
    parts[rows, (missing_source[rows] + 1) % len(INCOME_SOURCES)] += parts[rows, missing_source[rows]]
    blank: Bools = np.zeros(parts.shape, dtype=bool)
    rows = np.flatnonzero(unknown | spared)
    blank[rows, missing_source[rows]] = True
    columns = {
        name: pd.Series(parts[:, position], dtype="Float64").mask(pd.Series(blank[:, position]))
        for position, name in enumerate(INCOME_SOURCES)
    }
    allowance = np.where(rng.random(size) < 0.25, 500_000 * 12 * rng.integers(1, 3, size=size), 0)
    columns["income_allowance"] = pd.Series(allowance, dtype="Float64").mask(pd.Series(rng.random(size) < 0.01))
    return columns


def _split(total: Floats, rng: np.random.Generator) -> Floats:
    """The total over the four sources in whole thousands; most households live on one or two."""
    weights = rng.dirichlet((0.7, 0.5, 0.2, 0.25), size=len(total))
    parts = np.floor(total[:, None] * weights / _MULTIPLE) * _MULTIPLE
    main = np.argmax(parts, axis=1)
    parts[np.arange(len(total)), main] += total - parts.sum(axis=1)
    return parts


def answer_causes(classes: Codes, rng: np.random.Generator) -> dict[str, pd.Series[str]]:
    """Causes of poverty and support asked for: one to three of each where the household is not found well off."""
    in_need = classes != NOT_POOR
    return {"causes": _several(CAUSES, in_need, rng), "support_needs": _several(NEEDS, in_need, rng)}


def _several(words: tuple[str, ...], rows: Bools, rng: np.random.Generator) -> pd.Series[str]:
    """One to three different words, joined by a space in the order of the list; NA outside `rows`."""
    size = len(rows)
    order = np.argsort(rng.random((size, len(words))), axis=1)
    chosen = np.zeros((size, len(words)), dtype=bool)
    wanted = rng.integers(1, 4, size=size)
    for rank in range(3):
        chosen[np.arange(size), order[:, rank]] |= wanted > rank
    patterns = chosen @ (1 << np.arange(len(words)))
    vocabulary = [
        " ".join(word for bit, word in enumerate(words) if pattern >> bit & 1) for pattern in range(1 << len(words))
    ]
    values = pd.array(vocabulary, dtype="string").take(np.where(rows, patterns, -1), allow_fill=True)
    return pd.Series(values)
