"""Accounts, keys and the access log from the command line; bad settings and keys are refused there."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from server import cli
from server.app import create_app
from server.audit.service import verify
from server.secrets.errors import SecretsError
from server.settings import load_settings
from tests.server.people import PASSWORD, open_browser, post

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")
Run = Callable[..., "Done"]


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def rasoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `rasoat` with a data directory of its own; keyword arguments are more environment."""
    for name in os.environ:
        if name.startswith("RASOAT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str, **more: str) -> Done:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            for name, value in more.items():
                patch.setenv(name, value)
            patch.setattr("sys.argv", ["rasoat", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said, code = capsys.readouterr(), ended.value.code
        return Done(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run


@pytest.fixture
def ready(rasoat: Run) -> Run:
    done = rasoat("db", "upgrade", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["master_key_made"] is True
    return rasoat


def refused(done: Done, *words: str) -> None:
    """A clear line and nothing else: no stack trace, nothing opened."""
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


# -- accounts ---------------------------------------------------------------------------------------------------


def test_the_first_administrator_is_made_and_logs_in(ready: Run, tmp_path: Path) -> None:
    done = ready("user", "add", "boss", "--name", "Lê Thị Boss", "--role", "administrator@province:33", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    app = create_app(load_settings({}, data={"dir": tmp_path / "data"}))
    client = open_browser(app)
    for path in (told["reset_path"], "/login"):
        client.get(path)
    assert post(client, told["reset_path"], password=PASSWORD, again=PASSWORD).status_code == 303
    assert post(client, told["reset_path"], password=PASSWORD, again=PASSWORD).status_code == 410, "once"
    assert post(client, "/login", username="boss", password=PASSWORD).status_code == 303
    assert client.get("/").headers["location"] == "/admin/users"
    assert client.get("/admin/users").status_code == 200

    listed = json.loads(ready("user", "list", "--json").stdout)["users"]
    assert [(one["username"], one["roles"], one["has_password"]) for one in listed] == [
        ("boss", ["administrator@province:33"], True)
    ]
    assert ready("user", "lock", "boss").returncode == 0
    assert client.get("/admin/users").status_code == 303, "out at once"
    assert ready("user", "unlock", "boss").returncode == 0
    again = json.loads(ready("user", "link", "boss", "--json").stdout)
    assert again["reset_path"] != told["reset_path"]
    with app.state.database.session() as session:
        assert verify(session).broken_seq is None


def test_what_cannot_be_made_is_refused_whole(ready: Run) -> None:
    assert ready("user", "add", "lan", "--name", "Lan", "--role", "supervisor@commune:11980").returncode == 0
    refused(ready("user", "add", "lan", "--name", "Lan"), "taken")
    refused(ready("user", "add", "Lê Lan", "--name", "Lan"), "lower-case")
    refused(ready("user", "add", "mai", "--name", "Mai", "--role", "emperor@province:33"), "supervisor@commune")
    refused(ready("user", "add", "mai", "--name", "Mai", "--role", "clerk@commune:1"), "commune 5")
    both = ("--role", "clerk@province:33", "--role", "administrator@province:33")
    refused(ready("user", "add", "mai", "--name", "Mai", *both), "no other role")
    refused(ready("user", "lock", "mai"), "no such account")
    assert [one["username"] for one in json.loads(ready("user", "list", "--json").stdout)["users"]] == ["lan"]


# -- the master key ---------------------------------------------------------------------------------------------


def test_the_key_file_is_for_its_owner_and_is_never_written_again(ready: Run, tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    assert json.loads(ready("db", "upgrade", "--json").stdout)["master_key_made"] is False
    assert path.read_text() == before
    assert before.strip() not in ready("doctor").stdout


@pytest.mark.parametrize("command", [("serve",), ("user", "list"), ("worker", "--once"), ("round", "list")])
def test_a_missing_key_is_said_and_nothing_opened(ready: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "data" / "master.key").rename(tmp_path / "away.key")
    refused(ready(*command), "no such master key file", "RASOAT_MASTER_KEY_FILE")
    refused(ready("db", "upgrade"), "no such master key file")
    assert not (tmp_path / "data" / "master.key").exists(), "no other key is made for a database that has one"
    done = ready(
        *(command if command != ("serve",) else ("user", "list")), RASOAT_MASTER_KEY_FILE=str(tmp_path / "away.key")
    )
    assert done.returncode == 0, done.stderr


def test_a_wrong_or_malformed_key_is_said(ready: Run, tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"
    right = path.read_text()
    other = "A" * 43 + "="
    for text_, word in (
        (other, "not the one this database was set up with"),
        ("no key", "32 bytes in base64"),
        ("", "is empty"),
    ):
        path.write_text(text_)
        for command in (("serve",), ("user", "list"), ("db", "upgrade"), ("key", "rotate")):
            done = ready(*command)
            refused(done, word)
            assert right.strip() not in done.stderr
    refused(ready("user", "list", RASOAT_MASTER_KEY=other, RASOAT_MASTER_KEY_FILE=str(tmp_path / "none")), "no such")
    path.write_text(right)
    path.chmod(0o644)
    refused(ready("user", "list"), "chmod 600")
    doctor = ready("doctor", "--json")
    assert doctor.returncode == 1
    checks = {check["name"]: check["ok"] for check in json.loads(doctor.stdout)["checks"]}
    assert checks["settings"]
    assert not checks["master key"]


def test_the_service_does_not_start_without_its_key(tmp_path: Path) -> None:
    with pytest.raises(SecretsError):
        create_app(load_settings({}, data={"dir": tmp_path}))


def test_the_key_is_replaced_and_what_was_sealed_still_opens(ready: Run, tmp_path: Path) -> None:
    assert ready("user", "add", "lan", "--name", "Lan").returncode == 0
    path = tmp_path / "data" / "master.key"
    old = path.read_text()
    for _ in range(2):
        done = ready("key", "rotate", "--json")
        assert done.returncode == 0, done.stderr
    assert path.read_text() != old
    assert len(path.read_text().split()) == 1
    assert ready("user", "link", "lan").returncode == 0
    new = path.read_text()
    path.write_text(old)
    refused(ready("user", "list"), "not the one")
    # Interrupted after the new key was written: the file holds both, and the next run goes on.
    path.write_text("B" * 43 + "=\n" + new)
    assert ready("user", "list").returncode == 0
    assert ready("key", "rotate").returncode == 0
    assert path.read_text() == "B" * 43 + "=\n"
    assert ready("user", "list").returncode == 0


def test_a_key_in_the_environment_is_not_rotated_in_place(rasoat: Run) -> None:
    key = "C" * 43 + "="
    assert rasoat("db", "upgrade", RASOAT_MASTER_KEY=key).returncode == 0
    assert rasoat("user", "list", RASOAT_MASTER_KEY=key).returncode == 0
    refused(rasoat("key", "rotate", RASOAT_MASTER_KEY=key), "RASOAT_MASTER_KEY_FILE")
    refused(rasoat("user", "list"), "no such master key file")


def test_an_import_stands_in_the_log(ready: Run, tmp_path: Path) -> None:
    assert ready("round", "create", "2026", "--review-date", "2026-09-01").returncode == 0
    table = tmp_path / "residents.csv"
    table.write_text("commune_code,households,persons\n11953,1000,3500\n")
    done = ready("residents", "import", str(table), "--source", "Niên giám", "--source-date", "2026-01-01")
    assert done.returncode == 0, done.stderr
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / 'rasoat.sqlite'}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT actor, action, object_id FROM audit_entries")).all()
    engine.dispose()
    assert ("system", "residents.import", "2026") in [tuple(row) for row in rows]


# -- settings and the log ---------------------------------------------------------------------------------------


def test_a_misspelt_setting_is_refused_by_every_command(rasoat: Run, tmp_path: Path) -> None:
    for command in (("db", "upgrade"), ("serve",), ("user", "list"), ("sync",)):
        refused(rasoat(*command, RASOAT_CENTAL_URL="https://secret.example"), "RASOAT_CENTAL_URL", "RASOAT_CENTRAL_URL")
        assert "secret.example" not in rasoat(*command, RASOAT_CENTAL_URL="https://secret.example").stderr
    assert not (tmp_path / "data").exists(), "nothing was opened"


def test_doctor_finds_a_changed_access_log(ready: Run, tmp_path: Path) -> None:
    for name in ("lan", "mai"):
        assert ready("user", "add", name, "--name", name).returncode == 0
    assert ready("doctor").returncode == 0
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / 'rasoat.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_entries_no_update"))
        connection.execute(text("UPDATE audit_entries SET actor = 'someone else' WHERE seq = 2"))
    engine.dispose()
    done = ready("doctor", "--json")
    assert done.returncode == 1
    (check,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "access log"]
    assert not check["ok"]
    assert "entry 2" in check["message"]
