"""`rasoat worker`, and the worker that the embedded service starts beside itself."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import open_database, settings

if TYPE_CHECKING:
    from server.settings import Settings

logger = logging.getLogger(__name__)

_STOP_SECONDS = 20.0
#: Before a worker that ended by itself is started again; doubled while it does not stay.
_AGAIN_SECONDS = 5.0
_LONGEST_AGAIN_SECONDS = 300.0


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Làm hết việc đến hạn rồi dừng. / Stop when none is due.")
    ] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Chỉ ghi cảnh báo. / Log warnings only.")] = False,
) -> None:
    """Chạy việc nền: đồng bộ, gửi kết quả duyệt. / Run background work: sync, delivery of reviews."""
    from server import work
    from server.jobs import service as jobs
    from server.logging import install as install_logs

    install_logs("json", logging.WARNING if quiet else logging.INFO)
    of = settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if with_parent:
        # The parent holds the other end: whatever ends it, even a kill, closes it.
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    with open_database(of) as database:
        with database.session() as session:
            work.set_schedules(session, of)
        with jobs.present(database):
            jobs.run_worker(database, work.make_handlers(of), once=once, stop_event=stop)


def _wait_for_end(stop: threading.Event) -> None:
    # Not through `sys.stdin`: a thread that holds its buffer makes Python abort when it ends.
    while os.read(0, 1024):
        pass
    stop.set()


@contextmanager
def worker_beside(of: Settings, *, quiet: bool = False) -> Iterator[None]:
    """A worker with these settings in a process of its own while the block lasts; one that dies is started again.

    Does nothing where the settings turn it off, or the database is not the embedded one: there, workers are started
    by themselves (`rasoat worker`).
    """
    if not of.worker.embedded or not of.database_url.startswith("sqlite"):
        yield
        return
    beside = _Beside(of, quiet=quiet)
    beside.start()
    try:
        yield
    finally:
        beside.stop()


class _Beside:
    def __init__(self, of: Settings, *, quiet: bool) -> None:
        from server.settings import as_environment

        self._options = ["--with-parent", *(["--quiet"] if quiet else [])]
        own = {name: value for name, value in os.environ.items() if not name.upper().startswith("RASOAT_")}
        self._environment = own | as_environment(of)
        self._ending = threading.Event()
        self._process = self._spawn()
        self._watcher = threading.Thread(target=self._watch, name="worker-watcher", daemon=True)

    def start(self) -> None:
        self._watcher.start()

    def stop(self) -> None:
        """End the worker in order; it gives back what it was at."""
        self._ending.set()
        self._end(self._process)
        self._watcher.join()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "server.cli", "worker", *self._options]
        # A group of its own: Ctrl+C reaches the service alone, which then ends the worker.
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=self._environment, start_new_session=True)  # noqa: S603

    def _watch(self) -> None:
        pause = _AGAIN_SECONDS
        while True:
            started = time.monotonic()
            status = self._process.wait()
            if self._ending.is_set():
                return
            stayed = time.monotonic() - started > _LONGEST_AGAIN_SECONDS
            pause = _AGAIN_SECONDS if stayed else min(2 * pause, _LONGEST_AGAIN_SECONDS)
            logger.warning("the worker ended with status %d; it is started again in %.0f s", status, pause)
            if self._ending.wait(pause):
                return
            self._process = self._spawn()
            if self._ending.is_set():  # told to end in the meantime
                self._end(self._process)
                return

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
