"""Erasure: the key destroyed, everything derived gone, and nothing brings it back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from reconciliation import Registry, head_names, write_registry
from server import cli
from server.audit import service as audit
from server.audit.tables import AuditEntry
from server.cases import service as cases
from server.cases.tables import Flag, Interview, InterviewMember
from server.database import Database
from server.errors import NotFoundError
from server.linkage import service as linkage
from server.linkage.tables import Link
from server.privacy.service import Erasure, Reason, erase
from server.registry import service as registry
from server.registry.tables import RegistryHousehold, RegistryMember
from server.review import service as review
from server.review.tables import Outbox, ReviewDecision
from server.secrets.service import MasterKeys, interview_subject, vault_of
from server.secrets.tables import HouseholdKey
from server.submissions import service as submissions
from server.submissions.rows import read_row
from server.submissions.service import Source
from server.submissions.tables import Submission
from tests.server.core.rows_of import derived_rows
from tests.server.fieldwork import (
    FORM,
    PROVINCE,
    REVIEW_DATE,
    ROUND,
    Field,
    answers,
    commune_of,
    instance_id,
    odata_row,
    person,
    receive,
)

BY = "u-officer"


def _erase(database: Database, subject: str, reason: Reason = Reason.SUBJECT_REQUEST) -> Erasure:
    return erase(database, subject, by=BY, reason=reason)


def _count(database: Database, table: Any, *conditions: Any) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def _list(database: Database, folder: Path, numbers: dict[str, int]) -> registry.Imported:
    """Import last year's list, whose households are those of some interviews."""
    households = pd.DataFrame(
        {
            "year": REVIEW_DATE.year - 1,
            "commune_code": [commune_of(number) for number in numbers.values()],
            "village_id": [f"{commune_of(number)}-01" for number in numbers.values()],
            "village_name": "Mẫu",
            "status": "poor",
        },
        index=pd.Index(list(numbers), name="household_code"),
    )
    rows = [
        {"household_code": code, "member_no": position, "ethnicity": "01", "birth_year": pd.NA}
        | {name: member["identity"][name] for name in ("full_name", "relation", "sex", "cccd")}
        | {"birth_date": pd.Timestamp(member["identity"]["birth_date"])}
        for code, number in numbers.items()
        for position, member in enumerate(answers(number)["member"], start=1)
    ]
    members = pd.DataFrame(rows).set_index(["household_code", "member_no"]).astype({"birth_year": "Int64"})
    households["head_name"] = head_names(members)
    problems = pd.DataFrame(columns=["row", "column", "problem", "rejected"])
    write_registry(Registry(households, members, problems), folder / "2025.xlsx")
    with database.session() as session:
        return registry.import_list(session, folder / "2025.xlsx", province_code=PROVINCE)


def test_everything_of_the_household_goes_and_what_was_decided_stays(database: Database) -> None:
    receive(database, odata_row(answers(1), 1), odata_row(answers(2), 2))
    with database.session() as session:
        review.decide(session, instance_id(1), "return", actor="test", reason="Hỏi lại chị Mẫu")

    assert _erase(database, instance_id(1)) == Erasure("interview", instance_id(1), [])

    assert _count(database, Interview) == 1
    for table in (InterviewMember, Flag):
        assert _count(database, table, table.interview_id == instance_id(1)) == 0
    with database.session() as session:
        key = session.get_one(HouseholdKey, interview_subject(instance_id(1)))
        kept = session.scalars(select(Submission).where(Submission.central_id == instance_id(1))).one()
        decision = session.scalars(select(ReviewDecision)).one()
        messages = session.scalars(select(Outbox)).all()
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).one()
        assert audit.verify(session).broken_seq is None
        assert submissions.live_count(session, Source(1, FORM, ROUND)) == 1
    assert (key.wrapped, key.destroyed_at is not None) == (None, True)
    assert (kept.payload, kept.version_id) == (None, instance_id(1))
    assert (decision.action, decision.reason) == ("return", None)
    assert {one.state for one in messages} == {"cancelled"}
    assert "Mẫu" not in str([one.payload for one in messages])
    assert (entry.actor, entry.action, entry.object_id) == (BY, "privacy.erase.subject_request", instance_id(1))


def test_a_rebuild_passes_over_it_and_gives_the_same_rows(database: Database) -> None:
    shared = {"member": [person("Trần Thị Hai", "head", "female", "1980-04-12", "033080012345")], "household_size": 1}
    receive(database, *(odata_row(answers(number) | shared, number) for number in (1, 2)), odata_row(answers(3), 3))
    assert _count(database, Flag, Flag.code == "duplicate_cccd") == 2

    _erase(database, instance_id(1))

    assert _count(database, Flag, Flag.code == "duplicate_cccd") == 0
    before = derived_rows(database)
    cases.rebuild(database, ROUND)
    assert derived_rows(database) == before
    assert len(before["interviews"]) == 2


def test_what_arrives_later_is_not_kept(database: Database) -> None:
    receive(database, odata_row(answers(1), 1), odata_row(answers(2), 2))
    _erase(database, instance_id(1))
    edited = odata_row(answers(1), 1, edits=1) | {"meta": {"instanceID": instance_id(1, 1)}}
    rows = [read_row(orjson.dumps(row)) for row in (odata_row(answers(1), 1), edited, odata_row(answers(3), 3))]
    with database.session() as session:
        stored = submissions.store(session, Source(1, FORM, ROUND), rows, datetime(2026, 9, 9, tzinfo=UTC))
    assert (stored.new, stored.versions, stored.updated, stored.erased) == (1, 0, 0, 1)
    assert stored.changed == [instance_id(3)]
    assert _count(database, Submission, Submission.central_id == instance_id(1)) == 1
    assert _count(database, Submission, Submission.payload.is_(None)) == 1


