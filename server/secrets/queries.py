"""Statements over the stored keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from server.database import insert_new_rows, one_of
from server.secrets.tables import HouseholdKey, ServiceKey, StoredMasterKey

#: Subjects in one statement: below the number of bound values that SQLite (32,766) and PostgreSQL (65,535) take.
SUBJECTS_PER_STATEMENT = 5_000


def master_keys(session: Session) -> Sequence[StoredMasterKey]:
    """The master keys in use, the active one last."""
    return session.scalars(select(StoredMasterKey).order_by(StoredMasterKey.number)).all()


def service_key(session: Session, name: str) -> ServiceKey | None:
    return session.get(ServiceKey, name)


def wrapped_keys(
    session: Session, subjects: Sequence[str], *, hold: bool = False
) -> Iterable[tuple[str, bytes | None, int]]:
    """(subject, wrapped key or None when destroyed, number of its master key) of those subjects that have one.

    hold: nobody else changes these rows before the transaction ends (on SQLite, which has one writer, nobody could).
    """
    columns = (HouseholdKey.subject, HouseholdKey.wrapped, HouseholdKey.master_number)
    for start in range(0, len(subjects), SUBJECTS_PER_STATEMENT):
        some = subjects[start : start + SUBJECTS_PER_STATEMENT]
        of = one_of(session, HouseholdKey.subject, some)
        statement = select(*columns).where(of).order_by(HouseholdKey.subject)
        yield from session.execute(statement.with_for_update(read=True) if hold else statement)


def add_keys(session: Session, rows: list[dict[str, Any]]) -> int:
    """Store new keys; a subject that has one keeps it. How many were stored."""
    return insert_new_rows(session, HouseholdKey, rows)


def destroy_keys(session: Session, subjects: Sequence[str], at: datetime) -> None:
    """Forget the keys for good; what stays is the tombstone."""
    if session.get_bind().dialect.name == "sqlite":
        # The freed bytes of the page are overwritten too, not only left out.
        session.execute(text("PRAGMA secure_delete = ON"))
    for start in range(0, len(subjects), SUBJECTS_PER_STATEMENT):
        session.execute(
            update(HouseholdKey)
            .where(
                one_of(session, HouseholdKey.subject, subjects[start : start + SUBJECTS_PER_STATEMENT]),
                HouseholdKey.destroyed_at.is_(None),
            )
            .values(wrapped=None, destroyed_at=at),
            execution_options={"synchronize_session": False},
        )


def keys_to_rewrap(session: Session, active: int, limit: int) -> Sequence[tuple[str, bytes | None, int]]:
    """Up to `limit` keys, tombstones included, that still depend on an older master key."""
    rows = session.execute(
        select(HouseholdKey.subject, HouseholdKey.wrapped, HouseholdKey.master_number)
        .where(HouseholdKey.master_number != active)
        .limit(limit)
        .with_for_update()
    )
    return [(subject, wrapped, number) for subject, wrapped, number in rows]


def count_to_rewrap(session: Session, active: int) -> int:
    statement = select(func.count()).select_from(HouseholdKey).where(HouseholdKey.master_number != active)
    return session.scalar(statement) or 0


def forget_old_master_keys(session: Session, active: int) -> None:
    """Delete the rows of older master keys; the database refuses while a key depends on one."""
    session.execute(
        delete(StoredMasterKey).where(StoredMasterKey.number < active),
        execution_options={"synchronize_session": False},
    )
