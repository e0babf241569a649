"""Equal to Central, whatever happened between two pulls: replaced versions, purges, and backups on either side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select, update

from server.cases import service as cases
from server.cases.tables import Interview
from server.central import service as central
from server.central.errors import CentralError
from server.central.pull import pull
from server.database import Database
from server.privacy.service import Reason, erase
from server.rounds import service as rounds
from server.submissions import service as submissions
from server.submissions.flatten import flatten
from server.submissions.rows import read_row
from server.submissions.service import Source
from server.submissions.tables import Submission, SyncState
from server.submissions.versions import odata_row
from tests.server.core.rows_of import derived_rows
from tests.server.fieldwork import FORM, ROUND, Field, answers, instance_id, submission_xml
from tests.server.fieldwork import odata_row as row_of


def versions(database: Database, number: int) -> list[tuple[str, int, bool, str]]:
    """(version, edits, is current, format) of a submission, oldest first."""
    with database.session() as session:
        found = session.execute(
            select(Submission.version_id, Submission.edits, Submission.is_current, Submission.payload_format)
            .where(Submission.central_id == instance_id(number))
            .order_by(Submission.edits)
        )
        return [(row[0], row[1], row[2], row[3]) for row in found]


def verified(field: Field) -> Any:
    return central.verify(field.database, field.settings.central, ROUND)


def equal(field: Field) -> bool:
    return bool(verified(field).equal)


def source(field: Field) -> Source:
    return Source(field.project_id, FORM, ROUND)


def as_if_pulled(field: Field, *rows: dict[str, Any]) -> None:
    """Rows that Central once gave and no longer has: it was restored to an older backup."""
    with field.database.session() as session:
        received = [read_row(orjson.dumps(row)) for row in rows]
        stored = submissions.store(session, source(field), received, datetime.now(UTC))
        cases.mark_stale(session, ROUND, stored.changed)
    cases.derive(field.database, ROUND)


def long_after(field: Field) -> None:
    """What has arrived so far lies before the marks by more than the passes look back."""
    with field.database.session() as session:
        marks = session.scalars(select(SyncState)).one()
        marks.submitted_until = marks.updated_until = datetime.now(UTC) + timedelta(hours=5)


def interviews(database: Database) -> set[str]:
    with database.session() as session:
        return set(session.scalars(select(Interview.interview_id)))


def test_versions_replaced_between_two_pulls_are_kept_as_sent(field: Field) -> None:
    field.send(1, 2)
    field.sync()
    field.edit(1, 1, household_size=3)
    field.edit(1, 2, household_size=4)
    field.edit(2, 1, household_size=5)
    done = field.sync()
    assert (done.pulled.versions, done.pulled.history) == (2, 1)
    assert versions(field.database, 1) == [
        (instance_id(1), 0, False, "odata_json"),
        (instance_id(1, 1), 1, False, "xml"),
        (instance_id(1, 2), 2, True, "odata_json"),
    ]
    with field.database.session() as session:
        between = session.get_one(Submission, (FORM, instance_id(1), instance_id(1, 1)))
        [payload] = submissions.payloads(session, [between])
        assert (between.form_version, between.review_state) == (field.version, "edited")
    assert payload is not None
    flat = flatten([("x", payload)])
    assert flat.households["household_size"].tolist() == ["3"]
    assert len(flat.members) == 2
    assert field.sync().pulled.history == 0
    assert equal(field)


def test_versions_from_before_the_first_pull_are_asked_for(field: Field) -> None:
    field.send(1)
    field.edit(1, 1, household_size=3)
    assert field.sync().pulled.history == 1
    assert [one[1:] for one in versions(field.database, 1)] == [(0, False, "xml"), (1, True, "odata_json")]


def test_an_earlier_version_reads_as_the_row_of_it_would() -> None:
    """The same answers, whether Central made a row of them or the phone's XML is read."""
    given = answers(7) | {"dwelling": {"wall": None, "floor_area": 60.5}}
    xml = submission_xml(given, 7, "1").encode()
    from_xml = flatten([("x", odata_row(xml))])
    from_row = flatten([("x", orjson.dumps(row_of(given, 7)))])
    same = from_row.households.columns.intersection(from_xml.households.columns)
    assert set(from_row.households.columns) == set(same)
    assert from_xml.households[same].astype(str).equals(from_row.households[same].astype(str))
    assert from_xml.members.astype(str).equals(from_row.members.astype(str))


