"""Table of review rounds."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

#: `annual`: định kỳ (1 September - 14 December); `monthly`: thường xuyên (from the 15th of a month).
KINDS = ("annual", "monthly")
#: Who is visited: `annual` listed and applying households, `full` all residents.
SCOPES = ("annual", "full")
STATUSES = ("planned", "open", "closed")


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
    #: Where its interviews arrive: Central's project and form. NULL until the form is published.
    project_id: Mapped[int | None]
    form_id: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime]
