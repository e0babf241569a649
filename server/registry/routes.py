"""The page of movements (diễn biến), and the households behind its figures."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from server.accounts.access import Entity, needs_purpose
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.audit.duty import purpose_of
from server.audit.service import Event, Purpose, append
from server.registry import present
from server.rounds import service as rounds
from server.web.dependencies import database_of
from server.web.language import Language, language_of
from server.web.purpose import ask_purpose
from server.web.templating import render

router = APIRouter(include_in_schema=False)

LanguageNow = Annotated[Language, Depends(language_of)]
RoundId = Annotated[str | None, Query(alias="round", max_length=40)]
ListName = Annotated[Literal["poor", "near_poor"], Query(alias="list")]


@router.get("/movements")
def movements(
    request: Request,
    actor: Annotated[Actor, Depends(reader(Entity.AGGREGATES))],
    language: LanguageNow,
    round_id: RoundId = None,
    name: ListName = "poor",
) -> Response:
    """Report form 2 (poor) or 3 (near-poor) of a round, by commune."""
    with database_of(request).session() as session:
        known = rounds.all_rounds(session)
        if not known:
            return render(request, "maps/none.html", {"round": None})
        of = rounds.choose(session, round_id)
        context = present.page(session, actor, of, name, language) | {"rounds": known}
    return render(request, "registry/movements.html", context)


@router.get("/movements/households")
def households(
    request: Request,
    actor: Annotated[Actor, Depends(reader(Entity.REGISTRY))],
    language: LanguageNow,
    column: Annotated[str, Query(pattern="^(" + "|".join(present.DRILLED) + ")$")],
    round_id: RoundId = None,
    name: ListName = "poor",
    commune: Annotated[str | None, Query(pattern=r"^\d{5}$")] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
) -> Response:
    """The households that a figure counts; who looked at them stands in the access log."""
    if purpose is None and needs_purpose(actor, Entity.REGISTRY):
        return ask_purpose(request, "movements")
    with database_of(request).session() as session:
        of = rounds.choose(session, round_id)
        context = present.households(session, actor, of, name, column, commune, purpose, language)
        why = purpose_of(actor, purpose)
        seen = [Event("movement.read", "household", one.household_id, why) for one in context.pop("found")]
        append(session, actor.user_id, seen)
    return render(request, "registry/households.html", context)
