"""The pull killed anywhere, and started again: whatever was in flight, the end is as if nothing had happened.

Every kill is a real one: the pull runs in a forked child, which sends itself SIGKILL at a point drawn at random among
everything that it does: before a statement, after it, before a commit, between two requests, at any of the pieces of
some hundred bytes in which an answer arrives. No handler of ours runs, no rollback is sent. A seed that fails is named
by the test's id; `RASOAT_TEST_KILL_SEED` moves all of them to other points.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import event

from server.central import pull as pulling
from server.central import service as central
from server.central.client import Central
from server.central.pull import pull
from server.database import Database
from server.settings import CentralSettings
from server.submissions.service import Source
from tests.server.core.faults.in_step import assert_every_version, assert_in_step, shown_by_central
from tests.server.fieldwork import FORM, ROUND, Field, answers, submission_xml
from tests.server.keys import KEYS

SEED = int(os.environ.get("RASOAT_TEST_KILL_SEED", "2026"))
_USUAL_PIECE, _USUAL_WINDOW = pulling._STORE_AT_ONCE, CentralSettings.model_fields["window"].default
_PIECE = 700  # bytes
_LONGEST_LIFE = 120  # seconds, after which a child that hangs is ended

Tick = Callable[[], None]


@contextmanager
def ticking(database: Database, tick: Tick) -> Iterator[None]:
    """Call `tick` at every point where the pull could be killed."""
    engine = database.engine
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(engine, name, lambda *_arguments: tick())
    whole_pieces, request = requests.Response.iter_content, requests.Session.request

    def small_pieces(self: requests.Response, *_size: Any) -> Iterator[bytes]:
        for piece in whole_pieces(self, _PIECE):
            tick()
            yield piece

    def ticked(self: requests.Session, *given: Any, **named: Any) -> requests.Response:
        tick()
        answer = request(self, *given, **named)
        tick()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", small_pieces)
        patch.setattr(requests.Session, "request", ticked)
        yield


def life(field: Field, url: str, kill_at: int | None, *, whole_sync: bool = False) -> int:
    """A process that pulls into the database at `url`; ticks counted when it lives, 0 when it killed itself."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of pytest's must run in here: the child ends by `_exit` or by its own hand
        signal.alarm(_LONGEST_LIFE)
        status = 1
        try:
            os.write(writing, str(_live(field, url, kill_at, whole_sync)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        ticks = int(told.read() or 0)
    _, status = os.waitpid(child, 0)
    if kill_at is None:
        assert os.WIFEXITED(status)
        assert os.WEXITSTATUS(status) == 0
    else:
        assert os.WIFSIGNALED(status) or ticks, f"the child failed: {status}"
        assert not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGKILL
    return ticks


def _live(field: Field, url: str, kill_at: int | None, whole_sync: bool) -> int:
    ticks = 0
    lock = threading.Lock()

    def tick() -> None:
        nonlocal ticks
        with lock:  # the reader's thread ticks too
            ticks += 1
            if ticks == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    database = Database(url, KEYS)
    with ticking(database, tick):
        if whole_sync:
            central.sync(database, field.settings.central, ROUND)
        else:
            _pull(field, database)
    return ticks


def _pull(field: Field, database: Database, window: int | None = None) -> None:
    with Central(field.settings.central) as connection:
        source = Source(field.project_id, FORM, ROUND)
        pull(database, connection, source, window=window or field.settings.central.window)


def _heal(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pull as a machine does that was started again: in windows and pieces of the usual size."""
    with monkeypatch.context() as patch:
        patch.setattr(pulling, "_STORE_AT_ONCE", _USUAL_PIECE)
        _pull(field, field.database, window=_USUAL_WINDOW)


@pytest.fixture
def busy(field: Field, monkeypatch: pytest.MonkeyPatch) -> Field:
    """Small windows and pieces, so that a few submissions make many of them; retries at once."""
    monkeypatch.setattr(pulling, "_STORE_AT_ONCE", 2)
    field.settings.central.window = 4
    field.send(*range(1, 10))
    field.delete(5)
    return field


def change_all_kinds(field: Field) -> None:
    """New, edited (twice), reviewed, deleted, restored submissions, and a late file."""
    field.send(*range(10, 14))
    field.edit(1, 1, household_size=3)
    field.edit(1, 2, household_size=4)
    field.edit(11, 1, household_size=5)
    field.set_state(2, "approved")
    field.delete(3)
    field.restore(5)
    with field.client() as connection:
        field.post(connection, submission_xml(answers(14) | {"audit": "audit.csv"}, 14, field.version))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # copies of a file
@pytest.mark.parametrize("beginning", ["first pull", "later pull"])
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_point(
    busy: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: str, seed: int
) -> None:
    """20 points a seed, on copies of one database: 200 in all on SQLite."""
    if beginning == "later pull":
        _pull(busy, busy.database)
    change_all_kinds(busy)
    there = shown_by_central(busy)
    busy.database.dispose()
    original = Path(str(busy.database.engine.url.database))
    copy = tmp_path / "copy.sqlite"
    url = f"sqlite:///{copy}"
    shutil.copyfile(original, copy)
    ticks = life(busy, url, None)
    points = random.Random(f"{SEED} {beginning} {seed}").sample(range(1, ticks + 1), 20)
    for point in points:
        for leftover in tmp_path.glob("copy.sqlite*"):
            leftover.unlink()
        shutil.copyfile(original, copy)
        life(busy, url, point)
        again = Field(Database(url, KEYS), busy.settings, busy.stand_in, busy.project_id, busy.version)
        try:
            _heal(again, monkeypatch)
            assert_in_step(again, there, derived=False)
            if point == points[-1]:
                assert_every_version(again)
        except BaseException:
            print(f"RASOAT_TEST_KILL_SEED={SEED}: {beginning}, seed {seed}, killed at tick {point} of {ticks}")
            raise
        finally:
            again.database.dispose()


@pytest.mark.slow
def test_killed_again_and_again(busy: Field) -> None:
    """One database, one sync after another killed, deriving included, until one gets through; on either database."""
    change_all_kinds(busy)
    url = busy.database.engine.url.render_as_string(hide_password=False)
    busy.database.dispose()
    draw = random.Random(SEED)
    lives = [draw.randint(1, 150) for _ in range(12)]
    print(f"RASOAT_TEST_KILL_SEED={SEED}: killed at ticks {lives}")
    for kill_at in lives:
        life(busy, url, kill_at, whole_sync=True)
    busy.sync()
    assert_in_step(busy)
    assert_every_version(busy)
