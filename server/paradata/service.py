"""Paradata of interviews: measured in the audit logs that were fetched, kept sealed, measured again by a rebuild."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, delete, insert, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.attachments import service as attachments
from server.attachments.store import ObjectStore
from server.attachments.tables import STORED, Attachment
from server.cases import service as cases
from server.database import Database
from server.paradata.measures import Change, Measures, Move, Pause, Screen, measure_all
from server.paradata.tables import Paradata
from server.rounds import service as rounds
from server.secrets.service import Place, interview_subject, vault_of
from server.submissions.service import Source
from server.submissions.tables import Submission

__all__ = ["LOG_NAME", "Change", "Measures", "Move", "Pause", "Screen", "derive", "forget", "of_submissions", "rebuild"]

#: What ODK Collect calls an audit log.
LOG_NAME = "audit.csv"
MEASURES = Place("paradata", "measures")
_AT_ONCE = 200  # logs that are read together: some 20 kB each


def derive(database: Database, store: ObjectStore, source: Source) -> int:
    """Measure every audit log of a form that is here and was not measured; how many. The interviews become stale."""
    done = 0
    after = ("", "")
    while True:
        with database.session() as session:
            waiting = _waiting(session, source.form_id, after)
            if not waiting:
                return done
            _measure(session, store, source, waiting)
        after = (waiting[-1].central_id, waiting[-1].version_id)
        done += len(waiting)


def rebuild(database: Database, store: ObjectStore, round_id: str) -> int:
    """Measure every audit log of a round again: the result is the same; how many."""
    with database.session() as session:
        found = [Source(one.project_id, one.form_id, round_id, one.name) for one in rounds.forms_of(session, round_id)]
        for source in found:
            _forget_form(session, source)
    return sum(derive(database, store, source) for source in found)


@system_work("of submissions that were read within a scope, or derived")
def of_submissions(session: Session, of: Sequence[Submission]) -> dict[str, Measures]:
    """What was measured of versions that were read, by `central_id`; without those that have no readable log."""
    found: list[tuple[str, bytes]] = []
    versions = {(one.form_id, one.central_id, one.version_id) for one in of}
    ids = sorted({one.central_id for one in of})
    for start in range(0, len(ids), 1000):
        rows = session.scalars(select(Paradata).where(Paradata.central_id.in_(ids[start : start + 1000])))
        found += [
            (row.central_id, row.measures)
            for row in rows
            if row.measures is not None and (row.form_id, row.central_id, row.version_id) in versions
        ]
    opened = vault_of(session).decrypt_json_many(
        MEASURES, [(interview_subject(central_id), sealed) for central_id, sealed in found]
    )
    return {
        central_id: Measures.from_json(given)
        for (central_id, _), given in zip(found, opened, strict=True)
        if given is not None
    }


@system_work("erasure")
def forget(session: Session, central_id: str) -> None:
    """Remove what was measured of a submission."""
    session.execute(delete(Paradata).where(Paradata.central_id == central_id))


@system_work("derive")
def _waiting(session: Session, form_id: str, after: tuple[str, str]) -> list[Attachment]:
    same = and_(
        Paradata.form_id == Attachment.form_id,
        Paradata.central_id == Attachment.central_id,
        Paradata.version_id == Attachment.version_id,
    )
    statement = (
        select(Attachment)
        .outerjoin(Paradata, same)
        .where(
            Attachment.form_id == form_id,
            Attachment.name == LOG_NAME,
            Attachment.state == STORED,
            Paradata.form_id.is_(None),
        )
        .where(
            (Attachment.central_id > after[0])
            | and_(Attachment.central_id == after[0], Attachment.version_id > after[1])
        )
        .order_by(Attachment.central_id, Attachment.version_id)
        .limit(_AT_ONCE)
    )
    return list(session.scalars(statement))


def _measure(session: Session, store: ObjectStore, source: Source, of: Sequence[Attachment]) -> None:
    vault = vault_of(session)
    erased = vault.hold(interview_subject(one.central_id) for one in of)
    contents = {
        one.version_id: content
        for one in of
        if interview_subject(one.central_id) not in erased
        and (content := attachments.open_content(session, store, one)) is not None
    }
    measured = measure_all(contents)
    kept = [one for one in of if one.version_id in measured]
    readable = [(one, found) for one in kept if (found := measured[one.version_id]) is not None]
    sealed = vault.encrypt_json_many(
        MEASURES, [(interview_subject(one.central_id), found.as_json()) for one, found in readable]
    )
    by_version = dict(zip((one.version_id for one, _ in readable), sealed, strict=True))
    rows = [
        {
            "form_id": one.form_id,
            "central_id": one.central_id,
            "version_id": one.version_id,
            "measures": by_version.get(one.version_id),
        }
        for one in kept
    ]
    if rows:
        session.execute(insert(Paradata), rows)
        if source.has_interviews:
            cases.mark_stale(session, source.round_id, [one.central_id for one in kept])


@system_work("rebuild")
def _forget_form(session: Session, source: Source) -> None:
    of_form = select(Submission.central_id).where(
        Submission.form_id == source.form_id, Submission.project_id == source.project_id
    )
    session.execute(
        delete(Paradata).where(Paradata.form_id == source.form_id, Paradata.central_id.in_(of_form)),
        execution_options={"synchronize_session": False},
    )
