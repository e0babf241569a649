"""`forms diff published` and `forms codebook --published`: the round's form against what Central holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.central.release import publish_round
from server.cli import app, instrument
from server.database import Database
from tests.server.fieldwork import ROUND, Field


@pytest.fixture
def command_line(field: Field, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on the field's database and Central."""

    @contextmanager
    def database(*_: object) -> Iterator[Database]:
        yield field.database

    monkeypatch.setattr(instrument, "open_database", database)
    monkeypatch.setattr(instrument, "settings", lambda: field.settings)
    return CliRunner()


def test_what_was_just_published_differs_in_nothing(command_line: CliRunner) -> None:
    done = command_line.invoke(app, ["forms", "diff", "published", "household", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["form_id"], said["changes"]) == ("household", [])


def test_what_the_phone_would_show_from_now_on_is_said(command_line: CliRunner, field: Field) -> None:
    field.settings.forms.show_proposal = True
    try:
        done = command_line.invoke(app, ["forms", "diff", "published", "household", "--round", ROUND, "--json"])
    finally:
        field.settings.forms.show_proposal = False
    said = json.loads(done.stdout)
    assert (done.exit_code, said["worst"]) == (0, "new_version")
    assert {change["kind"] for change in said["changes"]} == {"relevant"}


def test_a_form_that_is_not_published_is_said(command_line: CliRunner) -> None:
    done = command_line.invoke(app, ["forms", "diff", "published", "facility", "--round", ROUND])
    assert done.exit_code == 1
    assert "rasoat forms publish" in str(done.exception)


def test_the_codebook_names_the_versions_published_before(
    command_line: CliRunner, field: Field, tmp_path: Path
) -> None:
    field.settings.forms.show_proposal = True
    try:
        publish_round(
            field.database, field.settings.central, tmp_path / "forms", ROUND, names=("household",), show_proposal=True
        )
        done = command_line.invoke(app, ["forms", "codebook", "--out", str(tmp_path), "--published", "--json"])
    finally:
        field.settings.forms.show_proposal = False
    assert done.exit_code == 0, done.output
    page = (tmp_path / "codebook.html").read_text(encoding="utf-8")
    assert f"{field.version}: <code>cccd</code>" in page
    assert json.loads(done.stdout)["files"] == [str(tmp_path / "codebook.html"), str(tmp_path / "codebook.xlsx")]
