"""Keeping what Central gave: idempotent, every version, in sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.database import insert_or_skip, insert_rows, looked_up, one_of
from server.rounds import service as rounds
from server.rounds.tables import HOUSEHOLD
from server.secrets.service import interview_subject, vault_of
from server.submissions.packing import PAYLOAD, unpack
from server.submissions.rows import Received
from server.submissions.tables import ODATA_JSON, XML, Submission, SyncState
from server.submissions.versions import odata_row

#: Rows looked up or written by one statement: as many as a pull stores at once.
BATCH = 2000


#: What Central may change about a version that we already have.
_MUTABLE = (
    "submitted_at",
    "updated_at",
    "deleted_at",
    "review_state",
    "edits",
    "form_version",
    "attachments_expected",
    "attachments_present",
)


@dataclass(frozen=True)
class Source:
    """Where submissions come from, which round they belong to, and which of its forms it is (the source's name)."""

    project_id: int
    form_id: str
    round_id: str
    name: str = HOUSEHOLD

    @property
    def has_interviews(self) -> bool:
        """Whether its submissions become interviews; those of the other forms are kept as received."""
        return self.name == HOUSEHOLD


@dataclass
class Stored:
    """What storing some rows changed: ids of interviews to derive again, and counts."""

    changed: list[str]
    inserted: set[str] = field(default_factory=set)  # ids of submissions that came in a version not held before
    new: int = 0
    versions: int = 0  # new versions of submissions that were known
    updated: int = 0  # review state, deletion, restoration, attachments
    erased: int = 0  # rows of erased households: not kept

    def add(self, other: Stored) -> None:
        self.changed += other.changed
        self.inserted |= other.inserted
        self.new += other.new
        self.versions += other.versions
        self.updated += other.updated
        self.erased += other.erased


@system_work("pull")
def store(
    session: Session, source: Source, rows: Sequence[Received], received_at: datetime, *, final: bool = False
) -> Stored:
    """Upsert rows by (form, `__id`, version); the same rows again change nothing.

    A version that is older than the one held (a slow answer overtaken by a newer one) is kept as history only, unless
    the rows are `final`: what Central was found to show otherwise than we do, as after its restoration to an older
    backup. Of an erased household nothing is kept.
    """
    # Central may give a row twice when it changes while it is read: the newer stands.
    newest: dict[str, Received] = {}
    for row in rows:
        held = newest.get(row.central_id)
        if held is None or _order(row) >= _order(held):
            newest[row.central_id] = row
    result = Stored([])
    vault = vault_of(session)
    erased = vault.hold(interview_subject(central_id) for central_id in newest)
    newest = {central_id: row for central_id, row in newest.items() if interview_subject(central_id) not in erased}
    result.erased = len(erased)
    ids = list(newest)
    known = _known(session, source.form_id, ids)
    shared = {
        "project_id": source.project_id,
        "form_id": source.form_id,
        "round_id": source.round_id,
        "payload_format": ODATA_JSON,
        "received_at": received_at,
        "purged_at": None,
    }
    inserts: list[tuple[Received, bool]] = []  # and whether each is current
    updates: list[dict[str, Any]] = []
    retired: list[str] = []
    reread: list[Received] = []
    for central_id, row in newest.items():
        versions = known.get(central_id, {})
        held_row = versions.get(row.version_id)
        current = next((version for version in versions.values() if version.is_current), None)
        if held_row is None:
            is_current = final or current is None or row.edits >= current.edits
            if is_current and current is not None:
                retired.append(central_id)
            inserts.append((row, is_current))
            result.changed.append(central_id)
            result.inserted.add(central_id)
            if versions:
                result.versions += 1
            else:
                result.new += 1
        else:
            values = {name: getattr(row, name) for name in _MUTABLE}
            values["is_current"] = held_row.is_current or final
            values["purged_at"] = None  # Central knows it
            if any(getattr(held_row, name) != value for name, value in values.items()):
                if values["is_current"] and not held_row.is_current:
                    retired.append(central_id)
                updates.append(
                    {"b_form": source.form_id, "b_id": central_id, "b_version": row.version_id}
                    | {f"v_{name}": value for name, value in values.items()}
                )
                result.changed.append(central_id)
                result.updated += 1
            if held_row.payload_format == XML:
                reread.append(row)
    for batch in _batches(retired):
        session.execute(
            update(Submission)
            .where(
                Submission.form_id == source.form_id,
                one_of(session, Submission.central_id, batch),
                Submission.is_current,
            )
            .values(is_current=False),
            execution_options={"synchronize_session": False},
        )
    if inserts:
        sealed = vault.encrypt_each(PAYLOAD, [(interview_subject(row.central_id), row.payload) for row, _ in inserts])
        # Made one by one, while the database takes in those before.
        made = (
            {**shared, **asdict(row), "payload": payload, "is_current": current, "history_known": row.edits == 0}
            for (row, current), payload in zip(inserts, sealed, strict=True)
        )
        insert_rows(session, Submission, made)
    if updates:
        _update_many(session, updates)
    if reread:
        _read_again(session, source, reread)
    return result


@system_work("pull")
def deleted_since(session: Session, source: Source, since: datetime) -> list[str]:
    """Ids of current submissions that Central had deleted, not before `since` and not for good, by what we know."""
    return list(
        session.scalars(
            select(Submission.central_id)
            .where(
                Submission.form_id == source.form_id,
                Submission.project_id == source.project_id,
                Submission.is_current,
                _is_gone(),
                Submission.deleted_at >= since,
                Submission.purged_at.is_(None),
            )
            .order_by(Submission.central_id)
        )
    )


@system_work("pull")
def awaiting_attachments(session: Session, source: Source) -> list[str]:
    """Ids of live submissions with fewer attachments than they name: a late photo shows by asking again only."""
    return list(
        session.scalars(
            select(Submission.central_id)
            .where(
                Submission.form_id == source.form_id,
                Submission.project_id == source.project_id,
                Submission.is_current,
                Submission.deleted_at.is_(None),
                Submission.attachments_present < Submission.attachments_expected,
            )
            .order_by(Submission.central_id)
        )
    )


@system_work("pull")
def live_count(session: Session, source: Source) -> int:
    """Number of live submissions of a form; those of erased households are not held and not counted."""
    # All and those that do not count: either is read from an index, the table's rows would take seconds.
    current = select(func.count()).where(
        Submission.project_id == source.project_id, Submission.form_id == source.form_id, Submission.is_current
    )
    gone = current.where(_is_gone())
    return (session.scalar(current) or 0) - (session.scalar(gone) or 0)


@system_work("derive")
def all_ids(session: Session, round_id: str) -> list[str]:
    """Ids of every submission of a round's household form, deleted ones too, sorted."""
    form = rounds.form_of(session, round_id)
    if form is None:
        return []
    return list(
        session.scalars(
            select(Submission.central_id)
            .where(Submission.round_id == round_id, Submission.form_id == form.form_id, Submission.is_current)
            .order_by(Submission.central_id)
        )
    )


@system_work("derive")
def current(session: Session, round_id: str, ids: Sequence[str]) -> list[Submission]:
    """The current, live versions of some submissions, sorted by id; none of an erased household."""
    found: list[Submission] = []
    for batch in _batches(ids):
        found += session.scalars(
            select(Submission).where(
                Submission.round_id == round_id,
                one_of(session, Submission.central_id, batch),
                Submission.is_current,
                Submission.deleted_at.is_(None),
                Submission.payload.is_not(None),
            )
        )
    return sorted(found, key=lambda submission: submission.central_id)


@system_work("of an interview that was read within a scope")
def current_one(session: Session, central_id: str) -> Submission | None:
    """The current, live version of one submission, or None."""
    return session.scalars(
        select(Submission).where(
            Submission.central_id == central_id,
            Submission.is_current,
            Submission.deleted_at.is_(None),
            Submission.payload.is_not(None),
        )
    ).first()


def payloads(session: Session, of: Sequence[Submission]) -> list[bytes | None]:
    """The OData rows (JSON) of versions that were read, in order; None where the household was erased.

    Of a version that was kept as the phone sent it: a row with its answers, as text, and without `__system`.
    """
    sealed = [(interview_subject(one.central_id), one.payload) for one in of if one.payload is not None]
    opened = iter(vault_of(session).decrypt_many(PAYLOAD, sealed))
    packed = [None if one.payload is None else next(opened) for one in of]
    found = [None if one is None else unpack(one) for one in packed]
    return [
        odata_row(payload) if payload is not None and one.payload_format == XML else payload
        for one, payload in zip(of, found, strict=True)
    ]


@system_work("erasure")
def erase(session: Session, central_id: str) -> set[str]:
    """Forget what every version of a submission said; that it was received, and when, stays. The rounds it is in."""
    of = (Submission.central_id == central_id,)
    round_ids = set(session.scalars(select(Submission.round_id).where(*of)))
    session.execute(update(Submission).where(*of).values(payload=None))
    return round_ids


def sync_state(session: Session, source: Source) -> SyncState:
    """How far the form has been pulled; a fresh state when it never was."""
    state = session.get(SyncState, (source.project_id, source.form_id))
    if state is None:
        # Another pull may be making it.
        key = {"project_id": source.project_id, "form_id": source.form_id}
        session.connection().execute(insert_or_skip(session, SyncState), key)
        state = session.get_one(SyncState, (source.project_id, source.form_id))
    return state


def hold_sync_state(session: Session, source: Source) -> SyncState:
    """`sync_state`, held by this transaction: whoever else stores rows of the form waits until it ends."""
    # A write, so that on SQLite it is the one writer before it reads what is there; on PostgreSQL it locks the row.
    of = (SyncState.project_id == source.project_id, SyncState.form_id == source.form_id)
    hold = update(SyncState).where(*of).values(form_id=source.form_id).returning(SyncState.form_id)
    if session.execute(hold).one_or_none() is None:
        sync_state(session, source)
        session.execute(hold)
    return session.get_one(SyncState, (source.project_id, source.form_id), populate_existing=True)


def last_pull(session: Session, round_id: str) -> SyncState | None:
    """How far the household form of a round has been pulled; None when it never was."""
    form = rounds.form_of(session, round_id)
    return None if form is None else session.get(SyncState, (form.project_id, form.form_id))


def sync_states(session: Session) -> list[SyncState]:
    """The state of every form that was pulled, or tried."""
    return list(session.scalars(select(SyncState).order_by(SyncState.project_id, SyncState.form_id)))


def _order(row: Received) -> tuple[int, datetime]:
    return row.edits, row.updated_at or row.submitted_at


@system_work("pull")
def _is_gone() -> ColumnElement[bool]:
    """Deleted or erased: the condition of the index `ix_submissions_gone`."""
    return or_(Submission.deleted_at.is_not(None), Submission.payload.is_(None))


@system_work("pull")
def _known(session: Session, form_id: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    columns = [Submission.central_id, Submission.version_id, Submission.is_current]
    columns += [Submission.purged_at, Submission.payload_format]
    columns += [getattr(Submission, name) for name in _MUTABLE]
    known: dict[str, dict[str, Any]] = {}
    for batch in _batches(ids):
        statement = select(*columns).where(Submission.form_id == form_id)
        for row in session.execute(looked_up(session, statement, Submission.central_id, batch)):
            known.setdefault(row.central_id, {})[row.version_id] = row
    return known


@system_work("pull")
def _update_many(session: Session, updates: list[dict[str, Any]]) -> None:
    table = Submission.__table__
    statement = (
        update(table)  # type: ignore[arg-type]
        .where(
            table.c.form_id == bindparam("b_form"),
            table.c.central_id == bindparam("b_id"),
            table.c.version_id == bindparam("b_version"),
        )
        .values({name: bindparam(f"v_{name}") for name in (*_MUTABLE, "is_current", "purged_at")})
    )
    session.connection().execute(statement, updates)


@system_work("pull")
def _read_again(session: Session, source: Source, rows: Sequence[Received]) -> None:
    """Replace what the phone sent by the OData row of the same version: what is current is always the latter."""
    sealed = vault_of(session).encrypt_many(PAYLOAD, [(interview_subject(row.central_id), row.payload) for row in rows])
    for row, payload in zip(rows, sealed, strict=True):
        session.execute(
            update(Submission)
            .where(
                Submission.form_id == source.form_id,
                Submission.central_id == row.central_id,
                Submission.version_id == row.version_id,
            )
            .values(payload=payload, payload_format=ODATA_JSON)
        )


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
