"""Statements of the service's own work on attachments: what is to be listed and fetched, what an erasure removes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from server.accounts.access import system_work
from server.attachments.media import TOO_LARGE, TYPE
from server.attachments.tables import EXPECTED, PRESENT, REFUSED, STORED, Attachment
from server.settings import AttachmentsSettings
from server.submissions.service import Source
from server.submissions.tables import XML, Submission


@dataclass(frozen=True)
class Version:
    """A version of a submission that is neither deleted nor erased."""

    form_id: str
    central_id: str
    version_id: str
    is_current: bool

    @property
    def key(self) -> dict[str, str]:
        """Its columns in `attachments`."""
        return {"form_id": self.form_id, "central_id": self.central_id, "version_id": self.version_id}


@system_work("fetch")
def _version() -> tuple[Any, ...]:
    """The columns of a `Version`."""
    return Submission.form_id, Submission.central_id, Submission.version_id, Submission.is_current


@system_work("fetch")
def _its_files() -> ColumnElement[bool]:
    """Which attachments are a version's."""
    return and_(
        Attachment.form_id == Submission.form_id,
        Attachment.central_id == Submission.central_id,
        Attachment.version_id == Submission.version_id,
    )


@system_work("fetch")
def _newest_with(*conditions: Callable[[type[Submission]], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether the current version of the same submission is so."""
    newest = aliased(Submission)
    return exists().where(
        newest.form_id == Submission.form_id,
        newest.central_id == Submission.central_id,
        newest.is_current,
        *(condition(newest) for condition in conditions),
    )


@system_work("fetch")
def _alive(source: Source) -> ColumnElement[bool]:
    """Versions of the form that are not erased, of submissions that Central has (the current version says so)."""
    return and_(
        Submission.form_id == source.form_id,
        Submission.project_id == source.project_id,
        Submission.payload.is_not(None),
        _newest_with(lambda newest: newest.deleted_at.is_(None), lambda newest: newest.purged_at.is_(None)),
    )


@system_work("fetch")
def to_list(session: Session, source: Source) -> list[Version]:
    """Versions of which Central may have a file that we do not know of, in order.

    The current one while fewer files are known to be there than Central counts; an older one until all it names is
    settled, since nothing more comes to it.
    """
    rows = (
        select(
            Attachment.form_id,
            Attachment.central_id,
            Attachment.version_id,
            func.sum(case((Attachment.state.in_((PRESENT, STORED, REFUSED)), 1), else_=0)).label("there"),
            func.sum(case((Attachment.state == EXPECTED, 1), else_=0)).label("expected"),
        )
        .where(Attachment.form_id == source.form_id)
        .group_by(Attachment.form_id, Attachment.central_id, Attachment.version_id)
        .subquery()
    )
    # Central counts the files of its current version only: of one that was replaced between two pulls nothing is known.
    uncounted = and_(Submission.payload_format == XML, _newest_with(lambda newest: newest.attachments_expected > 0))
    never = rows.c.form_id.is_(None)
    more = Submission.attachments_present > rows.c.there
    statement = (
        select(*_version())
        .outerjoin(
            rows,
            and_(
                rows.c.form_id == Submission.form_id,
                rows.c.central_id == Submission.central_id,
                rows.c.version_id == Submission.version_id,
            ),
        )
        .where(_alive(source), or_(Submission.attachments_expected > 0, uncounted))
        .where(or_(never, and_(Submission.is_current, more), and_(~Submission.is_current, rows.c.expected > 0)))
        .order_by(Submission.central_id, Submission.version_id)
    )
    return [Version(*row) for row in session.execute(statement)]


@system_work("fetch")
def to_fetch(session: Session, source: Source, now: datetime) -> list[tuple[Version, str]]:
    """Files that are at Central and not here, and are due, in order."""
    statement = (
        select(*_version(), Attachment.name)
        .join(Attachment, _its_files())
        .where(_alive(source), Attachment.state == PRESENT)
        .where(or_(Attachment.retry_at.is_(None), Attachment.retry_at <= now))
        .order_by(Attachment.central_id, Attachment.version_id, Attachment.name)
    )
    return [(Version(*row[:4]), row[4]) for row in session.execute(statement)]


@system_work("fetch")
def count_expected(session: Session, source: Source) -> int:
    """Files of live submissions that Central waits for."""
    statement = select(func.count()).select_from(Submission).join(Attachment, _its_files())
    return session.scalar(statement.where(_alive(source), Attachment.state == EXPECTED)) or 0


@system_work("fetch")
def reconsider(session: Session, source: Source, settings: AttachmentsSettings, now: datetime) -> None:
    """Ask again for what was refused and would be kept under the settings of now."""
    fits = or_(
        and_(Attachment.reason == TOO_LARGE, Attachment.size <= settings.max_bytes),
        and_(Attachment.reason == TYPE, Attachment.media_type.in_(sorted(settings.allowed_types))),
    )
    session.execute(
        update(Attachment)
        .where(Attachment.form_id == source.form_id, Attachment.state == REFUSED, fits)
        .values(state=PRESENT, reason=None, changed_at=now)
    )


@system_work("fetch")
def of_version(session: Session, version: Version) -> dict[str, Attachment]:
    """What is known of a version's files, by name."""
    statement = select(Attachment).filter_by(**version.key)
    return {one.name: one for one in session.scalars(statement)}


@system_work("fetch")
def change(session: Session, version: Version, name: str, **values: Any) -> None:
    """Change what is noted about a file."""
    session.execute(update(Attachment).filter_by(**version.key, name=name).values(**values))


@system_work("erasure")
def forget(session: Session, central_id: str) -> list[str]:
    """Remove every row of a submission; the addresses of what was kept."""
    of = Attachment.central_id == central_id
    addresses = session.scalars(select(Attachment.address).where(of, Attachment.address.is_not(None)).distinct())
    found = sorted(address for address in addresses if address is not None)
    session.execute(delete(Attachment).where(of))
    return found


@system_work("tidy")
def in_use(session: Session, addresses: list[str]) -> set[str]:
    """Those of some addresses that a row names."""
    statement = select(Attachment.address).where(Attachment.address.in_(addresses)).distinct()
    return {address for address in session.scalars(statement) if address is not None}
