"""One sync at a time, whoever asks: the schedule, the button, the command line.

The lease is a row of the database. Its holder prolongs it while it works; one that was killed is found dead by whoever
comes next on the same machine, and elsewhere loses the lease when its time is up.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, or_, update
from sqlalchemy.exc import SQLAlchemyError

from server.database import Database, insert_or_skip
from server.errors import ConflictError
from server.submissions.tables import SyncLease

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
_NAME = "sync"

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SyncRunningError(ConflictError):
    """Another sync is at work, or took over."""


class Lease:
    """The right to sync, while the block of `only_one` lasts."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.lost = threading.Event()

    def check(self) -> None:
        """To be called between steps. Raises `SyncRunningError` when another one took over."""
        if self.lost.is_set():
            raise SyncRunningError(
                "sync_lost",
                "Một lượt đồng bộ khác đã tiếp quản (lượt này bị treo quá lâu). Không mất gì; xem lượt kia.",
                "Another sync took over, for this one stood still too long. Nothing is lost; look at the other one.",
            )


@contextmanager
def only_one(database: Database, clock: Clock = _utc_now) -> Iterator[Lease]:
    """Hold the lease while the block lasts. Raises `SyncRunningError` when another sync holds it."""
    lease = _take(database, clock())
    done = threading.Event()

    def prolong() -> None:
        while not done.wait(LEASE.total_seconds() / 3):
            try:
                with database.session() as session:
                    now = clock()
                    kept = session.execute(
                        update(SyncLease).where(SyncLease.token == lease.token).values(until=now + LEASE)
                    )
                    if kept.rowcount != 1:  # type: ignore[attr-defined]
                        lease.lost.set()
            except SQLAlchemyError as error:
                # Tried again in a moment; the lease itself decides.
                log.warning("sync: the lease could not be prolonged (%s)", type(error).__name__)

    heart = threading.Thread(target=prolong, name="sync-lease", daemon=True)
    heart.start()
    try:
        yield lease
    finally:
        done.set()
        heart.join()
        with database.session() as session:
            session.execute(delete(SyncLease).where(SyncLease.token == lease.token))


def _take(database: Database, now: datetime) -> Lease:
    token = secrets.token_hex(16)
    values = {"token": token, "holder": _myself(), "since": now, "until": now + LEASE}
    with database.session() as session:
        # A write first: of two that come at once, the second one waits here, and then finds the first.
        session.execute(insert_or_skip(session, SyncLease).values(name=_NAME, **values))
        held = session.get_one(SyncLease, _NAME, with_for_update=True)
        if held.token == token:
            return Lease(token)
        free = SyncLease.until <= now
        if _is_dead(held.holder):
            free = or_(free, SyncLease.token == held.token)
        taken = session.execute(update(SyncLease).where(SyncLease.name == _NAME, free).values(values))
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            return Lease(token)
        since = f"{held.since:%H:%M:%S} UTC"
    raise SyncRunningError(
        "sync_running",
        f"Đang có một lượt đồng bộ khác, bắt đầu lúc {since}. Đợi lượt đó xong rồi chạy lại.",
        f"Another sync is at work since {since}. Wait until it has ended, then try again.",
    )


def _myself() -> str:
    """Machine, process namespace and process: what is needed to see whether the holder still lives."""
    return f"{socket.gethostname()[:40]}/{_namespace()}/{os.getpid()}"


def _namespace() -> str:
    """Containers may share a machine's name, and not its processes."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())[:24]
    except OSError:
        return "-"


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more; of any other nothing is known."""
    place, _, number = holder.rpartition("/")
    if place != _myself().rpartition("/")[0] or place.endswith("/-") or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
