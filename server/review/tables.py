"""Tables of review decisions (append-only) and of what is to be delivered to Central (the outbox)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

ACTIONS = ("approve", "return", "reject", "comment")
#: What each action makes of Central's review state; a comment leaves it.
STATES = {"approve": "approved", "return": "hasIssues", "reject": "rejected"}

OUTBOX_KINDS = ("review_state", "comment")
#: `waiting` (for its time or for Central), `sending` (a sender has it: no undoing any more), `sent`, `cancelled`
#: (undone before it was sent), `failed` (Central refuses for good, the submission is gone: a person must look),
#: `conflict` (Central shows a decision that the supervisor did not know of: a person chooses).
OUTBOX_STATES = ("waiting", "sending", "sent", "cancelled", "failed", "conflict")
#: Review state of an interview while a person has to choose between our decision and Central's.
CONFLICT = "conflict"


class ReviewDecision(Base):
    """What one person decided about one version of an interview. Never changed, but for being undone."""

    __tablename__ = "review_decisions"
    __table_args__ = (Index("ix_review_decisions_interview", "interview_id", "decided_at"),)

    decision_id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[str] = mapped_column(String(100))
    version_id: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Outbox(Base):
    """Something to tell Central: decided once, delivered at least once, not repeated if Central already shows it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "next_attempt_at"),)

    outbox_id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("review_decisions.decision_id"), index=True)
    project_id: Mapped[int]
    form_id: Mapped[str] = mapped_column(String(100))
    central_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)  # {"reviewState": ...} or {"body": ...}
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]  # first: when the time for undoing has passed
    sent_at: Mapped[datetime | None]
    last_error_code: Mapped[str | None] = mapped_column(String(40))
    #: Central's review state as it was known when this was decided; NULL = not known, nothing is compared.
    seen_state: Mapped[str | None] = mapped_column(String(20))
    #: Central's review state that was met instead, in a conflict.
    found_state: Mapped[str | None] = mapped_column(String(20))