@pytest.mark.parametrize("sent", [b"", b"<data", b'<!DOCTYPE x [<!ENTITY a "b">]><data>&a;</data>', b"\xff\xfe"])
def test_a_version_that_is_no_xml_has_no_answers(sent: bytes) -> None:
    assert odata_row(sent) == b"{}"


def test_a_purged_submission_is_found_and_its_history_stays(field: Field) -> None:
    field.send(1, 2)
    field.sync()
    as_if_pulled(field, row_of(answers(3), 3))  # and Central knows nothing of it
    assert [one.difference.extra for one in verified(field).forms] == [[instance_id(3)]]
    done = field.sync()
    assert (done.pulled.purged, done.pulled.compared, done.pulled.live) == (1, 1, 2)
    assert interviews(field.database) == {instance_id(1), instance_id(2)}
    with field.database.session() as session:
        kept = session.scalars(select(Submission).where(Submission.central_id == instance_id(3))).one()
        assert kept.purged_at is not None
        assert submissions.payloads(session, [kept]) != [None]
    assert equal(field)
    assert field.sync().pulled.compared == 0, "once in step, nothing is compared again"


def test_what_was_purged_and_comes_back_counts_again(field: Field) -> None:
    field.send(1)
    field.sync()
    with field.database.session() as session:
        session.execute(update(Submission).values(deleted_at=datetime.now(UTC), purged_at=datetime.now(UTC)))
    long_after(field)
    done = field.sync()
    assert (done.pulled.live, done.derived) == (1, 1)
    with field.database.session() as session:
        assert session.scalars(select(Submission.purged_at)).one() is None


def test_central_restored_to_an_older_backup_is_followed(field: Field) -> None:
    """It shows an older version again, lost a submission and a review, and took a new one since."""
    field.send(1, 2, 3)
    field.edit(1, 1, household_size=3)
    field.sync()
    then = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with field.client() as connection:
        now = connection.get_json(
            f"projects/{field.project_id}/forms/{FORM}.svc/Submissions", "rows", **{"$expand": "*"}
        )["value"]
    lost_edit, lost_review = (next(row for row in now if row["__id"] == instance_id(number)) for number in (1, 2))
    lost_edit["meta"]["instanceID"] = instance_id(1, 2)
    lost_edit["__system"] |= {"edits": 2, "updatedAt": then}
    lost_review["__system"] |= {"reviewState": "approved", "updatedAt": then}
    as_if_pulled(field, lost_edit, lost_review, row_of(answers(9), 9))
    found = verified(field).forms[0].difference
    assert (found.version, found.state, found.extra) == ([instance_id(1)], [instance_id(2)], [instance_id(9)])
    field.send(4)
    done = field.sync()
    assert (done.pulled.compared, done.pulled.purged, done.pulled.live) == (1, 1, 4)
    assert equal(field)
    assert [(one[0], one[2]) for one in versions(field.database, 1)] == [
        (instance_id(1), False),
        (instance_id(1, 1), True),
        (instance_id(1, 2), False),
    ]


def test_an_older_backup_with_as_many_submissions_is_noticed(field: Field) -> None:
    field.send(1)
    field.sync()
    with field.client() as connection:
        [row] = connection.get_json(
            f"projects/{field.project_id}/forms/{FORM}.svc/Submissions", "rows", **{"$expand": "*"}
        )["value"]
    then = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    row["__system"] |= {"reviewState": "rejected", "updatedAt": then}
    as_if_pulled(field, row)
    long_after(field)
    assert field.sync().pulled.healed == 1
    assert equal(field)


