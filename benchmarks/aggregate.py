"""Commune tables from classified interviews: `geo.aggregate` beside a plain pandas grouping of the same counts."""

from __future__ import annotations

import resource
import time
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from geo.aggregate import COUNTED_CLASSES, RULES, aggregate
from geo.units import units

#: Households of a province: a full census.
DEFAULT_SIZE = 1_100_000


def cases(size: int, codes: list[str], seed: int = 2026) -> pd.DataFrame:
    """`size` invented classified interviews over the communes `codes`, the proportions near those of a full census."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "commune_code": pd.Series(
                np.array(codes, dtype=object)[random.integers(0, len(codes), size)], dtype="string"
            ),
            "proposed_class": pd.Series(
                random.choice(["poor", "near_poor", "not_poor", "undetermined"], size, p=[0.02, 0.02, 0.95, 0.01]),
                dtype="string",
            ),
            "member_count": pd.Series(random.integers(1, 9, size), dtype="Int64"),
        }
    )
    for rule in RULES:
        deprived = pd.Series(random.random(size) < 0.2, dtype="boolean")
        frame[rule] = deprived.mask(random.random(size) < 0.02)
    return frame


def run(size: int = DEFAULT_SIZE) -> dict[str, Any]:
    """Aggregate `size` interviews to the communes; both ways must count the same."""
    in_force = units(date(2025, 7, 1))
    codes = in_force["code"].tolist()
    frame = cases(size, codes)
    residents = pd.DataFrame({"commune_code": codes, "households": 10_000, "persons": 34_000})

    started = time.perf_counter()
    table = aggregate(frame, residents, in_force)
    seconds = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    started = time.perf_counter()
    grouped = frame.groupby(["commune_code", "proposed_class"])
    deprived, known = grouped[list(RULES)].sum(), grouped[list(RULES)].count()
    households, persons = grouped.size(), grouped["member_count"].sum()
    yardstick = time.perf_counter() - started

    for name in COUNTED_CLASSES:

        def of_class(counts: Any, name: str = name) -> Any:
            return counts.xs(name, level="proposed_class").reindex(table.index).fillna(0)

        same = (
            (of_class(households) == table[name]).all()
            and (of_class(persons) == table[f"persons_{name}"]).all()
            and all((of_class(deprived)[rule] == table[f"{rule}_{name}"]).all() for rule in RULES)
            and all(
                (of_class(households) - of_class(known)[rule] == table[f"{rule}_{name}_unknown"]).all()
                for rule in RULES
            )
        )
        if not same:
            raise AssertionError(f"the counts of {name} differ from the plain grouping")
    return {
        "name": "aggregate",
        "size": size,
        "seconds": seconds,
        "peak_mb": peak_mb,
        "figures": {"communes": len(table), "columns": table.shape[1], "interviews_per_second": size / seconds},
        "yardstick": {"name": "pandas groupby(commune, class) sum and count", "seconds": yardstick},
        "ratio": yardstick / seconds,
    }
