"""An OData row of Central, as what the `submissions` table keeps of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson


class UnreadableRowError(Exception):
    """A row without the parts that every version of Central gives; `reason` holds no answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EncryptedRowError(Exception):
    """A row whose answers Central holds encrypted."""


@dataclass(frozen=True, slots=True)
class Received:
    """One version of a submission as received; the fields are those of `server.submissions.tables.Submission`."""

    central_id: str
    version_id: str
    payload: str
    submitted_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    review_state: str
    edits: int
    form_version: str | None
    attachments_expected: int
    attachments_present: int


def read_row(row: dict[str, Any]) -> Received:
    """Read one OData row of the root table.

    Raises `EncryptedRowError` for answers under managed encryption (never stored as empty answers), and
    `UnreadableRowError` for a row without id or arrival.
    """
    system = row.get("__system")
    central_id = row.get("__id")
    if not isinstance(system, dict) or not isinstance(central_id, str) or not central_id:
        raise UnreadableRowError("__id or __system is missing")
    if system.get("status") is not None:  # notDecrypted, or missing encrypted form data
        raise EncryptedRowError
    meta = row.get("meta")
    instance_id = meta.get("instanceID") if isinstance(meta, dict) else None
    submitted_at = _time(system.get("submissionDate"))
    if submitted_at is None:
        raise UnreadableRowError("__system/submissionDate is missing")
    try:
        payload = orjson.dumps(row).decode()
    except TypeError:  # an integer beyond 64 bits
        payload = json.dumps(row, ensure_ascii=False)
    return Received(
        central_id=central_id,
        # Without a meta/instanceID Central makes an id of its own, which is then the only one.
        version_id=instance_id or central_id,
        payload=payload,
        submitted_at=submitted_at,
        updated_at=_time(system.get("updatedAt")),
        deleted_at=_time(system.get("deletedAt")),
        review_state=system.get("reviewState") or "received",
        edits=int(system.get("edits") or 0),
        form_version=system.get("formVersion"),
        attachments_expected=int(system.get("attachmentsExpected") or 0),
        attachments_present=int(system.get("attachmentsPresent") or 0),
    )


def _time(text: Any) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise UnreadableRowError("a time of __system cannot be read") from None
    if time.tzinfo is None:
        raise UnreadableRowError("a time of __system has no zone")
    return time