def test_a_pull_from_the_beginning_does_not_bring_it_back(field: Field) -> None:
    field.send(1, 2)
    field.sync()
    _erase(field.database, instance_id(1))
    field.edit(1, 1, household_size=3)
    done = field.sync(full=True)
    assert done.pulled.erased >= 1
    assert (done.pulled.new, done.pulled.versions, done.pulled.live, done.pulled.live_at_central) == (0, 0, 1, 2)
    assert _count(field.database, Interview) == 1


def test_a_household_on_a_list_is_forgotten_but_counted(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1), odata_row(answers(2), 2))
    _list(database, tmp_path, {"HN-1": 1, "HN-2": 2})
    assert linkage.reconcile(database, ROUND).linked == 2

    _erase(database, "33/2025/HN-1", Reason.RETENTION)

    with database.session() as session:
        household = session.get_one(RegistryHousehold, (PROVINCE, 2025, "HN-1"))
        previous = dict(session.execute(select(Interview.interview_id, Interview.previous_class)).all())
    assert (household.status, household.head_name) == ("poor", None)
    assert previous == {instance_id(1): None, instance_id(2): "poor"}
    assert _count(database, RegistryMember, RegistryMember.household_code == "HN-1") == 0
    assert _count(database, Link, Link.household_code == "HN-1") == 0

    again = _list(database, tmp_path, {"HN-1": 1, "HN-2": 2})
    assert (again.households, again.members, again.changed and again.changed.erased) == (2, 4, 1)
    with database.session() as session:
        loaded = registry.load_list(session, PROVINCE, 2025)
    assert set(loaded.members.index.get_level_values(0)) == {"HN-2"}
    assert loaded.households["head_name"].isna().to_dict() == {"HN-1": True, "HN-2": False}
    assert linkage.reconcile(database, ROUND).linked == 1


def test_who_erases_an_interview_is_told_what_a_list_still_holds(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1))
    _list(database, tmp_path, {"HN-1": 1})
    linkage.reconcile(database, ROUND)
    assert _erase(database, instance_id(1)).also_held == ["33/2025/HN-1"]
    assert _count(database, Link) == 0


@pytest.mark.parametrize("subject", ["uuid:nothing", "33/2025/HN-1", ""])
def test_an_unknown_id_is_refused_and_leaves_no_tombstone(database: Database, subject: str) -> None:
    receive(database, odata_row(answers(1), 1))
    with pytest.raises(NotFoundError):
        _erase(database, subject)
    assert _count(database, HouseholdKey) == 1
    assert _count(database, HouseholdKey, HouseholdKey.wrapped.is_(None)) == 0
    assert _count(database, AuditEntry, AuditEntry.actor == BY) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL's files are not the service's to read
def test_the_key_is_in_no_file_any_more(database: Database) -> None:
    path = database.engine.url.database or ""
    receive(database, odata_row(answers(1), 1), odata_row(answers(2), 2))
    with database.session() as session:
        keys = dict(session.execute(select(HouseholdKey.subject, HouseholdKey.wrapped)).all())

    def is_held(key: bytes | None) -> bool:
        return any(key is not None and key in part.read_bytes() for part in Path(path).parent.glob("rasoat.sqlite*"))

    assert all(is_held(key) for key in keys.values())
    _erase(database, instance_id(1))
    assert not is_held(keys[interview_subject(instance_id(1))])
    assert is_held(keys[interview_subject(instance_id(2))])


# On PostgreSQL alone: SQLite has one writer.
@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_an_erasure_waits_for_who_writes_with_the_key(database: Database) -> None:
    receive(database, odata_row(answers(1), 1))
    subject = interview_subject(instance_id(1))
    with database.session() as deriving:
        assert vault_of(deriving).hold([subject]) == set()
        with database.session() as erasing:
            erasing.execute(text("SET LOCAL lock_timeout = '100ms'"))
            vault = vault_of(erasing)
            with pytest.raises(OperationalError, match="lock timeout"):
                vault.erase([subject], datetime(2026, 9, 9, tzinfo=UTC))
            erasing.rollback()
    _erase(database, instance_id(1))
    with database.session() as deriving:
        assert vault_of(deriving).hold([subject]) == {subject}


def test_the_command_needs_an_account_a_reason_and_a_known_id(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    monkeypatch.setenv("RASOAT_DATA_DIR", str(folder))

    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["rasoat", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    for set_up in (
        ("db", "upgrade"),
        ("user", "add", "lan", "--name", "Trần Thị Lan"),
        ("round", "create", ROUND, "--review-date", "01/09/2026"),
    ):
        assert run(*set_up, "--json")[0] == 0
    database = Database(f"sqlite:///{folder / 'rasoat.sqlite'}", MasterKeys.from_file(folder / "master.key"))
    receive(database, odata_row(answers(1), 1))

    def erase_it(subject: str, by: str, reason: str) -> tuple[object, str, str]:
        return run("privacy", "erase", subject, "--yes", "--json", "--by", by, "--reason", reason)

    for wrong in (
        ("uuid:1", "lan", "retention"),
        (instance_id(1), "no-one", "retention"),
        (instance_id(1), "lan", "x"),
    ):
        status, out, said = erase_it(*wrong)
        assert (status, out) == (1, "")
        assert "Traceback" not in said
    assert _count(database, Interview) == 1

    status, out, _ = erase_it(instance_id(1), "lan", "retention")
    assert (status, json.loads(out)) == (0, {"kind": "interview", "id": instance_id(1), "also_held": []})
    assert _count(database, Interview) == 0
    database.dispose()
