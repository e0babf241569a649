"""Levels and weights of pairs of people and of households, by DuckDB from the SQL of `comparisons`.

A weight is Splink's: the sum over the comparisons of log2(m / u) of the level reached, where the frequency of what
agrees takes the place of u. Splink learns the shares (`training`); to score with it every row would be joined and
copied several times over, so the sum is written here, and a test holds it to Splink's own to the last digit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reconciliation.linkage.comparisons import PEOPLE, Comparison
from reconciliation.linkage.model import Model
from reconciliation.linkage.tables import Tables

Rows = npt.NDArray[np.int32]


#: Pairs to a batch: threads take batches in turn.
_BATCH = 20_480


@dataclass(frozen=True)
class Scored:
    """Pairs of rows: their numbers, the weight (bits, without a prior) and the level each comparison reached."""

    left: Rows
    right: Rows
    weight: npt.NDArray[np.float32]
    levels: dict[str, npt.NDArray[np.int8]]


@contextmanager
def engine() -> Iterator[Any]:
    """A DuckDB inside this process.

    It never writes to the disk, where names and numbers would stand unsealed: memory follows from how many pairs are
    compared at a time.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config={"temp_directory": "", "preserve_insertion_order": "false"})
    connection.execute("SET enable_progress_bar = false")
    try:
        yield connection
    finally:
        connection.close()


def score(
    connection: Any,
    tables: Tables,
    comparisons: tuple[Comparison, ...],
    model: Model,
    pairs: tuple[Rows, Rows],
    least: float | None = None,
) -> Scored:
    """The pairs, or those of at least `least` bits, the heaviest first.

    comparisons: `PEOPLE` or `HOUSEHOLDS`. pairs: numbers of people or households, listed and asked.
    """
    names = ", ".join(comparison.name for comparison in comparisons)
    weight = " + ".join(_weight(comparison, model) for comparison in comparisons)
    enough = "" if least is None else f"WHERE weight >= {least!r}"
    connection.register("paired", _paired(tables, comparisons, pairs))
    # Sorted, so that of two equals the same one is found whatever the threads did.
    found = connection.execute(
        f"""
        WITH reached AS (SELECT *, {_all_levels(comparisons)} FROM paired),
            weighed AS (SELECT l, r, {weight} AS weight, {names} FROM reached)
        SELECT l, r, weight::FLOAT AS bits, {names} FROM weighed {enough} ORDER BY bits DESC, l, r
        """
    ).fetchnumpy()
    connection.unregister("paired")
    left, right, bits = (np.asarray(found.pop(name)) for name in ("l", "r", "bits"))
    return Scored(left, right, bits, {name: np.asarray(column) for name, column in found.items()})


def _all_levels(comparisons: tuple[Comparison, ...]) -> str:
    """SQL for the number of the level each comparison reaches."""
    return ", ".join(f"({_level(comparison)})::TINYINT AS {comparison.name}" for comparison in comparisons)


def _level(comparison: Comparison) -> str:
    cases = (
        f"ELSE {level.number}" if level.sql == "ELSE" else f"WHEN {level.sql} THEN {level.number}"
        for level in comparison.levels
    )
    return f"CASE {' '.join(cases)} END"


def _weight(comparison: Comparison, model: Model) -> str:
    """SQL for the bits of the level reached; where a frequency counts, of the more frequent of both sides."""
    known = [level for level in comparison.levels if level.number >= 0]
    bits = [f"WHEN {level.number} THEN {model.weight(comparison.name, level.number)!r}::DOUBLE" for level in known]
    weight = f"(CASE {comparison.name} {' '.join(bits)} ELSE 0.0::DOUBLE END)"
    rarer = []
    for level in known:
        if level.frequency:
            strangers = math.log2(model.shares[comparison.name][level.number][1])
            share = f"greatest(tf_{level.frequency}_l, tf_{level.frequency}_r)"
            rarer.append(f"WHEN {level.number} THEN {strangers!r}::DOUBLE - log2({share})")
    if rarer:
        weight += f" + (CASE {comparison.name} {' '.join(rarer)} ELSE 0.0::DOUBLE END)"
    return weight


def _paired(tables: Tables, comparisons: tuple[Comparison, ...], pairs: tuple[Rows, Rows]) -> pa.Table:
    """A row for each pair: numbers (l, r), and of either side what the comparisons read (`_l`, `_r`)."""
    of_levels = [level for comparison in comparisons for level in comparison.levels]
    read = {name for level in of_levels for name in re.findall(r"\b(\w+)_[lr]\b", level.sql)}
    read |= {f"tf_{level.frequency}" for level in of_levels if level.frequency}
    columns: dict[str, Any] = {}
    for side, rows in zip(("l", "r"), pairs, strict=True):
        columns[side] = numbers = pa.array(rows)
        names = tables.people["name"].take(numbers) if comparisons is PEOPLE else None
        table = tables.people if comparisons is PEOPLE else tables.households
        for name in sorted(read):
            of_table = name in table.column_names
            columns[f"{name}_{side}"] = table[name].take(numbers) if of_table else tables.names[name].take(names)
    return pa.Table.from_batches(pa.table(columns).combine_chunks().to_batches(max_chunksize=_BATCH))