def test_our_own_older_backup_catches_up(field: Field) -> None:
    field.send(1, 2, 3)
    field.sync()
    field.set_state(1, "approved")
    field.edit(2, 1, household_size=3)
    field.delete(3)
    field.send(4)
    field.sync()
    with field.database.session() as session:  # as it was after the first pull, with its marks
        session.execute(delete(Submission).where(Submission.central_id == instance_id(4)))
        session.execute(delete(Submission).where(Submission.version_id == instance_id(2, 1)))
        session.execute(
            update(Submission).values(
                is_current=True, review_state="received", edits=0, updated_at=None, deleted_at=None
            )
        )
        marks = session.scalars(select(SyncState)).one()
        marks.submitted_until = marks.updated_until = datetime.now(UTC) - timedelta(hours=1)
    field.sync()
    assert equal(field)
    assert field.sync().pulled.changed == 0


def test_marks_that_are_ahead_of_central_lose_nothing(field: Field) -> None:
    """A clock was set back by hours: what arrives now bears a time before the mark."""
    field.send(1)
    field.sync()
    long_after(field)
    field.send(2)
    assert field.sync().pulled.live == 2
    assert equal(field)


def test_full_reads_again_what_was_lost_here(field: Field) -> None:
    field.send(1, 2, 3)
    field.sync()
    with field.database.session() as session:
        session.execute(delete(Submission).where(Submission.central_id == instance_id(2)))
    assert not equal(field)
    done = field.sync(full=True)
    assert (done.pulled.new, done.pulled.live) == (1, 3)
    assert equal(field)


def test_an_erased_household_is_no_difference(field: Field) -> None:
    field.send(1, 2)
    field.sync()
    erase(field.database, instance_id(1), by="officer", reason=Reason.SUBJECT_REQUEST)
    first, second = field.sync(), field.sync()
    assert (first.pulled.compared, second.pulled.compared) == (1, 0), "counted once, then known"
    found = verified(field)
    assert (found.equal, found.forms[0].difference.erased) == (True, 1)


def test_verify_says_what_differs_without_an_answer(field: Field) -> None:
    field.send(1, 2)
    field.sync()
    field.send(3)
    field.set_state(1, "rejected")
    told = verified(field).as_json()
    [form] = told["forms"]
    assert (told["equal"], form["missing"]["ids"], form["state"]["ids"]) == (False, [instance_id(3)], [instance_id(1)])
    assert "Mẫu" not in str(told)
    field.sync()
    assert equal(field)


def test_every_published_form_is_pulled_and_households_alone_become_interviews(field: Field) -> None:
    """A second form of the project, here under the name of another source."""
    with field.client() as connection:
        connection.send(
            "POST",
            f"projects/{field.project_id}/forms",
            "form",
            data=_FORM.encode(),
            headers={"Content-Type": "application/xml"},
            params={"publish": "true"},
        )
        connection.send(
            "POST",
            f"projects/{field.project_id}/forms/facility/submissions",
            "submission",
            data=b'<data id="facility" version="1"><kind>x</kind><meta><instanceID>uuid:f1</instanceID></meta></data>',
            headers={"Content-Type": "text/xml"},
        )
    field.send(1)
    with field.database.session() as session:
        rounds.attach_form(session, ROUND, "facility", field.project_id, "facility", "1")
    done = field.sync()
    assert [(one.source.name, one.pulled.live) for one in done.forms] == [("household", 1), ("facility", 1)]
    assert interviews(field.database) == {instance_id(1)}
    assert equal(field)
    before = derived_rows(field.database)
    assert cases.rebuild(field.database, ROUND) == 1
    assert derived_rows(field.database) == before


