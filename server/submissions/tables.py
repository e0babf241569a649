"""Tables of submissions, every version as received, and of how far each form has been pulled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class Submission(Base):
    """One version of a submission, as Central gave it; never changed but for what Central says about it.

    `central_id` is Central's `__id` (the first instanceID, which never changes), `version_id` the instanceID of this
    version. The answers (`payload`) of a version are final; its review state, deletion and attachment counts are
    brought up to date by later pulls. The newest version of each `central_id` has `is_current`.
    """

    __tablename__ = "submissions"
    __personal__ = True
    __table_args__ = (
        Index(
            "uq_submissions_current",
            "form_id",
            "central_id",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
        Index("ix_submissions_central_id", "central_id"),
        Index("ix_submissions_round_current", "round_id", "is_current"),
    )

    form_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    central_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    project_id: Mapped[int]
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"))
    #: The OData row, JSON, as received: sealed under the household's key; NULL = erased.
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    submitted_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    #: Central's: received (NULL there) | hasIssues | edited | approved | rejected.
    review_state: Mapped[str] = mapped_column(String(20))
    edits: Mapped[int]
    form_version: Mapped[str | None] = mapped_column(String(100))
    attachments_expected: Mapped[int]
    attachments_present: Mapped[int]
    received_at: Mapped[datetime]
    is_current: Mapped[bool]


class SyncState(Base):
    """How far a form has been pulled. Written in the same transaction as what was pulled."""

    __tablename__ = "sync_states"

    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    form_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: What arrived (changed) at Central before this time, by Central's clock, has been pulled. Two marks, because the
    #: windows of arrivals are finished one by one, and the changes in one go after them.
    submitted_until: Mapped[datetime | None]
    updated_until: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error_code: Mapped[str | None] = mapped_column(String(40))
    #: What Central counted at the last success: live submissions.
    live_at_central: Mapped[int | None]
