"""The worker: what it does by itself, beside the embedded service, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from server import work
from server.cases.tables import Interview
from server.cli.worker import worker_beside
from server.database import Database
from server.jobs import service as jobs
from server.jobs.presence import present
from server.jobs.tables import Job, Schedule, Worker
from server.review import service as review
from server.review.tables import Outbox
from server.rounds import service as rounds
from server.settings import Settings, as_environment, load_settings
from server.submissions.tables import SyncLease
from tests.server.fieldwork import FORM, ROUND, Field, instance_id
from tests.server.keys import KEY_TEXT

DEADLINE_SECONDS = 60.0
#: A worker beside the service is for the embedded database alone.
embedded = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def field(field: Field) -> Field:
    """The published round with settings that another process can open its database with."""
    return replace(field, settings=replace(field.settings, master=load_settings({}, master={"key": KEY_TEXT}).master))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def run(field: Field, clock: Clock) -> int:
    return jobs.run_worker(field.database, work.make_handlers(field.settings), once=True, clock=clock)


def schedule(field: Field) -> None:
    with field.database.session() as session:
        work.set_schedules(session, field.settings)


def all_jobs(field: Field) -> list[Job]:
    with field.database.session() as session:
        return list(session.scalars(select(Job).order_by(Job.id)))


def interviews(database: Database) -> int:
    with database.session() as session:
        return len(session.scalars(select(Interview.interview_id)).all())


def approve(field: Field, number: int, at: datetime) -> None:
    with field.database.session() as session:
        review.decide(session, instance_id(number), "approve", actor="supervisor", reason=None, now=at)


def until(what: Any) -> None:
    """Wait until something holds, for a process works beside us."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not what():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.1)


def test_what_arrived_is_pulled_by_the_schedule(field: Field) -> None:
    field.send(1, 2)
    schedule(field)
    clock = Clock()
    clock.now += timedelta(minutes=6)
    assert run(field, clock) == 2, "a sync and a delivery"
    assert interviews(field.database) == 2
    assert {(job.kind, job.state) for job in all_jobs(field)} == {("deliver", "done"), ("sync", "done")}
    assert run(field, clock) == 0, "nothing more is due"


def test_a_decision_reaches_central_once_it_cannot_be_undone(field: Field) -> None:
    field.send(1)
    field.sync()
    schedule(field)
    clock = Clock()
    approve(field, 1, clock.now)
    clock.now += timedelta(minutes=2)
    run(field, clock)
    assert field.at_central(1)["reviewState"] is None, "it can still be undone"
    clock.now += timedelta(minutes=9)
    run(field, clock)
    assert field.at_central(1)["reviewState"] == "approved"


def test_without_anything_to_tell_central_is_not_even_asked(field: Field) -> None:
    nowhere = field.settings.central.model_copy(update={"url": "http://127.0.0.1:9", "connect_timeout": 0.2})
    lost = replace(field, settings=replace(field.settings, central=nowhere))
    with field.database.session() as session:
        jobs.enqueue(session, "deliver")
    assert run(lost, Clock()) == 1
    assert [job.state for job in all_jobs(field)] == ["done"]


def test_only_open_rounds_with_a_published_form_are_pulled(field: Field) -> None:
    field.send(1)
    with field.database.session() as session:
        rounds.advance(session, ROUND, "closed")
        rounds.create(session, "next", province_code="33", review_date=datetime(2027, 9, 1, tzinfo=UTC).date(),
                      standard_id="nd07-2021")  # fmt: skip
        rounds.advance(session, "next", "open")
        jobs.enqueue(session, "sync")
    run(field, Clock())
    assert interviews(field.database) == 0
    assert [job.state for job in all_jobs(field)] == ["done"], "no form yet is no failure"


def test_a_central_that_is_away_leaves_one_dead_letter_not_a_night_of_them(field: Field) -> None:
    nowhere = field.settings.central.model_copy(update={"url": "http://127.0.0.1:9", "connect_timeout": 0.2})
    lost = replace(field, settings=replace(field.settings, central=nowhere))
    schedule(field)
    clock = Clock()
    for _ in range(40):
        clock.now += timedelta(minutes=1)
        run(lost, clock)
    failed = [job for job in all_jobs(field) if job.last_error is not None]
    assert {job.kind for job in failed} == {"sync"}
    assert [job.last_error for job in failed] == ["central_down"]
    clock.now += timedelta(minutes=5)
    run(field, clock)
    assert {job.state for job in all_jobs(field)} == {"done"}, "once it is back, nothing is left to clear"


def test_a_refusal_for_good_is_not_tried_again(field: Field) -> None:
    gone = field.settings.central.model_copy(update={"project_id": 999})
    with field.database.session() as session:
        rounds.attach_form(session, ROUND, FORM, 999, FORM, "1")
        jobs.enqueue(session, "sync")
    run(replace(field, settings=replace(field.settings, central=gone)), Clock())
    [job] = all_jobs(field)
    assert (job.state, job.attempts, job.last_error) == ("dead", 1, "central_not_found")


def test_one_sync_at_a_time_is_enough(field: Field) -> None:
    field.send(1)
    with field.database.session() as session:
        session.add(
            SyncLease(
                name="sync",
                token="t",
                holder="another machine/pid:[1]/1",
                since=datetime.now(UTC),
                until=datetime.now(UTC) + timedelta(minutes=1),
            )
        )
        jobs.enqueue(session, "sync")
        jobs.enqueue(session, "sync", {"asked": True})
    run(field, Clock())
    assert interviews(field.database) == 0, "the other one is at it"
    by_schedule, asked = all_jobs(field)
    assert (by_schedule.state, by_schedule.last_error) == ("done", None)
    assert (asked.state, asked.last_error) == ("queued", "sync_running"), "who asked gets a sync of their own"
    with field.database.session() as session:
        session.get_one(SyncLease, "sync").until = datetime.now(UTC)
    clock = Clock()
    clock.now += timedelta(hours=1)
    run(field, clock)
    assert interviews(field.database) == 1, "its lease ran out: this one does the work"


