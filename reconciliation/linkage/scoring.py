"""Splink on DuckDB: pairs of people and of households, and the weights of what agrees between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from reconciliation.linkage.comparisons import Comparison, Shares, splink_settings
from reconciliation.linkage.tables import Tables

#: Pairs whose levels are read at a time.
_AT_A_TIME = 500_000


@contextmanager
def database(tables: Tables) -> Iterator[Any]:
    """A DuckDB inside this process that reads the tables of `tables.columns` where they stand.

    It never writes to the disk, where names and numbers would stand unsealed: memory follows from how many interviews
    are compared at a time.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config={"temp_directory": "", "preserve_insertion_order": "false"})
    connection.execute("SET enable_progress_bar = false")
    try:
        for name, table in tables.columns.items():
            connection.register(name, table)
        # Frequencies come with the rows; Splink asks for a table of them all the same.
        for column in ("fold_id", "core_id", "village", "commune"):
            connection.execute(f"CREATE TABLE none_{column} ({column} INTEGER, tf_{column} FLOAT)")
        yield connection
    finally:
        connection.close()


def score(
    connection: Any,
    table: pa.Table,
    comparisons: tuple[Comparison, ...],
    shares: Shares,
    pairs: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]],
    least: float,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Left, right and weight (bits, without a prior) of the pairs of at least `least` bits, the heaviest first.

    table: `people` or `households`. pairs: numbers of rows, left and right.
    """
    from splink import DuckDBAPI, Linker

    # Only the rows that are compared: Splink reads all it is given.
    is_compared = np.zeros(table.num_rows, dtype=bool)
    for side in pairs:
        is_compared[side] = True
    connection.register("arrived", _rows(table, np.flatnonzero(is_compared).astype(np.int32)))
    connection.execute("CREATE OR REPLACE TABLE compared AS SELECT * FROM arrived")
    connection.unregister("arrived")
    connection.register("arrived", pa.table({"join_key_l": pairs[0], "join_key_r": pairs[1]}))
    connection.execute("CREATE OR REPLACE TABLE pairs_compared AS SELECT *, '0' AS match_key FROM arrived")
    connection.unregister("arrived")
    api = DuckDBAPI(connection)
    settings = splink_settings(comparisons, shares)
    linker = Linker(api.register("compared"), settings, log_level=None, validate_settings=False)
    for column in {level.frequency for one in comparisons for level in one.levels if level.frequency}:
        linker.table_management.register_term_frequency_lookup(api.register(f"none_{column}"), column)
    linker.table_management.register_blocked_pairs_for_predict(api.register("pairs_compared"))
    scored = linker.inference.predict(threshold_match_weight=least, warning_mode="never").physical_name
    # Sorted, so that of two equals the same one is found whatever the threads did.
    found = connection.execute(
        f"SELECT unique_id_l AS l, unique_id_r AS r, match_weight::FLOAT AS w FROM {scored} ORDER BY w DESC, l, r"
    ).fetchnumpy()
    connection.execute(f"DROP TABLE {scored}; DROP TABLE compared; DROP TABLE pairs_compared")
    return np.asarray(found["l"]), np.asarray(found["r"]), np.asarray(found["w"])


def _rows(table: pa.Table, rows: npt.NDArray[np.int32]) -> pa.Table:
    """Some rows, texts written out: with every batch DuckDB would read the whole dictionary of a column."""
    taken = table.take(pa.array(rows))
    for place, field in enumerate(taken.schema):
        if pa.types.is_dictionary(field.type):
            taken = taken.set_column(place, field.name, taken.column(place).cast(field.type.value_type))
    return taken


def levels(
    connection: Any,
    table: pa.Table,
    comparisons: tuple[Comparison, ...],
    pairs: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]],
) -> pd.DataFrame:
    """The number of the level every comparison reaches: a column each, a row for each pair."""
    parts = []
    for start in range(0, max(len(pairs[0]), 1), _AT_A_TIME):
        for name, side in zip(("a", "b"), pairs, strict=True):
            connection.register(f"side_{name}", _rows(table, side[start : start + _AT_A_TIME]))
        parts.append(
            connection.execute(
                f"SELECT {level_columns(comparisons, 'a', 'b')} FROM side_a a POSITIONAL JOIN side_b b"
            ).df()
        )
        connection.unregister("side_a")
        connection.unregister("side_b")
    whole: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return whole


def level_columns(comparisons: tuple[Comparison, ...], left: str, right: str) -> str:
    """SQL for the number of the level each comparison reaches, between the rows of the aliases `left` and `right`."""
    parts = []
    for comparison in comparisons:
        cases = []
        for level in comparison.levels:
            if level.sql == "ELSE":
                cases.append(f"ELSE {level.number}")
            else:
                cases.append(f"WHEN {_of_sides(level.sql, left, right)} THEN {level.number}")
        parts.append(f"(CASE {' '.join(cases)} END)::TINYINT AS {comparison.name}")
    return ", ".join(parts)


def _of_sides(sql: str, left: str, right: str) -> str:
    """`name_id_l = name_id_r` as `a.name_id = b.name_id`."""
    return re.sub(r"\b(\w+)_([lr])\b", lambda m: f"{left if m[2] == 'l' else right}.{m[1]}", sql)
