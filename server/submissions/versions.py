"""Versions of a submission that no pull saw while they were current: asked for one by one, kept as the phone sent them.

Central's OData shows the current version alone. What was replaced between two pulls is read as XML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import orjson
from sqlalchemy import select, update

from server.accounts.access import system_work
from server.database import insert_rows
from server.secrets.service import interview_subject, vault_of
from server.submissions.packing import PAYLOAD, pack
from server.submissions.tables import XML, Submission

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from server.submissions.service import Source

#: `latitude longitude altitude accuracy`, as ODK writes a point.
_POINT = re.compile(r"-?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?){3}")


@dataclass(frozen=True)
class Waiting:
    """A submission whose earlier versions are to be asked for."""

    central_id: str
    version_id: str
    submitted_at: datetime
    edits: int


@dataclass(frozen=True)
class Earlier:
    """An earlier version of a submission. `edits`: how many versions came before it."""

    version_id: str
    created_at: datetime
    edits: int
    payload: bytes


@system_work("pull")
def waiting_for_history(session: Session, source: Source, after: str, limit: int) -> list[Waiting]:
    """Live submissions whose earlier versions are not all held, in the order of their ids, those behind `after`."""
    statement = (
        select(Submission.central_id, Submission.version_id, Submission.submitted_at, Submission.edits)
        .where(
            Submission.form_id == source.form_id,
            Submission.project_id == source.project_id,
            Submission.is_current,
            ~Submission.history_known,
            Submission.deleted_at.is_(None),
            Submission.payload.is_not(None),
            Submission.central_id > after,
        )
        .order_by(Submission.central_id)
        .limit(limit)
    )
    return [Waiting(*row) for row in session.execute(statement)]


@system_work("pull")
def held_versions(session: Session, source: Source, central_ids: Sequence[str]) -> dict[str, set[str]]:
    """The versions held of some submissions, by id."""
    statement = select(Submission.central_id, Submission.version_id).where(
        Submission.form_id == source.form_id, Submission.central_id.in_(central_ids)
    )
    held: dict[str, set[str]] = {one: set() for one in central_ids}
    for central_id, version_id in session.execute(statement):
        held[central_id].add(version_id)
    return held


@system_work("pull")
def add_history(
    session: Session, source: Source, found: Iterable[tuple[Waiting, Sequence[Earlier]]], received_at: datetime
) -> int:
    """Keep earlier versions, and note that the history of these submissions is whole; how many were kept.

    What was stored or erased meanwhile stays as it is.
    """
    vault = vault_of(session)
    whole = list(found)
    erased = vault.hold(interview_subject(one.central_id) for one, _ in whole)
    held = held_versions(session, source, [one.central_id for one, _ in whole])
    rows: list[dict[str, Any]] = []
    for of, versions in whole:
        if interview_subject(of.central_id) in erased:
            continue
        rows += [
            _columns(source, of, one, received_at) for one in versions if one.version_id not in held[of.central_id]
        ]
        session.execute(
            update(Submission)
            .where(
                Submission.form_id == source.form_id,
                Submission.central_id == of.central_id,
                Submission.version_id == of.version_id,
            )
            .values(history_known=True)
        )
    if rows:
        plain = [(interview_subject(row["central_id"]), row["payload"]) for row in rows]
        for row, sealed in zip(rows, vault.encrypt_many(PAYLOAD, plain), strict=True):
            row["payload"] = sealed
        insert_rows(session, Submission, rows)
    return len(rows)


def _columns(source: Source, of: Waiting, one: Earlier, received_at: datetime) -> dict[str, Any]:
    return {
        "form_id": source.form_id,
        "central_id": of.central_id,
        "version_id": one.version_id,
        "project_id": source.project_id,
        "round_id": source.round_id,
        "payload": pack(one.payload),
        "payload_format": XML,
        "submitted_at": of.submitted_at,
        "updated_at": one.created_at if one.edits else None,
        "deleted_at": None,
        "review_state": "edited" if one.edits else "received",
        "edits": one.edits,
        "form_version": None if (root := _root(one.payload)) is None else root.get("version"),
        # Of its files nothing is known yet.
        "attachments_expected": 0,
        "attachments_present": 0,
        "received_at": received_at,
        "is_current": False,
        "purged_at": None,
        "history_known": True,
    }


def odata_row(payload: bytes) -> bytes:
    """A submission's XML as the JSON of an OData row: groups nested, repeats as lists, every answer as text.

    The form is not at hand: an element that stands beside others of its name, or is called `member`, is a repeat.
    What cannot be read (Central takes a half submission too) is a row without answers.
    """
    root = _root(payload)
    return orjson.dumps({} if root is None else _group(root))


def _root(payload: bytes) -> ElementTree.Element | None:
    # No phone writes a document type, and without one there is nothing to expand.
    if b"<!DOCTYPE" in payload or b"<!ENTITY" in payload:
        return None
    try:
        return ElementTree.fromstring(payload)  # noqa: S314
    except ElementTree.ParseError:
        return None


def _group(node: ElementTree.Element) -> dict[str, Any]:
    named: dict[str, list[ElementTree.Element]] = {}
    for child in node:
        named.setdefault(_name(child), []).append(child)
    return {
        name: [_group(one) for one in same]
        if len(same) > 1 or (name == "member" and len(same[0]) > 0)
        else _value(same[0])
        for name, same in named.items()
    }


def _value(node: ElementTree.Element) -> Any:
    if len(node):
        return _group(node)
    text = node.text
    if text and _POINT.fullmatch(text):
        latitude, longitude, altitude, accuracy = (float(part) for part in text.split())
        return {
            "type": "Point",
            "coordinates": [longitude, latitude, altitude],
            "properties": {"accuracy": accuracy},
        }
    return text or None


def _name(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]
