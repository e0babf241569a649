"""The queue of interviews, the page of one, and what a supervisor decides there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.requests import Request

from server.accounts.access import Action, Entity, Scope, may_review, needs_purpose, permitted, readable
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.accounts.errors import Refused
from server.audit.duty import purpose_of
from server.audit.service import Event, Purpose, append
from server.cases.tables import Interview
from server.errors import NotFoundError
from server.review import place, present, queries, reasons, service
from server.review.filters import Filters, filters_of
from server.review.tables import ReviewDecision
from server.rounds import service as rounds
from server.submissions import service as submissions
from server.units import service as units
from server.web.dependencies import RowNumber, database_of, settings_of
from server.web.language import Language, language_of
from server.web.purpose import ask_purpose
from server.web.templating import is_fragment, render

router = APIRouter(include_in_schema=False)

ActorNow = Annotated[Actor, Depends(reader(Entity.INTERVIEWS))]
LanguageNow = Annotated[Language, Depends(language_of)]
Chosen = Annotated[Filters, Depends(filters_of)]
Note = Annotated[str, Form(max_length=1000)]
Digit = Annotated[str, Form(max_length=1)]
Version = Annotated[str, Form(max_length=100)]
#: Where a decision was made: the answer is a line of the queue, or the decision's part of the interview's page.
From = Annotated[Literal["queue", "interview"], Form(alias="from")]


@dataclass(frozen=True)
class Verdict:
    """What the form of a decision holds: the version that was read, a reason's digit, a note, and where it was made."""

    version: str
    reason: str
    note: str
    came_from: str


def verdict_of(version: Version, reason: Digit = "", note: Note = "", came_from: From = "interview") -> Verdict:
    """The verdict in a form's body."""
    return Verdict(version, reason, note, came_from)


VerdictNow = Annotated[Verdict, Depends(verdict_of)]
#: Data older than this are said to be old.
STALE_AFTER = timedelta(hours=24)


