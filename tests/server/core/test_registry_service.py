"""Last year's list: imported, linked with the round by exact keys, movements counted, changes of class flagged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from reconciliation import Registry, head_names, write_registry
from server.cases import service as cases
from server.cases.tables import Flag, Interview
from server.database import Database
from server.errors import NotFoundError, UserError
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

    result = registry.reconcile(database, ROUND)
    assert (result.registry_year, result.interviews, result.linked, result.contested) == (2025, 3, 2, 0)
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
    assert registry.reconcile(database, ROUND) == result
    cases.rebuild(database, ROUND)
    with database.session() as session:
        assert set(session.scalars(select(Flag.interview_id).where(Flag.code == "class_changed"))) == changed


def test_a_rejected_interview_is_no_household(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1, reviewState="rejected"))
    path = _list(tmp_path / "2025.xlsx", {"HN-1": "poor"}, {"HN-1": 1})
    with database.session() as session:
        registry.import_list(session, path, province_code=PROVINCE)
    assert registry.reconcile(database, ROUND).movements == {"poor_left": 1}


def test_a_list_replaces_that_of_its_year(database: Database, tmp_path: Path) -> None:
    for statuses in ({"HN-1": "poor", "HN-2": "poor"}, {"HN-1": "near_poor"}):
        path = _list(tmp_path / "2025.xlsx", statuses, {"HN-1": 1, "HN-2": 2})
        with database.session() as session:
            registry.import_list(session, path, province_code=PROVINCE)
    with database.session() as session:
        held = session.execute(select(RegistryHousehold.household_code, RegistryHousehold.status)).all()
    assert list(held) == [("HN-1", "near_poor")]


def test_what_is_no_list_is_refused_by_name(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("no workbook")
    with database.session() as session, pytest.raises(UserError, match=r"list\.xlsx"):
        registry.import_list(session, path, province_code=PROVINCE)


def test_without_a_list_there_is_nothing_to_reconcile(database: Database) -> None:
    with pytest.raises(NotFoundError, match="2025"):
        registry.reconcile(database, ROUND)
