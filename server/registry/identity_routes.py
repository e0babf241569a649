"""Whose is it: the page of questions, the page of one household, and undoing with the consequences listed first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

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
from server.registry import deciding, identity_present
from server.registry.appearances import within
from server.registry.questions import Waiting, waiting
from server.registry.tables import IdentityEvent, IdentityQuestion
from server.rounds import service as rounds
from server.web.dependencies import RowNumber, database_of
from server.web.language import Language, language_of
from server.web.purpose import ask_purpose
from server.web.templating import render

router = APIRouter(prefix="/registry", include_in_schema=False)

LinksReader = Annotated[Actor, Depends(reader(Entity.LINKS))]
RegistryReader = Annotated[Actor, Depends(reader(Entity.REGISTRY))]
LanguageNow = Annotated[Language, Depends(language_of)]
Source = Annotated[str, Form(max_length=60)]
Number = Annotated[int, Form(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Chosen:
    """The round whose province is asked about, and the purpose: ids and codes only, for they stand in the address."""

    round_id: str | None = None
    purpose: Purpose | None = None

    def query(self, **more: str | int | None) -> str:
        """The address's query, `?` included; empty where nothing is chosen."""
        values = {"round": self.round_id, "purpose": None if self.purpose is None else self.purpose.value, **more}
        given = {name: value for name, value in values.items() if value is not None}
        return f"?{urlencode(given)}" if given else ""

    def at(self, key: tuple[str, int] | None) -> str:
        """The address of a question; of the page where it is None."""
        of = self.query() if key is None else self.query(source=key[0], number=key[1])
        return f"/registry/questions{of}"

    def household(self, household_id: str) -> str:
        """The address of a household's page."""
        return "/registry/households/" + quote(household_id, safe="") + self.query()


def chosen_of(
    round_id: Annotated[str | None, Query(alias="round", max_length=40)] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
) -> Chosen:
    """What an address asks for."""
    return Chosen(round_id or None, purpose)


ChosenNow = Annotated[Chosen, Depends(chosen_of)]


