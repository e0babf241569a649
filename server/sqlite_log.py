"""SQLite's log, written out to the database file beside the work that fills it.

SQLite writes its log out in the commit that makes it too long, and the disk is then waited for. Whoever commits some
megabytes a second has it done in a thread instead. The log begins anew only with a transaction that finds all of it
written out, which at that pace never happens by itself: once it is long, the next transaction is made to wait for it.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from sqlalchemy.exc import DBAPIError

from server.database import Database

log = logging.getLogger(__name__)

#: Pages of 4 kB in the log from which on it is to begin anew: 128 MB.
_LONG = 32_000


class LogWriter:
    """Writes the log out after each commit that it is told of; a context manager. PostgreSQL sees to its own log."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "log") if database.engine.dialect.name == "sqlite" else None
        self._running: Future[int] | None = None

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def committed(self) -> None:
        """Have what was committed written out; call it between two transactions."""
        if self._thread is None:
            return
        pages = self._running.result() if self._running is not None else 0
        self._running = self._thread.submit(self._write_out)
        if pages > _LONG:
            self._running.result()

    def _write_out(self) -> int:
        """Pages in the log, those that were written out with them."""
        try:
            with self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                # PASSIVE waits for nobody: what a reader still needs stays for the next time.
                return int(connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()[1])
        except DBAPIError as error:
            # Nothing is lost, the log is whole; where the disk is full the next commit says so.
            log.warning("the database's log could not be written out: %s", type(error.orig).__name__)
            return 0
