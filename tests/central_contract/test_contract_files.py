"""Files of submissions: a log that comes with its form, a photo that comes later, both fetched whole and once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.fieldwork import Submission, send
from sandbox.photos import photo_of_a_house
from server.central.client import part
from server.database import Database
from server.paradata import service as paradata
from server.paradata.service import LOG_NAME
from server.submissions import service as submissions
from tests.server.core.attachment_fieldwork import contents, keeping, states
from tests.server.fieldwork import FORM, ROUND, Field, answers, instance_id, publish_round, set_up_round, submission_xml
from tests.server.visit_files import LOG

PHOTO = photo_of_a_house(5)
NAME = "1758200000000.jpg"


@pytest.fixture
def field(server: Any, tmp_path: Path) -> Field:
    from server.central.publish import build_round_form

    database = Database(f"sqlite:///{tmp_path / 'rasoat.sqlite'}")
    set_up_round(database)
    with database.session() as session:
        form = build_round_form(session, ROUND, tmp_path / "form")
    return publish_round(database, server, tmp_path, form)


def _phone_url(field: Field) -> str:
    with field.client() as central:
        project = f"projects/{field.project_id}"
        user = central.send("POST", f"{project}/app-users", "app user", json={"displayName": "RSV-0001"})
        central.send("POST", f"{project}/forms/{FORM}/assignments/app-user/{user['id']}", "assignment")
    return f"{field.stand_in.url.rstrip('/')}/v1/key/{user['token']}/{project}"


def test_a_log_and_a_late_photo_come_from_the_phone(field: Field, tmp_path: Path) -> None:
    keep, phone = keeping(tmp_path), _phone_url(field)
    xml = submission_xml(answers(1) | {"photo": NAME, "audit": LOG_NAME}, 1, field.version)
    send([Submission(instance_id(1), xml, {LOG_NAME: LOG})], phone)

    first = field.sync(keeping=keep)
    assert (first.pulled.new, first.forms[0].files.stored, first.forms[0].files.expected) == (1, 1, 1)
    assert states(field) == {(0, NAME): "expected", (0, LOG_NAME): "stored"}
    with field.database.session() as session:
        live = submissions.current_one(session, instance_id(1))
        assert live is not None
        assert paradata.of_submissions(session, [live])[instance_id(1)].active_seconds == 1140

    # The phone sends the rest when it has a network again: the same form with the file that was missing.
    send([Submission(instance_id(1), xml, {NAME: PHOTO})], phone)
    second = field.sync(keeping=keep)
    assert (second.pulled.new, second.pulled.versions) == (0, 0)
    assert (second.forms[0].files.stored, second.forms[0].files.expected) == (1, 0)
    assert contents(field, keep) == {(0, NAME): PHOTO, (0, LOG_NAME): LOG}
    third = field.sync(keeping=keep).forms[0].files
    assert (third.listed, third.stored) == (0, 0)


def test_an_edit_keeps_its_photo_and_both_versions_have_it(field: Field, tmp_path: Path) -> None:
    keep, phone = keeping(tmp_path), _phone_url(field)
    given = {"photo": NAME}
    xml = submission_xml(answers(1) | given, 1, field.version)
    send([Submission(instance_id(1), xml, {NAME: PHOTO})], phone)
    field.sync(keeping=keep)
    field.edit(1, 1, **given)
    assert field.sync(keeping=keep).forms[0].files.stored == 1
    assert contents(field, keep) == {(0, NAME): PHOTO, (1, NAME): PHOTO}


def test_central_knows_no_ranges_and_its_etag_is_the_md5(field: Field) -> None:
    xml = submission_xml(answers(1) | {"photo": NAME}, 1, field.version)
    send([Submission(instance_id(1), xml, {NAME: PHOTO})], _phone_url(field))
    of = field.settings.central
    assert of.password is not None
    base = f"{field.stand_in.url.rstrip('/')}/v1"
    login = {"email": of.user, "password": of.password.get_secret_value()}
    with httpx.Client(timeout=60) as http:
        token = http.post(f"{base}/sessions", json=login).raise_for_status().json()["token"]
        answer = http.get(
            f"{base}/projects/{field.project_id}/forms/{FORM}/submissions/{part(instance_id(1))}/attachments/{NAME}",
            headers={"Authorization": f"Bearer {token}", "Range": "bytes=100-"},
        )
    assert (answer.status_code, answer.content) == (200, PHOTO)
    assert answer.headers["etag"] == f'"{hashlib.md5(PHOTO, usedforsecurity=False).hexdigest()}"'
    assert "content-disposition" in answer.headers
