"""The public face of the log: append sets of events, verify the chain, read it within a scope.

`append` holds the end of the chain until its transaction ends, so that concurrent appenders make one chain: call
it last in a unit of work, with all its events in one set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from server.audit import queries
from server.audit.chain import GENESIS, entry_hash
from server.audit.queries import latest, of_object
from server.audit.tables import AuditEntry, append_only_statements

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "Event",
    "Purpose",
    "Verification",
    "append",
    "append_only_statements",
    "latest",
    "of_object",
    "verify",
]

#: Actors that are no person with an account.
SYSTEM = "system"
ANONYMOUS = "anonymous"

#: Objects whose id would be a value: they are named by their keyed hash (`Vault.lookup`).
HASHED_KINDS = frozenset({"cccd", "phone", "address", "username"})
_KEYED_HASH = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z][a-z0-9_.]*")


class Purpose(StrEnum):
    """Why personal data were read: a closed list, so that no free text carries a value into the log."""

    REVIEW = "review"  # duyệt phiếu
    LINKAGE = "linkage"  # đối chiếu danh sách
    DECISION = "decision"  # quyết định công nhận
    COMPLAINT = "complaint"  # giải quyết khiếu nại
    REPORT = "report"  # lập biểu báo cáo
    SUPPORT = "support"  # thực hiện chính sách hỗ trợ
    INSPECTION = "inspection"  # thanh tra, kiểm tra
    SUBJECT_REQUEST = "subject_request"  # yêu cầu của chủ thể dữ liệu


@dataclass(frozen=True)
class Event:
    """Something done to or read of an object: `Event("interview.read", "interview", "uuid:…", Purpose.REVIEW)`."""

    action: str
    object_kind: str
    object_id: str | None = None
    purpose: Purpose | None = None

    def __post_init__(self) -> None:
        for word in (self.action, self.object_kind):
            if not _WORD.fullmatch(word):
                raise ValueError("an action or kind in the access log is a lower-case word")
        if self.object_kind in HASHED_KINDS and not _KEYED_HASH.fullmatch(self.object_id or ""):
            raise ValueError(f"the access log names a {self.object_kind} by its keyed hash only")


def append(session: Session, actor: str, events: Iterable[Event], *, at: datetime | None = None) -> None:
    """Add a set of events by one actor (user id, `system` or `anonymous`) at the end of the chain."""
    listed = list(events)
    if not listed:
        return
    moment = at or datetime.now(UTC)
    last, prev_hash = queries.take_head(session, len(listed))
    rows = []
    for seq, event in enumerate(listed, last + 1):
        purpose = event.purpose.value if event.purpose else None
        of_entry = entry_hash(prev_hash, seq, moment, actor, event.action, event.object_kind, event.object_id, purpose)
        rows.append(
            {
                "seq": seq,
                "at": moment,
                "actor": actor,
                "action": event.action,
                "object_kind": event.object_kind,
                "object_id": event.object_id,
                "purpose": purpose,
                "prev_hash": prev_hash,
                "hash": of_entry,
            }
        )
        prev_hash = of_entry
    queries.add_entries(session, rows)


@dataclass(frozen=True)
class Verification:
    """The result of a walk along the chain. `broken_seq` is the first entry that does not fit, None if all do.

    `head` is the hash at the end: written down elsewhere (a signed report, another machine), it shows later that
    the whole chain was not made anew.
    """

    checked: int
    head: str
    broken_seq: int | None = None
    reason: str | None = None


def verify(session: Session) -> Verification:
    """Walk the chain from its first entry to the head."""
    prev_hash, seq = GENESIS, 0
    for entry in queries.walk(session):
        seq += 1
        if reason := _fault(entry, seq, prev_hash):
            return Verification(seq - 1, prev_hash, seq, reason)
        prev_hash = entry.hash
    end, end_hash = queries.head(session)
    if end > seq:
        return Verification(seq, prev_hash, seq + 1, "missing: entries were cut off the end")
    if end < seq or end_hash != prev_hash:
        return Verification(seq, prev_hash, seq, "the head of the chain does not point here")
    return Verification(seq, prev_hash)


def _fault(entry: AuditEntry, seq: int, prev_hash: str) -> str | None:
    if entry.seq != seq:
        return "missing"
    if entry.prev_hash != prev_hash:
        return "does not follow the entry before it"
    expected = entry_hash(
        prev_hash,
        entry.seq,
        entry.at,
        entry.actor,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.purpose,
    )
    return None if entry.hash == expected else "was changed"
