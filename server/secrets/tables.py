"""Keys as stored: always wrapped by a master key that is not in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class StoredMasterKey(Base):
    """A master key in use, known by its check value only. The highest `number` wraps new keys.

    The foreign keys that point here let no row be deleted on which a wrapped key still depends, whatever else
    runs at the same time: that is what makes the end of a rotation safe.
    """

    __tablename__ = "master_keys"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    check_value: Mapped[str] = mapped_column(String(32), unique=True)
    created_at: Mapped[datetime]


class ServiceKey(Base):
    """A key of the service itself, wrapped: `lookup` makes the keyed hashes and outlives every master key."""

    __tablename__ = "service_keys"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    master_number: Mapped[int] = mapped_column(ForeignKey("master_keys.number"))


class HouseholdKey(Base):
    """The key of one subject (`server.secrets.subjects`; `user:<id>` for a person with an account).

    `wrapped` is NULL exactly when `destroyed_at` is set: the tombstone of an erased subject.
    """

    __tablename__ = "household_keys"

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    master_number: Mapped[int] = mapped_column(ForeignKey("master_keys.number"), index=True)
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]
