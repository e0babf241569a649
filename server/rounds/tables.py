"""Tables of review rounds and of the forms whose submissions belong to them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

#: `annual`: định kỳ (1 September - 14 December); `monthly`: thường xuyên (from the 15th of a month).
KINDS = ("annual", "monthly")
#: Who is visited: `annual` listed and applying households, `full` all residents.
SCOPES = ("annual", "full")
STATUSES = ("planned", "open", "closed")
#: The form whose submissions become interviews; those of the other forms are kept as received.
HOUSEHOLD = "household"


class Round(Base):
    """One review round (đợt rà soát) of one province."""

    __tablename__ = "rounds"

    round_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    province_code: Mapped[str] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(String(10))
    scope: Mapped[str] = mapped_column(String(10))
    #: Ages and 12-month windows count from this day, never from a clock.
    review_date: Mapped[date]
    standard_id: Mapped[str] = mapped_column(String(40))
    #: The units of this day are the units of the round.
    unit_vintage: Mapped[date]
    opens_on: Mapped[date | None]
    #: Village meetings (họp dân) are held by this day: interviews are to be reviewed before.
    meetings_by: Mapped[date | None]
    closes_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]


class RoundForm(Base):
    """A form of a round, once published: where Central keeps it. One form belongs to one round."""

    __tablename__ = "round_forms"
    __table_args__ = (UniqueConstraint("project_id", "form_id"),)

    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    #: The source's name: `household`, `application`, ...
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[int]
    form_id: Mapped[str] = mapped_column(String(100))
    #: The version that was published last; NULL where it is not known.
    published_version: Mapped[str | None] = mapped_column(String(100))