@router.get("/questions")
def questions(
    request: Request,
    actor: LinksReader,
    language: LanguageNow,
    chosen: ChosenNow,
    source: Annotated[str | None, Query(max_length=60)] = None,
    number: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The question named, or the first that waits."""
    if chosen.purpose is None and needs_purpose(actor, Entity.LINKS):
        return ask_purpose(request, "linkage")
    with database_of(request).session() as session:
        if not rounds.all_rounds(session):
            return render(request, "maps/none.html", {"round": None})
        of = rounds.choose(session, chosen.round_id)
        scope = readable_to_act(actor, Action.LINK, Entity.LINKS, chosen.purpose)
        found, at_desk = waiting(session, of.province_code, scope)
        shown = _named(found, (source, number)) if source and number else next(iter(found), None)
        # Written down before anything is shown, and in a transaction of its own.
        if shown is not None:
            append(session, actor.user_id, _reading("identity.read", shown, actor, chosen))
    with database_of(request).session() as session:
        of = rounds.get(session, of.round_id)
        decides = not permitted(actor, Action.LINK).is_empty
        keys = [one.key for one in found]
        last = deciding.last_answer(session, of.province_code, actor) if decides else None
        context = {
            "round": of,
            "chosen": chosen,
            "assigned": not scope.is_empty,
            "decides": decides,
            "waiting": len(found),
            "at_desk": at_desk,
            "place": None if shown is None else keys.index(shown.key) + 1,
            "after": None if shown is None or len(keys) < 2 else keys[(keys.index(shown.key) + 1) % len(keys)],
            "before": None if shown is None or len(keys) < 2 else keys[keys.index(shown.key) - 1],
            "last": last,
            "question": None
            if shown is None
            else identity_present.question(session, shown, of.unit_vintage, scope, language),
            **_counting(session),
        }
        return render(request, "registry/questions.html", context)


@router.post("/questions/answer")
def answer(
    request: Request,
    actor: LinksReader,
    chosen: ChosenNow,
    source: Source,
    number: Number,
    asked: Annotated[str, Form(max_length=100)],
    choice: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Record what the clerk says: the part, or the household, of `choice`; empty: of its own. On to the next."""
    with database_of(request).session() as session:
        of = rounds.choose(session, chosen.round_id)
        scope = _to_decide(actor)
        shown = _named(waiting(session, of.province_code, scope)[0], (source, number))
        if asked not in shown.question.codes:
            # The source was identified again meanwhile, and another question has the number.
            raise deciding.question_changed()
        deciding.answer(session, shown.question, choice or None, actor=actor)
        left = [one.key for one in waiting(session, of.province_code, scope)[0]]
        following = next((key for key in left if key > shown.key), next(iter(left), None))
        _count_again(session)
        append(session, actor.user_id, _reading("identity.answer", shown, actor, chosen))
    return RedirectResponse(chosen.at(following), 303)


@router.post("/questions/undo")
def undo_answer(request: Request, actor: LinksReader, chosen: ChosenNow, source: Source, number: Number) -> Response:
    """Hoàn tác: take back what one answered oneself, and show the question again."""
    with database_of(request).session() as session:
        _to_decide(actor)
        of = rounds.choose(session, chosen.round_id)
        question = session.get(IdentityQuestion, (of.province_code, source, number))
        if question is None:
            raise NotFoundError("decision_unknown", "Không có quyết định này.", "There is no such decision.")
        deciding.take_back(session, question, actor=actor)
        _count_again(session)
        append(
            session, actor.user_id, [_event("identity.undo", "identity_question", f"{source}/{number}", actor, chosen)]
        )
    return RedirectResponse(chosen.at((source, number)), 303)


@router.get("/households/{household_id}")
def household(
    request: Request, actor: RegistryReader, language: LanguageNow, chosen: ChosenNow, household_id: str
) -> Response:
    """One household over the years; who looked at it stands in the access log."""
    if chosen.purpose is None and needs_purpose(actor, Entity.REGISTRY):
        return ask_purpose(request, "movements")
    with database_of(request).session() as session:
        of = rounds.choose(session, chosen.round_id)
        context = identity_present.household(session, actor, of, household_id, chosen.purpose, language)
        append(session, actor.user_id, [_event("household.read", "household", household_id, actor, chosen)])
        context |= {"round": of, "chosen": chosen, **_counting(session)}
    return render(request, "registry/household.html", context)


@router.post("/households/{household_id}/came")
def came(
    request: Request,
    actor: RegistryReader,
    language: LanguageNow,
    chosen: ChosenNow,
    household_id: str,
    arrived: Annotated[bool, Form()],
) -> Response:
    """Chuyển đến: the household was poor or near-poor where it came from; or that is taken back."""
    with database_of(request).session() as session:
        _to_decide(actor)
        of = rounds.choose(session, chosen.round_id)
        shown = identity_present.household(session, actor, of, household_id, chosen.purpose, language)
        deciding.set_arrived(session, of.province_code, shown["first"], arrived=arrived, actor=actor)
        _count_again(session)
        append(session, actor.user_id, [_event("household.came", "household", household_id, actor, chosen)])
    return RedirectResponse(chosen.household(household_id), 303)


@router.get("/events/{event_id}/undo")
def undoing(
    request: Request,
    actor: RegistryReader,
    language: LanguageNow,
    chosen: ChosenNow,
    event_id: RowNumber,
    household_id: Annotated[str | None, Query(alias="household", max_length=20)] = None,
) -> Response:
    """What undoing a link, split or merger would change, before a person does it."""
    with database_of(request).session() as session:
        event = _own_event(session, actor, event_id)
        context = identity_present.undoing(session, event, language)
        append(
            session, actor.user_id, [_event("identity.consequences", "identity_event", str(event_id), actor, chosen)]
        )
        return render(request, "registry/undo.html", context | {"chosen": chosen, "back": household_id})


@router.post("/events/{event_id}/undo")
def undo(
    request: Request,
    actor: RegistryReader,
    chosen: ChosenNow,
    event_id: RowNumber,
    household_id: Annotated[str | None, Form(alias="household", max_length=20)] = None,
) -> Response:
    """Undo a wrong link, split or merger."""
    with database_of(request).session() as session:
        _own_event(session, actor, event_id)
        deciding.undo_event(session, event_id, actor=actor)
        _count_again(session)
        append(session, actor.user_id, [_event("identity.undo", "identity_event", str(event_id), actor, chosen)])
    return RedirectResponse(chosen.household(household_id) if household_id else "/movements", 303)


def _named(found: list[Waiting], key: tuple[str, int]) -> Waiting:
    shown = next((one for one in found if one.key == key), None)
    if shown is None:
        # The same words whether it was answered, does not exist or lies in a foreign area.
        raise NotFoundError(
            "identity_question_unknown",
            "Không có câu hỏi này trong số câu đang chờ ở địa bàn của bạn.",
            "There is no such question among those that wait in your area.",
        )
    return shown


def _own_event(session: Session, actor: Actor, event_id: int) -> IdentityEvent:
    """An event of a household that this person may link; for everyone else there is none."""
    from reconciliation.identity import Appearance

    scope = _to_decide(actor)
    event = session.get(IdentityEvent, event_id)
    if event is None or not within(session, event.province_code, [Appearance(event.source, event.code)], scope):
        raise NotFoundError(
            "identity_event_unknown",
            "Không có sự kiện này trong địa bàn của bạn.",
            "There is no such event in your area.",
        )
    return event


def _to_decide(actor: Actor) -> Scope:
    scope = permitted(actor, Action.LINK)
    if scope.is_empty:
        raise Refused("not_allowed")
    return scope


def _count_again(session: Session) -> None:
    """Have the worker count the movements again; one that waits already is enough."""
    if not jobs.is_queued(session, "recount"):
        jobs.enqueue(session, "recount")


def _counting(session: Session) -> dict[str, Any]:
    return {"is_queued": jobs.is_queued(session, "recount"), "worker_lost": jobs.is_worker_lost(session)}


def _reading(action: str, of: Waiting, actor: Actor, chosen: Chosen) -> list[Event]:
    """What was read or answered of a question: each side by its id."""
    kind = "interview" if of.question.source.startswith("round/") else "registry_household"
    return [
        *(
            _event(action, kind, "/".join(one) if kind == "registry_household" else one.code, actor, chosen)
            for one in of.asked
        ),
        *(_event(action, "household", household_id, actor, chosen) for household_id in of.households),
    ]


def _event(action: str, kind: str, object_id: str, actor: Actor, chosen: Chosen) -> Event:
    return Event(action, kind, object_id, purpose_of(actor, chosen.purpose))
