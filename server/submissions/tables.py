"""Tables of submissions, every version as received, and of how far each form has been pulled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

#: What `Submission.payload` holds.
ODATA_JSON, XML = "odata_json", "xml"


class Submission(Base):
    """One version of a submission, as Central gave it; never changed but for what Central says about it.

    `central_id` is Central's `__id` (the first instanceID, which never changes), `version_id` the instanceID of this
    version. The answers (`payload`) of a version are final; its review state, deletion and attachment counts are
    brought up to date by later pulls. The version that Central shows of each `central_id` has `is_current`: the newest,
    but for a Central that was restored to an older backup.
    """

    __tablename__ = "submissions"
    __personal__ = True
    # Written as SQLAlchemy writes a condition on each database: only then is a partial index used.
    __table_args__ = (
        Index(
            "uq_submissions_current",
            "project_id",
            "form_id",
            "central_id",
            "is_current",  # so that SQLite counts by the index alone
            unique=True,
            sqlite_where=text("is_current = 1"),
            postgresql_where=text("is_current"),
        ),
        # What every pull asks for is found without going through all there is: few rows, however many submissions.
        # Those whose earlier versions have not been asked for; ...
        Index(
            "ix_submissions_history",
            "project_id",
            "form_id",
            "central_id",
            sqlite_where=text("is_current = 1 AND history_known = 0"),
            postgresql_where=text("is_current AND NOT history_known"),
        ),
        # ... that wait for files; ...
        Index(
            "ix_submissions_awaiting",
            "project_id",
            "form_id",
            "central_id",
            sqlite_where=text("is_current = 1 AND deleted_at IS NULL AND attachments_present < attachments_expected"),
            postgresql_where=text("is_current AND deleted_at IS NULL AND attachments_present < attachments_expected"),
        ),
        # ... that are deleted or erased; ...
        Index(
            "ix_submissions_gone",
            "project_id",
            "form_id",
            sqlite_where=text("is_current = 1 AND (deleted_at IS NOT NULL OR payload IS NULL)"),
            postgresql_where=text("is_current AND (deleted_at IS NOT NULL OR payload IS NULL)"),
        ),
        # ... that were edited or reviewed.
        Index(
            "ix_submissions_changed",
            "project_id",
            "form_id",
            "updated_at",
            sqlite_where=text("is_current = 1 AND updated_at IS NOT NULL"),
            postgresql_where=text("is_current AND updated_at IS NOT NULL"),
        ),
        Index("ix_submissions_central_id", "central_id"),
        Index("ix_submissions_round_current", "round_id", "is_current"),
    )

    form_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    central_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    project_id: Mapped[int]
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"))
    #: The answers as received, sealed under the household's key; NULL = erased.
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: `odata_json`: the OData row; `xml`: what the phone sent, of a version that was replaced between two pulls.
    payload_format: Mapped[str] = mapped_column(String(10), default=ODATA_JSON)
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
    #: When we found that Central no longer knows the submission at all (`deleted_at` is set too).
    purged_at: Mapped[datetime | None]
    #: Of a current version: whether every version before it is held.
    history_known: Mapped[bool] = mapped_column(default=True)


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
    #: What we held then; and how many of them still wait for files that the phone has not sent.
    live_here: Mapped[int | None]
    awaiting_files: Mapped[int | None]
    #: Of Central's, submissions of households that were erased here.
    erased_at_central: Mapped[int] = mapped_column(default=0)
    #: When ids and versions were last compared with Central's, all of them.
    compared_at: Mapped[datetime | None]
    #: The version of the form whose fields are expected, and their paths; NULL until it was seen at Central.
    expected_version: Mapped[str | None] = mapped_column(String(100))
    expected_fields: Mapped[list[str] | None] = mapped_column(JSON)
    #: Fields at Central beyond the expected, and expected ones that it lacks: path -> submissions received with
    #: an answer in it (without it). The rows are kept as they came.
    unknown_fields: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    missing_fields: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)


class SyncLease(Base):
    """Who is syncing now: one at a time. A holder that was killed loses it when its time is up."""

    __tablename__ = "sync_leases"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    #: Machine and process, for whoever finds it taken.
    holder: Mapped[str] = mapped_column(String(80))
    since: Mapped[datetime]
    until: Mapped[datetime]
