"""Rounds: created, opened, closed. A round's constants never change once it was opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import ConflictError, NotFoundError, UserError
from server.rounds.tables import HOUSEHOLD, KINDS, SCOPES, Round, RoundForm

_NEXT = {"planned": "open", "open": "closed"}


def create(
    session: Session,
    round_id: str,
    *,
    province_code: str,
    review_date: date,
    kind: str = "annual",
    scope: str = "annual",
    standard_id: str | None = None,
    unit_vintage: date | None = None,
    opens_on: date | None = None,
    meetings_by: date | None = None,
    closes_on: date | None = None,
) -> Round:
    """Create a round. The standard is that in force in the year of the review date, unless another is named.

    Raises `ConflictError` when the round exists, `UserError` for values that do not fit.
    """
    import re

    from poverty import StandardError, load_standard, standard_for

    if session.get(Round, round_id) is not None:
        raise ConflictError("round_exists", f"Đợt rà soát {round_id} đã có.", f"Round {round_id} exists already.")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", round_id):
        raise UserError(
            "round_id",
            "Mã đợt chỉ gồm chữ không dấu, số, dấu chấm, gạch; dài nhất 40 ký tự.",
            "A round's id is letters, digits, dots and dashes, 40 at most.",
        )
    if kind not in KINDS or scope not in SCOPES:
        raise UserError(
            "round_kind",
            f"Loại đợt là một trong {', '.join(KINDS)}; phạm vi là một trong {', '.join(SCOPES)}.",
            f"The kind is one of {', '.join(KINDS)}; the scope one of {', '.join(SCOPES)}.",
        )
    try:
        standard = standard_for(review_date.year) if standard_id is None else load_standard(standard_id)
    except StandardError as error:
        raise UserError(
            "standard_missing",
            f"Không có chuẩn nghèo cho đợt này: {error}.",
            f"There is no standard for this round: {error}.",
        ) from None
    check_dates(opens_on, meetings_by, closes_on)
    made = Round(
        round_id=round_id,
        province_code=province_code,
        kind=kind,
        scope=scope,
        review_date=review_date,
        standard_id=standard.id,
        unit_vintage=unit_vintage or review_date,
        opens_on=opens_on,
        meetings_by=meetings_by,
        closes_on=closes_on,
        status="planned",
        created_at=datetime.now(UTC),
    )
    session.add(made)
    session.flush()
    return made


def check_dates(opens_on: date | None, meetings_by: date | None, closes_on: date | None) -> None:
    """Raise `UserError` when deadlines do not follow one another: first day, village meetings, last day."""
    given = [day for day in (opens_on, meetings_by, closes_on) if day is not None]
    if given != sorted(given):
        raise UserError(
            "round_dates",
            "Các mốc phải theo thứ tự: ngày bắt đầu, hạn họp dân, ngày kết thúc.",
            "The days must follow one another: first day, village meetings, last day.",
        )


def set_deadlines(
    session: Session, round_id: str, *, opens_on: date | None, meetings_by: date | None, closes_on: date | None
) -> Round:
    """Move a round's deadlines; its constants (review date, standard, units) never change.

    Raises `ConflictError` for a closed round, `UserError` for days out of order.
    """
    found = get(session, round_id)
    if found.status == "closed":
        raise ConflictError(
            "round_closed",
            f"Đợt {round_id} đã đóng, không đổi mốc thời gian được.",
            f"Round {round_id} is closed; its deadlines stay.",
        )
    check_dates(opens_on, meetings_by, closes_on)
    found.opens_on, found.meetings_by, found.closes_on = opens_on, meetings_by, closes_on
    session.flush()
    return found


def get(session: Session, round_id: str) -> Round:
    """A round. Raises `NotFoundError`."""
    found = session.get(Round, round_id)
    if found is None:
        raise NotFoundError(
            "round_unknown",
            f"Không có đợt rà soát {round_id}. Tạo đợt: rasoat round create.",
            f"There is no round {round_id}. Create one: rasoat round create.",
        )
    return found


def all_rounds(session: Session) -> Sequence[Round]:
    """Every round, latest review date first."""
    return list(session.scalars(select(Round).order_by(Round.review_date.desc(), Round.round_id.desc())))


def latest(session: Session) -> Round | None:
    """The round to show when none is named: the latest open one, else the latest."""
    rounds = all_rounds(session)
    return next((one for one in rounds if one.status == "open"), rounds[0] if rounds else None)


def choose(session: Session, round_id: str | None) -> Round:
    """The named round, or the latest. Raises `NotFoundError`."""
    if round_id is not None:
        return get(session, round_id)
    found = latest(session)
    if found is None:
        raise NotFoundError(
            "round_none",
            "Chưa có đợt rà soát nào. Tạo đợt: rasoat round create.",
            "There is no round yet. Create one: rasoat round create.",
        )
    return found


def advance(session: Session, round_id: str, status: str) -> Round:
    """Open or close a round (planned -> open -> closed); the same status again changes nothing.

    Raises `ConflictError` for a step that leaves one out or goes back.
    """
    found = get(session, round_id)
    if found.status != status:
        if _NEXT.get(found.status) != status:
            raise ConflictError(
                "round_status",
                f"Đợt {round_id} đang ở trạng thái {found.status}, không chuyển sang {status} được.",
                f"Round {round_id} is {found.status} and cannot become {status}.",
            )
        found.status = status
        session.flush()
    return found


def forms_of(session: Session, round_id: str) -> list[RoundForm]:
    """The published forms of a round: the household form first, then by name."""
    found = session.scalars(select(RoundForm).where(RoundForm.round_id == round_id).order_by(RoundForm.name))
    return sorted(found, key=lambda one: one.name != HOUSEHOLD)


def form_of(session: Session, round_id: str, name: str = HOUSEHOLD) -> RoundForm | None:
    """A round's form by the name of its source; None until it is published."""
    return session.get(RoundForm, (round_id, name))


def project_of(session: Session, round_id: str) -> int | None:
    """The project of Central that holds a round's forms; None until one is published."""
    return next((one.project_id for one in forms_of(session, round_id)), None)


def check_form_free(session: Session, round_id: str, project_id: int, form_id: str) -> None:
    """Raise `ConflictError` if another round takes its submissions from this form: one form, one round."""
    other = session.scalars(
        select(RoundForm).where(
            RoundForm.project_id == project_id, RoundForm.form_id == form_id, RoundForm.round_id != round_id
        )
    ).first()
    if other is not None:
        raise ConflictError(
            "round_form",
            f"Phiếu {form_id} của dự án {project_id} đã thuộc đợt {other.round_id}; mỗi đợt cần một dự án riêng.",
            f"Form {form_id} of project {project_id} belongs to round {other.round_id}; each round needs a project.",
        )


def attach_form(
    session: Session, round_id: str, name: str, project_id: int, form_id: str, version: str | None
) -> RoundForm:
    """Record where submissions to a round's form arrive, and its version there. Raises as `check_form_free`, `get`."""
    check_form_free(session, round_id, project_id, form_id)
    get(session, round_id)
    form = session.merge(
        RoundForm(round_id=round_id, name=name, project_id=project_id, form_id=form_id, published_version=version)
    )
    session.flush()
    return form
