"""The migrated schema is the one that the tables declare, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server import migrations
from server.database import Database, UtcDateTime, import_tables, upgrade


def test_migrated_and_declared_schema_are_the_same(any_database: Database) -> None:
    assert migrations.current(any_database) is None
    assert upgrade(any_database) == migrations.newest()
    with any_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, import_tables()) == []


def test_upgrading_again_changes_nothing(any_database: Database) -> None:
    upgrade(any_database)
    with any_database.session() as session:
        session.execute(text("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '')"))
    upgrade(any_database)
    with any_database.session() as session:
        assert session.execute(text("SELECT count(*) FROM audit_head")).scalar() == 1


def test_the_access_log_of_a_migrated_database_is_append_only(any_database: Database) -> None:
    upgrade(any_database)
    row = "(1, '2026-09-01 00:00:00+00:00', 'a', 'b', 'c', '', '')"
    with any_database.session() as session:
        session.execute(
            text("INSERT INTO audit_entries (seq, at, actor, action, object_kind, prev_hash, hash) VALUES " + row)
        )
    with pytest.raises(DBAPIError), any_database.session() as session:
        session.execute(text("UPDATE audit_entries SET actor = 'z'"))


def test_a_time_without_zone_is_refused(any_database: Database) -> None:
    from datetime import datetime

    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(datetime(2026, 9, 1), any_database.engine.dialect)  # noqa: DTZ001