def test_a_rebuild_gives_the_same_rows_with_earlier_versions_and_without_the_erased(field: Field) -> None:
    field.send(1, 2, 3)
    field.sync()
    field.edit(1, 1, household_size=3)
    field.edit(1, 2, household_size=2)
    field.edit(2, 1, household_size=4)
    field.delete(3)
    field.sync()
    erase(field.database, instance_id(2), by="officer", reason=Reason.SUBJECT_REQUEST)
    assert [one[3] for one in versions(field.database, 1)] == ["odata_json", "xml", "odata_json"]
    before = derived_rows(field.database)
    assert len(before["interviews"]) == 1
    assert cases.rebuild(field.database, ROUND) == 3
    assert derived_rows(field.database) == before


def test_a_form_that_is_gone_does_not_keep_the_others_from_it(field: Field) -> None:
    field.send(1)
    with field.database.session() as session:
        rounds.attach_form(session, ROUND, "application", field.project_id, "application", "1")
    with pytest.raises(CentralError) as raised:
        field.sync()
    assert raised.value.code == "central_not_found"
    assert interviews(field.database) == {instance_id(1)}


def test_fields_beside_the_published_ones_are_counted_by_name(field: Field) -> None:
    """Someone published another version in Central: one question more, one less."""
    publish_by_hand(field, "<kind/><level/>")
    of = Source(field.project_id, "facility", ROUND, "facility")
    with field.database.session() as session:
        rounds.attach_form(session, ROUND, "facility", field.project_id, "facility", "1")
    with field.client() as connection:
        pull(field.database, connection, of)
    publish_by_hand(field, "<kind/><beds/>", version="2")
    with field.client() as connection:
        for number, body in ((1, "<kind>clinic</kind><beds>12</beds>"), (2, "<kind>clinic</kind><beds/>")):
            connection.send(
                "POST",
                f"projects/{field.project_id}/forms/facility/submissions",
                "submission",
                data=(
                    f'<data id="facility" version="2">{body}<meta><instanceID>uuid:f{number}</instanceID></meta></data>'
                ).encode(),
                headers={"Content-Type": "text/xml"},
            )
        for _ in range(2):  # counted once, however often they are read
            pull(field.database, connection, of)
    with field.database.session() as session:
        state = session.get_one(SyncState, (field.project_id, "facility"))
        assert (state.unknown_fields, state.missing_fields) == ({"/beds": 1}, {"/level": 2})
        payloads = submissions.payloads(session, session.scalars(select(Submission)).all())
    assert any(b'"beds":"12"' in (payload or b"") for payload in payloads), "kept as it came"


def publish_by_hand(field: Field, questions: str, version: str = "1") -> None:
    """The small form with these questions, published in Central by someone else than us."""
    form = _FORM.replace("<kind/>", questions).replace('version="1"', f'version="{version}"')
    names = [name for name in ("kind", "level", "beds") if f"<{name}/>" in questions]
    binds = "".join(f'<bind nodeset="/data/{name}" type="string"/>' for name in names)
    inputs = "".join(f'<input ref="/data/{name}"><label>x</label></input>' for name in names)
    form = form.replace(_BIND, binds).replace(_INPUT, inputs)
    path = f"projects/{field.project_id}/forms"
    headers = {"Content-Type": "application/xml"}
    with field.client() as connection:
        if version == "1":
            connection.send("POST", path, "form", data=form.encode(), headers=headers, params={"publish": "true"})
        else:
            connection.send("POST", f"{path}/facility/draft", "form", data=form.encode(), headers=headers)
            connection.send("POST", f"{path}/facility/draft/publish", "form")


_BIND = '<bind nodeset="/data/kind" type="string"/>'
_INPUT = '<input ref="/data/kind"><label>x</label></input>'
_FORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>facility</h:title><model><instance>'
    '<data id="facility" version="1"><kind/><meta><instanceID/></meta></data></instance>'
    f'{_BIND}<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>'
    f"</model></h:head><h:body>{_INPUT}</h:body></h:html>"
)
