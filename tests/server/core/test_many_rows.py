"""Many rows at once: inserted, passed over where their key is there, and looked up by long lists of values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Json
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from server.database import Database, insert_new_rows, insert_rows, looked_up, one_of
from server.secrets.service import interview_subject, vault_of
from server.secrets.tables import HouseholdKey
from server.submissions.tables import ODATA_JSON, Submission
from tests.server.fieldwork import ROUND

_TIME = datetime(2026, 9, 1, 8, 30, 15, 123456, tzinfo=UTC)
#: What a text must survive: quotes, backslashes, tabs, line ends, words of the field.
_AWKWARD = "a'b\"c\\d\te\nf ở thôn Đoài, 100%"


def _key(number: int) -> dict[str, Any]:
    return {
        "subject": f"{_AWKWARD} {number}",
        "wrapped": bytes(range(256)) if number % 3 else None,
        "master_number": 1,
        "created_at": _TIME + timedelta(seconds=number // 2),
        "destroyed_at": None if number % 3 else _TIME,
    }


def _submission(number: int, payload: bytes = b"\x00\xff\\x{}") -> dict[str, Any]:
    return {
        "form_id": "household",
        "central_id": f"uuid:{number}",
        "version_id": f"uuid:{number}",
        "project_id": 1,
        "round_id": ROUND,
        "payload": payload,
        "payload_format": ODATA_JSON,
        "submitted_at": _TIME + timedelta(milliseconds=number),
        "updated_at": None,
        "deleted_at": None,
        "review_state": _AWKWARD[:20],
        "edits": number,
        "form_version": None if number % 2 else "1",
        "attachments_expected": 0,
        "attachments_present": 0,
        "received_at": _TIME,
        "is_current": True,
        "purged_at": None,
        "history_known": number % 2 == 0,
    }


# Fewer than SQLite takes in one statement, as many as it takes in two, and some beyond.
@pytest.mark.parametrize("count", [1, 500, 503])
def test_rows_are_stored_as_given(database: Database, count: int) -> None:
    rows = [_submission(number) for number in range(count)]
    with database.session() as session:
        insert_rows(session, Submission, rows)
        insert_rows(session, Submission, [])
    with database.session() as session:
        stored = session.execute(select(*Submission.__table__.columns)).mappings()
        assert {row["central_id"]: dict(row) for row in stored} == {row["central_id"]: row for row in rows}


@pytest.mark.parametrize("count", [1, 500, 503])
def test_rows_whose_key_is_there_stay_as_they_were(database: Database, count: int) -> None:
    rows = [_key(number) for number in range(count)]
    later = [row | {"wrapped": b"another"} for row in rows] + [_key(count)]
    with database.session() as session:
        assert insert_new_rows(session, HouseholdKey, rows) == count
        assert insert_new_rows(session, HouseholdKey, later) == 1
        assert insert_new_rows(session, HouseholdKey, []) == 0
    with database.session() as session:
        stored = session.execute(
            select(*HouseholdKey.__table__.columns).where(HouseholdKey.subject.startswith(_AWKWARD, autoescape=True))
        ).mappings()
        assert {row["subject"]: dict(row) for row in stored} == {row["subject"]: row for row in [*rows, _key(count)]}


def test_a_refused_row_is_not_named(database: Database) -> None:
    rows = [_submission(1, b"secret-answer"), _submission(1, b"secret-answer")]
    with pytest.raises(IntegrityError) as raised, database.session() as session:
        insert_rows(session, Submission, rows)
    assert "secret-answer" not in str(raised.value)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_long_lists_find_what_they_name(database: Database) -> None:
    listed = [f"uuid:{number}" for number in range(0, 40_000, 2)] + [_AWKWARD]
    of_form = select(Submission.central_id).where(Submission.form_id == "household")
    with database.session() as session:
        insert_rows(session, Submission, [_submission(number) for number in range(10)])
        for found in (
            session.scalars(of_form.where(one_of(session, Submission.central_id, listed))),
            session.scalars(looked_up(session, of_form, Submission.central_id, listed)),
        ):
            assert sorted(found) == [f"uuid:{number}" for number in range(0, 10, 2)]
        assert session.scalars(looked_up(session, of_form, Submission.central_id, [])).all() == []


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_table_that_is_being_filled_is_looked_up_by_index(database: Database) -> None:
    """PostgreSQL has no statistics of it yet, takes it for small, and would compare every row with every value."""
    with database.session() as session:
        insert_rows(session, Submission, [_submission(number) for number in range(3_000)])
        statement = select(Submission.version_id).where(Submission.form_id == "household")
        asked = looked_up(session, statement, Submission.central_id, ["uuid:1", "uuid:2"])
        written = asked.compile(session.connection())
        values = {name: Json(value) if isinstance(value, list) else value for name, value in written.params.items()}
        lines = session.connection().exec_driver_sql(f"EXPLAIN {written}", values).scalars()
        plan = "\n".join(str(line) for line in lines)
    assert "Index Cond: ((form_id" in plan
    assert "central_id = " in plan
    assert "Filter" not in plan


def test_keys_leave_memory_with_their_session(database: Database) -> None:
    with database.session() as session:
        vault_of(session).hold([interview_subject("uuid:1")])
        assert session.info
    assert not session.info