@router.get("/interviews")
def queue(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """The queue (phiếu chờ duyệt), a page at a time."""
    if _lacks_purpose(actor, filters):
        return ask_purpose(request, "review")
    return _queue(request, actor, language, filters, number)


@router.post("/interviews/search")
def search(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    name: Annotated[str, Form(max_length=100)] = "",
    number: Annotated[int, Form(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """The queue of those whose head is called so, tones ignored. A form's body: names never stand in an address."""
    return _queue(request, actor, language, replace(filters, search=name), number)


@router.get("/interviews/{interview_id}")
def interview(request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, interview_id: str) -> Response:
    """One interview (trang phiếu); who opened it stands in the access log."""
    if _lacks_purpose(actor, filters):
        return ask_purpose(request, "review")
    return _interview_page(request, actor, language, filters, interview_id, "interview.read")


@router.post("/interviews/{interview_id}/numbers")
def numbers(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    interview_id: str,
    purpose: Annotated[Purpose, Form()],
) -> Response:
    """The page with personal numbers and the telephone in full, for a purpose that the access log keeps."""
    filters = replace(filters, purpose=purpose)
    return _interview_page(request, actor, language, filters, interview_id, "interview.numbers", reveal=True)


@router.get("/interviews/{interview_id}/place")
def interview_place(request: Request, actor: ActorNow, filters: Chosen, interview_id: str) -> Response:
    """The point, its commune and its village as GeoJSON, for the page's small map."""
    with database_of(request).session() as session:
        body = place.features(session, _readable(session, actor, filters, interview_id))
    return Response(body, media_type="application/geo+json", headers={"Cache-Control": "no-store"})


@router.get("/interviews/{interview_id}/next")
def next_interview(request: Request, actor: ActorNow, filters: Chosen, interview_id: str) -> Response:
    """On to the next of the queue, or back to the list when none is left."""
    with database_of(request).session() as session:
        filters = _with_round(session, filters)
        found = queries.following(session, filters, _scope(actor, filters), interview_id)
    return RedirectResponse((f"/interviews/{found}" if found else "/interviews") + filters.query(), 303)


@router.post("/interviews/{interview_id}/approve")
def approve(
    request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, interview_id: str, verdict: VerdictNow
) -> Response:
    """Duyệt phiếu: the data are good."""
    return _decide(request, actor, language, filters, interview_id, "approve", None, verdict)


@router.post("/interviews/{interview_id}/return")
def return_(
    request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, interview_id: str, verdict: VerdictNow
) -> Response:
    """Trả lại rà soát viên, with what is to be mended."""
    text = reasons.compose(reasons.RETURN, verdict.reason, verdict.note)
    return _decide(request, actor, language, filters, interview_id, "return", text, verdict)


@router.post("/interviews/{interview_id}/reject")
def reject(
    request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, interview_id: str, verdict: VerdictNow
) -> Response:
    """Loại phiếu: it counts nowhere."""
    text = reasons.compose(reasons.REJECT, verdict.reason, verdict.note)
    return _decide(request, actor, language, filters, interview_id, "reject", text, verdict)


@router.post("/interviews/{interview_id}/comment")
def comment(
    request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, interview_id: str, verdict: VerdictNow
) -> Response:
    """Ghi chú, which Central keeps beside the submission."""
    return _decide(request, actor, language, filters, interview_id, "comment", verdict.note, verdict)


@router.post("/decisions/{decision_id}/undo")
def undo(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    decision_id: RowNumber,
    came_from: From = "interview",
) -> Response:
    """Hoàn tác, as long as Central was told nothing."""
    return _settle(request, actor, language, filters, decision_id, came_from, "review.undo", service.undo)


@router.post("/decisions/{decision_id}/insist")
def insist(
    request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, decision_id: RowNumber
) -> Response:
    """Vẫn gửi quyết định: it is sent although Central shows another."""
    return _settle(request, actor, language, filters, decision_id, "interview", "review.insist", service.insist)


@router.post("/decisions/{decision_id}/give-way")
def give_way(
    request: Request, actor: ActorNow, language: LanguageNow, filters: Chosen, decision_id: RowNumber
) -> Response:
    """Giữ quyết định trên Central: ours is taken back."""
    return _settle(request, actor, language, filters, decision_id, "interview", "review.give_way", service.give_way)


def _queue(request: Request, actor: Actor, language: Language, filters: Filters, number: int) -> Response:
    with database_of(request).session() as session:
        if not rounds.all_rounds(session):
            return render(request, "maps/none.html", {"round": None})
        filters = _with_round(session, filters)
        scope = _scope(actor, filters)
        if filters.purpose is not None and not scope.is_empty:
            append(session, actor.user_id, [Event("interviews.list", "round", filters.round_id, filters.purpose)])
        found, total = queries.page(session, filters, scope, number)
        flags = queries.flags(session, [one.interview_id for one in found])
        decided = _open_decisions(session, [one.interview_id for one in found])
        codes = queries.communes(session, str(filters.round_id), scope)
        context = _common(session, request, str(filters.round_id)) | {
            "filters": filters,
            "assigned": not scope.is_empty,
            "reviews": not permitted(actor, Action.REVIEW).is_empty,
            "rows": present.rows(session, found, flags, language),
            "undoable": decided,
            "total": total,
            "number": number,
            "pages": max(1, -(-total // queries.PAGE_SIZE)),
            "first": (number - 1) * queries.PAGE_SIZE + 1,
            "states": queries.state_counts(session, filters, scope),
            "flag_counts": (counts := queries.flag_counts(session, filters, scope)),
            "flag_names": {code: present.flag_name(code, language) for code in counts},
            "communes": units.commune_names(
                session, codes, rounds.get(session, str(filters.round_id)).unit_vintage
            ).items(),
            **_reasons(),
        }
        return render(request, "review/queue.html", context)


def _decide(
    request: Request,
    actor: Actor,
    language: Language,
    filters: Filters,
    interview_id: str,
    action: str,
    reason: str | None,
    verdict: Verdict,
) -> Response:
    with database_of(request).session() as session:
        of = _readable(session, actor, filters, interview_id)
        if not may_review(session, actor, of):
            raise Refused("not_yours_to_review")
        service.decide(
            session,
            interview_id,
            action,
            actor=actor.username or actor.user_id,
            reason=reason,
            version_id=verdict.version or None,
            undo_for=timedelta(seconds=settings_of(request).service.undo_seconds),
        )
        append(session, actor.user_id, [Event(f"review.{action}", "interview", interview_id, Purpose.REVIEW)])
    return _after(request, actor, language, filters, interview_id, verdict.came_from)


def _settle(
    request: Request,
    actor: Actor,
    language: Language,
    filters: Filters,
    decision_id: int,
    came_from: str,
    event: str,
    settle: Callable[[Session, int], ReviewDecision],
) -> Response:
    """Change what becomes of a decision that the person may have taken."""
    with database_of(request).session() as session:
        decision = queries.decision(session, decision_id, permitted(actor, Action.REVIEW))
        if decision is None:
            raise NotFoundError("decision_unknown", "Không có quyết định này.", "There is no such decision.")
        settle(session, decision_id)
        interview_id = decision.interview_id
        append(session, actor.user_id, [Event(event, "interview", interview_id, Purpose.REVIEW)])
    return _after(request, actor, language, filters, interview_id, came_from)


def _after(
    request: Request, actor: Actor, language: Language, filters: Filters, interview_id: str, came_from: str
) -> Response:
    """What the page shows once it was decided: a part of it for htmx, else the page again."""
    if not is_fragment(request):
        back = "/interviews" if came_from == "queue" else f"/interviews/{interview_id}"
        return RedirectResponse(back + filters.query(), 303)
    with database_of(request).session() as session:
        of = _readable(session, actor, filters, interview_id)
        if came_from == "interview":
            context = present.interview(session, of, _scope(actor, filters), language)
            context |= {"filters": filters, "may_review": may_review(session, actor, of), **_reasons()}
            context |= _common(session, request, of.round_id)
            return render(request, "review/decision.html", context)
        flags = queries.flags(session, [interview_id])
        context = {
            "row": present.rows(session, [of], flags, language)[0],
            "filters": filters,
            "reviews": True,
            "undoable": _open_decisions(session, [interview_id]),
        }
        return render(request, "review/row.html", context)


def _interview_page(
    request: Request,
    actor: Actor,
    language: Language,
    filters: Filters,
    interview_id: str,
    read_as: str,
    *,
    reveal: bool = False,
) -> Response:
    with database_of(request).session() as session:
        # Written down before anything is shown, and in a transaction of its own: nobody waits while the page is made.
        of = _readable(session, actor, filters, interview_id)
        append(session, actor.user_id, [Event(read_as, "interview", interview_id, purpose_of(actor, filters.purpose))])
    with database_of(request).session() as session:
        context = present.interview(session, of, _scope(actor, filters), language, reveal=reveal)
        context |= _common(session, request, of.round_id) | {"filters": filters, "revealed": reveal}
        context |= {"purposes": list(Purpose), "may_review": may_review(session, actor, of), **_reasons()}
        return render(request, "review/interview.html", context)


def _scope(actor: Actor, filters: Filters) -> Scope:
    return readable(actor, Entity.INTERVIEWS, filters.purpose)


def _lacks_purpose(actor: Actor, filters: Filters) -> bool:
    return filters.purpose is None and needs_purpose(actor, Entity.INTERVIEWS)


def _readable(session: Session, actor: Actor, filters: Filters, interview_id: str) -> Interview:
    found = queries.one(session, interview_id, _scope(actor, filters))
    if found is None:
        # The same words whether it does not exist or lies in a foreign area.
        raise NotFoundError(
            "interview_unknown",
            "Không có phiếu này trong địa bàn của bạn.",
            "There is no such interview in your area.",
        )
    return found


def _with_round(session: Session, filters: Filters) -> Filters:
    return replace(filters, round_id=rounds.choose(session, filters.round_id).round_id)


def _open_decisions(session: Session, ids: list[str]) -> dict[str, int]:
    """Interview -> its newest decision that can still be undone."""
    newest: dict[str, int] = {}
    for decision, can_undo in queries.decisions(session, ids):
        if can_undo:
            newest.setdefault(decision.interview_id, decision.decision_id)
    return newest


def _common(session: Session, request: Request, round_id: str) -> dict[str, Any]:
    shown = rounds.get(session, round_id)
    pulled = submissions.last_pull(session, round_id)
    at = None if pulled is None else pulled.last_success_at
    return {
        "round": shown,
        "pulled_at": at,
        "pull_failed": pulled is not None and pulled.last_error_code is not None,
        "pull_old": at is not None and datetime.now(UTC) - at > STALE_AFTER,
        "waiting_messages": queries.waiting_messages(session),
        "undo_minutes": settings_of(request).service.undo_seconds // 60,
    }


def _reasons() -> dict[str, Any]:
    return {"return_reasons": reasons.RETURN, "reject_reasons": reasons.REJECT}
