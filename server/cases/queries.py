"""What pages read of interviews: within the reader's scope."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.cases.tables import Interview, InterviewMember


def members_of(session: Session, interview_id: str, scope: Scope) -> Sequence[InterviewMember]:
    """Members of an interview, in its order."""
    statement = (
        select(InterviewMember)
        .join(Interview, Interview.interview_id == InterviewMember.interview_id)
        .where(InterviewMember.interview_id == interview_id, scope.where(Interview))
        .order_by(InterviewMember.member_no)
    )
    return session.scalars(statement).all()
