"""Tables of the registry, movements between lists, and official decisions.

Names and what else identifies a person are sealed under the key of the household on that year's list.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, Text
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


class Movement(Base):
    """Households per movement (diễn biến) of a round against last year's list; derived with the links."""

    __tablename__ = "movements"

    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    #: Of the interview where there is one, else of the list; "" = not known.
    commune_code: Mapped[str] = mapped_column(String(5), primary_key=True)
    previous: Mapped[str] = mapped_column(String(20), primary_key=True)  # poor | near_poor | none (not on the list)
    current: Mapped[str] = mapped_column(String(20), primary_key=True)  # a class, or absent (not interviewed)
    movement: Mapped[str] = mapped_column(String(40))  # `reconciliation.movements.MOVEMENTS`
    province_code: Mapped[str] = mapped_column(String(2))
    registry_year: Mapped[int]
    households: Mapped[int]


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
