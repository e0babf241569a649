"""Statements over the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.audit.chain import GENESIS
from server.audit.tables import AuditEntry, AuditHead
from server.database import insert_or_skip


def take_head(session: Session, count: int) -> tuple[int, str]:
    """Move the head on by `count` and hold it until the transaction ends; (seq, hash) before the move."""
    move = (
        update(AuditHead)
        .where(AuditHead.id == 1)
        .values(seq=AuditHead.seq + count)
        .returning(AuditHead.seq, AuditHead.hash)
    )
    row = session.execute(move, execution_options={"synchronize_session": False}).one_or_none()
    if row is None:
        session.execute(insert_or_skip(session, AuditHead), {"id": 1, "seq": 0, "hash": GENESIS})
        row = session.execute(move, execution_options={"synchronize_session": False}).one()
    return row.seq - count, row.hash


def add_entries(session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert the chained rows and let the head point at the last."""
    session.execute(insert(AuditEntry), rows)
    session.execute(
        update(AuditHead).where(AuditHead.id == 1).values(hash=rows[-1]["hash"]),
        execution_options={"synchronize_session": False},
    )


def head(session: Session) -> tuple[int, str]:
    """(seq, hash) of the end of the chain."""
    row = session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1)).one_or_none()
    return (row.seq, row.hash) if row is not None else (0, GENESIS)


def walk(session: Session) -> Iterator[AuditEntry]:
    """Every entry in order, in constant memory."""
    statement = select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=2_000)
    yield from session.scalars(statement)


def of_object(session: Session, scope: Scope, object_kind: str, object_id: str, limit: int) -> Sequence[AuditEntry]:
    """Who did what to one object, latest first, as far as the scope shows the log."""
    return session.scalars(
        select(AuditEntry)
        .where(
            scope.where(AuditEntry),
            AuditEntry.object_kind == object_kind,
            AuditEntry.object_id == object_id,
        )
        .order_by(AuditEntry.seq.desc())
        .limit(limit)
    ).all()


def latest(session: Session, scope: Scope, before: int | None, limit: int) -> Sequence[AuditEntry]:
    """A page of the log, latest first; `before` is the last seq of the page before."""
    statement = select(AuditEntry).where(scope.where(AuditEntry))
    if before is not None:
        statement = statement.where(AuditEntry.seq < before)
    return session.scalars(statement.order_by(AuditEntry.seq.desc()).limit(limit)).all()
