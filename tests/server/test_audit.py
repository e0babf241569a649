"""The access log: append-only, chained, one chain whoever appends."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from server.accounts.access import Entity, Scope, readable, system_scope
from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.audit.service import Event, Purpose, append, latest, of_object, verify
from server.audit.tables import AuditEntry, AuditHead
from server.database import Base, Database

AT = datetime(2026, 9, 1, 8, 30, 15, 123456, tzinfo=UTC)
READ = Event("interview.read", "interview", "uuid:1", Purpose.REVIEW)


@pytest.fixture
def database(any_database: Database) -> Database:
    Base.metadata.create_all(any_database.engine, tables=[AuditEntry.__table__, AuditHead.__table__])
    return any_database


def lift_triggers(database: Database) -> None:
    """What someone with the database's own password could do."""
    with database.session() as session:
        if database.engine.dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER audit_entries_no_update"))
            session.execute(text("DROP TRIGGER audit_entries_no_delete"))
        else:
            session.execute(text("DROP TRIGGER audit_entries_append_only ON audit_entries"))


def fill(database: Database, count: int = 10) -> None:
    for n in range(0, count, 5):
        with database.session() as session:
            events = [Event("interview.read", "interview", f"uuid:{n + k}") for k in range(5)]
            append(session, "user1", events, at=AT + timedelta(seconds=n))


def test_an_empty_log_is_whole(database: Database) -> None:
    with database.session() as session:
        append(session, "user1", [])
        result = verify(session)
    assert (result.checked, result.broken_seq) == (0, None)


def test_sets_are_chained_in_order(database: Database) -> None:
    fill(database)
    with database.session() as session:
        result = verify(session)
        assert (result.checked, result.broken_seq) == (10, None)
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
        assert [entry.seq for entry in entries] == list(range(1, 11))
        assert result.head == entries[-1].hash
        assert entries[0].at == AT


def test_a_set_that_is_rolled_back_leaves_no_gap(database: Database) -> None:
    fill(database, 5)
    with database.session() as session:
        append(session, "user1", [READ])
        session.rollback()
    fill(database, 5)
    with database.session() as session:
        assert verify(session).checked == 10


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_database_refuses_to_change_an_entry(database: Database, verb: str) -> None:
    statements = {
        "UPDATE": "UPDATE audit_entries SET actor = 'x'",
        "DELETE": "DELETE FROM audit_entries WHERE seq = 3",
        "TRUNCATE": "TRUNCATE audit_entries"
        if database.engine.dialect.name == "postgresql"
        else "DELETE FROM audit_entries",  # what SQLite itself runs as a truncation
    }
    fill(database, 5)
    with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
        session.execute(text(statements[verb]))
    with database.session() as session:
        assert verify(session).checked == 5


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    column=st.sampled_from(["actor", "action", "object_kind", "object_id", "purpose", "at", "hash", "prev_hash"]),
    seq=st.integers(1, 10),
)
def test_a_changed_field_is_named(database: Database, column: str, seq: int) -> None:
    with database.session() as session:
        first_example = session.scalar(select(func.count()).select_from(AuditEntry)) == 0
    if first_example:
        fill(database)
        lift_triggers(database)
    other = AT + timedelta(days=1) if column == "at" else "f" * 64 if "hash" in column else "other"
    with database.session() as session:
        entry = session.get(AuditEntry, seq)
        assert entry is not None
        before = getattr(entry, column)
        setattr(entry, column, other)
    with database.session() as session:
        assert verify(session).broken_seq == seq
    with database.session() as session:
        session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values({column: before}))
    with database.session() as session:
        assert verify(session).broken_seq is None


@pytest.mark.parametrize(("removed", "first_broken"), [(1, 1), (4, 4), (10, 10)])
def test_a_removed_entry_is_named_even_at_the_end(database: Database, removed: int, first_broken: int) -> None:
    fill(database)
    lift_triggers(database)
    with database.session() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.seq == removed))
    with database.session() as session:
        assert verify(session).broken_seq == first_broken


def test_entries_added_past_the_head_are_named(database: Database) -> None:
    fill(database)
    with database.session() as session:
        session.execute(update(AuditHead).values(seq=9))
    with database.session() as session:
        assert verify(session).broken_seq == 10


def test_concurrent_appenders_make_one_chain(database: Database) -> None:
    start = threading.Barrier(6)
    faults: list[BaseException] = []

    def work(name: int) -> None:
        start.wait()
        try:
            for n in range(10):
                with database.session() as session:
                    append(session, f"user{name}", [Event("x", "interview", f"{name}.{n}.{k}") for k in range(3)])
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.session() as session:
        result = verify(session)
        assert (result.checked, result.broken_seq) == (180, None)
        # A set stands together: no other appender comes between its entries.
        ids = session.scalars(select(AuditEntry.object_id).order_by(AuditEntry.seq)).all()
        for first in range(0, 180, 3):
            assert len({str(one).rsplit(".", 1)[0] for one in ids[first : first + 3]}) == 1


@pytest.mark.parametrize("kind", ["cccd", "phone", "address"])
def test_a_value_is_refused_where_its_keyed_hash_belongs(kind: str) -> None:
    with pytest.raises(ValueError, match="keyed hash"):
        Event("lookup", kind, "033084000999")
    assert Event("lookup", kind, "a" * 64).object_id == "a" * 64


def test_free_text_is_refused_as_action() -> None:
    with pytest.raises(ValueError, match="lower-case word"):
        Event("đọc phiếu của Nguyễn Văn An", "interview")


def test_who_read_is_shown_within_the_scope_only(database: Database) -> None:
    with database.session() as session:
        append(session, "user1", [READ, Event("interview.read", "interview", "uuid:2")], at=AT)
    administrator = Actor("a", (Grant(Role.ADMINISTRATOR, AreaKind.PROVINCE, "33"),))
    planner = Actor("p", (Grant(Role.PLANNER, AreaKind.PROVINCE, "33"),))
    with database.session() as session:
        allowed = readable(administrator, Entity.AUDIT)
        assert [entry.actor for entry in of_object(session, allowed, "interview", "uuid:1", 10)] == ["user1"]
        assert [entry.seq for entry in latest(session, allowed, None, 10)] == [2, 1]
        assert [entry.seq for entry in latest(session, system_scope("test"), 2, 10)] == [1]
        for nothing in (readable(planner, Entity.AUDIT), Scope()):
            assert of_object(session, nothing, "interview", "uuid:1", 10) == []
            assert latest(session, nothing, None, 10) == []
