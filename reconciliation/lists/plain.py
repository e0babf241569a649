"""The plain worksheet: the province's own layout, whose mapping needs no guessing."""

from __future__ import annotations

from pathlib import Path

from reconciliation.lists.mapping import ColumnRule, Mapping
from reconciliation.lists.reading import read_list
from reconciliation.registry import COLUMNS, Registry

_FIELDS = {"commune_code": "commune", "village_name": "village", "birth_date": "birth"}

#: One row per member, every row with its household's code.
PLAIN = Mapping(
    tuple(ColumnRule(heading, _FIELDS.get(column, column)) for heading, (_, column) in COLUMNS.items()),
    confirmed=True,
)


def read_registry(path: Path) -> Registry:
    """Read a plain registry worksheet (the headings of `reconciliation.registry.COLUMNS`).

    A household with a row that cannot stand (no code, unknown status, doubled member number, two communes) is left
    out whole and reported; the rest is taken.

    Raises `RegistryError` when the file cannot be read, has no data, or lacks a required heading.
    """
    return read_list(path, PLAIN)
