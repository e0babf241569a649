"""Deciding about the data of interviews: recorded once, undoable for a while, then told to Central by the outbox.

To approve means that the data are good, never that a household is recognised as poor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from server.cases import service as cases
from server.errors import ConflictError, NotFoundError, UserError
from server.review.tables import ACTIONS, CONFLICT, STATES, Outbox, ReviewDecision
from server.submissions import service as submissions
from server.submissions.tables import Submission


def decide(
    session: Session,
    interview_id: str,
    action: str,
    *,
    actor: str,
    reason: str | None = None,
    version_id: str | None = None,
    undo_for: timedelta = timedelta(minutes=10),
    now: datetime | None = None,
) -> ReviewDecision:
    """Record a decision about an interview and put what Central is to be told in the outbox.

    action: approve, return, reject or comment; all but approve need a reason (for a comment: its text). version_id: the
    version that the person read; a newer one refuses the decision, for nobody has read it. undo_for: nothing is sent
    before that.

    Raises `UserError` for an action without its reason, `NotFoundError`, or `ConflictError` (a newer version).
    """
    now = now or datetime.now(UTC)
    if action not in ACTIONS:
        raise UserError("review_action", "Không có thao tác duyệt này.", "There is no such review action.")
    text = (reason or "").strip()
    if action != "approve" and not text:
        raise UserError("review_reason", "Cần ghi lý do.", "A reason is needed.")
    submission = submissions.current_one(session, interview_id)
    if submission is None:
        raise NotFoundError("interview_unknown", "Không có phiếu này.", "There is no such interview.")
    if version_id is not None and version_id != submission.version_id:
        raise ConflictError(
            "interview_edited",
            "Rà soát viên vừa gửi bản sửa của phiếu này. Mở lại phiếu để đọc bản mới rồi quyết định.",
            "The enumerator has just sent a corrected version. Open the interview again, then decide.",
        )
    decision = ReviewDecision(
        interview_id=interview_id,
        version_id=submission.version_id,
        action=action,
        reason=text or None,
        actor=actor,
        decided_at=now,
        undone_at=None,
    )
    session.add(decision)
    session.flush()
    seen = submission.review_state
    if action in STATES:
        # Who decides anew while a decision is in conflict has seen what Central shows.
        for stopped in _conflicts(session, interview_id):
            stopped.state, seen = "cancelled", stopped.found_state or seen
    # The comment goes first: a state without its reason would leave the enumerator guessing.
    if text:
        session.add(_message(decision, submission, "comment", {"body": text}, now + undo_for, seen))
    if action in STATES:
        state = {"reviewState": STATES[action]}
        session.add(_message(decision, submission, "review_state", state, now + undo_for, seen))
    session.flush()
    cases.set_review_state(session, interview_id, effective_state(session, submission))
    return decision


def undo(session: Session, decision_id: int, *, now: datetime | None = None) -> ReviewDecision:
    """Take a decision back, as long as nothing of it was sent. Raises `NotFoundError` or `ConflictError`."""
    now = now or datetime.now(UTC)
    decision = session.get(ReviewDecision, decision_id)
    if decision is None:
        raise NotFoundError("decision_unknown", "Không có quyết định này.", "There is no such decision.")
    if decision.undone_at is not None:
        return decision
    # A sender that holds a message, or has tried, may have been heard: too late.
    began = select(
        exists().where(Outbox.decision_id == decision_id, (Outbox.state != "waiting") | (Outbox.attempts > 0))
    )
    if session.scalar(began):
        raise ConflictError(
            "decision_sent",
            "Quyết định đã gửi sang ODK Central, không hoàn tác được nữa; hãy quyết định lại.",
            "The decision has gone to ODK Central and cannot be undone; decide again.",
        )
    session.execute(
        update(Outbox).where(Outbox.decision_id == decision_id, Outbox.state == "waiting").values(state="cancelled")
    )
    decision.undone_at = now
    session.flush()
    _show_effective(session, decision.interview_id)
    return decision


def stop(session: Session, decision_id: int, found_state: str) -> None:
    """Put what is left of a decision aside: Central shows `found_state`, which nobody here knew of."""
    session.execute(
        update(Outbox)
        .where(Outbox.decision_id == decision_id, Outbox.state.in_(("waiting", "sending")))
        .values(state=CONFLICT, found_state=found_state, last_error_code="review_conflict")
    )
    decision = session.get_one(ReviewDecision, decision_id)
    cases.set_review_state(session, decision.interview_id, CONFLICT)


def insist(session: Session, decision_id: int, *, now: datetime | None = None) -> ReviewDecision:
    """Send a decision although Central shows another: a person has seen both. Raises as `_in_conflict`."""
    now = now or datetime.now(UTC)
    decision, messages = _in_conflict(session, decision_id)
    for message in messages:
        message.state, message.next_attempt_at = "waiting", now
        message.seen_state, message.last_error_code = message.found_state, None
    session.flush()
    _show_effective(session, decision.interview_id)
    return decision


def give_way(session: Session, decision_id: int, *, now: datetime | None = None) -> ReviewDecision:
    """Let Central's decision stand: ours is undone, and nothing more of it is sent. Raises as `_in_conflict`."""
    decision, messages = _in_conflict(session, decision_id)
    decision.undone_at = now or datetime.now(UTC)
    found = None
    for message in messages:
        message.state, found = "cancelled", message.found_state
    session.flush()
    if found is not None:  # what Central showed; the next pull brings the same
        cases.set_review_state(session, decision.interview_id, found)
    return decision


