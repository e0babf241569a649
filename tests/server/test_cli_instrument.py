"""`rasoat forms check` and `forms diff` as people and scripts run them: without a database, without Central."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forms.source import SOURCES
from server.cli import app

FACILITY = (SOURCES / "facility.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))


def changed(tmp_path: Path, old: str, new: str) -> tuple[Path, int]:
    """A copy of the facility form with one change, and its line."""
    assert FACILITY.count(old) == 1, old
    path = tmp_path / "facility.md"
    path.write_text(FACILITY.replace(old, new), encoding="utf-8")
    return path, FACILITY[: FACILITY.index(old)].count("\n") + 1


def test_a_sound_form_ends_with_0_and_one_json_object() -> None:
    done = CliRunner().invoke(app, ["forms", "check", "facility", "--json"])
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["forms"], said["errors"], said["findings"]) == (["facility.md"], 0, [])


def test_a_broken_form_ends_with_1_and_names_the_place_and_the_remedy(tmp_path: Path) -> None:
    path, line = changed(tmp_path, "max-pixels=1024", "max-pixels=4000")
    done = CliRunner().invoke(app, ["forms", "check", str(path)])
    assert done.exit_code == 1
    assert f"facility.md:{line}: [photo]" in done.stdout
    assert "max-pixels=1024" in done.stdout
    said = json.loads(CliRunner().invoke(app, ["forms", "check", str(path), "--json"]).stdout)
    assert said["errors"] == 1
    assert said["findings"][0]["text"]["vi"]


def test_no_such_form_is_said(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["forms", "check", str(tmp_path / "none.md")])
    assert done.exit_code == 1
    assert "there is no such form source" in done.stdout


def test_a_form_differs_from_itself_in_nothing() -> None:
    done = CliRunner().invoke(app, ["forms", "diff", "facility", "facility", "--json"])
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["worst"], said["changes"]) == (None, [])


def test_losing_data_ends_with_1_and_says_what(tmp_path: Path) -> None:
    path, _ = changed(tmp_path, "max-pixels=1024", "max-pixels=800")
    done = CliRunner().invoke(app, ["forms", "diff", "facility", str(path), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["worst"]) == (0, "safe")
    row = next(line for line in FACILITY.splitlines() if "| remarks " in line)
    path.write_text(FACILITY.replace(row + "\n", ""), encoding="utf-8")
    done = CliRunner().invoke(app, ["forms", "diff", "facility", str(path)])
    assert done.exit_code == 1
    assert "MẤT DỮ LIỆU" in done.stdout
