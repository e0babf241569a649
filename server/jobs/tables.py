"""Jobs, schedules and workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class Job(Base):
    """One piece of work. States: queued, running, done, dead (a dead letter: a person retries it).

    `args` holds ids and settings, never personal data. A job of a schedule has its `schedule` and the time of its
    slot, unique together: however many workers find the slot due, one job is made.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("schedule", "slot_at"),
        Index("ix_jobs_state_run_at", "state", "run_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    run_at: Mapped[datetime]  # not before
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(80))  # a code, never a message
    schedule: Mapped[str | None] = mapped_column(String(60))
    slot_at: Mapped[datetime | None]


class Schedule(Base):
    """A job made again and again, at `offset_seconds + n * every_seconds` since 1970 in UTC, after `begins_at`."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    every_seconds: Mapped[int]
    offset_seconds: Mapped[int]
    begins_at: Mapped[datetime]
    enabled: Mapped[bool]


class Worker(Base):
    """A worker that runs now: `seen_at` moves on every few seconds (see `presence`)."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # host, process and a random part
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
