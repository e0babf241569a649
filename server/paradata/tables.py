"""The table of paradata, derived from audit logs that were fetched; it can be made again from them."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class Paradata(Base):
    """What one version's audit log says of how the interview was held: as secret as the submission."""

    __tablename__ = "paradata"
    __personal__ = True
    __table_args__ = (
        ForeignKeyConstraint(
            ["form_id", "central_id", "version_id"],
            ["submissions.form_id", "submissions.central_id", "submissions.version_id"],
            name="fk_paradata_version_submissions",
            ondelete="CASCADE",
        ),
        Index("ix_paradata_central_id", "central_id"),
    )

    form_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    central_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: Sealed JSON of `server.paradata.measures.Measures`; NULL = the log cannot be read.
    measures: Mapped[bytes | None] = mapped_column(LargeBinary)
