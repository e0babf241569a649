"""Last year's list: imported, linked with the round by exact keys, movements counted, changes of class flagged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from reconciliation import Registry, head_names, write_registry
from server.cases import service as cases
from server.cases.tables import Flag, Interview
from server.database import Database
from server.errors import NotFoundError, UserError
from server.linkage import service as linkage
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from tests.server.fieldwork import PROVINCE, ROUND, answers, commune_of, instance_id, odata_row, receive


def _list(path: Path, statuses: dict[str, str], numbers: dict[str, int]) -> Path:
    """A worksheet of last year: household code -> status, and whose interview it will be."""
    codes = list(statuses)
    households = pd.DataFrame(
        {
            "year": pd.array([2025] * len(codes), dtype="Int64"),
            "commune_code": [commune_of(numbers[code]) for code in codes],
            "village_id": [f"{commune_of(numbers[code])}-01" for code in codes],
            "village_name": "Mẫu",
            "status": [statuses[code] for code in codes],
        },
        index=pd.Index(codes, name="household_code"),
    )
    rows = []
    for code in codes:
        for position, member in enumerate(answers(numbers[code])["member"], start=1):
            identity = member["identity"]
            rows.append(
                {
                    "household_code": code,
                    "member_no": position,
                    "full_name": identity["full_name"],
                    "relation": identity["relation"],
                    "sex": identity["sex"],
                    "birth_date": pd.Timestamp(identity["birth_date"]),
                    "birth_year": pd.NA,
                    "cccd": identity["cccd"],
                    "ethnicity": "01",
                }
            )
    members = pd.DataFrame(rows).set_index(["household_code", "member_no"]).astype({"birth_year": "Int64"})
    households["head_name"] = head_names(members)
    write_registry(Registry(households, members, pd.DataFrame(columns=["row", "column", "problem", "rejected"])), path)
    return path


def test_a_round_is_linked_and_its_movements_counted(database: Database, tmp_path: Path) -> None:
    receive(database, *(odata_row(answers(number), number) for number in (1, 2, 3)))
    path = _list(
        tmp_path / "2025.xlsx",
        {"HN-1": "poor", "HN-2": "near_poor", "HN-9": "poor"},
        {"HN-1": 1, "HN-2": 2, "HN-9": 9},
    )
    with database.session() as session:
        imported = registry.import_list(session, path, province_code=PROVINCE)
    assert (imported.year, imported.households, imported.members, imported.rejected) == (2025, 3, 6, 0)

    result = linkage.reconcile(database, ROUND)
    assert (result.registry_year, result.interviews, result.linked, result.doubtful) == (2025, 3, 2, 0)
    expected = {"escaped_poverty": 1, "escaped_near_poverty": 1, "poor_left": 1, "not_on_any_list": 1}
    assert result.movements == expected
    with database.session() as session:
        by_commune = {(one.commune_code, one.movement) for one in registry.movement_counts(session, ROUND)}
        previous = dict(session.execute(select(Interview.interview_id, Interview.previous_class)).all())
        changed = set(session.scalars(select(Flag.interview_id).where(Flag.code == "class_changed")))
    assert (commune_of(1), "escaped_poverty") in by_commune
    assert (commune_of(9), "poor_left") in by_commune  # the commune of the list: nobody was met
    assert previous == {instance_id(1): "poor", instance_id(2): "near_poor", instance_id(3): None}
    assert changed == {instance_id(1), instance_id(2)}

    # Again, and after a rebuild: the same links, flags and classes.
    assert linkage.reconcile(database, ROUND) == result
    cases.rebuild(database, ROUND)
    with database.session() as session:
        assert set(session.scalars(select(Flag.interview_id).where(Flag.code == "class_changed"))) == changed


def test_a_rejected_interview_is_no_household(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1, reviewState="rejected"))
    path = _list(tmp_path / "2025.xlsx", {"HN-1": "poor"}, {"HN-1": 1})
    with database.session() as session:
        registry.import_list(session, path, province_code=PROVINCE)
    assert linkage.reconcile(database, ROUND).movements == {"poor_left": 1}


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
    path = _list(tmp_path / "2025.xlsx", {"HN-1": "poor", "HN-2": "poor"}, {"HN-1": 1, "HN-2": 2})
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
        _list(
            tmp_path / "a.xlsx", {"HN-1": "poor", "HN-14": "poor", "HN-2": "poor"}, {"HN-1": 1, "HN-14": 1, "HN-2": 2}
        ),
    )
    later = _list(tmp_path / "b.xlsx", {"HN-1": "near_poor", "HN-3": "poor"}, {"HN-1": 1, "HN-3": 1})
    assert _changed(_import(database, later)) == (1, 1, 0, 0, 1)
    assert _held(database) == {"HN-1": "near_poor", "HN-14": "poor", "HN-2": "poor", "HN-3": "poor"}
    # Only of the communes that the file names: HN-2 stands in another.
    assert _changed(_import(database, later, replace=True)) == (0, 0, 2, 1, 0)
    assert _held(database) == {"HN-1": "near_poor", "HN-2": "poor", "HN-3": "poor"}


def test_a_household_that_moved_to_another_commune_stays_one(database: Database, tmp_path: Path) -> None:
    _import(database, _list(tmp_path / "a.xlsx", {"HN-1": "poor"}, {"HN-1": 1}))
    assert _changed(_import(database, _list(tmp_path / "b.xlsx", {"HN-1": "poor"}, {"HN-1": 2}))) == (0, 1, 0, 0, 0)
    with database.session() as session:
        assert session.scalars(select(RegistryHousehold.commune_code)).all() == [commune_of(2)]


def test_a_dry_run_writes_nothing(database: Database, tmp_path: Path) -> None:
    path = _list(tmp_path / "2025.xlsx", {"HN-1": "poor"}, {"HN-1": 1})
    imported = _import(database, path, dry_run=True)
    assert (imported.households, imported.changed) == (1, None)
    assert _held(database) == {}


def test_what_is_no_list_is_refused_by_name(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("no workbook")
    with database.session() as session, pytest.raises(UserError, match=r"list\.xlsx"):
        registry.import_list(session, path, province_code=PROVINCE)


def test_without_a_list_there_is_nothing_to_reconcile(database: Database) -> None:
    with pytest.raises(NotFoundError, match="2025"):
        linkage.reconcile(database, ROUND)
