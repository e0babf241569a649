"""A line that breaks, a Central that refuses, a proxy that lies: an error that is named, and the next sync heals it."""

from __future__ import annotations

import contextlib
import logging
import random

import pytest
import requests
from pydantic import SecretStr

from server.central import pull as pulling
from server.central.errors import CentralError
from tests.server.core.faults.in_step import assert_in_step, assert_nothing_personal
from tests.server.fieldwork import Field

ROWS = r"\.svc/Submissions"


def arm(field: Field, kind: str, **options: object) -> None:
    requests.post(f"{field.stand_in.url}/-/faults", json={"kind": kind, **options}).raise_for_status()


@pytest.fixture
def busy(field: Field, monkeypatch: pytest.MonkeyPatch) -> Field:
    """Some have been pulled; others, edits and deletions have not. Several windows of several pieces."""
    monkeypatch.setattr(pulling, "_STORE_AT_ONCE", 2)
    field.settings.central.window = 4
    field.send(*range(1, 4))
    field.sync()
    field.send(*range(4, 10))
    field.edit(1, 1, household_size=3)
    field.set_state(2, "approved")
    field.delete(3)
    return field


FAULTS: list[dict[str, object]] = [
    {"kind": "down"},
    {"kind": "half"},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "status", "status": 429, "retry_after": 0},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503, "retry_after": 0},
]


# The line knows nothing of the database: every fault at every place on one of them, one place for each on the other.
@pytest.mark.parametrize(
    "database, fault, after",
    [
        pytest.param("sqlite", fault, after, id=f"sqlite-{fault.get('status', fault['kind'])}-{after}")
        for fault in FAULTS
        for after in range(0, 8, 2)
    ]
    + [
        pytest.param(
            "postgresql", fault, place % 4 * 2, marks=pytest.mark.postgres, id=f"postgresql-{place}-{fault['kind']}"
        )
        for place, fault in enumerate(FAULTS)
    ],
    indirect=["database"],
)
def test_whatever_breaks_the_next_sync_heals(
    busy: Field, caplog: pytest.LogCaptureFixture, fault: dict[str, object], after: int
) -> None:
    """`after` requests for rows and counts are answered; the ones that follow are not."""
    arm(busy, path=ROWS, times=0, after=after, **fault)  # type: ignore[arg-type]
    with caplog.at_level(logging.DEBUG), pytest.raises(CentralError) as caught:
        busy.sync()
    assert caught.value.retryable
    requests.delete(f"{busy.stand_in.url}/-/faults").raise_for_status()
    with caplog.at_level(logging.DEBUG):
        busy.sync()
    assert_nothing_personal(caplog)
    assert_in_step(busy)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["half", "truncated"])
def test_cut_at_any_byte_of_a_window(
    busy: Field, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """One window after another breaks off at a byte drawn at random; what came before it is kept, and true."""
    seed = 2026
    draw = random.Random(f"{seed} {kind}")
    cuts = [draw.randint(1, 20_000) for _ in range(12)]
    print(f"seed {seed}: cut at bytes {cuts}")
    busy.settings.central.window = 100
    for cut in cuts:
        arm(busy, kind, path=ROWS, after=draw.randint(1, 3), times=1, at=cut)
        with caplog.at_level(logging.DEBUG), contextlib.suppress(CentralError):
            busy.sync()
        requests.delete(f"{busy.stand_in.url}/-/faults").raise_for_status()
    busy.sync()
    assert_nothing_personal(caplog)
    assert_in_step(busy)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_refusal_is_outlasted(busy: Field, status: int) -> None:
    busy.settings.central.retries = 2
    arm(busy, "status", path=ROWS, times=1, after=3, status=status, retry_after=0)
    busy.sync()
    assert_in_step(busy)


def test_the_password_was_changed(busy: Field, caplog: pytest.LogCaptureFixture) -> None:
    right = busy.settings.central.password
    busy.settings.central.password = SecretStr("yesterday's")
    with caplog.at_level(logging.DEBUG), pytest.raises(CentralError) as caught:
        busy.sync()
    assert caught.value.code == "central_credentials"
    assert "RASOAT_CENTRAL_PASSWORD" in caught.value.vi
    assert "yesterday" not in caplog.text + str(caught.value)
    busy.settings.central.password = right
    busy.sync()
    assert_in_step(busy)


def test_the_password_is_changed_while_rows_are_read(busy: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session ends in the middle, and cannot be opened again."""
    arm(busy, "unauthorized", path=ROWS, times=0, after=4)
    arm(busy, "unauthorized", path="v1/sessions", times=0, after=1)
    with pytest.raises(CentralError) as caught:
        busy.sync()
    assert caught.value.code == "central_credentials"
    requests.delete(f"{busy.stand_in.url}/-/faults").raise_for_status()
    busy.sync()
    assert_in_step(busy)
