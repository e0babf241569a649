"""Submissions that come, change or become visible at an awkward moment, and clocks that are wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from server.central import pull as pulling
from server.central.client import Central
from server.central.odata import SubmissionFeed
from server.submissions.rows import Received
from tests.server.core.faults.in_step import assert_every_version, assert_in_step
from tests.server.fieldwork import Field, instance_id


def at_central(field: Field, sql: str, *values: Any) -> None:
    """Change Central's own tables: what no request can."""
    with closing(sqlite3.connect(field.stand_in.state_file, timeout=30)) as connection, connection:
        assert connection.execute(sql, values).rowcount > 0


def arrived_at(field: Field, number: int, time: datetime) -> None:
    """Give a submission another date of arrival."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    of_the_project = "formId IN (SELECT id FROM forms WHERE projectId = ?)"
    sql = f"UPDATE submissions SET createdAt = ? WHERE instanceId = ? AND {of_the_project}"
    at_central(field, sql, stamp, instance_id(number), field.project_id)


@pytest.fixture
def small(field: Field, monkeypatch: pytest.MonkeyPatch) -> Field:
    """Small windows and pieces."""
    monkeypatch.setattr(pulling, "_STORE_AT_ONCE", 2)
    field.settings.central.window = 3
    return field


def between_reads(monkeypatch: pytest.MonkeyPatch, happenings: dict[int, Callable[[], None]], *, inside: bool) -> None:
    """Have something happen before the n-th reading of rows, or after its first row."""
    true_rows = SubmissionFeed.rows
    readings = 0

    def rows(self: SubmissionFeed, condition: str | None = None) -> Iterator[Received]:
        nonlocal readings
        readings += 1
        happening = happenings.pop(readings, None)
        for number, row in enumerate(true_rows(self, condition)):
            if number == 0 and happening and not inside:
                happening()
            yield row
            if number == 0 and happening and inside:
                happening()

    monkeypatch.setattr(SubmissionFeed, "rows", rows)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("reading", [1, 2, 3])
def test_what_happens_while_windows_are_read(
    small: Field, monkeypatch: pytest.MonkeyPatch, reading: int, inside: bool
) -> None:
    """Submissions arrive, are edited (read already or not), reviewed and deleted between windows, and within one."""
    small.send(*range(1, 10))

    def happens() -> None:
        small.send(10, 11)
        for number in (1, 5, 9):
            small.edit(number, 1, household_size=7)
        small.set_state(2, "hasIssues")
        small.delete(3)
        small.delete(8)

    with monkeypatch.context() as patch:
        between_reads(patch, {reading: happens}, inside=inside)
        small.sync()
    small.sync()
    assert_in_step(small)
    assert_every_version(small)


def test_commit_order_is_not_date_order(small: Field) -> None:
    """A slow transaction at Central: its submission becomes visible after later ones were pulled."""
    small.send(1, 2, 3)
    small.sync()
    small.send(4)
    arrived_at(small, 4, datetime.now(UTC) - pulling.OVERLAP + timedelta(minutes=1))
    small.sync()
    assert_in_step(small)


@pytest.mark.parametrize("hours", [-30, -5, -1, 1, 5, 30])
def test_the_clock_of_central_is_set(small: Field, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    """Central's clock was wrong by hours, with the dates it gave, and was put right between two syncs."""
    wrong = timedelta(hours=hours)
    small.send(*range(1, 6))
    for number in range(1, 6):
        arrived_at(small, number, datetime.now(UTC) + wrong + timedelta(seconds=number))
    with monkeypatch.context() as patch:
        patch.setattr(Central, "clock", lambda _self: format_datetime(datetime.now(UTC) + wrong, usegmt=True))
        small.sync()
    assert_in_step(small)
    small.send(6, 7)
    small.edit(2, 1, household_size=3)
    small.delete(4)
    small.sync()
    assert_in_step(small)


@pytest.mark.parametrize("hours", [-5, 5])
def test_our_clock_is_wrong(small: Field, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=hours)

    small.send(1, 2, 3)
    with monkeypatch.context() as patch:
        patch.setattr(pulling, "datetime", Wrong)
        small.sync()
    small.send(4)
    small.set_state(1, "approved")
    small.sync()
    assert_in_step(small)
    small.edit(4, 1, household_size=3)
    with monkeypatch.context() as patch:
        patch.setattr(pulling, "datetime", Wrong)
        small.sync()
    assert_in_step(small)


def test_all_at_the_same_moment(small: Field) -> None:
    """More submissions of one millisecond than a window or a piece takes."""
    small.send(*range(1, 9))
    moment = datetime.now(UTC) - timedelta(hours=1)
    for number in range(1, 9):
        arrived_at(small, number, moment)
    small.sync()
    assert_in_step(small)
