"""Whether workers are there: each writes a line of its own every few seconds, and removes it when it ends."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from server.database import Database
from server.jobs.tables import Worker

logger = logging.getLogger(__name__)

BEAT = timedelta(seconds=15)
#: A worker that was not seen for so long is gone, though it could not say so.
GONE = timedelta(minutes=2)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def present(database: Database, clock: Callable[[], datetime] = _utc_now, beat: timedelta = BEAT) -> Iterator[str]:
    """Show this process as a worker while the block lasts; its name."""
    name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(3)}"
    started = clock()
    done = threading.Event()

    def show() -> None:
        with database.session() as session:
            session.merge(Worker(name=name, started_at=started, seen_at=clock()))
            session.execute(delete(Worker).where(Worker.seen_at < clock() - 10 * GONE))

    def keep_showing() -> None:
        while not done.wait(beat.total_seconds()):
            try:
                show()
            except SQLAlchemyError as error:
                logger.warning("worker: could not say that it is there (%s)", type(error).__name__)

    show()
    thread = threading.Thread(target=keep_showing, name="presence", daemon=True)
    thread.start()
    try:
        yield name
    finally:
        done.set()
        thread.join()
        with suppress(SQLAlchemyError), database.session() as session:
            session.execute(delete(Worker).where(Worker.name == name))


def last_seen(session: Session) -> datetime | None:
    """When a worker was last there; None when none runs and the last one ended in order."""
    return session.scalar(select(func.max(Worker.seen_at)))
