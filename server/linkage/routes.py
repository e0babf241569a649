"""The clerk's desk (đối chiếu danh sách): pairs that a person must read, and listed households that were not found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts.access import Action, Entity, Scope, needs_purpose, permitted, readable_to_act
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.accounts.errors import Refused
from server.audit.duty import purpose_of
from server.audit.service import Event, Purpose, append
from server.errors import NotFoundError
from server.jobs import service as jobs
from server.linkage import models, present, queries, service
from server.linkage.queries import Sides
from server.linkage.settling import Pair
from server.rounds import queries as of_rounds
from server.rounds import service as rounds
from server.rounds.tables import Round
from server.units import service as units
from server.web.dependencies import RowNumber, database_of
from server.web.language import Language, language_of
from server.web.purpose import ask_purpose
from server.web.templating import render

router = APIRouter(prefix="/linkage", include_in_schema=False)

ActorNow = Annotated[Actor, Depends(reader(Entity.LINKS))]
LanguageNow = Annotated[Language, Depends(language_of)]
Verdict = Literal["same", "different", "unsure", "split", "merge"]
Absence = Literal["death", "move", "refusal", "other"]
InterviewId = Annotated[str, Form(alias="interview", max_length=100)]
HouseholdCode = Annotated[str, Form(alias="household", max_length=100)]


@dataclass(frozen=True)
class Filters:
    """What the desk was asked for, without the pair: ids and codes only, for it stands in the address."""

    round_id: str | None = None
    commune: str | None = None
    purpose: Purpose | None = None

    def query(self, **more: str | int | None) -> str:
        """The address's query, `?` included; empty for the plain desk."""
        values: dict[str, str | int | None] = {
            "round": self.round_id,
            "commune": self.commune,
            "purpose": None if self.purpose is None else self.purpose.value,
            **more,
        }
        given = {name: value for name, value in values.items() if value is not None}
        return f"?{urlencode(given)}" if given else ""

    def at(self, pair: Pair | None) -> str:
        """The address of the desk with a pair on it."""
        return "/linkage" + (self.query() if pair is None else self.query(interview=pair[0], household=pair[1]))


def filters_of(
    round_id: Annotated[str | None, Query(alias="round", max_length=40)] = None,
    commune: Annotated[str | None, Query(pattern=r"^(\d{5})?$")] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
) -> Filters:
    """The filters of an address; an empty choice of a form is no filter."""
    return Filters(round_id or None, commune or None, purpose)


Chosen = Annotated[Filters, Depends(filters_of)]


