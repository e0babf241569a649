"""How entries are chained: each hash covers its entry and the hash before it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

#: What stands before the first entry.
GENESIS = "0" * 64


def entry_hash(
    prev_hash: str,
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    object_kind: str,
    object_id: str | None,
    purpose: str | None,
) -> str:
    """SHA-256 in hex over the previous hash and the fields, written as one JSON array (no field runs into another)."""
    stamp = at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [prev_hash, seq, stamp, actor, action, object_kind, object_id, purpose]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode("ascii")).hexdigest()
