"""What may be seen of the attachments of an interview: every query is within the reader's scope."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.attachments.tables import STORED, Attachment
from server.cases.tables import Interview


def of_interview(session: Session, interview_id: str, scope: Scope) -> list[Attachment]:
    """Every attachment of every version of an interview that may be read, by name."""
    statement = (
        select(Attachment)
        .join(Interview, Interview.interview_id == Attachment.central_id)
        .where(Attachment.central_id == interview_id, scope.where(Interview))
        .order_by(Attachment.name, Attachment.version_id)
    )
    return list(session.scalars(statement))


def stored(session: Session, interview_id: str, address: str, scope: Scope) -> Attachment | None:
    """One that is kept, by the interview and the address of its content; None where there is none to be read."""
    statement = (
        select(Attachment)
        .join(Interview, Interview.interview_id == Attachment.central_id)
        .where(Attachment.central_id == interview_id, Attachment.address == address, Attachment.state == STORED)
        .where(scope.where(Interview))
        .order_by(Attachment.name, Attachment.version_id)
        .limit(1)
    )
    return session.scalars(statement).first()
