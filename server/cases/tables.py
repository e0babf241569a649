"""Tables of interviews, derived from submissions; `rasoat rebuild` computes every row again with the same result.

Nothing that a person did is stored here, and nothing else refers to these tables by foreign key. What a household
answered is sealed under its key (`server.cases.sealed` opens it); what is computed from it, without a name, a number or
a place of a person, stands in plain columns.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base

#: Flag severities, weakest first; `severity_rank` of an interview is the index of its strongest flag plus one.
SEVERITIES = ("note", "look", "severe")


class Interview(Base):
    """A household as interviewed (phiếu rà soát): one per live submission of a round, from its newest version."""

    __tablename__ = "interviews"
    __personal__ = True
    __table_args__ = (
        Index("ix_interviews_round_commune", "province_code", "round_id", "commune_code"),
        Index("ix_interviews_queue", "round_id", "review_state", "severity_rank"),
        Index("ix_interviews_household_code", "household_code"),
        Index("ix_interviews_replaces", "replaces"),
    )

    interview_id: Mapped[str] = mapped_column(String(100), primary_key=True)  # Central's `__id`
    version_id: Mapped[str] = mapped_column(String(100))  # instanceID of the version derived from
    province_code: Mapped[str] = mapped_column(String(2))
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"))

    #: The unit it counts in: as answered where that is a unit of the round, else by GPS, else NULL.
    commune_code: Mapped[str | None] = mapped_column(String(5))
    unit_valid_from: Mapped[date | None]
    commune_answered: Mapped[str | None] = mapped_column(String(100))
    commune_gps: Mapped[str | None] = mapped_column(String(5))
    location_status: Mapped[str] = mapped_column(String(20))  # `geo.locate.LOCATION_STATUSES`
    distance_m: Mapped[float | None]  # from the point to the commune answered, metres; 0 inside
    village_id: Mapped[str | None] = mapped_column(String(100))
    #: Sealed JSON: latitude, longitude (EPSG:4326 degrees), gps_accuracy (metres); NULL = no GPS.
    position: Mapped[bytes | None] = mapped_column(LargeBinary)

    household_code: Mapped[str | None] = mapped_column(String(100))  # code on last year's list, as answered
    outcome: Mapped[str] = mapped_column(String(20), server_default="met")  # `poverty.frames.OUTCOMES`
    replaces: Mapped[str | None] = mapped_column(String(100))  # the returned interview that it was made in place of
    #: The newer interview of the same household that counts instead (`server.cases.superseding`); NULL = this counts.
    superseded_by: Mapped[str | None] = mapped_column(String(100))
    head_name: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    head_words: Mapped[str | None] = mapped_column(Text)  # keyed hashes of its words, for search (`Vault.name_words`)
    #: Place of the head among those of the commune, by given name, from 1; NULL without a name or a commune.
    head_order: Mapped[int | None]
    member_count: Mapped[int]

    proposed_class: Mapped[str] = mapped_column(String(20))  # poor | near_poor | not_poor | undetermined
    method: Mapped[str] = mapped_column(String(40))
    provisional: Mapped[bool]  # tạm tính: rests on a rule that is not confirmed
    deprivations_min: Mapped[int]
    deprivations_max: Mapped[int]
    d01: Mapped[bool | None]
    d02: Mapped[bool | None]
    d03: Mapped[bool | None]
    d04: Mapped[bool | None]
    d05: Mapped[bool | None]
    d06: Mapped[bool | None]
    d07: Mapped[bool | None]
    d08: Mapped[bool | None]
    d09: Mapped[bool | None]
    d10: Mapped[bool | None]
    d11: Mapped[bool | None]
    d12: Mapped[bool | None]
    income_low: Mapped[float | None]  # đồng per person and month
    income_high: Mapped[float | None]  # NULL = unbounded
    below_line: Mapped[bool | None]
    missing: Mapped[str] = mapped_column(Text)  # answers that could change the class, joined by a space
    phone_class: Mapped[str | None] = mapped_column(String(20))
    previous_class: Mapped[str | None] = mapped_column(
        String(20)
    )  # last year's official status of its linked household

    visited_at: Mapped[datetime | None]
    minutes: Mapped[float | None]  # between start and end, on the phone's clock
    submitted_at: Mapped[datetime]
    enumerator: Mapped[str | None] = mapped_column(Text)
    form_version: Mapped[str | None] = mapped_column(String(100))
    edits: Mapped[int]
    #: received | hasIssues | edited | approved | rejected: Central's, or ours where a newer decision stands.
    review_state: Mapped[str] = mapped_column(String(20))
    attachments_expected: Mapped[int]
    attachments_present: Mapped[int]
    severity: Mapped[str | None] = mapped_column(String(10))  # strongest flag; NULL = no flag
    severity_rank: Mapped[int]
    answers: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON: the household's row of the frame


class InterviewMember(Base):
    """A member of an interviewed household, in the order given."""

    __tablename__ = "interview_members"
    __personal__ = True

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.interview_id", ondelete="CASCADE"), primary_key=True
    )
    member_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON: `server.cases.sealed.Person`
    cccd_hash: Mapped[str | None] = mapped_column(String(64), index=True)  # `Vault.lookup_cccd`; NULL = no such number


class Flag(Base):
    """A reason to look at an interview (cảnh báo). Its wording is in `server.cases.flags`."""

    __tablename__ = "flags"
    __table_args__ = (Index("ix_flags_code", "code"),)

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.interview_id", ondelete="CASCADE"), primary_key=True
    )
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    field: Mapped[str] = mapped_column(String(100), primary_key=True)  # the answer it speaks of; "" = the whole
    member_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0 = the household
    severity: Mapped[str] = mapped_column(String(10))  # severe | look | note
    details: Mapped[dict[str, Any]] = mapped_column(JSON)  # fills the wording; no name, number or place of a person


class StaleInterview(Base):
    """An interview whose submission (or ground) changed and that is still to be derived again.

    Written in the transaction that changes the ground, removed in the one that derives: a crash between loses nothing.
    """

    __tablename__ = "stale_interviews"

    interview_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: Of an interview of a round that is there. No foreign key and no index: a first pull writes as many of these as
    #: there are households, each is read once, and all of a round are read together.
    round_id: Mapped[str] = mapped_column(String(40))
