"""What people say of a pair: recorded once, in force at once, undone by who said it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.cases import service as cases
from server.errors import ConflictError, NotFoundError, UserError
from server.linkage.settling import Found, Pair, outcome, settle
from server.linkage.tables import ABSENCES, VERDICTS, AbsenceDecision, Link, LinkDecision

Decision = TypeVar("Decision", LinkDecision, AbsenceDecision)


def decide(
    session: Session,
    of: Link,
    verdict: str,
    *,
    reader: str,
    seen_version: str,
    version_id: str,
    now: datetime | None = None,
) -> LinkDecision:
    """Record what a person says of a pair, and let it take effect on the pair and what it contradicts.

    of: a pair read within the person's scope. reader: user id. seen_version: the version of the interview that was
    read; version_id: its newest. A pair that two are to read waits for the second: until then nothing changes.

    Raises `UserError` for an unknown verdict, `ConflictError` where the pair waits for nobody, the person has read it,
    a newer version has come, or another pair of the same interview or household is confirmed already.
    """
    if verdict not in VERDICTS:
        raise UserError("link_verdict", "Không có câu trả lời này.", "There is no such answer.")
    if seen_version != version_id:
        raise ConflictError(
            "interview_edited",
            "Rà soát viên vừa gửi bản sửa của phiếu này. Mở lại cặp này để đọc bản mới rồi quyết định.",
            "The enumerator has just sent a corrected version. Open the pair again, then decide.",
        )
    session.refresh(of, with_for_update=True)  # another reader may answer at this moment
    given = _given(session, of)
    if of.next_reading is None or not may_read(given, reader):
        raise ConflictError(
            "link_settled",
            "Cặp này không còn chờ bạn đọc. Mở cặp tiếp theo.",
            "This pair does not wait for you any more. Go on to the next.",
        )
    standing = [one for one in given if one.undone_at is None]
    free = min({1, 2, 3} - {one.reading for one in standing})
    decision = LinkDecision(
        province_code=of.province_code,
        round_id=of.round_id,
        registry_year=of.registry_year,
        interview_id=of.interview_id,
        household_code=of.household_code,
        version_id=version_id,
        verdict=verdict,
        reading=free,
        readers=of.readers,
        reader=reader,
        found_status=of.found_status,
        weight=of.weight,
        model=of.model,
        decided_at=now or datetime.now(UTC),
        undone_at=None,
    )
    verdicts = [one.verdict for one in sorted([*standing, decision], key=lambda one: one.reading)]
    if outcome(verdicts, of.readers)[0] == "same":
        _check_one_to_one(session, of)
    session.add(decision)
    session.flush()
    resettle(session, of.round_id, [(of.interview_id, of.household_code)])
    return decision


def undo(session: Session, decision_id: int, *, reader: str, now: datetime | None = None) -> LinkDecision:
    """Take back what one said oneself. Raises `NotFoundError` where there is no such decision of this person."""
    decision = _own(session, LinkDecision, decision_id, reader)
    if decision.undone_at is None:
        decision.undone_at = now or datetime.now(UTC)
        session.flush()
        resettle(session, decision.round_id, [(decision.interview_id, decision.household_code)])
    return decision


def may_read(given: Iterable[LinkDecision], reader: str) -> bool:
    """Whether a person may still answer, by all that was said of a pair, undone answers too.

    Nobody reads twice. Who took an answer back answers again only while nobody else has read the pair: else one could
    find out what the other said by trying.
    """
    own: list[LinkDecision] = []
    others: list[LinkDecision] = []
    for one in given:
        (own if one.reader == reader else others).append(one)
    if any(one.undone_at is None for one in own):
        return False
    return not own or all(one.undone_at is not None for one in others)


def resettle(session: Session, round_id: str, pairs: Collection[Pair]) -> None:
    """Let some pairs, and all that share an interview or a household with them, count as what was said of them."""
    ring = _sharing(session, round_id, pairs)
    touched = {(one.interview_id, one.household_code) for one in ring}
    # A pair of the ring depends on those that it shares a side with: one ring further.
    around = _sharing(session, round_id, touched)
    found = [
        Found((one.interview_id, one.household_code), one.found_kind, one.found_status, one.readers) for one in around
    ]
    now = settle(found, standing_verdicts(session, round_id, [one.pair for one in found]))
    changed = set()
    for one in ring:
        settled = now[one.interview_id, one.household_code]
        if (one.kind, one.status) != (settled.kind, settled.status):
            changed.add(one.interview_id)
        one.kind, one.status, one.next_reading = settled.kind, settled.status, settled.next_reading
    session.flush()
    if changed:
        cases.recheck(session, round_id, sorted(changed))


def standing_verdicts(
    session: Session, round_id: str, pairs: Collection[Pair] | None = None
) -> dict[Pair, Sequence[str]]:
    """Verdicts that were not undone, by pair, in the order of reading; of a whole round without `pairs`."""
    statement = select(LinkDecision).where(LinkDecision.round_id == round_id, LinkDecision.undone_at.is_(None))
    if pairs is not None:
        statement = statement.where(LinkDecision.interview_id.in_({interview_id for interview_id, _ in pairs}))
    found: dict[Pair, list[str]] = defaultdict(list)
    for one in session.scalars(statement.order_by(LinkDecision.reading, LinkDecision.decision_id)):
        found[one.interview_id, one.household_code].append(one.verdict)
    return dict(found)


def decide_absence(
    session: Session,
    *,
    province_code: str,
    round_id: str,
    registry_year: int,
    household_code: str,
    reason: str,
    reader: str,
    now: datetime | None = None,
) -> AbsenceDecision:
    """Record why a listed household, read within the person's scope, was not found.

    Raises `UserError` for an unknown reason, `ConflictError` where somebody has said so already.
    """
    if reason not in ABSENCES:
        raise UserError("absence_reason", "Không có lý do này.", "There is no such reason.")
    if standing_absence(session, round_id, household_code) is not None:
        raise ConflictError(
            "absence_settled",
            "Hộ này vừa có người ghi lý do. Tải lại trang để xem.",
            "Somebody has just recorded the reason for this household. Load the page again.",
        )
    decision = AbsenceDecision(
        province_code=province_code,
        round_id=round_id,
        registry_year=registry_year,
        household_code=household_code,
        reason=reason,
        reader=reader,
        decided_at=now or datetime.now(UTC),
        undone_at=None,
    )
    session.add(decision)
    session.flush()
    return decision


def undo_absence(session: Session, decision_id: int, *, reader: str, now: datetime | None = None) -> AbsenceDecision:
    """Take back what one said oneself. Raises `NotFoundError` where there is no such decision of this person."""
    decision = _own(session, AbsenceDecision, decision_id, reader)
    if decision.undone_at is None:
        decision.undone_at = now or datetime.now(UTC)
        session.flush()
    return decision


def standing_absence(session: Session, round_id: str, household_code: str) -> AbsenceDecision | None:
    """Why a listed household was not found, as it stands."""
    return session.scalars(
        select(AbsenceDecision).where(
            AbsenceDecision.round_id == round_id,
            AbsenceDecision.household_code == household_code,
            AbsenceDecision.undone_at.is_(None),
        )
    ).first()


def _own(session: Session, kind: type[Decision], decision_id: int, reader: str) -> Decision:
    decision = session.get(kind, decision_id)
    if decision is None or decision.reader != reader:
        raise NotFoundError("decision_unknown", "Không có quyết định này.", "There is no such decision.")
    return decision


def _given(session: Session, of: Link) -> list[LinkDecision]:
    """All that was said of a pair, undone answers too."""
    return list(
        session.scalars(
            select(LinkDecision).where(
                LinkDecision.round_id == of.round_id,
                LinkDecision.interview_id == of.interview_id,
                LinkDecision.household_code == of.household_code,
            )
        )
    )


def _sharing(session: Session, round_id: str, pairs: Collection[Pair]) -> list[Link]:
    """Links that share an interview or a household with some pairs, those themselves included."""
    interviews, households = {one for one, _ in pairs}, {code for _, code in pairs}
    return list(
        session.scalars(
            select(Link)
            .where(
                Link.round_id == round_id,
                or_(Link.interview_id.in_(interviews), Link.household_code.in_(households)),
            )
            .order_by(Link.interview_id, Link.household_code)
        )
    )


def _check_one_to_one(session: Session, of: Link) -> None:
    for other in _sharing(session, of.round_id, [(of.interview_id, of.household_code)]):
        if other is not of and other.status == "decided" and other.kind == "same":
            raise ConflictError(
                "link_taken",
                "Phiếu hoặc hộ này đã được xác nhận với một bên khác. Hoàn tác xác nhận đó trước, hoặc chọn tách hộ, "
                "nhập hộ.",
                "This interview or household is confirmed with another already. Undo that, or say split or merge.",
            )
