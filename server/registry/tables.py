"""Tables of the registry, movements between lists, and official decisions.

Names and what else identifies a person are sealed under the key of the household on that year's list.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class RegistryHousehold(Base):
    """A household on one year's list of poor and near-poor households (decided status)."""

    __tablename__ = "registry_households"
    __personal__ = True
    __table_args__ = (Index("ix_registry_households_commune", "province_code", "year", "commune_code"),)

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    household_code: Mapped[str] = mapped_column(String(100), primary_key=True)
    commune_code: Mapped[str] = mapped_column(String(5))
    unit_valid_from: Mapped[date | None]
    village_id: Mapped[str | None] = mapped_column(String(100))
    village_name: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))  # poor | near_poor
    head_name: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; NULL = the list has none
    member_count: Mapped[int]
    source: Mapped[str] = mapped_column(Text)  # the file it came from
    imported_at: Mapped[datetime]


class RegistryMember(Base):
    """A member of a household on one year's list."""

    __tablename__ = "registry_members"
    __personal__ = True
    __table_args__ = (
        ForeignKeyConstraint(
            ["province_code", "year", "household_code"],
            ["registry_households.province_code", "registry_households.year", "registry_households.household_code"],
            ondelete="CASCADE",
        ),
    )

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    household_code: Mapped[str] = mapped_column(String(100), primary_key=True)
    member_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON: `server.registry.sealed.PERSON_FIELDS`
    cccd_hash: Mapped[str | None] = mapped_column(String(64), index=True)  # `Vault.lookup_cccd`; NULL = no such number


class IdentityEvent(Base):
    """What happened to a household over the years (`reconciliation.identity.Event`); appended, never rewritten.

    Erasing a household puts a random word in place of the code of its appearance: the log still folds, and nothing
    leads from it to the household any more.
    """

    __tablename__ = "identity_events"
    __table_args__ = (
        Index("ix_identity_events_province", "province_code", "event_id"),
        Index("ix_identity_events_code", "code"),
        Index("ix_identity_events_via", "via_code"),
    )

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    province_code: Mapped[str] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(String(10))  # `reconciliation.identity.log.KINDS`
    holds_from: Mapped[date]
    source: Mapped[str] = mapped_column(String(60))  # list/YEAR | round/ID
    code: Mapped[str] = mapped_column(String(100))  # household code on the list, or interview id
    household_id: Mapped[str | None] = mapped_column(String(20))  # of `opened`
    via_source: Mapped[str | None] = mapped_column(String(60))
    via_code: Mapped[str | None] = mapped_column(String(100))
    undoes: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(20))
    decided: Mapped[bool]  # a person said so
    members: Mapped[int | None]  # found in both appearances of a link
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]


class IdentityQuestion(Base):
    """What a person must say before a household of a source has its id; derived with the events.

    One that was answered stays, so that the answer can be taken back, until the source is identified again.
    """

    __tablename__ = "identity_questions"

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    source: Mapped[str] = mapped_column(String(60), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))  # `reconciliation.identity.Question`
    codes: Mapped[list[str]] = mapped_column(JSON)
    household_ids: Mapped[list[str]] = mapped_column(JSON)
    answered_by: Mapped[str | None] = mapped_column(String(200))  # user id; NULL = it waits
    answer: Mapped[list[int]] = mapped_column(JSON)  # ids of the events that it gave so far


class HouseholdAppearance(Base):
    """Which household an appearance belongs to; derived from the events."""

    __tablename__ = "household_appearances"
    __table_args__ = (Index("ix_household_appearances_household", "household_id"),)

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    source: Mapped[str] = mapped_column(String(60), primary_key=True)
    code: Mapped[str] = mapped_column(String(100), primary_key=True)
    household_id: Mapped[str] = mapped_column(String(20))


class Movement(Base):
    """A household's movement (diễn biến) in the year of a round, as its commune counts it; derived.

    Who moved between communes has two rows: it left the one (part 0) and came to the other (part 1).
    """

    __tablename__ = "movements"
    __personal__ = True
    __table_args__ = (Index("ix_movements_commune", "province_code", "round_id", "commune_code"),)

    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    #: `?` and the appearance, where its identity waits for a person.
    household_id: Mapped[str] = mapped_column(String(170), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    province_code: Mapped[str] = mapped_column(String(2))
    commune_code: Mapped[str] = mapped_column(String(5))  # "" = not known
    village_id: Mapped[str | None] = mapped_column(String(100))
    interview_id: Mapped[str | None] = mapped_column(String(100))  # of this round
    previous: Mapped[str] = mapped_column(String(20))  # poor | near_poor | none (on no list) | unknown
    current: Mapped[str] = mapped_column(String(20))  # a class, gone, or unknown
    movement: Mapped[str] = mapped_column(String(30))  # `reconciliation.movements`
    waiting: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(20))
    earlier_year: Mapped[int | None]
    newly_escaped: Mapped[str] = mapped_column(String(20))
    provisional: Mapped[bool]
    persons_before: Mapped[int | None]
    persons_after: Mapped[int | None]
    persons_kept: Mapped[int | None]


class MovementChange(Base):
    """A change of status within the year of a round that opening and closing do not show (the annex); derived."""

    __tablename__ = "movement_changes"
    __personal__ = True

    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    household_id: Mapped[str] = mapped_column(String(170), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    province_code: Mapped[str] = mapped_column(String(2))
    commune_code: Mapped[str] = mapped_column(String(5))
    village_id: Mapped[str | None] = mapped_column(String(100))
    decided_on: Mapped[date]
    before: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    decision_number: Mapped[str] = mapped_column(String(100))


class MovementRules(Base):
    """What a person set where no official text is known (`reconciliation.movements.Rules`); the latest counts."""

    __tablename__ = "movement_rules"

    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    set_at: Mapped[datetime] = mapped_column(primary_key=True)
    look_back_years: Mapped[int | None]  # NULL = as far back as the lists reach
    newly_escaped_years: Mapped[int]
    set_by: Mapped[str] = mapped_column(String(200))


class OfficialDecision(Base):
    """The decided status of a household (quyết định công nhận): number and date of the commune's decision."""

    __tablename__ = "official_decisions"

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    interview_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    decided_class: Mapped[str] = mapped_column(String(20))
    decision_number: Mapped[str] = mapped_column(String(100))
    decision_date: Mapped[date]
    recorded_by: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime]
