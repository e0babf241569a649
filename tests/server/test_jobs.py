"""Jobs: claimed once, retried by another after a crash, made once per slot. The clock is the test's."""

from __future__ import annotations

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from server.accounts.access import Scope, system_scope
from server.database import Base, Database
from server.jobs import queries, service
from server.jobs.backoff import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, wait_after
from server.jobs.service import Handlers, JobContext, JobFailed, enqueue, ensure_schedule, run_worker
from server.jobs.tables import Job, Schedule
from server.jobs.worker import beat, latest_slot, make_due_jobs

START = datetime(2026, 9, 1, 8, 0, 30, tzinfo=UTC)
LEASE = timedelta(seconds=60)
EVERYTHING = system_scope("test")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **of_time: float) -> None:
        self.now += timedelta(**of_time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(any_database: Database) -> Database:
    Base.metadata.create_all(any_database.engine, tables=[Job.__table__, Schedule.__table__])
    return any_database


@pytest.fixture
def add(database: Database, clock: Clock) -> Callable[..., int]:
    def add(kind: str = "work", args: dict[str, Any] | None = None, **more: Any) -> int:
        with database.session() as session:
            return enqueue(session, kind, args, clock=clock, **more).id

    return add


def job(database: Database, job_id: int) -> Job:
    with database.session() as session:
        found = session.get(Job, job_id)
        assert found is not None
        return found


def claim(database: Database, clock: Clock, token: str) -> Job | None:
    with database.session() as session:
        queries.bury_abandoned(session, clock.now)
        return queries.claim(session, ["work"], clock.now, clock.now + LEASE, token)


def test_a_job_is_run_with_its_arguments(database: Database, clock: Clock, add: Callable[..., int]) -> None:
    handlers, seen = Handlers(), []

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        context.check()
        seen.append((context.attempt, args))

    of = add(args={"round_id": "2026", "full": True})
    assert run_worker(database, handlers, once=True, clock=clock) == 1
    assert seen == [(1, {"round_id": "2026", "full": True})]
    done = job(database, of)
    assert (done.state, done.finished_at, done.lease_token) == ("done", START, None)
    assert run_worker(database, handlers, once=True, clock=clock) == 0


def test_jobs_run_in_order_of_their_time_and_not_before_it(
    database: Database, clock: Clock, add: Callable[..., int]
) -> None:
    handlers, seen = Handlers(), []
    handlers.handles("work")(lambda context, args: seen.append(args["n"]))
    add(args={"n": "later"}, run_at=START + timedelta(minutes=5))
    add(args={"n": "second"}, run_at=START - timedelta(minutes=1))
    add(args={"n": "first"}, run_at=START - timedelta(minutes=2))
    run_worker(database, handlers, once=True, clock=clock)
    assert seen == ["first", "second"]
    clock.pass_(minutes=5)
    run_worker(database, handlers, once=True, clock=clock)
    assert seen == ["first", "second", "later"]


def test_a_kind_without_handler_is_left_to_others(database: Database, clock: Clock, add: Callable[..., int]) -> None:
    of = add("other")
    assert run_worker(database, Handlers(), once=True, clock=clock) == 0
    assert job(database, of).state == "queued"


def test_a_failed_job_waits_longer_each_time_and_then_is_a_dead_letter(
    database: Database, clock: Clock, add: Callable[..., int]
) -> None:
    handlers = Handlers()

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        raise JobFailed("central_down")

    of = add(max_attempts=3)
    waits = []
    for attempt in (1, 2):
        assert run_worker(database, handlers, once=True, clock=clock, chance=random.Random(1)) == 1
        failed = job(database, of)
        assert (failed.state, failed.attempts, failed.last_error) == ("queued", attempt, "central_down")
        assert run_worker(database, handlers, once=True, clock=clock) == 0, "not before its time"
        waits.append(failed.run_at - clock.now)
        clock.now = failed.run_at
    assert timedelta(0) < waits[0] < waits[1]
    run_worker(database, handlers, once=True, clock=clock)
    dead = job(database, of)
    assert (dead.state, dead.attempts, dead.last_error) == ("dead", 3, "central_down")
    clock.pass_(days=30)
    assert run_worker(database, handlers, once=True, clock=clock) == 0


def test_a_hopeless_failure_is_a_dead_letter_at_once_and_a_person_retries_it(
    database: Database, clock: Clock, add: Callable[..., int]
) -> None:
    handlers, fail = Handlers(), [True]

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        if fail[0]:
            raise JobFailed("password_refused", retry=False)

    of = add()
    run_worker(database, handlers, once=True, clock=clock)
    assert job(database, of).state == "dead"
    with database.session() as session:
        assert not service.retry(session, Scope(), of, clock=clock), "who sees no jobs retries none"
        assert service.retry(session, EVERYTHING, of, clock=clock)
        assert not service.retry(session, EVERYTHING, of, clock=clock), "queued already"
        assert not service.retry(session, EVERYTHING, of + 1, clock=clock)
    fail[0] = False
    run_worker(database, handlers, once=True, clock=clock)
    assert (job(database, of).state, job(database, of).last_error) == ("done", None)


def test_an_error_leaves_its_name_and_never_its_message(
    database: Database, clock: Clock, add: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    handlers = Handlers()

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        raise ValueError("Nguyễn Văn An 033084000999")

    of = add()
    with caplog.at_level(logging.DEBUG):
        run_worker(database, handlers, once=True, clock=clock)
    assert job(database, of).last_error == "ValueError"
    assert "ValueError at test_jobs.py" in caplog.text
    assert "033084000999" not in caplog.text
    assert "Nguyễn" not in caplog.text


def test_a_job_whose_worker_died_is_done_by_exactly_one_other(
    database: Database, clock: Clock, add: Callable[..., int]
) -> None:
    of = add()
    crashed = claim(database, clock, "crashed")
    assert crashed is not None
    assert claim(database, clock, "early") is None, "the lease holds"
    clock.pass_(seconds=61)
    start, won = threading.Barrier(4), []

    def try_claim(name: str) -> None:
        start.wait()
        if claim(database, clock, name) is not None:
            won.append(name)

    threads = [threading.Thread(target=try_claim, args=(f"worker{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert job(database, of).attempts == 2
    with database.session() as session:
        assert not queries.finish(session, of, "crashed", clock.now), "the dead worker wakes: it does not count"
        assert not queries.fail(session, of, "crashed", clock.now, "late", clock.now)
        assert queries.finish(session, of, won[0], clock.now)
    assert job(database, of).state == "done"


def test_a_job_that_kills_every_worker_is_buried(database: Database, clock: Clock, add: Callable[..., int]) -> None:
    of = add(max_attempts=2)
    for name in ("one", "two"):
        assert claim(database, clock, name) is not None
        clock.pass_(seconds=61)
    assert claim(database, clock, "three") is None
    assert (job(database, of).state, job(database, of).last_error) == ("dead", "lease_expired")


def test_the_heartbeat_keeps_the_lease_and_tells_when_it_is_lost(
    database: Database, clock: Clock, add: Callable[..., int]
) -> None:
    of = add()
    assert claim(database, clock, "mine") is not None
    context = JobContext(database, of, 1, clock, threading.Event())
    clock.pass_(seconds=50)
    assert beat(context, "mine", LEASE)
    clock.pass_(seconds=50)
    assert claim(database, clock, "other") is None
    context.check()
    clock.pass_(seconds=11)
    assert claim(database, clock, "other") is not None
    assert not beat(context, "mine", LEASE)
    with pytest.raises(service.LeaseLost):
        context.check()


def test_an_outcome_after_the_lease_was_lost_does_not_count(
    database: Database, clock: Clock, add: Callable[..., int]
) -> None:
    handlers = Handlers()

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        clock.pass_(seconds=61)
        assert claim(database, clock, "other") is not None

    of = add()
    run_worker(database, handlers, once=True, clock=clock)
    assert (job(database, of).state, job(database, of).lease_token) == ("running", "other")


def test_a_worker_told_to_stop_gives_its_job_back(database: Database, clock: Clock, add: Callable[..., int]) -> None:
    handlers, stop = Handlers(), threading.Event()

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        stop.set()
        context.check()

    of = add()
    run_worker(database, handlers, stop_event=stop, clock=clock)
    assert (job(database, of).state, job(database, of).attempts) == ("queued", 0)


def test_many_workers_run_each_job_once(database: Database, clock: Clock, add: Callable[..., int]) -> None:
    handlers, runs, lock = Handlers(), Counter[int](), threading.Lock()

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        with lock:
            runs[args["n"]] += 1

    for n in range(40):
        add(args={"n": n})
    threads = [
        threading.Thread(target=run_worker, args=(database, handlers), kwargs={"once": True, "clock": clock})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == Counter(range(40))


# -- schedules --------------------------------------------------------------------------------------------------


def slots(database: Database) -> list[datetime | None]:
    with database.session() as session:
        return list(session.scalars(select(Job.slot_at).order_by(Job.slot_at)))


def test_a_slot_gets_one_job_however_many_workers(database: Database, clock: Clock) -> None:
    with database.session() as session:
        ensure_schedule(session, "sync", "work", {"full": False}, every_seconds=60, clock=clock)
    make_due_jobs(database, clock.now)
    assert slots(database) == [], "a new schedule begins with its next slot"
    clock.pass_(seconds=45)
    start = threading.Barrier(4)

    def make() -> None:
        start.wait()
        make_due_jobs(database, clock.now)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slots(database) == [datetime(2026, 9, 1, 8, 1, tzinfo=UTC)]


def test_after_an_outage_only_the_latest_slot_is_made_up_for(database: Database, clock: Clock) -> None:
    with database.session() as session:
        ensure_schedule(session, "sync", "work", every_seconds=60, clock=clock)
    clock.pass_(hours=5)
    make_due_jobs(database, clock.now)
    make_due_jobs(database, clock.now)
    assert slots(database) == [datetime(2026, 9, 1, 13, 0, tzinfo=UTC)]


def test_a_slower_rhythm_takes_over_and_a_schedule_can_rest(database: Database, clock: Clock) -> None:
    with database.session() as session:
        ensure_schedule(session, "sync", "work", every_seconds=60, clock=clock)
    clock.pass_(minutes=1)
    make_due_jobs(database, clock.now)
    with database.session() as session:
        ensure_schedule(session, "sync", "work", every_seconds=3600, clock=clock)
    clock.pass_(hours=1)
    make_due_jobs(database, clock.now)
    assert slots(database) == [datetime(2026, 9, 1, 9, 0, tzinfo=UTC)], "the new job does the waiting one's work"
    with database.session() as session:
        ensure_schedule(session, "sync", "work", every_seconds=3600, enabled=False, clock=clock)
    clock.pass_(days=1)
    make_due_jobs(database, clock.now)
    assert len(slots(database)) == 1


@given(st.integers(0, 10**9 * 1000), st.integers(1, 10**6), st.integers(0, 86_400))
def test_the_latest_slot_is_the_last_one_not_after_now(milliseconds: int, every: int, offset: int) -> None:
    moment = START + timedelta(milliseconds=milliseconds)
    slot = latest_slot(moment, every, offset)
    assert slot <= moment < slot + timedelta(seconds=every)
    assert (int(slot.timestamp()) - offset) % every == 0


# -- retention, page figures ------------------------------------------------------------------------------------


def test_done_jobs_are_pruned_and_dead_letters_stay(database: Database, clock: Clock, add: Callable[..., int]) -> None:
    handlers = Handlers()

    @handlers.handles("work")
    def work(context: JobContext, args: dict[str, Any]) -> None:
        if args.get("fail"):
            raise JobFailed("no", retry=False)

    add(), add(args={"fail": True})
    run_worker(database, handlers, once=True, clock=clock)
    with database.session() as session:
        assert service.counts(session, EVERYTHING) == {"done": 1, "dead": 1}
        assert [one.state for one in service.recent(session, EVERYTHING)] == ["dead", "done"]
        assert service.recent(session, Scope()) == []
        assert service.counts(session, Scope()) == {}
        assert service.prune(session, START) == 0
        assert service.prune(session, START + timedelta(days=1)) == 1
        assert session.scalar(select(func.count()).select_from(Job)) == 1


@given(st.integers(1, 10**6), st.integers())
def test_the_wait_grows_to_an_hour_and_never_passes_it(attempt: int, seed: int) -> None:
    wait = wait_after(attempt, random.Random(seed)).total_seconds()
    assert FIRST_WAIT_SECONDS / 2 <= wait <= LONGEST_WAIT_SECONDS
    if attempt >= 10:
        assert wait >= LONGEST_WAIT_SECONDS / 2
