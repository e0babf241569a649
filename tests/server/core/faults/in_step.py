"""What must hold after whatever happened: stored = Central, each version once, nothing personal said."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import requests
from sqlalchemy import select

from server.cases.tables import Interview
from server.central.client import part
from server.submissions import service as submissions
from server.submissions.tables import ODATA_JSON, Submission
from tests.server.fieldwork import FORM, Field

#: Of the people in `tests.server.fieldwork.answers`: names, numbers, remarks; and the way into Central.
PERSONAL = ("Mẫu", "M\\u1eabu", "03308000", "03318200", "Trần Văn", "Lê Thị", "sandbox-password")


def shown_by_central(field: Field) -> dict[str, dict[str, Any]]:
    """Every live submission as Central shows it now, by id; it answers truly from here on."""
    requests.delete(f"{field.stand_in.url}/-/faults").raise_for_status()
    with field.client() as connection:
        path = f"projects/{field.project_id}/forms/{FORM}.svc/Submissions"
        rows = connection.get_json(path, "rows", **{"$expand": "*"})["value"]
    return {row["__id"]: row for row in rows}


def assert_in_step(field: Field, there: dict[str, dict[str, Any]] | None = None, *, derived: bool = True) -> None:
    """Stored = Central: the same live submissions, each in the same version with the same answers and states.

    there: what Central shows, when it is known to be as before. derived: whether interviews follow too.
    """
    there = shown_by_central(field) if there is None else there
    with field.database.session() as session:
        stored = list(session.scalars(select(Submission).order_by(Submission.central_id, Submission.edits)))
        payloads = submissions.payloads(session, stored)
        interviews = set(session.scalars(select(Interview.interview_id)))
    current = [one for one in stored if one.is_current]
    assert len({one.central_id for one in stored}) == len(current), "one current version of each"
    live = {one.central_id: one for one in current if one.deleted_at is None}
    assert live.keys() == there.keys()
    answers = {(one.central_id, one.version_id): payload for one, payload in zip(stored, payloads, strict=True)}
    for central_id, one in live.items():
        row, system = there[central_id], there[central_id]["__system"]
        payload = answers[central_id, one.version_id]
        assert payload is not None
        assert one.payload_format == ODATA_JSON
        assert without_system(orjson.loads(payload)) == without_system(row)
        assert one.version_id == row["meta"]["instanceID"]
        assert one.review_state == (system["reviewState"] or "received")
        assert (one.edits, one.attachments_present) == (system["edits"], system["attachmentsPresent"])
    if derived:
        assert interviews == live.keys()


def assert_every_version(field: Field) -> None:
    """Every version that Central has of a live submission is held, and held once (its id is in the key)."""
    there = shown_by_central(field)
    with field.client() as connection, field.database.session() as session:
        for central_id in there:
            path = f"projects/{field.project_id}/forms/{FORM}/submissions/{part(central_id)}/versions"
            listed = {one["instanceId"] for one in connection.get_json(path, "versions")}
            held = session.scalars(select(Submission.version_id).where(Submission.central_id == central_id))
            assert set(held) == listed


def assert_nothing_personal(log: pytest.LogCaptureFixture) -> None:
    """No name, number or password in what was logged, whatever its level."""
    assert log.records, "nothing was logged: the test looks at nothing"
    said = log.text + "".join(repr(record.args) for record in log.records)
    assert not [one for one in PERSONAL if one in said]


def without_system(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what changes although its version stays."""
    return {name: value for name, value in row.items() if name != "__system"}
