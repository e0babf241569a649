"""Versions of submissions that were replaced between two pulls: Central's OData shows the newest alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from server.central.client import Central, part
from server.central.errors import CentralError
from server.database import Database
from server.submissions import service as submissions
from server.submissions import versions
from server.submissions.service import Source
from server.submissions.versions import Earlier, Waiting

#: Submissions whose versions are read before they are stored: a cut costs these.
_AT_ONCE = 20


def fetch_history(database: Database, central: Central, source: Source) -> int:
    """Fetch every earlier version that is not held; how many were.

    A submission that is deleted meanwhile is passed over, and asked for again when it is restored. Raises
    `CentralError`; what was stored before is whole.
    """
    fetched, after = 0, ""
    while True:
        with database.session() as session:
            waiting = versions.waiting_for_history(session, source, after, _AT_ONCE)
            held = versions.held_versions(session, source, [one.central_id for one in waiting])
        if not waiting:
            return fetched
        after = waiting[-1].central_id
        found = []
        for of in waiting:
            try:
                found.append((of, _earlier(central, source, of, held[of.central_id])))
            except CentralError as error:
                if error.code != "central_not_found":
                    raise
        with database.session() as session:
            submissions.hold_sync_state(session, source)  # another pull may be storing the same versions
            fetched += versions.add_history(session, source, found, datetime.now(UTC))


def _earlier(central: Central, source: Source, of: Waiting, held: set[str]) -> list[Earlier]:
    what = f"form {source.form_id}: versions"
    path = f"projects/{source.project_id}/forms/{part(source.form_id)}/submissions/{part(of.central_id)}/versions"
    listed = central.get_json(path, what)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise CentralError("central_refused", what=what)
    found = []
    # Newest first; what is current there comes with the rows.
    for edits, one in enumerate(reversed(listed)):
        version_id = str(one.get("instanceId"))
        if one.get("current") or version_id in held:
            continue
        payload = central.get_text(f"{path}/{part(version_id)}.xml", what).encode()
        found.append(Earlier(version_id, _time(one, what), edits, payload))
    return found


def _time(one: dict[str, Any], what: str) -> datetime:
    try:
        return datetime.fromisoformat(one["createdAt"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        raise CentralError("central_refused", what=f"{what}: createdAt") from None
