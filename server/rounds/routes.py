"""The page of review rounds (đợt rà soát): create, move deadlines, open, close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts.access import Action, Entity, permitted, reads
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.accounts.errors import Refused
from server.audit.service import Event, append
from server.errors import UserError
from server.rounds import queries, service
from server.rounds.tables import KINDS, SCOPES, Round
from server.standards import service as standards
from server.units import service as units
from server.web.dependencies import database_of
from server.web.formats import ZONE
from server.web.language import Language, language_of
from server.web.templating import render

router = APIRouter(prefix="/rounds", include_in_schema=False)

ActorNow = Annotated[Actor, Depends(reader(Entity.ROUNDS))]
LanguageNow = Annotated[Language, Depends(language_of)]
Text = Annotated[str, Form(max_length=60)]
_EMPTY = dict.fromkeys(
    ("round_id", "kind", "scope", "review_date", "standard_id", "unit_vintage", "opens_on", "meetings_by", "closes_on"),
    "",
)


@router.get("")
def rounds_page(request: Request, actor: ActorNow, language: LanguageNow) -> Response:
    """Every round, with what is still missing before it can begin."""
    return _page(request, actor, language)


@router.post("")
def create(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    round_id: Text = "",
    province_code: Text = "",
    kind: Text = "annual",
    scope: Text = "annual",
    review_date: Text = "",
    standard_id: Text = "",
    unit_vintage: Text = "",
    opens_on: Text = "",
    meetings_by: Text = "",
    closes_on: Text = "",
) -> Response:
    """Create a round; the standard and the units are those of its review date where none are named."""
    typed = {
        "round_id": round_id,
        "kind": kind,
        "scope": scope,
        "review_date": review_date,
        "standard_id": standard_id,
        "unit_vintage": unit_vintage,
        "opens_on": opens_on,
        "meetings_by": meetings_by,
        "closes_on": closes_on,
    }

    def work(session: Session) -> None:
        if province_code not in units.provinces_within(session, permitted(actor, Action.PREPARE)):
            raise Refused("not_allowed")
        day = _day(review_date)
        if day is None:
            raise UserError(
                "round_review_date",
                "Ghi ngày rà soát: mọi tuổi và 12 tháng thu nhập tính đến ngày này.",
                "Give the review date: ages and 12 months of income count to it.",
            )
        vintage = _day(unit_vintage) or day
        units.units_on(session, vintage, province_code)
        service.create(
            session,
            round_id.strip(),
            province_code=province_code,
            review_date=day,
            kind=kind,
            scope=scope,
            standard_id=standard_id or None,
            unit_vintage=vintage,
            opens_on=_day(opens_on),
            meetings_by=_day(meetings_by),
            closes_on=_day(closes_on),
        )
        append(session, actor.user_id, [Event("round.create", "round", round_id.strip())])

    return _done(request, actor, language, work, typed)


@router.post("/{round_id}/deadlines")
def deadlines(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    round_id: str,
    opens_on: Text = "",
    meetings_by: Text = "",
    closes_on: Text = "",
) -> Response:
    """Move the deadlines of a round that is not closed."""

    def work(session: Session) -> None:
        _check(session, actor, round_id)
        service.set_deadlines(
            session, round_id, opens_on=_day(opens_on), meetings_by=_day(meetings_by), closes_on=_day(closes_on)
        )
        append(session, actor.user_id, [Event("round.deadlines", "round", round_id)])

    return _done(request, actor, language, work)


@router.post("/{round_id}/open")
def open_round(request: Request, actor: ActorNow, language: LanguageNow, round_id: str) -> Response:
    """Open a round: from now on its constants stay, and the worker pulls its interviews."""
    return _done(request, actor, language, lambda session: _advance(session, actor, round_id, "open"))


@router.post("/{round_id}/close")
def close_round(request: Request, actor: ActorNow, language: LanguageNow, round_id: str) -> Response:
    """Close a round, for good."""
    return _done(request, actor, language, lambda session: _advance(session, actor, round_id, "closed"))


def _advance(session: Session, actor: Actor, round_id: str, status: str) -> None:
    _check(session, actor, round_id)
    service.advance(session, round_id, status)
    append(session, actor.user_id, [Event(f"round.{status}", "round", round_id)])


def _check(session: Session, actor: Actor, round_id: str) -> None:
    """Raise `NotFoundError`, or `Refused` for a round that is not the actor's to prepare."""
    service.get(session, round_id)
    if round_id not in queries.within(session, permitted(actor, Action.PREPARE)):
        raise Refused("not_allowed")


def _done(
    request: Request,
    actor: Actor,
    language: Language,
    work: Callable[[Session], None],
    typed: dict[str, str] | None = None,
) -> Response:
    try:
        with database_of(request).session() as session:
            work(session)
    except Refused:
        raise
    except UserError as error:
        return _page(request, actor, language, error, typed)
    return RedirectResponse("/rounds", status_code=303)


def _page(
    request: Request,
    actor: Actor,
    language: Language,
    error: UserError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    if not reads(actor, Entity.ROUNDS):
        raise Refused("no_area")
    with database_of(request).session() as session:
        scope = permitted(actor, Action.PREPARE)
        context: dict[str, Any] = {
            "section": "rounds",
            "error": None if error is None else (error.vi if language == "vi" else error.en),
            "typed": _EMPTY | (typed or {}),
            "rounds": [_row(session, one) for one in service.all_rounds(session)],
            "mine": queries.within(session, scope),
            "provinces": units.provinces_within(session, scope),
            "standards": [
                (one.id, one.title.in_language(language), one.first_year, one.last_year) for one in standards.at_hand()
            ],
            "kinds": KINDS,
            "scopes": SCOPES,
            "today": datetime.now(UTC).astimezone(ZONE).date(),
        }
    return render(request, "rounds/list.html", context, status=error.status if error else 200)


def _row(session: Session, of: Round) -> dict[str, Any]:
    """A round with what its form needs before it can be published."""
    return {
        "round": of,
        "forms": service.forms_of(session, of.round_id),
        "communes": len(units.units_on(session, of.unit_vintage, of.province_code)),
        "villages": len(units.villages_frame(session, of.unit_vintage, of.province_code)),
        "residents": len(units.residents_of(session, of.review_date.year, of.unit_vintage, of.province_code)),
    }


def _day(text: str) -> date | None:
    """A day of a form. Raises `UserError`."""
    text = text.strip()
    if not text:
        return None
    day = units.as_day(text)
    if day is None:
        raise UserError(
            "option_day", "Ghi ngày dạng 2026-09-01 hoặc 01/09/2026.", "Give the day as 2026-09-01 or 01/09/2026."
        )
    return day
