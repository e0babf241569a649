"""What we hold of a form against what Central lists: ids, current versions, states; in sets, in constant memory.

"Equal to Central" means: the submissions that are live there are those that are live here, each in the version, the
review state and with the files that Central shows. What was before is history, and ours alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, and_, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.database import UtcDateTime
from server.secrets.service import interview_subject, vault_of
from server.submissions.rows import Received
from server.submissions.service import BATCH, Source
from server.submissions.tables import Submission

_HEADS = Table(
    "central_heads",
    MetaData(),
    Column("central_id", String(100), primary_key=True),
    Column("version_id", String(100)),
    Column("updated_at", UtcDateTime()),
    Column("review_state", String(20)),
    Column("attachments_expected", Integer()),
    Column("attachments_present", Integer()),
    prefixes=["TEMPORARY"],
)
_COMPARED = ("updated_at", "review_state")
_FILES = ("attachments_expected", "attachments_present")


@dataclass
class Difference:
    """Ids of submissions that are not the same at Central and here. Central's live ones are `at_central`."""

    at_central: int = 0
    here: int = 0
    missing: list[str] = field(default_factory=list)  # live there, not held here, or held as deleted
    extra: list[str] = field(default_factory=list)  # live here, not there
    version: list[str] = field(default_factory=list)  # another version is current there
    state: list[str] = field(default_factory=list)  # the same version, reviewed or changed otherwise
    files: list[str] = field(default_factory=list)  # other numbers of files
    erased: int = 0  # live there, of households that were erased here: not a difference

    KINDS = ("missing", "extra", "version", "state", "files")

    @property
    def is_none(self) -> bool:
        """Whether both are equal."""
        return not any(getattr(self, kind) for kind in self.KINDS)

    @property
    def to_read(self) -> list[str]:
        """Ids of what is to be read from Central again."""
        return sorted({*self.missing, *self.version, *self.state, *self.files})


@system_work("compare with Central")
def compare(session: Session, source: Source, heads: Iterable[Received]) -> Difference:
    """Compare the live submissions held with `heads`: one row per live submission at Central, its payload unread."""
    connection = session.connection()
    _HEADS.drop(connection, checkfirst=True)  # left by a comparison that broke off
    _HEADS.create(connection)
    found = _compare(session, source, iter(heads))
    _HEADS.drop(connection)
    return found


@system_work("compare with Central")
def _compare(session: Session, source: Source, heads: Iterator[Received]) -> Difference:
    names = [column.name for column in _HEADS.columns]
    found = Difference()
    while piece := list(islice(heads, BATCH)):
        # One that changed while it was listed may come twice: the later stands.
        rows = {row.central_id: {name: getattr(row, name) for name in names} for row in piece}
        known = set(session.scalars(select(_HEADS.c.central_id).where(_HEADS.c.central_id.in_(list(rows)))))
        if known:
            session.execute(_HEADS.delete().where(_HEADS.c.central_id.in_(known)))
        session.execute(insert(_HEADS), list(rows.values()))
    found.at_central = session.scalar(select(func.count()).select_from(_HEADS)) or 0

    of = (Submission.form_id == source.form_id, Submission.project_id == source.project_id, Submission.is_current)
    live = (*of, Submission.deleted_at.is_(None), Submission.payload.is_not(None))
    found.here = session.scalar(select(func.count()).select_from(Submission).where(*live)) or 0
    listed = exists().where(_HEADS.c.central_id == Submission.central_id)
    found.extra = list(session.scalars(select(Submission.central_id).where(*live, ~listed).order_by("central_id")))

    def differs(names: Sequence[str]) -> Any:
        return or_(*(getattr(Submission, name).is_distinct_from(_HEADS.c[name]) for name in names))

    gone = or_(Submission.central_id.is_(None), Submission.deleted_at.is_not(None))
    other = Submission.version_id != _HEADS.c.version_id
    statement = (
        select(_HEADS.c.central_id, gone, other, differs(_COMPARED))
        .select_from(_HEADS)
        .join(Submission, and_(*of, Submission.central_id == _HEADS.c.central_id), isouter=True)
        .where(or_(Submission.central_id.is_(None), Submission.payload.is_not(None)))
        .where(or_(gone, other, differs(_COMPARED), differs(_FILES)))
        .order_by(_HEADS.c.central_id)
    )
    for central_id, is_gone, is_other, is_changed in session.execute(statement):
        kind = "missing" if is_gone else "version" if is_other else "state" if is_changed else "files"
        getattr(found, kind).append(central_id)
    subjects = {interview_subject(one): one for one in found.missing}
    erased = {subjects[one] for one in vault_of(session).erased(subjects)} if subjects else set()
    found.missing = [one for one in found.missing if one not in erased]
    tombstones = (
        select(func.count())
        .select_from(Submission)
        .join(_HEADS, _HEADS.c.central_id == Submission.central_id)
        .where(*of, Submission.payload.is_(None))
    )
    found.erased = len(erased) + (session.scalar(tombstones) or 0)
    return found


@system_work("pull")
def newest_change(session: Session, source: Source) -> datetime | None:
    """When a live submission was last edited or reviewed, by what we hold."""
    return session.scalar(
        select(func.max(Submission.updated_at)).where(
            Submission.form_id == source.form_id,
            Submission.project_id == source.project_id,
            Submission.is_current,
            Submission.updated_at.is_not(None),
            Submission.deleted_at.is_(None),
            Submission.payload.is_not(None),
        )
    )


@system_work("pull")
def mark_purged(session: Session, source: Source, ids: Sequence[str], at: datetime) -> list[str]:
    """Note that Central no longer knows these submissions. What we hold of them stays, but counts as deleted."""
    changed: list[str] = []
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        of = (Submission.form_id == source.form_id, Submission.central_id.in_(some), Submission.is_current)
        changed += session.scalars(select(Submission.central_id).where(*of, Submission.deleted_at.is_(None)))
        session.execute(
            update(Submission).where(*of, Submission.deleted_at.is_(None)).values(deleted_at=at, purged_at=at)
        )
    return changed
