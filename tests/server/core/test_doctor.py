"""`rasoat doctor`: what is there, what is not, and what to do about it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from server.central.client import Central
from server.cli import app
from server.jobs.tables import Worker
from server.settings import as_environment
from tests.server.fieldwork import Field
from tests.server.keys import KEY_TEXT


class Found(NamedTuple):
    ok: bool
    message: str


@pytest.fixture
def checks(field: Field, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs doctor against the round's database and Central; what it found by name."""
    address = field.database.engine.url.render_as_string(hide_password=False)
    for name, value in (as_environment(field.settings) | {"RASOAT_DATABASE_URL": address}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RASOAT_MASTER_KEY", KEY_TEXT)

    def run() -> dict[str, Found]:
        answer = CliRunner().invoke(app, ["doctor", "--json"])
        said = json.loads(answer.stdout)
        assert (answer.exit_code == 0) == said["ok"] == all(one["ok"] for one in said["checks"])
        return {one["name"]: Found(one["ok"], one["message"]) for one in said["checks"]}

    return run


def _seen(field: Field, ago: timedelta) -> None:
    now = datetime.now(UTC)
    with field.database.session() as session:
        session.merge(Worker(name="w", started_at=now - timedelta(hours=1), seen_at=now - ago))


def test_a_worker_that_is_there_is_seen(field: Field, checks: Any) -> None:
    _seen(field, timedelta(seconds=10))
    found = checks()["worker"]
    assert found.ok
    assert "seen 1" in found.message


def test_a_worker_that_went_without_a_word_is_missed(field: Field, checks: Any) -> None:
    _seen(field, timedelta(minutes=30))
    found = checks()["worker"]
    assert not found.ok
    assert "rasoat worker" in found.message


def test_without_any_worker_it_depends_on_who_starts_one(
    field: Field, checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks()["worker"].ok == (field.database.engine.dialect.name == "sqlite"), "rasoat serve starts one"
    monkeypatch.setenv("RASOAT_WORKER_EMBEDDED", "false")
    found = checks()["worker"]
    assert not found.ok
    assert "No worker runs" in found.message


def test_the_clock_is_compared_with_centrals(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks()["clock"].ok
    late = datetime.now(UTC) - timedelta(minutes=5)
    monkeypatch.setattr(Central, "clock", lambda _self: format_datetime(late, usegmt=True))
    found = checks()["clock"]
    assert not found.ok
    assert "NTP" in found.message
    monkeypatch.setattr(Central, "clock", lambda _self: None)
    assert checks()["clock"].ok


def test_a_full_disk_is_said(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks()["free disk"].ok
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(100, 90, 10))  # type: ignore[attr-defined]
    found = checks()["free disk"]
    assert not found.ok
    assert "0.0 GiB" in found.message


def test_what_is_optional_never_makes_it_fail(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    found = checks()
    assert found["Chromium (optional)"].ok
    assert found["PDF (optional)"].ok


def test_another_master_key_is_found(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks()["master key"].ok
    monkeypatch.setenv("RASOAT_MASTER_KEY", "A" * 43 + "=")
    assert not checks()["master key"].ok
