"""Fields that a form at Central has beyond the expected, or lacks: counted by name, never by value.

Expected are the fields of the version that we published. Someone may publish another one in Central; its rows are kept
as they come, and what the service cannot read of them, or misses in them, is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from server.rounds import service as rounds
from server.submissions.service import Source, sync_state
from server.submissions.tables import SyncState


class FieldCount:
    """Counts rows by the fields that are too many (with an answer in them) and too few."""

    def __init__(self, unknown: Iterable[str], missing: Iterable[str]) -> None:
        self._unknown = [(path, path.strip("/").split("/")) for path in unknown]
        self._missing = [(path, path.strip("/").split("/")) for path in missing]

    def add(self, state: SyncState, payloads: Iterable[bytes]) -> None:
        """Add OData rows that were stored for the first time to the counts of `state`."""
        unknown, missing = dict(state.unknown_fields), dict(state.missing_fields)
        for payload in payloads:
            row = orjson.loads(payload)
            for path, names in self._unknown:
                unknown[path] = unknown.get(path, 0) + _has_answer(row, names)
            for path, names in self._missing:
                missing[path] = missing.get(path, 0) + (not _has_answer(row, names))
        state.unknown_fields, state.missing_fields = unknown, missing


def fields_wanted(session: Session, source: Source, version: str) -> bool:
    """Whether the fields of the `version` that Central has now are needed: they are not those that are expected."""
    return sync_state(session, source).expected_version != version


def fields_to_count(session: Session, source: Source, version: str, there: Sequence[str]) -> FieldCount | None:
    """Hold the fields `there` are, of the version that Central has now, against the expected; what rows to count.

    None where the version is the one that we published, or the first that was seen: its fields are then expected.
    """
    state = sync_state(session, source)
    form = rounds.form_of(session, source.round_id, source.name)
    if state.expected_fields is None or (form is not None and form.published_version == version):
        state.expected_version, state.expected_fields = version, sorted(there)
        state.unknown_fields, state.missing_fields = {}, {}
        return None
    unknown = sorted(set(there) - set(state.expected_fields))
    missing = sorted(set(state.expected_fields) - set(there))
    state.unknown_fields = {path: state.unknown_fields.get(path, 0) for path in unknown}
    state.missing_fields = {path: state.missing_fields.get(path, 0) for path in missing}
    return FieldCount(unknown, missing) if unknown or missing else None


def _has_answer(node: Any, names: list[str]) -> bool:
    """Whether there is an answer at a path, in any instance of the repeats on the way."""
    if isinstance(node, list):
        return any(_has_answer(one, names) for one in node)
    if not names:
        return node is not None
    return isinstance(node, dict) and _has_answer(node.get(names[0]), names[1:])
