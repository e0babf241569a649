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
from server.review.tables import ACTIONS, STATES, Outbox, ReviewDecision
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
    # The comment goes first: a state without its reason would leave the enumerator guessing.
    if text:
        session.add(_message(decision, submission, "comment", {"body": text}, now + undo_for))
    if action in STATES:
        session.add(_message(decision, submission, "review_state", {"reviewState": STATES[action]}, now + undo_for))
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
    submission = submissions.current_one(session, decision.interview_id)
    if submission is not None:
        cases.set_review_state(session, decision.interview_id, effective_state(session, submission))
    return decision


def effective_state(session: Session, submission: Submission) -> str:
    """The review state of a submission: Central's, or ours where a newer decision stands."""
    return effective_states(session, [submission])[submission.central_id]


def effective_states(session: Session, of: Sequence[Submission]) -> dict[str, str]:
    """`effective_state` of many, by central id.

    Our newest decision that was not undone counts for the version it was made about. Once it has been sent, a
    later change at Central counts again: someone decided there.
    """
    states = {submission.central_id: submission.review_state for submission in of}
    versions = {submission.central_id: submission for submission in of}
    ids = sorted(states)
    for start in range(0, len(ids), submissions.BATCH):
        statement = (
            select(ReviewDecision, Outbox.sent_at)
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
        for decision, sent_at in session.execute(statement):
            submission = versions[decision.interview_id]
            if decision.version_id != submission.version_id:
                continue
            overtaken = sent_at is not None and submission.updated_at is not None and submission.updated_at > sent_at
            states[decision.interview_id] = submission.review_state if overtaken else STATES[decision.action]
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
    decision: ReviewDecision, submission: Submission, kind: str, payload: dict[str, str], not_before: datetime
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
    )
