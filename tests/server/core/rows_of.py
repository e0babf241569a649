"""What is derived, row for row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from server.cases import service as cases
from server.cases.tables import Flag, Interview, InterviewMember
from server.database import Database


def derived_rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the derived tables, with what is sealed opened: each sealing has a nonce of its own."""
    with database.session() as session:
        found = {
            table.__tablename__: sorted(
                tuple(str(value) for value in row if not isinstance(value, bytes))
                for row in session.execute(select(*table.__table__.columns))
            )
            for table in (Interview, InterviewMember, Flag)
        }
        interviews = session.scalars(select(Interview).order_by(Interview.interview_id)).all()
        members = session.scalars(
            select(InterviewMember).order_by(InterviewMember.interview_id, InterviewMember.member_no)
        ).all()
        found["households"] = [(str(one),) for one in cases.open_households(session, interviews)]
        found["people"] = [(str(one),) for one in cases.open_people(session, members)]
    return found
