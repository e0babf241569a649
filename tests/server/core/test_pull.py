"""The pull: everything new, edited, reviewed, deleted and restored arrives, once, and in pieces that are whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from server.cases import service as cases
from server.cases.tables import Flag, Interview
from server.central.errors import CentralError
from server.central.odata import SubmissionFeed
from server.submissions.rows import Received
from server.submissions.tables import Submission, SyncState
from tests.server.fieldwork import FORM, Field, instance_id, submission_xml
from tests.server.fieldwork import answers as answers_of


def _versions(field: Field, number: int) -> list[Submission]:
    with field.database.session() as session:
        statement = select(Submission).where(Submission.central_id == instance_id(number)).order_by(Submission.edits)
        return list(session.scalars(statement))


def _interviews(field: Field) -> dict[str, Interview]:
    with field.database.session() as session:
        return {one.interview_id: one for one in session.scalars(select(Interview))}


def test_everything_arrives_once(field: Field) -> None:
    field.send(1, 2, 3)
    first = field.sync()
    assert (first.pulled.new, first.pulled.live, first.pulled.live_at_central, first.derived) == (3, 3, 3, 3)
    assert set(_interviews(field)) == {instance_id(1), instance_id(2), instance_id(3)}

    field.send(4)
    second = field.sync()
    assert (second.pulled.new, second.pulled.updated, second.derived) == (1, 0, 1)

    again = field.sync(full=True)
    assert (again.pulled.received >= 4, again.pulled.new, again.pulled.changed, again.derived) == (True, 0, 0, 0)


def test_small_windows_bring_the_same(field: Field) -> None:
    field.send(*range(1, 10))
    field.settings.central.window = 2
    pulled = field.sync().pulled
    assert pulled.windows > 2
    assert pulled.live == pulled.live_at_central == 9


def test_an_edit_is_a_new_version_and_the_old_one_stays(field: Field) -> None:
    field.send(1)
    field.sync()
    new = field.edit(1, 1, household_size=3)
    done = field.sync()
    assert (done.pulled.new, done.pulled.versions, done.derived) == (0, 1, 1)
    old_row, new_row = _versions(field, 1)
    assert (old_row.version_id, old_row.is_current) == (instance_id(1), False)
    assert (new_row.version_id, new_row.is_current, new_row.review_state) == (new, True, "edited")
    interview = _interviews(field)[instance_id(1)]
    with field.database.session() as session:
        household = cases.open_households(session, [interview])[0]
    assert (interview.version_id, interview.edits, household.answer("household_size")) == (new, 1, "3")


def test_a_review_at_central_shows(field: Field) -> None:
    field.send(1)
    field.sync()
    field.set_state(1, "approved")
    assert field.sync().pulled.updated == 1
    assert _interviews(field)[instance_id(1)].review_state == "approved"


def test_deleted_and_restored(field: Field) -> None:
    field.send(1, 2)
    field.sync()
    field.delete(1)
    assert field.sync().pulled.live == 1
    assert set(_interviews(field)) == {instance_id(2)}
    assert _versions(field, 1)[0].deleted_at is not None  # kept, with its deletion

    field.restore(1)
    assert field.sync().pulled.live == 2
    assert set(_interviews(field)) == {instance_id(1), instance_id(2)}


def test_deleted_before_it_was_ever_pulled_is_no_interview(field: Field) -> None:
    field.send(1)
    field.delete(1)
    done = field.sync()
    assert (done.pulled.live, done.pulled.live_at_central) == (0, 0)
    assert _interviews(field) == {}


def test_a_late_attachment_shows(field: Field) -> None:
    with field.client() as connection:
        field.post(connection, submission_xml(answers_of(1) | {"audit": "audit.csv"}, 1, field.version))
    field.sync()
    with field.database.session() as session:
        lacking = session.scalars(select(Flag.code).where(Flag.interview_id == instance_id(1))).all()
    assert lacking == ["attachments_missing"]

    path = f"projects/{field.project_id}/forms/{FORM}/submissions/{instance_id(1)}/attachments/audit.csv"
    with field.client() as connection:
        connection.send("POST", path, "attachment", data=b"event,node\n", headers={"Content-Type": "text/csv"})
    assert field.sync().pulled.updated == 1
    interview = _interviews(field)[instance_id(1)]
    assert (interview.attachments_present, interview.severity) == (1, None)


def test_a_pull_that_breaks_off_keeps_whole_windows_and_goes_on(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    field.send(*range(1, 9))
    field.settings.central.window = 2
    true_rows = SubmissionFeed.rows
    window_sizes: list[int] = []

    def third_window_breaks(self: SubmissionFeed, condition: str | None = None) -> Iterator[Received]:
        rows = list(true_rows(self, condition))
        window_sizes.append(len(rows))
        if len(window_sizes) == 3:
            yield rows[0]
            raise CentralError("central_half_document", what="form")
        yield from rows

    with monkeypatch.context() as patched:
        patched.setattr(SubmissionFeed, "rows", third_window_breaks)
        with pytest.raises(CentralError):
            field.sync()
    with field.database.session() as session:
        stored = session.scalar(select(func.count()).select_from(Submission))
        state = session.scalars(select(SyncState)).one()
    assert stored == sum(window_sizes[:2])  # not the one row of the third
    assert 0 < stored < 8
    assert state.submitted_until is not None
    assert (state.last_success_at, state.last_error_code) == (None, "central_half_document")

    done = field.sync()
    assert done.pulled.live == 8
    assert len(_interviews(field)) == 8
