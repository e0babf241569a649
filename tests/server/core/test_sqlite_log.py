"""SQLite's log written out beside the work: everything stays there, and the log begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from server import sqlite_log
from server.database import Database
from server.sqlite_log import LogWriter

_PIECES, _ROWS, _BYTES = 40, 100, 4000


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'log.db'}")
    with database.session() as session:
        session.execute(text("CREATE TABLE rows (number INTEGER PRIMARY KEY, payload BLOB)"))
    return database


def _fill(database: Database, writer: LogWriter) -> None:
    statement = text(
        "WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < :last)"
        " INSERT INTO rows SELECT :first + value, randomblob(:bytes) FROM n"
    )
    for piece in range(_PIECES):
        with database.session() as session:
            session.execute(statement, {"first": piece * _ROWS, "last": _ROWS - 1, "bytes": _BYTES})
        writer.committed()


def test_the_log_begins_anew_although_writing_never_pauses(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "_LONG", 500)
    with LogWriter(database) as writer:
        _fill(database, writer)
    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM rows")) == _PIECES * _ROWS
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    # Everything went through it once; it never held more than what is long and two pieces beside.
    written = _PIECES * _ROWS * _BYTES
    assert (tmp_path / "log.db").stat().st_size > written
    assert (tmp_path / "log.db-wal").stat().st_size < written / 4


def test_a_log_that_cannot_be_written_out_fails_nothing(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with LogWriter(database) as writer, database.engine.connect() as other:
        # Whoever reads keeps the log from beginning anew: it grows, and the work goes on.
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT count(*) FROM rows")
        _fill(database, writer)
    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM rows")) == _PIECES * _ROWS
    assert not caplog.records
