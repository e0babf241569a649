"""What supervisors decided, told to Central: at least once, and not again where Central already shows it.

A message is taken in one transaction (`sending`, with a lease), sent outside any, and closed in another. A sender that
dies in between leaves a message whose lease runs out; the next one looks first whether Central has it. No body is ever
logged.

Before anything of a decision is sent, Central's review state must be the one that the supervisor knew, or the one that
we told it last. Another one was set by a person there meanwhile (or before our backup was restored): the decision stops
as a conflict, and a person chooses. Central has no conditional PATCH, so what is decided there between our look and our
word, some milliseconds, is overwritten; its audit log keeps it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from server.central.client import Central, part
from server.central.errors import CentralError
from server.database import Database
from server.review import service as review
from server.review.tables import STATES, Outbox, ReviewDecision

log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=5)
_FIRST_DELAY = timedelta(seconds=30)
_LONGEST_DELAY = timedelta(hours=1)


@dataclass
class Delivered:
    """What a delivery did: messages sent, found at Central already, put off, given up; decisions in conflict."""

    sent: int = 0
    already: int = 0
    put_off: int = 0
    failed: int = 0
    conflicts: int = 0


class _ConflictError(Exception):
    """Central shows a decision that nobody here knew of."""

    def __init__(self, found_state: str) -> None:
        super().__init__(found_state)
        self.found_state = found_state


def deliver(database: Database, central: Central, now: datetime | None = None) -> Delivered:
    """Send every message that is due, oldest first. A message of a decision waits for the one before it.

    Never raises `CentralError`: what failed is put off (longer each time), or given up when Central refuses for good.
    """
    now = now or datetime.now(UTC)
    result = Delivered()
    held_up: set[int] = set()
    with database.session() as session:
        due = list(session.execute(_due(now)))
    for outbox_id, decision_id in due:
        if decision_id in held_up:
            continue
        with database.session() as session:
            message = _take(session, outbox_id, now)
        if message is None:
            continue
        try:
            sent = _send(database, central, message)
        except _ConflictError as conflict:
            held_up.add(decision_id)
            with database.session() as session:
                review.stop(session, decision_id, conflict.found_state)
            result.conflicts += 1
            log.warning("outbox %d: review_conflict", outbox_id)
            continue
        except CentralError as error:
            held_up.add(decision_id)
            gives_up = error.code in ("central_not_found", "central_conflict", "central_refused", "review_overtaken")
            _close(database, outbox_id, now, error.code, gives_up=gives_up, attempts=message.attempts)
            if gives_up:
                result.failed += 1
            else:
                result.put_off += 1
            log.warning("outbox %d: %s", outbox_id, error.code)
            if error.stops_all:
                break
            continue
        _close(database, outbox_id, now, None, gives_up=False, attempts=message.attempts)
        if sent:
            result.sent += 1
        else:
            result.already += 1
    return result


def any_due(session: Session, now: datetime) -> bool:
    """Whether a message is to be sent now."""
    return session.execute(_due(now).limit(1)).first() is not None


def waiting(session: Session) -> int:
    """Number of messages that Central has not got yet."""
    statement = select(func.count()).select_from(Outbox).where(Outbox.state.in_(("waiting", "sending")))
    return session.scalar(statement) or 0


def _due(now: datetime) -> Any:
    return (
        select(Outbox.outbox_id, Outbox.decision_id)
        .where(Outbox.state.in_(("waiting", "sending")), Outbox.next_attempt_at <= now)
        .order_by(Outbox.outbox_id)
    )


def _take(session: Session, outbox_id: int, now: datetime) -> Outbox | None:
    """Take a message, unless another sender was faster or it was undone."""
    taken = session.execute(
        update(Outbox)
        .where(
            Outbox.outbox_id == outbox_id,
            or_(Outbox.state == "waiting", Outbox.state == "sending"),
            Outbox.next_attempt_at <= now,
        )
        .values(state="sending", attempts=Outbox.attempts + 1, next_attempt_at=now + _LEASE)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return session.get(Outbox, outbox_id)


def _send(database: Database, central: Central, message: Outbox) -> bool:
    """Send one message; False when Central shows it already."""
    what = f"form {message.form_id}: submission"
    path = f"projects/{message.project_id}/forms/{part(message.form_id)}/submissions/{part(message.central_id)}"
    if _is_decided_there(database, central, path, what, message):
        return False
    if message.kind == "comment":
        body = message.payload["body"]
        held = sum(one.get("body") == body for one in central.get_json(f"{path}/comments", what))
        with database.session() as session:
            ours = _sent_comments(session, message, body)
        if held > ours:
            return False
        central.send("POST", f"{path}/comments", what, json={"body": body})
        return True
    central.send("PATCH", path, what, json=message.payload)
    return True


def _is_decided_there(database: Database, central: Central, path: str, what: str, message: Outbox) -> bool:
    """Whether Central shows the state that this message would set. A comment alone decides nothing.

    Raises `CentralError` when the enumerator corrected the interview, `_ConflictError` when someone decided at Central.
    """
    with database.session() as session:
        decision = session.get_one(ReviewDecision, message.decision_id)
        told_last = _told_last(session, message)
    if decision.action not in STATES:
        return False
    submission = central.get_json(path, what)
    found = submission.get("reviewState") or "received"
    if found == STATES[decision.action]:
        return message.kind == "review_state"
    current = (submission.get("currentVersion") or {}).get("instanceId")
    if current is not None and current != decision.version_id:
        # The enumerator corrected it meanwhile: nobody has read that version, and its state says `edited`.
        raise CentralError("review_overtaken")
    if message.seen_state is not None and found not in (message.seen_state, told_last):
        raise _ConflictError(found)
    return False


def _told_last(session: Session, message: Outbox) -> str | None:
    """The review state that we told Central last about this submission."""
    payload = session.scalars(
        select(Outbox.payload)
        .where(
            Outbox.form_id == message.form_id,
            Outbox.central_id == message.central_id,
            Outbox.kind == "review_state",
            Outbox.state == "sent",
        )
        .order_by(Outbox.outbox_id.desc())
    ).first()
    return None if payload is None else payload.get("reviewState")


def _sent_comments(session: Session, message: Outbox, body: str) -> int:
    """Comments with this text that we already sent to this submission."""
    payloads = session.scalars(
        select(Outbox.payload).where(
            Outbox.form_id == message.form_id,
            Outbox.central_id == message.central_id,
            Outbox.kind == "comment",
            Outbox.state == "sent",
        )
    )
    return sum(payload.get("body") == body for payload in payloads)


def _close(
    database: Database, outbox_id: int, now: datetime, error: str | None, *, gives_up: bool, attempts: int
) -> None:
    values: dict[str, Any] = {"last_error_code": error}
    if error is None:
        values |= {"state": "sent", "sent_at": datetime.now(UTC)}
    elif gives_up:
        values |= {"state": "failed"}
    else:
        delay = min(_FIRST_DELAY * 2 ** min(attempts - 1, 10), _LONGEST_DELAY)
        values |= {"state": "waiting", "next_attempt_at": now + delay}
    with database.session() as session:
        session.execute(update(Outbox).where(Outbox.outbox_id == outbox_id).values(values))
