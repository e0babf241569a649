"""The public face of jobs.

    handlers = Handlers()
    @handlers.handles("sync")
    def sync(context: JobContext, args: dict[str, Any]) -> None: ...

    enqueue(session, "sync", {"full": False})
    run_worker(database, handlers, stop_event=stop)

A handler may run twice for one job (its worker died, or its lease ran out): it must be safe to repeat. It raises
`JobFailed(code)` to be tried again, `JobFailed(code, retry=False)` to become a dead letter at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.jobs import queries
from server.jobs.presence import GONE, last_seen, present
from server.jobs.queries import prune
from server.jobs.tables import Job, Schedule
from server.jobs.worker import Handlers, JobContext, JobFailed, LeaseLost, run_worker

__all__ = [
    "GONE",
    "Handlers",
    "Job",
    "JobContext",
    "JobFailed",
    "LeaseLost",
    "counts",
    "enqueue",
    "ensure_schedule",
    "is_queued",
    "is_worker_lost",
    "last_seen",
    "present",
    "prune",
    "recent",
    "retry",
    "run_worker",
    "schedules",
]

DEFAULT_ATTEMPTS = 5
UNFINISHED = ("running", "queued", "dead")


def utc_now() -> datetime:
    return datetime.now(UTC)


def enqueue(
    session: Session,
    kind: str,
    args: dict[str, Any] | None = None,
    *,
    run_at: datetime | None = None,
    max_attempts: int = DEFAULT_ATTEMPTS,
    clock: Callable[[], datetime] = utc_now,
) -> Job:
    """Add a job, to run as soon as the transaction is committed or at `run_at`. `args` holds no personal data."""
    now = clock()
    job = Job(
        kind=kind,
        args=args or {},
        state="queued",
        created_at=now,
        run_at=run_at or now,
        max_attempts=max_attempts,
    )
    session.add(job)
    session.flush()
    return job


def ensure_schedule(
    session: Session,
    name: str,
    kind: str,
    args: dict[str, Any] | None = None,
    *,
    every_seconds: int,
    offset_seconds: int = 0,
    enabled: bool = True,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Set a schedule up or change it. Daily at 02:00 in Viet Nam: every 86,400 with an offset of 19 * 3,600.

    A new schedule begins with its next slot; after an outage only the latest of the missed slots is made up for.
    """
    if every_seconds < 1:
        raise ValueError("a schedule repeats after a second at least")
    schedule = session.get(Schedule, name)
    session.merge(
        Schedule(
            name=name,
            kind=kind,
            args=args or {},
            every_seconds=every_seconds,
            offset_seconds=offset_seconds,
            begins_at=clock() if schedule is None else schedule.begins_at,
            enabled=enabled,
        )
    )
    session.flush()


def is_queued(session: Session, kind: str, *, clock: Callable[[], datetime] = utc_now) -> bool:
    """Whether a job of this kind is due and waits for a worker: another one would do nothing more."""
    return queries.queued(session, kind, clock())


def is_worker_lost(session: Session, *, clock: Callable[[], datetime] = utc_now) -> bool:
    """Whether no worker was seen lately: what is queued will not be done."""
    seen = last_seen(session)
    return seen is None or seen < clock() - GONE


def recent(session: Session, scope: Scope, limit: int = 100) -> Sequence[Job]:
    """Unfinished jobs and dead letters, then what was done, latest first; nothing for whom the scope is empty."""
    if scope.is_empty:
        return []
    return [*queries.jobs_in(session, UNFINISHED, limit), *queries.jobs_in(session, ("done",), limit)]


def counts(session: Session, scope: Scope) -> dict[str, int]:
    """Number of jobs by state, as far as the scope shows jobs."""
    return {} if scope.is_empty else queries.counts(session)


def schedules(session: Session, scope: Scope) -> Sequence[Schedule]:
    """Every schedule, as far as the scope shows jobs."""
    return [] if scope.is_empty else queries.all_schedules(session)


def retry(session: Session, scope: Scope, job_id: int, *, clock: Callable[[], datetime] = utc_now) -> bool:
    """Queue a dead letter again; False when there is none with this number."""
    return not scope.is_empty and queries.revive(session, job_id, clock())
