"""The log and its head; triggers that let entries only be added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, event
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class AuditEntry(Base):
    """One thing done to, or read of, one object. Ids and keyed hashes only."""

    __tablename__ = "audit_entries"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1, without gaps
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80), index=True)  # user id, `system`, or `anonymous`
    action: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str | None] = mapped_column(String(200), index=True)
    purpose: Mapped[str | None] = mapped_column(String(40))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The end of the chain, in one row. Appending begins by updating it, which makes appenders wait in line on
    either database, and verification ends with it, which shows that no entry was cut off the end."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # always 1
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


def append_only_statements(dialect: str) -> list[str]:
    """The DDL that forbids changing or removing entries; a migration that makes the table executes it too."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER audit_entries_no_{verb.lower()} BEFORE {verb} ON audit_entries "
            "BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        "CREATE OR REPLACE FUNCTION audit_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_entries is append-only'; END $$",
        "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_append_only()",
    ]


@event.listens_for(AuditEntry.__table__, "after_create")
def _make_append_only(_table: Any, connection: Connection, **_: Any) -> None:
    for statement in append_only_statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