def _in_conflict(session: Session, decision_id: int) -> tuple[ReviewDecision, list[Outbox]]:
    """A decision and its stopped messages. Raises `NotFoundError`, or `ConflictError` when none is in conflict."""
    decision = session.get(ReviewDecision, decision_id)
    if decision is None:
        raise NotFoundError("decision_unknown", "Không có quyết định này.", "There is no such decision.")
    messages = [one for one in _conflicts(session, decision.interview_id) if one.decision_id == decision_id]
    if not messages:
        raise ConflictError(
            "decision_settled",
            "Quyết định này không còn vướng với ODK Central; mở lại phiếu để xem.",
            "This decision is no longer in conflict with ODK Central; open the interview again.",
        )
    return decision, messages


def _conflicts(session: Session, interview_id: str) -> list[Outbox]:
    """Messages about an interview that stopped at another decision of Central, oldest first."""
    of = (Outbox.central_id == interview_id, Outbox.state == CONFLICT)
    return list(session.scalars(select(Outbox).where(*of).order_by(Outbox.outbox_id)))


def _show_effective(session: Session, interview_id: str) -> None:
    submission = submissions.current_one(session, interview_id)
    if submission is not None:
        cases.set_review_state(session, interview_id, effective_state(session, submission))


def effective_state(session: Session, submission: Submission) -> str:
    """The review state of a submission: Central's, or ours where a newer decision stands."""
    return effective_states(session, [submission])[submission.central_id]


def effective_states(session: Session, of: Sequence[Submission]) -> dict[str, str]:
    """`effective_state` of many, by central id.

    Our newest decision that was not undone counts for the version it was made about. Once it has been sent, a
    later change at Central counts again: someone decided there. Stopped by a decision at Central, it is `conflict`.
    """
    states = {submission.central_id: submission.review_state for submission in of}
    versions = {submission.central_id: submission for submission in of}
    ids = sorted(states)
    for start in range(0, len(ids), submissions.BATCH):
        statement = (
            select(ReviewDecision, Outbox.sent_at, Outbox.state)
            .join(
                Outbox,
                (Outbox.decision_id == ReviewDecision.decision_id) & (Outbox.kind == "review_state"),
                isouter=True,
            )
            .where(
                ReviewDecision.interview_id.in_(ids[start : start + submissions.BATCH]),
                ReviewDecision.undone_at.is_(None),
                ReviewDecision.action.in_(list(STATES)),
            )
            .order_by(ReviewDecision.decided_at, ReviewDecision.decision_id)
        )
        for decision, sent_at, outbox_state in session.execute(statement):
            submission = versions[decision.interview_id]
            if decision.version_id != submission.version_id:
                continue
            overtaken = sent_at is not None and submission.updated_at is not None and submission.updated_at > sent_at
            ours = CONFLICT if outbox_state == CONFLICT else STATES[decision.action]
            states[decision.interview_id] = submission.review_state if overtaken else ours
    return states


def decisions_about(session: Session, interview_id: str) -> list[ReviewDecision]:
    """Every decision about an interview, newest first, undone ones too."""
    return list(
        session.scalars(
            select(ReviewDecision)
            .where(ReviewDecision.interview_id == interview_id)
            .order_by(ReviewDecision.decided_at.desc(), ReviewDecision.decision_id.desc())
        )
    )


def forget_words(session: Session, interview_id: str) -> None:
    """Forget what was written about an interview (it may name people) and what Central was still to be told of it."""
    session.execute(update(ReviewDecision).where(ReviewDecision.interview_id == interview_id).values(reason=None))
    of = Outbox.central_id == interview_id
    session.execute(update(Outbox).where(of, Outbox.kind == "comment").values(payload={"body": ""}))
    session.execute(update(Outbox).where(of, Outbox.state == "waiting").values(state="cancelled"))


def _message(
    decision: ReviewDecision,
    submission: Submission,
    kind: str,
    payload: dict[str, str],
    not_before: datetime,
    seen_state: str,
) -> Outbox:
    return Outbox(
        decision_id=decision.decision_id,
        project_id=submission.project_id,
        form_id=submission.form_id,
        central_id=submission.central_id,
        kind=kind,
        payload=payload,
        state="waiting",
        attempts=0,
        next_attempt_at=not_before,
        sent_at=None,
        last_error_code=None,
        seen_state=seen_state,
        found_state=None,
    )
