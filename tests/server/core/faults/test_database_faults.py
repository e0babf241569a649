"""The disk is full, the database is locked, two syncs come at once: an error or a wait, and nothing half-written."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from server.central import pull as pulling
from server.central import service as central
from server.central.client import Central
from server.central.lease import SyncRunningError
from server.central.pull import Pulled, pull
from server.database import Database
from server.submissions.service import Source
from tests.server.core.faults.in_step import assert_every_version, assert_in_step, assert_nothing_personal
from tests.server.fieldwork import FORM, ROUND, Field
from tests.server.keys import KEYS


@pytest.fixture
def busy(field: Field, monkeypatch: pytest.MonkeyPatch) -> Field:
    monkeypatch.setattr(pulling, "_STORE_AT_ONCE", 2)
    field.settings.central.window = 4
    field.send(*range(1, 8))
    field.edit(1, 1, household_size=3)
    return field


@contextmanager
def full_disk(database: Database, writes: int) -> Iterator[None]:
    """Room for `writes` pages or statements, then none: SQLite's own limit, or the refusal of PostgreSQL's driver."""
    if database.engine.dialect.name == "sqlite":

        def limit(connection: Any, _record: Any, _proxy: Any = None) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + writes}")

        database.dispose()
        event.listen(database.engine, "connect", limit)
        try:
            yield
        finally:
            event.remove(database.engine, "connect", limit)
            database.dispose()
        return
    left = writes

    def refuse(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        nonlocal left
        if statement.startswith(("INSERT", "UPDATE")):
            left -= 1
            if left < 0:
                raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    event.listen(database.engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", refuse)


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_the_disk_is_full(busy: Field, caplog: pytest.LogCaptureFixture, writes: int) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        full_disk(busy.database, writes),
        pytest.raises((OperationalError, psycopg.errors.DiskFull)) as caught,
    ):
        _pull(busy, busy.database)
    assert "full" in str(caught.value) or "No space" in str(caught.value)
    assert "Mẫu" not in str(caught.value)
    with caplog.at_level(logging.DEBUG):
        busy.sync()
    assert_nothing_personal(caplog)
    assert_in_step(busy)
    assert_every_version(busy)


def test_two_syncs_at_once(busy: Field) -> None:
    """The second is told so, and leaves the first alone."""
    at_work, may_end = threading.Event(), threading.Event()

    def waits(_stage: str, _done: int, _total: int) -> None:
        at_work.set()
        may_end.wait(30)

    with ThreadPoolExecutor(1) as other:
        first = other.submit(central.sync, busy.database, busy.settings.central, ROUND, progress=waits)
        assert at_work.wait(30)
        with pytest.raises(SyncRunningError):
            busy.sync()
        may_end.set()
        first.result()
    assert_in_step(busy)


def test_two_pulls_at_once(busy: Field) -> None:
    """Even without the lease (one whose time ran out): they wait for one another piece by piece."""
    together = threading.Barrier(3)

    def one() -> Pulled:
        database = Database(busy.database.engine.url.render_as_string(hide_password=False), KEYS)
        together.wait(30)
        try:
            return _pull(busy, database)
        finally:
            database.dispose()

    with ThreadPoolExecutor(3) as others:
        pulls = [future.result() for future in [others.submit(one) for _ in range(3)]]
    assert sum(pulled.new for pulled in pulls) == 7  # each submission was new to one of them alone
    busy.sync()
    assert_in_step(busy)
    assert_every_version(busy)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_database_is_locked_for_a_while(busy: Field) -> None:
    """Someone else writes: the pull waits, and goes on when the lock is gone."""
    with closing(sqlite3.connect(str(busy.database.engine.url.database), check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = threading.Event()

        def reads(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
            if statement.startswith(("INSERT", "UPDATE")):
                waiting.set()

        event.listen(busy.database.engine, "before_cursor_execute", reads)
        with ThreadPoolExecutor(1) as pool:
            pulled = pool.submit(_pull, busy, busy.database)
            assert waiting.wait(30)
            assert not pulled.done()
            other.rollback()
            assert pulled.result().new == 7
    busy.sync()
    assert_in_step(busy)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_database_stays_locked(busy: Field, caplog: pytest.LogCaptureFixture) -> None:
    """Longer than we wait: an error, and the next sync brings all."""

    def impatient(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA busy_timeout = 1")

    busy.database.dispose()
    event.listen(busy.database.engine, "connect", impatient)
    with closing(sqlite3.connect(str(busy.database.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.DEBUG), pytest.raises(OperationalError) as caught:
            _pull(busy, busy.database)
        assert "locked" in str(caught.value)
        other.rollback()
    event.remove(busy.database.engine, "connect", impatient)
    busy.database.dispose()
    with caplog.at_level(logging.DEBUG):
        busy.sync()
    assert_nothing_personal(caplog)
    assert_in_step(busy)


def _pull(field: Field, database: Database) -> Pulled:
    with Central(field.settings.central) as connection:
        return pull(database, connection, Source(field.project_id, FORM, ROUND), window=4)