def test_schedules_follow_the_settings(field: Field) -> None:
    def rhythm(settings: Settings) -> dict[str, tuple[int, bool]]:
        with field.database.session() as session:
            work.set_schedules(session, settings)
        with field.database.session() as session:
            return {one.name: (one.every_seconds, one.enabled) for one in session.scalars(select(Schedule))}

    assert rhythm(field.settings) == {"sync": (300, True), "deliver": (60, True), "tidy": (86_400, True)}
    quick = replace(field.settings, worker=load_settings({}, worker={"sync_minutes": 1, "deliver_seconds": 0}).worker)
    assert rhythm(quick) == {"sync": (60, True), "deliver": (1, False), "tidy": (86_400, True)}
    alone = load_settings({})
    assert rhythm(alone) == {"sync": (300, False), "deliver": (60, False), "tidy": (86_400, True)}


def test_done_jobs_are_tidied_away_after_a_week(field: Field) -> None:
    clock = Clock()
    with field.database.session() as session:
        jobs.enqueue(session, "deliver", clock=clock)
    run(field, clock)
    clock.now += timedelta(days=8)
    with field.database.session() as session:
        jobs.enqueue(session, "tidy", clock=clock)
    run(field, clock)
    assert [job.kind for job in all_jobs(field)] == ["tidy"]


def test_a_worker_shows_that_it_is_there_and_goes_in_order(database: Database) -> None:
    clock = Clock()
    with database.session() as session:
        session.add(Worker(name="long gone", started_at=clock.now, seen_at=clock.now - timedelta(hours=1)))
    with present(database, clock) as name, database.session() as session:
        assert jobs.last_seen(session) == clock.now
        assert list(session.scalars(select(Worker.name))) == [name], "the one long gone is forgotten"
    with database.session() as session:
        assert jobs.last_seen(session) is None


def test_presence_is_renewed_while_a_job_is_long(database: Database) -> None:
    clock = Clock()
    with present(database, clock, beat=timedelta(milliseconds=10)):
        clock.now += timedelta(minutes=1)
        later = clock.now

        def renewed() -> bool:
            with database.session() as session:
                return jobs.last_seen(session) == later

        until(renewed)


@contextmanager
def beside(field: Field, **worker: Any) -> Iterator[Settings]:
    settings = replace(field.settings, worker=load_settings({}, worker=worker).worker)
    with worker_beside(settings):
        yield settings


def workers(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(Worker.name)))


@embedded
def test_beside_the_embedded_service_decisions_reach_central_by_themselves(field: Field) -> None:
    """What `serve` and the demo do: the worker is another process with the same settings."""
    field.send(1)
    field.sync()
    approve(field, 1, datetime.now(UTC) - timedelta(hours=1))
    with beside(field, deliver_seconds=1):
        until(lambda: field.at_central(1)["reviewState"] == "approved")

        def told() -> bool:
            with field.database.session() as session:
                return set(session.scalars(select(Outbox.state))) == {"sent"}

        until(told)
    assert workers(field.database) == [], "it ended in order"


@embedded
def test_a_setting_turns_the_worker_beside_the_service_off(field: Field) -> None:
    with beside(field, embedded=False):
        pass
    postgres = load_settings({}, database={"url": "postgresql+psycopg://nobody@127.0.0.1:9/none"})
    with worker_beside(postgres):  # a production service has workers of its own
        pass
    assert workers(field.database) == []


@embedded
def test_a_worker_that_is_killed_is_started_again(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.cli.worker._AGAIN_SECONDS", 0.1)
    with beside(field):
        until(lambda: len(workers(field.database)) == 1)
        [first] = workers(field.database)
        os.kill(int(first.split(":")[1]), 9)
        until(lambda: len(workers(field.database)) == 2)  # the killed one could not take its line away
    assert workers(field.database) == [first]


@embedded
def test_a_worker_ends_with_its_parent_even_when_that_is_killed(field: Field) -> None:
    script = "import sys; sys.stdin.close(); from server.cli.worker import worker_beside\n"
    script += "from server.settings import load_settings\n"
    script += "import time\nwith worker_beside(load_settings()): time.sleep(600)\n"
    own = {name: value for name, value in os.environ.items() if not name.startswith("RASOAT_")}
    parent = subprocess.Popen(
        [sys.executable, "-c", script], env=own | as_environment(field.settings), stdin=subprocess.DEVNULL
    )
    try:
        until(lambda: len(workers(field.database)) == 1)
    finally:
        parent.kill()
        parent.wait()
    until(lambda: workers(field.database) == [])


def test_settings_survive_the_way_to_another_process(field: Field) -> None:
    assert load_settings(as_environment(field.settings)) == field.settings
    assert "RASOAT_CENTRAL_PASSWORD" in as_environment(field.settings)


@embedded
def test_a_health_probe_is_answered_while_a_worker_runs(field: Field) -> None:
    """The service itself: `rasoat serve` answers, and ends its worker when it is told to stop."""
    port = _free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("RASOAT_")}
    service = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve", "--port", str(port)],
        env=own | as_environment(field.settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/healthz") and len(workers(field.database)) == 1)
    finally:
        service.terminate()
        _, logged = service.communicate(timeout=DEADLINE_SECONDS)
    assert workers(field.database) == []
    assert '"route": "/healthz"' in logged


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
