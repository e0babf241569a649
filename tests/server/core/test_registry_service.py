"""Last year's list: imported, again, changed, moved, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.database import Database
from server.errors import UserError
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from tests.server.fieldwork import PROVINCE, commune_of
from tests.server.lists import write_list


def _held(database: Database) -> dict[str, str]:
    with database.session() as session:
        return dict(session.execute(select(RegistryHousehold.household_code, RegistryHousehold.status)).all())


def _import(database: Database, path: Path, **options: Any) -> registry.Imported:
    with database.session() as session:
        return registry.import_list(session, path, province_code=PROVINCE, **options)


def _changed(imported: registry.Imported) -> tuple[int, int, int, int, int]:
    of = imported.changed
    assert of is not None
    return of.added, of.changed, of.unchanged, of.removed, of.left


def test_importing_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = write_list(tmp_path / "2025.xlsx", {"HN-1": "poor", "HN-2": "poor"}, {"HN-1": 1, "HN-2": 2})
    assert _changed(_import(database, path)) == (2, 0, 0, 0, 0)
    with database.session() as session:
        written = dict(session.execute(select(RegistryHousehold.household_code, RegistryHousehold.imported_at)).all())
    assert _changed(_import(database, path)) == (0, 0, 2, 0, 0)
    with database.session() as session:
        again = dict(session.execute(select(RegistryHousehold.household_code, RegistryHousehold.imported_at)).all())
    assert again == written


def test_a_list_changes_what_it_holds_and_removes_only_when_told(database: Database, tmp_path: Path) -> None:
    _import(
        database,
        write_list(
            tmp_path / "a.xlsx", {"HN-1": "poor", "HN-14": "poor", "HN-2": "poor"}, {"HN-1": 1, "HN-14": 1, "HN-2": 2}
        ),
    )
    later = write_list(tmp_path / "b.xlsx", {"HN-1": "near_poor", "HN-3": "poor"}, {"HN-1": 1, "HN-3": 1})
    assert _changed(_import(database, later)) == (1, 1, 0, 0, 1)
    assert _held(database) == {"HN-1": "near_poor", "HN-14": "poor", "HN-2": "poor", "HN-3": "poor"}
    # Only of the communes that the file names: HN-2 stands in another.
    assert _changed(_import(database, later, replace=True)) == (0, 0, 2, 1, 0)
    assert _held(database) == {"HN-1": "near_poor", "HN-2": "poor", "HN-3": "poor"}


def test_a_household_that_moved_to_another_commune_stays_one(database: Database, tmp_path: Path) -> None:
    _import(database, write_list(tmp_path / "a.xlsx", {"HN-1": "poor"}, {"HN-1": 1}))
    assert _changed(_import(database, write_list(tmp_path / "b.xlsx", {"HN-1": "poor"}, {"HN-1": 2}))) == (
        0,
        1,
        0,
        0,
        0,
    )
    with database.session() as session:
        assert session.scalars(select(RegistryHousehold.commune_code)).all() == [commune_of(2)]


def test_a_dry_run_writes_nothing(database: Database, tmp_path: Path) -> None:
    path = write_list(tmp_path / "2025.xlsx", {"HN-1": "poor"}, {"HN-1": 1})
    imported = _import(database, path, dry_run=True)
    assert (imported.households, imported.changed) == (1, None)
    assert _held(database) == {}


def test_what_is_no_list_is_refused_by_name(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("no workbook")
    with database.session() as session, pytest.raises(UserError, match=r"list\.xlsx"):
        registry.import_list(session, path, province_code=PROVINCE)
