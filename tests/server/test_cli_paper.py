"""`rasoat forms paper`: a sheet of the round's form, or a word about what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import cli
from server.errors import UserError


@pytest.fixture(autouse=True)
def _round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))
    for command in (["db", "upgrade"], ["round", "create", "2026b", "--review-date", "2026-09-15"]):
        assert CliRunner().invoke(cli.app, command).exit_code == 0


def test_the_sheet_is_of_the_round(tmp_path: Path) -> None:
    out = tmp_path / "to-print" / "household.html"
    done = CliRunner().invoke(cli.app, ["forms", "paper", "household", "--out", str(out), "--people", "4", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"form": "household", "round": "2026b", "file": str(out)}
    page = out.read_text(encoding="utf-8")
    assert "Đợt 2026b, ngày rà soát 15/09/2026" in page
    assert page.count('class="person"') == 4


def test_no_such_form_is_said_with_those_there_are(tmp_path: Path) -> None:
    out = tmp_path / "x.html"
    done = CliRunner().invoke(cli.app, ["forms", "paper", "houshold", "--out", str(out)])
    assert done.exit_code == 1
    assert isinstance(done.exception, UserError)
    assert "household" in done.exception.vi
    assert "houshold" in done.exception.en
    assert not out.exists()
