"""One sync at a time: who comes second is told; a holder that was killed keeps nobody waiting for good."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from server.central.lease import LEASE, SyncRunningError, _myself, only_one
from server.database import Database
from server.submissions.tables import SyncLease
from tests.server.fieldwork import Field


def leases(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(SyncLease.holder)))


def held_by(database: Database, holder: str, until: datetime) -> None:
    with database.session() as session:
        session.add(SyncLease(name="sync", token="t", holder=holder, since=until - LEASE, until=until))


def test_the_second_one_is_told_and_comes_in_after_the_first(database: Database) -> None:
    with only_one(database):
        with pytest.raises(SyncRunningError) as raised, only_one(database):
            pass
        assert raised.value.code == "sync_running"
        assert leases(database) == [_myself()], "who was refused took nothing away"
    assert leases(database) == []
    with only_one(database):
        pass


def test_it_is_given_back_whatever_happens(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), only_one(database):
        raise ZeroDivisionError
    assert leases(database) == []


def test_one_that_was_killed_here_is_found_dead_at_once(database: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = _myself().rpartition("/")[0] + f"/{process.pid}"
    held_by(database, dead, datetime.now(UTC) + LEASE)
    with only_one(database):
        assert leases(database) == [_myself()]


@pytest.mark.parametrize("elsewhere", ["another-machine/pid:[1]/999999", "nonsense", ""])
def test_one_elsewhere_keeps_it_until_its_time_is_up(database: Database, elsewhere: str) -> None:
    now = datetime.now(UTC)
    held_by(database, elsewhere, now + LEASE)
    with pytest.raises(SyncRunningError), only_one(database, lambda: now):
        pass
    with only_one(database, lambda: now + LEASE + timedelta(seconds=1)) as lease:
        lease.check()


def test_who_lost_it_stops_at_the_next_step_and_leaves_the_other_alone(database: Database) -> None:
    with only_one(database) as lease:
        with database.session() as session:
            session.execute(update(SyncLease).values(token="another", holder="another"))
        lease.lost.set()  # as the thread that prolongs it finds
        with pytest.raises(SyncRunningError) as raised:
            lease.check()
        assert raised.value.code == "sync_lost"
    assert leases(database) == ["another"]


def test_sync_and_verify_are_refused_while_another_is_at_work(field: Field) -> None:
    from server.central import service as central

    with only_one(field.database):
        with pytest.raises(SyncRunningError):
            field.sync()
        with pytest.raises(SyncRunningError):
            central.verify(field.database, field.settings.central)
