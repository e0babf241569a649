"""`rasoat sync` and `rasoat sync verify` as they are typed: what they say, and the status they end with."""

from __future__ import annotations

import json

import pytest

from server import cli
from tests.server.fieldwork import Field, instance_id
from tests.server.keys import KEY_TEXT


@pytest.fixture
def typed(field: Field, monkeypatch: pytest.MonkeyPatch) -> Field:
    """The environment in which the command line reaches the field's database and Central."""
    secret = field.settings.central.password
    assert secret is not None
    for name, value in {
        "RASOAT_DATABASE_URL": field.database.engine.url.render_as_string(hide_password=False),
        "RASOAT_DATA_DIR": str(field.settings.data.dir),
        "RASOAT_MASTER_KEY": KEY_TEXT,
        "RASOAT_CENTRAL_URL": field.stand_in.url,
        "RASOAT_CENTRAL_USER": field.stand_in.user,
        "RASOAT_CENTRAL_PASSWORD": secret.get_secret_value(),
        "RASOAT_CENTRAL_PROJECT_ID": str(field.project_id),
    }.items():
        monkeypatch.setenv(name, value)
    return field


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["rasoat", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), capsys.readouterr().out


def test_verify_ends_well_only_when_all_is_equal(
    typed: Field, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.send(1, 2)
    status, out = run(monkeypatch, capsys, "sync", "verify", "--json")
    told = json.loads(out)
    assert (status, told["equal"], told["forms"][0]["missing"]["count"]) == (1, False, 2)

    status, out = run(monkeypatch, capsys, "sync", "verify")
    assert status == 1
    assert instance_id(1) in out
    assert "Mẫu" not in out, "ids, and no answers"

    status, out = run(monkeypatch, capsys, "sync", "--json")
    synced = json.loads(out)
    assert (status, synced["pulled"]["new"], synced["forms"][0]["form"]) == (0, 2, "household")

    status, out = run(monkeypatch, capsys, "sync", "verify", "--json")
    assert (status, json.loads(out)["equal"]) == (0, True)
