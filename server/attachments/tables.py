"""The table of attachments: what each version of a submission names, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

#: Central names it and does not have it yet: the phone still sends.
EXPECTED = "expected"
#: Central has it; it is to be fetched.
PRESENT = "present"
#: It is here, sealed.
STORED = "stored"
#: It will not be kept, for `reason`: not fetched again unless the limits change.
REFUSED = "refused"
#: It cannot come any more: a later version took this one's place, or Central dropped it.
GONE = "gone"


class Attachment(Base):
    """A file that a version of a submission names. Its content lies in the object store, sealed, at `address`."""

    __tablename__ = "attachments"
    __personal__ = True
    __table_args__ = (
        ForeignKeyConstraint(
            ["form_id", "central_id", "version_id"],
            ["submissions.form_id", "submissions.central_id", "submissions.version_id"],
            name="fk_attachments_version_submissions",
            ondelete="CASCADE",
        ),
        Index("ix_attachments_central_id", "central_id"),
        Index("ix_attachments_address", "address"),
        Index("ix_attachments_state", "form_id", "state"),
    )

    form_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    central_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))  # expected | present | stored | refused | gone
    reason: Mapped[str | None] = mapped_column(String(20))  # why it was refused: `media.REASONS`
    media_type: Mapped[str | None] = mapped_column(String(100))  # as its content shows, not as it was said to be
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes, before sealing; of a refused one at least this
    #: Keyed hash of household and content, 64 hex digits; NULL = nothing is kept.
    address: Mapped[str | None] = mapped_column(String(64))
    has_thumbnail: Mapped[bool]
    attempts: Mapped[int]  # failed ones, since the last that came through
    retry_at: Mapped[datetime | None]  # not asked for before
    changed_at: Mapped[datetime]
