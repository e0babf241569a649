"""A Central that is down, refuses, breaks off or is none: a clear error, nothing half-written, nothing personal."""

from __future__ import annotations

import logging
from collections.abc import Callable

import orjson
import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import func, select

from server import cli
from server.cases.tables import Interview
from server.central.client import Central
from server.central.errors import CentralError
from server.central.odata import SubmissionFeed
from server.submissions.rows import EncryptedRowError, UnreadableRowError, read_row
from server.submissions.tables import Submission, SyncState
from tests.server.fieldwork import FORM, PROVINCE, Field, answers, odata_row
from tests.server.keys import KEY_TEXT


def _fault(field: Field, **fault: object) -> None:
    requests.post(f"{field.stand_in.url}/-/faults", json=fault).raise_for_status()


def _down(field: Field) -> None:
    field.settings.central.url = "http://127.0.0.1:9"


def _wrong_password(field: Field) -> None:
    field.settings.central.password = SecretStr("not-the-password")


def _html(field: Field) -> None:
    _fault(field, kind="html", path="Submissions", times=0)


def _html_at_login(field: Field) -> None:
    _fault(field, kind="html", path="sessions", times=0)


def _half(field: Field) -> None:
    # The first answers are counts; the rows come after them.
    _fault(field, kind="half", path=r"\.svc/Submissions", times=0, after=2)


def _slow(field: Field) -> None:
    field.settings.central.read_timeout = 0.2
    _fault(field, kind="slow", path="Submissions", times=0, delay=2)


def _failing(field: Field) -> None:
    _fault(field, kind="status", path="Submissions", times=0, status=503)


def _no_form(field: Field) -> None:
    with field.client() as connection:
        connection.send("DELETE", f"projects/{field.project_id}/forms/{FORM}", "form")


@pytest.mark.parametrize(
    ("breaking", "code", "named"),
    [
        (_down, "central_down", "RASOAT_CENTRAL_URL"),
        (_wrong_password, "central_credentials", "RASOAT_CENTRAL_PASSWORD"),
        (_html, "central_not_central", "RASOAT_CENTRAL_URL"),
        (_html_at_login, "central_not_central", "RASOAT_CENTRAL_URL"),
        (_half, "central_half_document", "rasoat sync"),
        (_slow, "central_timeout", "RASOAT_CENTRAL_READ_TIMEOUT"),
        (_failing, "central_failing", "503"),
        (_no_form, "central_not_found", "rasoat forms publish"),
    ],
)
def test_each_failure_is_named_and_nothing_is_written(
    field: Field, caplog: pytest.LogCaptureFixture, breaking: Callable[[Field], None], code: str, named: str
) -> None:
    field.send(1, 2)
    breaking(field)
    with caplog.at_level(logging.DEBUG), pytest.raises(CentralError) as caught:
        field.sync()
    assert caught.value.code == code
    assert named in caught.value.vi
    assert named in caught.value.en
    with field.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0
        assert session.scalar(select(func.count()).select_from(Interview)) == 0
        state = session.scalars(select(SyncState)).first()
    assert state is None or (state.last_error_code == code and state.last_success_at is None)
    said = caplog.text + str(caught.value)
    assert "Mẫu" not in said  # names of the people interviewed
    assert "sandbox-password" not in said


def test_the_command_ends_with_a_status_and_no_stack_trace(
    field: Field, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    field.send(1)
    monkeypatch.setenv("RASOAT_DATABASE_URL", field.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("RASOAT_DATA_DIR", str(field.settings.data.dir))
    monkeypatch.setenv("RASOAT_MASTER_KEY", KEY_TEXT)
    monkeypatch.setenv("RASOAT_CENTRAL_URL", field.stand_in.url)
    monkeypatch.setenv("RASOAT_CENTRAL_USER", field.stand_in.user)
    monkeypatch.setenv("RASOAT_CENTRAL_PASSWORD", "not-the-password")
    monkeypatch.setenv("RASOAT_CENTRAL_PROJECT_ID", str(field.project_id))
    monkeypatch.setattr("sys.argv", ["rasoat", "sync", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    assert "RASOAT_CENTRAL_PASSWORD" in said.err
    assert "not-the-password" not in said.err
    assert "Traceback" not in said.err


def test_a_session_that_ended_is_opened_again(field: Field) -> None:
    field.send(1)
    _fault(field, kind="unauthorized", path="Submissions", times=1)
    assert field.sync().pulled.live == 1


def test_retries_outlast_a_short_failure(field: Field) -> None:
    field.send(1)
    field.settings.central.retries = 2
    _fault(field, kind="status", path="Submissions", times=1, status=503)
    assert field.sync().pulled.live == 1


def test_answers_under_managed_encryption_are_refused() -> None:
    row = odata_row(answers(1), 1, status="notDecrypted")
    with pytest.raises(EncryptedRowError):
        read_row(orjson.dumps(row))


def test_an_encrypted_form_is_refused_before_any_row(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    field.send(1)
    true_answer = Central.get_json

    def with_key(self: Central, path: str, what: str, **params: str) -> object:
        answer = true_answer(self, path, what, **params)
        return answer | {"keyId": 7} if path.endswith(f"/forms/{FORM}") else answer

    monkeypatch.setattr(Central, "get_json", with_key)
    with pytest.raises(CentralError) as caught:
        field.sync()
    assert caught.value.code == "central_encrypted"
    with field.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_fewer_rows_than_counted_is_half_a_document(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    field.send(1, 2)
    with field.client() as connection:
        feed = SubmissionFeed(connection, field.project_id, FORM)
        assert len(list(feed.rows())) == 2
        whole_but_short = b'{"value":[],"@odata.count":2}'
        monkeypatch.setattr("requests.Response.iter_content", lambda *_: iter([whole_but_short]))
        with pytest.raises(CentralError) as caught:
            list(feed.rows())
    assert caught.value.code == "central_half_document"


@pytest.mark.parametrize("lacking", ["__id", "__system"])
def test_a_row_without_its_identity_is_unreadable(lacking: str) -> None:
    row = odata_row(answers(1), 1)
    del row[lacking]
    with pytest.raises(UnreadableRowError):
        read_row(orjson.dumps(row))


def test_settings_without_central_say_so(field: Field) -> None:
    field.settings.central.url = None
    with pytest.raises(CentralError) as caught:
        field.sync()
    assert caught.value.code == "central_not_set"
    assert PROVINCE not in caught.value.vi
