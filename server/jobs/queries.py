"""Statements over jobs. Each change of a running job names its lease: a worker that lost it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from server.database import insert_or_skip
from server.jobs.tables import Job, Schedule

_NO_SYNC = {"synchronize_session": False}


def claim(session: Session, kinds: Sequence[str], now: datetime, lease_until: datetime, token: str) -> Job | None:
    """Take the job that waited longest: queued and due, or running with a lease that ran out. One statement: SQLite
    holds its write lock through it, PostgreSQL passes over rows that another worker is taking."""
    due = and_(Job.state == "queued", Job.run_at <= now)
    abandoned = and_(Job.state == "running", Job.lease_until < now)
    next_id = (
        select(Job.id)
        .where(or_(due, abandoned), Job.attempts < Job.max_attempts, Job.kind.in_(kinds))
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    taken = (
        update(Job)
        .where(Job.id == next_id)
        .values(
            state="running",
            attempts=Job.attempts + 1,
            lease_token=token,
            lease_until=lease_until,
            heartbeat_at=now,
        )
        .returning(Job)
    )
    return session.scalars(taken, execution_options=_NO_SYNC).one_or_none()


def bury_abandoned(session: Session, now: datetime) -> None:
    """Make dead letters of jobs whose last attempt ended with its worker."""
    session.execute(
        update(Job)
        .where(Job.state == "running", Job.lease_until < now, Job.attempts >= Job.max_attempts)
        .values(state="dead", last_error="lease_expired", finished_at=now, lease_token=None, lease_until=None),
        execution_options=_NO_SYNC,
    )


def beat(session: Session, job_id: int, token: str, now: datetime, lease_until: datetime) -> bool:
    """Prolong a lease; False when it is another worker's by now."""
    return _changed(session, _held(job_id, token).values(heartbeat_at=now, lease_until=lease_until))


def finish(session: Session, job_id: int, token: str, now: datetime) -> bool:
    return _changed(
        session,
        _held(job_id, token).values(state="done", finished_at=now, lease_token=None, lease_until=None, last_error=None),
    )


def fail(session: Session, job_id: int, token: str, now: datetime, error: str, retry_at: datetime | None) -> bool:
    """Queue a failed job again for `retry_at`, or make it a dead letter (None, or no attempt left)."""
    last = Job.attempts >= Job.max_attempts if retry_at is not None else Job.id == job_id
    return _changed(
        session,
        _held(job_id, token).values(
            state=case((last, "dead"), else_="queued"),
            finished_at=case((last, now), else_=None),
            run_at=case((last, Job.run_at), else_=retry_at) if retry_at is not None else Job.run_at,
            lease_token=None,
            lease_until=None,
            last_error=error,
        ),
    )


def give_back(session: Session, job_id: int, token: str) -> bool:
    """Queue a job again whose worker is told to stop; the attempt does not count."""
    return _changed(
        session,
        _held(job_id, token).values(state="queued", attempts=Job.attempts - 1, lease_token=None, lease_until=None),
    )


def revive(session: Session, job_id: int, now: datetime) -> bool:
    """Queue a dead letter again, with all its attempts."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == "dead")
        .values(state="queued", attempts=0, run_at=now, finished_at=None)
    )
    return _changed(session, statement)


def add_slot_jobs(session: Session, rows: list[dict[str, Any]]) -> None:
    """Make the jobs of due slots; a slot that has its job keeps it.

    What waits or failed of earlier slots goes: the new job does its work, and a Central that is away for a night
    would otherwise leave hundreds of dead letters for a person to clear.
    """
    if rows:
        schedules = [row["schedule"] for row in rows]
        session.execute(
            delete(Job).where(Job.state.in_(("queued", "dead")), Job.schedule.in_(schedules)),
            execution_options=_NO_SYNC,
        )
        session.execute(insert_or_skip(session, Job), rows)


def queued(session: Session, kind: str, now: datetime) -> bool:
    """Whether a job of the kind is due and waits for a worker."""
    waiting = select(Job.id).where(Job.kind == kind, Job.state == "queued", Job.run_at <= now)
    return session.scalars(waiting.limit(1)).first() is not None


def due_schedules(session: Session) -> Sequence[tuple[Schedule, datetime | None]]:
    """Every enabled schedule with the latest slot that has its job."""
    latest = select(Job.schedule, func.max(Job.slot_at).label("slot_at")).group_by(Job.schedule).subquery()
    rows = session.execute(
        select(Schedule, latest.c.slot_at).outerjoin(latest, latest.c.schedule == Schedule.name).where(Schedule.enabled)
    )
    return [(schedule, slot) for schedule, slot in rows]


def jobs_in(session: Session, states: Sequence[str], limit: int) -> Sequence[Job]:
    """Jobs in these states, latest first."""
    return session.scalars(select(Job).where(Job.state.in_(states)).order_by(Job.id.desc()).limit(limit)).all()


def counts(session: Session) -> dict[str, int]:
    """Number of jobs by state."""
    return dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())


def all_schedules(session: Session) -> Sequence[Schedule]:
    return session.scalars(select(Schedule).order_by(Schedule.name)).all()


def prune(session: Session, before: datetime) -> int:
    """Remove jobs that were done before a time; dead letters stay."""
    removed = session.execute(
        delete(Job).where(Job.state == "done", Job.finished_at < before).returning(Job.id),
        execution_options=_NO_SYNC,
    )
    return len(removed.all())


def _held(job_id: int, token: str) -> Update:
    return update(Job).where(Job.id == job_id, Job.lease_token == token, Job.state == "running")


def _changed(session: Session, statement: Update) -> bool:
    found = session.execute(statement.returning(Job.id), execution_options=_NO_SYNC)
    return found.one_or_none() is not None