@router.get("")
def desk(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    interview: Annotated[str | None, Query(max_length=100)] = None,
    household: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The desk with the pair named, or with the first that waits."""
    if _lacks_purpose(actor, filters):
        return ask_purpose(request, "linkage")
    wanted = (interview, household) if interview and household else None
    return _desk(request, actor, language, filters, wanted, "linkage.read")


@router.post("/numbers")
def numbers(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    interview_id: InterviewId,
    household_code: HouseholdCode,
    purpose: Annotated[Purpose, Form()],
) -> Response:
    """The pair with personal numbers and telephones in full, for a purpose that the access log keeps."""
    filters = replace(filters, purpose=purpose)
    return _desk(request, actor, language, filters, (interview_id, household_code), "linkage.numbers", reveal=True)


@router.post("/decide")
def decide(
    request: Request,
    actor: ActorNow,
    filters: Chosen,
    interview_id: InterviewId,
    household_code: HouseholdCode,
    verdict: Annotated[Verdict, Form()],
    version: Annotated[str, Form(max_length=100)],
) -> Response:
    """Record what the clerk says of a pair, and go on to the next."""
    pair = interview_id, household_code
    with database_of(request).session() as session:
        filters = _with_round(session, filters)
        scope = _to_decide(actor)
        of = _pair(session, filters, pair, scope)
        following = _after(_pairs_for(session, actor, filters, scope), pair)
        service.decide(
            session,
            of.link,
            verdict,
            reader=actor.user_id,
            seen_version=version,
            version_id=of.interview.version_id,
        )
        # Not what was said: the second reader may read the log.
        append(session, actor.user_id, [_event("linkage.decide", "interview", interview_id, actor, filters)])
    return RedirectResponse(filters.at(following), 303)


@router.post("/decisions/{decision_id}/undo")
def undo(request: Request, actor: ActorNow, filters: Chosen, decision_id: RowNumber) -> Response:
    """Hoàn tác: take back what one said oneself, and show the pair again."""
    with database_of(request).session() as session:
        filters = _with_round(session, filters)
        if _to_decide(actor).is_empty:
            raise Refused("not_allowed")
        decision = service.undo(session, decision_id, reader=actor.user_id)
        append(session, actor.user_id, [_event("linkage.undo", "interview", decision.interview_id, actor, filters)])
        back = decision.interview_id, decision.household_code
    return RedirectResponse(filters.at(back), 303)


@router.get("/absent")
def absent(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    filters: Chosen,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Households of last year's list that were not found: a person says why."""
    if _lacks_purpose(actor, filters):
        return ask_purpose(request, "linkage")
    with database_of(request).session() as session:
        if not rounds.all_rounds(session):
            return render(request, "maps/none.html", {"round": None})
        filters = _with_round(session, filters)
        append(session, actor.user_id, [_event("linkage.absent", "round", filters.round_id, actor, filters)])
    with database_of(request).session() as session:
        of, scope = rounds.get(session, str(filters.round_id)), _to_read(actor, filters)
        year = service.listed_year(session, of)
        rows, waiting, total = [], 0, 0
        if year is not None:
            where = (session, of.round_id, of.province_code, year, scope)
            found, waiting = queries.not_found(*where, number)
            total = waiting + queries.count_explained(*where)
            visits = queries.visits_to(session, of.round_id, [one.household_code for one, _ in found], scope)
            rows = present.missing(session, of.round_id, found, visits, actor.user_id, language)
        context = {
            "round": of,
            "filters": filters,
            "rows": rows,
            "year": year,
            "waiting": waiting,
            "total": total,
            "number": number,
            "pages": max(1, -(-total // queries.PAGE_SIZE)),
            "decides": not permitted(actor, Action.LINK).is_empty,
        }
        return render(request, "linkage/absent.html", context)


@router.post("/absent")
def explain_absence(
    request: Request,
    actor: ActorNow,
    filters: Chosen,
    household_code: HouseholdCode,
    reason: Annotated[Absence, Form()],
) -> Response:
    """Record why a listed household was not found."""
    with database_of(request).session() as session:
        filters = _with_round(session, filters)
        scope = _to_decide(actor)
        of = rounds.get(session, str(filters.round_id))
        year = service.listed_year(session, of)
        where = (session, of.round_id, of.province_code, year or 0, household_code)
        if queries.missing_one(*where, scope) is None:
            if scope.is_empty:
                raise Refused("not_allowed")
            raise NotFoundError(
                "household_unknown",
                "Không có hộ này trong số hộ chưa tìm thấy ở địa bàn của bạn.",
                "There is no such household among those not found in your area.",
            )
        service.decide_absence(
            session,
            province_code=of.province_code,
            round_id=of.round_id,
            registry_year=year or 0,
            household_code=household_code,
            reason=reason,
            reader=actor.user_id,
        )
        listed = f"{of.province_code}/{year}/{household_code}"
        append(session, actor.user_id, [_event("linkage.explain", "registry_household", listed, actor, filters)])
    return RedirectResponse("/linkage/absent" + filters.query(), 303)


@router.post("/absent/{decision_id}/undo")
def undo_absence(request: Request, actor: ActorNow, filters: Chosen, decision_id: RowNumber) -> Response:
    """Hoàn tác: take back why a household was not found."""
    with database_of(request).session() as session:
        filters = _with_round(session, filters)
        if _to_decide(actor).is_empty:
            raise Refused("not_allowed")
        decision = service.undo_absence(session, decision_id, reader=actor.user_id)
        listed = f"{decision.province_code}/{decision.registry_year}/{decision.household_code}"
        append(session, actor.user_id, [_event("linkage.undo", "registry_household", listed, actor, filters)])
    return RedirectResponse("/linkage/absent" + filters.query(), 303)


@router.post("/reconcile")
def reconcile(request: Request, actor: ActorNow, filters: Chosen, train: Annotated[bool, Form()] = False) -> Response:
    """Have the worker link the round anew; one that waits already is enough."""
    with database_of(request).session() as session:
        filters = _with_round(session, filters)
        if not _may_reconcile(session, actor, str(filters.round_id)):
            raise Refused("not_allowed")
        if not jobs.is_queued(session, "reconcile"):
            args = {"round": filters.round_id, "train": train, "by": actor.user_id}
            job = jobs.enqueue(session, "reconcile", args)
            append(session, actor.user_id, [Event("linkage.ask", "job", str(job.id))])
    return RedirectResponse("/linkage" + filters.query(), 303)


def _desk(
    request: Request,
    actor: Actor,
    language: Language,
    filters: Filters,
    wanted: Pair | None,
    read_as: str,
    *,
    reveal: bool = False,
) -> Response:
    with database_of(request).session() as session:
        if not rounds.all_rounds(session):
            return render(request, "maps/none.html", {"round": None})
        filters = _with_round(session, filters)
        scope = _to_read(actor, filters)
        waiting = _pairs_for(session, actor, filters, scope)
        shown = wanted or (waiting[0] if waiting else None)
        of = None if shown is None else _pair(session, filters, shown, scope)
        # Written down before anything is shown, and in a transaction of its own.
        if of is not None:
            append(session, actor.user_id, [_event(read_as, "interview", of.interview.interview_id, actor, filters)])
    with database_of(request).session() as session:
        round_ = rounds.get(session, str(filters.round_id))
        decides = not permitted(actor, Action.LINK).is_empty
        context: dict[str, Any] = _summary(session, actor, round_, scope) | {
            "filters": filters,
            "assigned": not scope.is_empty,
            "decides": decides and shown in waiting,
            "waiting": len(waiting),
            "place": waiting.index(shown) + 1 if shown in waiting else None,
            "after": _after(waiting, shown),
            "before": _after(waiting[::-1], shown),
            "revealed": reveal,
            "purposes": list(Purpose),
            "last": queries.last_decision(session, round_.round_id, actor.user_id) if decides else None,
            "pair": None if of is None else present.pair(session, of, scope, language, reveal=reveal),
        }
        return render(request, "linkage/desk.html", context)


def _summary(session: Session, actor: Actor, of: Round, scope: Scope) -> dict[str, Any]:
    """What stands above and below the pair: the model, its error, what else waits."""
    model = models.active(session, of.round_id)
    year = service.listed_year(session, of)
    where = (session, of.round_id, of.province_code, year, scope)
    prepares = of.round_id in of_rounds.within(session, permitted(actor, Action.PREPARE))
    return {
        "round": of,
        "model": model,
        "quality": None if model is None else models.quality(session, model),
        # Whoever reads pairs could tell by it what the other reader said.
        "agreement": queries.agreement_of(session, of.round_id)
        if prepares and permitted(actor, Action.LINK).is_empty
        else None,
        "unsure": queries.count_unsure(session, of.round_id, scope),
        "with_others": queries.count_with_others(session, of.round_id, scope, actor.user_id),
        "not_found": 0 if year is None else queries.count_not_found(*where),  # type: ignore[arg-type]
        "communes": units.commune_names(
            session, queries.communes(session, of.round_id, scope), of.unit_vintage
        ).items(),
        "may_reconcile": _may_reconcile(session, actor, of.round_id),
        "is_queued": jobs.is_queued(session, "reconcile"),
        "worker_lost": jobs.is_worker_lost(session),
    }


def _pairs_for(session: Session, actor: Actor, filters: Filters, scope: Scope) -> list[Pair]:
    """The pairs that wait for this person; for whoever only looks on, all that wait."""
    decides = not permitted(actor, Action.LINK).is_empty
    model = models.active(session, str(filters.round_id))
    cut = 0.0 if model is None else model.cut_link
    reads_as = actor.user_id if decides else None
    return queries.waiting(session, str(filters.round_id), scope, reads_as, cut, filters.commune)


def _after(waiting: list[Pair], pair: Pair | None) -> Pair | None:
    """The pair that follows another in the order of the desk; from the last on to the first."""
    if pair is None or pair not in waiting:
        return waiting[0] if waiting else None
    others = [one for one in waiting if one != pair]
    return None if not others else waiting[(waiting.index(pair) + 1) % len(waiting)]


def _pair(session: Session, filters: Filters, pair: Pair, scope: Scope) -> Sides:
    found = queries.one(session, str(filters.round_id), pair, scope)
    if found is None:
        # The same words whether it does not exist or lies in a foreign area.
        raise NotFoundError(
            "pair_unknown",
            "Không có cặp này trong địa bàn của bạn.",
            "There is no such pair in your area.",
        )
    return found


def _to_read(actor: Actor, filters: Filters) -> Scope:
    return readable_to_act(actor, Action.LINK, Entity.LINKS, filters.purpose)


def _to_decide(actor: Actor) -> Scope:
    return permitted(actor, Action.LINK)


def _may_reconcile(session: Session, actor: Actor, round_id: str) -> bool:
    """Who prepares the round, and clerks of the whole province."""
    return any(
        round_id in of_rounds.within(session, permitted(actor, action)) for action in (Action.PREPARE, Action.LINK)
    )


def _event(action: str, kind: str, object_id: str | None, actor: Actor, filters: Filters) -> Event:
    return Event(action, kind, object_id, purpose_of(actor, filters.purpose))


def _lacks_purpose(actor: Actor, filters: Filters) -> bool:
    return filters.purpose is None and needs_purpose(actor, Entity.LINKS)


def _with_round(session: Session, filters: Filters) -> Filters:
    return replace(filters, round_id=rounds.choose(session, filters.round_id).round_id)
