"""Tables of enumerators (rà soát viên) and back-checkers, what each is assigned, and the back-checks drawn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

INTERVIEWER, BACKCHECKER = "interviewer", "backchecker"
ROLES = (INTERVIEWER, BACKCHECKER)
#: What is assigned: a village with all its households on the list, or one household, which goes before its village.
VILLAGE, HOUSEHOLD = "village", "household"


class Enumerator(Base):
    """A person with a phone in one round. Central knows the code alone."""

    __tablename__ = "enumerators"
    __personal__ = True

    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    #: `assignment_key` of entities and app user, and the username that interviews carry.
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    person: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON: name, phone
    #: The app user at Central; NULL: none yet, or revoked.
    actor_id: Mapped[int | None]
    token: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed: whoever has it is this phone
    issued_at: Mapped[datetime | None]
    #: When its phone was refused for good (lost, stolen); a token issued anew clears it.
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Assignment(Base):
    """A village or a household, and who visits it: each has one enumerator."""

    __tablename__ = "assignments"
    __table_args__ = (
        ForeignKeyConstraint(["round_id", "enumerator"], ["enumerators.round_id", "enumerators.code"]),
        Index("ix_assignments_enumerator", "round_id", "enumerator"),
    )

    round_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)  # village | household
    unit_code: Mapped[str] = mapped_column(String(100), primary_key=True)
    enumerator: Mapped[str] = mapped_column(String(32))


class BackCheck(Base):
    """An interview drawn to be checked by a second one, and who does it. Drawn once, never taken back."""

    __tablename__ = "back_checks"
    __table_args__ = (ForeignKeyConstraint(["round_id", "checker"], ["enumerators.round_id", "enumerators.code"]),)

    round_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    interview_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    checker: Mapped[str] = mapped_column(String(32))
    seed: Mapped[int]
    drawn_at: Mapped[datetime]
