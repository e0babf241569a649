"""The worker: claims a job, keeps its lease alive from a second thread, runs its handler, records the outcome."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from server.database import Database
from server.jobs import queries
from server.jobs.backoff import wait_after
from server.jobs.tables import Job

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
LEASE = timedelta(seconds=60)
POLL_SECONDS = 1.0


class JobFailed(Exception):  # noqa: N818 - said by a handler of its job
    """A handler could not do its job. `code` is kept and shown: a word, never a message or a value."""

    def __init__(self, code: str, *, retry: bool = True) -> None:
        super().__init__(code)
        self.code = code
        self.retry = retry


class LeaseLost(Exception):  # noqa: N818
    """Another worker has the job by now: what this one still does must not count."""


class Stopped(Exception):  # noqa: N818
    """The worker was told to stop; the job goes back to the queue."""


@dataclass
class JobContext:
    """What a handler gets beside its arguments."""

    database: Database
    job_id: int
    attempt: int
    now: Clock
    stop_event: threading.Event
    lease_lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """To be called between steps of long work: raises when the lease is lost or the worker is to stop."""
        if self.lease_lost.is_set():
            raise LeaseLost
        if self.stop_event.is_set():
            raise Stopped


Handler = Callable[[JobContext, dict[str, Any]], None]


class Handlers:
    """The kinds of jobs a worker knows."""

    def __init__(self) -> None:
        self._by_kind: dict[str, Handler] = {}

    def handles(self, kind: str) -> Callable[[Handler], Handler]:
        """Register the decorated function for jobs of this kind."""

        def register(handler: Handler) -> Handler:
            if kind in self._by_kind:
                raise ValueError(f"jobs of kind {kind} have a handler already")
            self._by_kind[kind] = handler
            return handler

        return register

    def kinds(self) -> Sequence[str]:
        return sorted(self._by_kind)

    def get(self, kind: str) -> Handler:
        return self._by_kind[kind]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def run_worker(
    database: Database,
    handlers: Handlers,
    *,
    once: bool = False,
    stop_event: threading.Event | None = None,
    clock: Clock = _utc_now,
    lease: timedelta = LEASE,
    poll_seconds: float = POLL_SECONDS,
    chance: random.Random | None = None,
) -> int:
    """Run jobs until `stop_event` is set, or with `once` until none is due; return how many were run.

    Any number of workers may run on one database. A job of a kind without a handler here is left to others.
    """
    stop = stop_event or threading.Event()
    spread = chance or random.SystemRandom()
    ran = 0
    while not stop.is_set():
        try:
            make_due_jobs(database, clock())
            job = _claim(database, handlers, clock, lease)
            if job is not None:
                _run(database, handlers, job, stop, clock, lease, spread)
                ran += 1
        except SQLAlchemyError as error:
            # The database is away or busy: this worker waits, its leases run out by themselves.
            if once:
                raise
            logger.warning("worker: the database did not answer (%s)", type(error).__name__)
            job = None
        if job is None:
            if once:
                break
            stop.wait(poll_seconds)
    return ran


def make_due_jobs(database: Database, now: datetime) -> None:
    """Make the job of each schedule's current slot, if no worker has made it yet."""
    with database.session() as session:
        rows = []
        for schedule, done in queries.due_schedules(session):
            slot_at = latest_slot(now, schedule.every_seconds, schedule.offset_seconds)
            if slot_at <= (done or schedule.begins_at):
                continue
            rows.append(
                {
                    "kind": schedule.kind,
                    "args": schedule.args,
                    "state": "queued",
                    "created_at": now,
                    "run_at": now,
                    "attempts": 0,
                    "max_attempts": 3,
                    "schedule": schedule.name,
                    "slot_at": slot_at,
                }
            )
        queries.add_slot_jobs(session, rows)


def latest_slot(now: datetime, every_seconds: int, offset_seconds: int) -> datetime:
    """The latest slot of a schedule that is not after `now`."""
    number = int(now.timestamp() - offset_seconds) // every_seconds
    return datetime.fromtimestamp(number * every_seconds + offset_seconds, UTC)


def _claim(database: Database, handlers: Handlers, clock: Clock, lease: timedelta) -> Job | None:
    with database.session() as session:
        now = clock()
        queries.bury_abandoned(session, now)
        return queries.claim(session, handlers.kinds(), now, now + lease, secrets.token_hex(16))


def _run(
    database: Database,
    handlers: Handlers,
    job: Job,
    stop: threading.Event,
    clock: Clock,
    lease: timedelta,
    chance: random.Random,
) -> None:
    token = job.lease_token or ""
    context = JobContext(database, job.id, job.attempts, clock, stop)
    done = threading.Event()
    heart = threading.Thread(
        target=_beat_until, args=(done, context, token, lease), name=f"heartbeat-{job.id}", daemon=True
    )
    heart.start()
    failure: JobFailed | None = None
    stopped = False
    started = time.monotonic()
    try:
        handlers.get(job.kind)(context, dict(job.args))
    except LeaseLost:
        pass
    except Stopped:
        stopped = True
    except JobFailed as error:
        failure = error
    except Exception as error:
        # Neither the message nor the arguments of an error are kept: they may hold an answer.
        failure = JobFailed(type(error).__name__[:80])
        logger.warning("job %d (%s): %s at %s", job.id, job.kind, type(error).__name__, _place(error))
    finally:
        done.set()
        heart.join()
    with database.session() as session:
        now = clock()
        if stopped:
            kept = queries.give_back(session, job.id, token)
        elif context.lease_lost.is_set():
            kept = False
        elif failure is None:
            kept = queries.finish(session, job.id, token, now)
        else:
            retry_at = now + wait_after(job.attempts, chance) if failure.retry else None
            kept = queries.fail(session, job.id, token, now, failure.code[:80], retry_at)
    about = {"job": job.id, "kind": job.kind, "ms": round((time.monotonic() - started) * 1000)}
    if not kept:
        logger.warning("job: the lease was lost, the outcome does not count", extra=about)
    elif failure is not None:
        logger.warning("job failed", extra=about | {"code": failure.code})
    else:
        logger.info("job given back" if stopped else "job done", extra=about)


def _beat_until(done: threading.Event, context: JobContext, token: str, lease: timedelta) -> None:
    while not done.wait(lease.total_seconds() / 3):
        if not beat(context, token, lease):
            return


def beat(context: JobContext, token: str, lease: timedelta) -> bool:
    """Prolong the lease of a running job; when it is another worker's, tell the handler through its context."""
    now = context.now()
    try:
        with context.database.session() as session:
            held = queries.beat(session, context.job_id, token, now, now + lease)
    except SQLAlchemyError:
        return True  # tried again at the next beat; the lease itself decides
    if not held:
        context.lease_lost.set()
    return held


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
