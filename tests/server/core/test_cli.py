"""The command line: quick to start, JSON that scripts can read, a status that says whether it held."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forms.build import FORM_NAMES
from server import cli
from tests.server.fieldwork import Field, squares
from tests.server.keys import KEY_TEXT

HEAVY = ("pandas", "geopandas", "sqlalchemy", "fastapi", "pyodk", "poverty", "geo", "forms", "sandbox", "jpype", "yaml")


def test_help_imports_nothing_heavy() -> None:
    code = f"import server.cli, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in a data directory of its own; (status, stdout, stderr)."""
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["rasoat", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 1 if code else 0), said.out, said.err

    return command


def test_a_round_from_nothing(run: Any, tmp_path: Path) -> None:
    status, out, _ = run("db", "upgrade", "--json")
    assert status == 0
    assert json.loads(out)["units"] > 300
    status, out, _ = run("round", "create", "2026", "--review-date", "01/09/2026", "--json")
    assert status == 0
    assert json.loads(out)["standard_id"] == "nd07-2021"
    assert run("round", "open", "2026")[0] == 0
    assert json.loads(run("round", "list", "--json")[1])["rounds"][0]["status"] == "open"

    table = tmp_path / "residents.csv"
    table.write_text("commune_code,households,persons\n11953,1000,3500\n")
    options = ("--source", "Niên giám", "--source-date", "2026-01-01", "--json")
    status, out, _ = run("residents", "import", str(table), *options)
    assert (status, json.loads(out)) == (0, {"year": 2026, "communes": 1})

    villages = tmp_path / "villages.csv"
    villages.write_text("village_id,name,commune_code,type\n11953-01,An Chiểu,11953,Thôn\n")
    assert json.loads(run("geo", "villages", "import", str(villages), "--json")[1]) == {"villages": 1}

    layer = tmp_path / "units.gpkg"
    squares()[["name", "geometry"]].reset_index().to_file(layer, driver="GPKG")
    status, out, _ = run("geo", "import", str(layer), "--valid-from", "2025-07-01", "--json")
    assert (status, json.loads(out)["units"]) == (0, 104)

    status, out, _ = run("forms", "build", "--json")
    assert status == 0
    built = json.loads(out)["forms"]
    assert [form["form_id"] for form in built] == list(FORM_NAMES)
    assert all(Path(form[file]).exists() for form in built for file in ("xlsx", "xml"))
    assert all(Path(file).exists() for form in built for file in form["attachments"])
    assert json.loads(run("rebuild", "--json")[1]) == {"round": "2026", "derived": 0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("round", "list"), "rasoat db upgrade"),
        (("sync", "--json"), "rasoat db upgrade"),
        (("geo", "import", "nowhere.gpkg", "--valid-from", "2025-07-01"), "nowhere.gpkg"),
        (("round", "create", "2026", "--review-date", "next week"), "rasoat db upgrade"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr(run: Any, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run(*arguments)
    assert status != 0
    assert out == ""
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("round", "open", "1999"), "1999"),
        (("round", "create", "2026", "--review-date", "next week"), "2026-09-01"),
        (("sync",), "rasoat round create"),
        (("registry", "import", "missing.xlsx"), "missing.xlsx"),
        (("residents", "import", "missing.csv", "--source", "s", "--source-date", "2026-01-01"), "missing.csv"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(run: Any, arguments: tuple[str, ...], said: str) -> None:
    run("db", "upgrade")
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


def test_an_unknown_setting_stops_every_command(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASOAT_CENTAL_URL", "x")
    status, _, err = run("db", "upgrade")
    assert status == 1
    assert "RASOAT_CENTAL_URL" in err


def test_an_unforeseen_error_shows_no_values(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("Trần Văn Mẫu 033080012345")

    run("db", "upgrade")
    monkeypatch.setattr("server.rounds.service.all_rounds", fails)
    status, _, err = run("round", "list")
    assert status == 70
    assert "RuntimeError" in err
    assert "Mẫu" not in err


def test_doctor_names_what_is_missing(run: Any) -> None:
    status, out, _ = run("doctor", "--json")
    checks = {check["name"]: check["ok"] for check in json.loads(out)["checks"]}
    assert (status, checks["database"], checks["data directory"]) == (1, False, True)
    run("db", "upgrade")
    assert run("doctor")[0] == 0


def test_sync_speaks_json(field: Field, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    field.send(1, 2)
    monkeypatch.setenv("RASOAT_DATABASE_URL", field.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("RASOAT_MASTER_KEY", KEY_TEXT)
    monkeypatch.setenv("RASOAT_CENTRAL_URL", field.stand_in.url)
    monkeypatch.setenv("RASOAT_CENTRAL_USER", field.stand_in.user)
    monkeypatch.setenv("RASOAT_CENTRAL_PASSWORD", field.stand_in.password)
    status, out, _ = run("sync", "--json")
    answer = json.loads(out)
    assert (status, answer["pulled"]["live"], answer["derived"]) == (0, 2, 2)
