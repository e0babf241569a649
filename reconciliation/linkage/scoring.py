"""Splink on DuckDB: pairs of people and of households, and the weights of what agrees between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from reconciliation.linkage.comparisons import Comparison, Shares, splink_settings
from reconciliation.linkage.tables import Tables


@contextmanager
def database(tables: Tables, memory: str = "900MB") -> Iterator[Any]:
    """A DuckDB inside this process with the tables of `tables.columns`, which are given up to it.

    What does not fit into memory goes to an encrypted file in a folder of its own; all is gone afterwards.
    """
    import duckdb

    with TemporaryDirectory(prefix="rasoat-linkage-") as folder:
        options = {"memory_limit": memory, "temp_directory": folder, "temp_file_encryption": "true"}
        connection = duckdb.connect(":memory:", config={**options, "preserve_insertion_order": "false"})
        try:
            for name in list(tables.columns):
                connection.register("arrived", tables.columns.pop(name))
                connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrived")
                connection.unregister("arrived")
            # Frequencies come with the rows; Splink asks for a table of them all the same.
            for column in ("fold_id", "core_id", "village", "commune"):
                connection.execute(f"CREATE TABLE none_{column} ({column} INTEGER, tf_{column} FLOAT)")
            yield connection
        finally:
            connection.close()


def score(
    connection: Any, table: str, comparisons: tuple[Comparison, ...], shares: Shares, pairs: str, least: float
) -> str:
    """Score the rows (join_key_l, join_key_r) of `pairs`, numbers of rows of `table`.

    Returns the name of the table made: unique_id_l, unique_id_r, match_weight (bits, without a prior), for pairs of at
    least `least` bits. The caller drops it.
    """
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection)
    settings = splink_settings(comparisons, shares)
    linker = Linker(api.register(table), settings, log_level=None, validate_settings=False)
    for column in {level.frequency for one in comparisons for level in one.levels if level.frequency}:
        linker.table_management.register_term_frequency_lookup(api.register(f"none_{column}"), column)
    linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
    scored = linker.inference.predict(threshold_match_weight=least, warning_mode="never")
    return str(scored.physical_name)


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
