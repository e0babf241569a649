"""The page of resident households and persons by commune: read, typed with source and date, with its history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts.access import Action, Entity, permitted, readable, reads
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.accounts.errors import Refused
from server.accounts.service import usernames
from server.audit.service import Event, append
from server.errors import UserError
from server.rounds import service as rounds
from server.rounds.tables import Round
from server.units import service
from server.units.service import Figures, NumberError
from server.web.dependencies import database_of
from server.web.language import Language, language_of
from server.web.templating import render

router = APIRouter(prefix="/units", include_in_schema=False)

ActorNow = Annotated[Actor, Depends(reader(Entity.AGGREGATES))]
LanguageNow = Annotated[Language, Depends(language_of)]
RoundId = Annotated[str | None, Query(alias="round", max_length=40)]
Year = Annotated[int | None, Query(ge=service.YEARS[0], le=service.YEARS[-1])]
#: The longest thing that is a number; more is cut before it is looked at.
_LONGEST = 20


async def _form(request: Request) -> FormData:
    return await request.form()


@router.get("/residents")
def residents_page(request: Request, actor: ActorNow, round_id: RoundId = None, year: Year = None) -> Response:
    """The figures of a year (the round's) of the communes within the reader's area."""
    with database_of(request).session() as session:
        context = _context(session, actor, _round(session, actor, round_id), year)
    return render(request, "units/residents.html", context)


@router.post("/residents")
def save(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    form: Annotated[FormData, Depends(_form)],
    round_id: RoundId = None,
    year: Year = None,
) -> Response:
    """Store what was typed: `h-<code>` and `p-<code>` for each commune, one source and date for what changed.

    Nothing is stored when anything is wrong; the page then shows what was typed, with what is wrong beside it.
    """
    typed = {name: str(value).strip()[:_LONGEST] for name, value in form.items() if name[:2] in ("h-", "p-")}
    source, day = str(form.get("source", "")).strip()[:200], str(form.get("source_date", "")).strip()[:_LONGEST]
    with database_of(request).session() as session:
        of = _round(session, actor, round_id)
        of_year = year or of.review_date.year
        mine = service.communes_within(session, of.unit_vintage, of.province_code, permitted(actor, Action.PREPARE))
        if not mine:
            raise Refused("not_allowed")
        figures, wrong = _read({name: value for name, value in typed.items() if name[2:] in mine}, language)
        held = service.residents_of(session, of_year, of.unit_vintage, of.province_code)
        changed = {code: new for code, new in figures.items() if new != _figures(held.get(code))}
        error = None
        if not wrong:
            try:
                _store(session, actor, of, of_year, changed, source, day)
            except UserError as problem:
                error = problem.vi if language == "vi" else problem.en
        if wrong or error:
            context = _context(session, actor, of, of_year)
            context |= {"wrong": wrong, "error": error, "source": source, "source_date": day}
            context["rows"] = [row | _typed(row, typed) for row in context["rows"]]
            return render(request, "units/residents.html", context, status=422)
    return RedirectResponse(f"/units/residents?round={of.round_id}&year={of_year}", status_code=303)


def _store(
    session: Session, actor: Actor, of: Round, year: int, changed: dict[str, Figures | None], source: str, day: str
) -> None:
    if not changed:
        return
    source_date = service.as_day(day) if day else None
    if source_date is None:
        raise UserError(
            "residents_date_missing",
            "Ghi ngày của số liệu, dạng 2026-09-01 hoặc 01/09/2026.",
            "Give the figures' date, as 2026-09-01 or 01/09/2026.",
        )
    service.set_residents(
        session,
        changed,
        year=year,
        on=of.unit_vintage,
        province_code=of.province_code,
        source=source,
        source_date=source_date,
        by=actor.user_id,
        now=datetime.now(UTC),
    )
    append(session, actor.user_id, [Event("residents.change", "commune", f"{year}:{code}") for code in sorted(changed)])


def _round(session: Session, actor: Actor, round_id: str | None) -> Round:
    if not reads(actor, Entity.AGGREGATES):
        raise Refused("no_area")
    return rounds.choose(session, round_id)


def _read(typed: dict[str, str], language: Language) -> tuple[dict[str, Figures | None], dict[str, str]]:
    """The figures typed by commune code, and what is wrong by commune code."""
    figures, wrong = {}, {}
    for code in sorted({name[2:] for name in typed}):
        try:
            figures[code] = service.read_figures(typed.get(f"h-{code}"), typed.get(f"p-{code}"))
        except NumberError as error:
            wrong[code] = error.vi if language == "vi" else error.en
    return figures, wrong


def _figures(held: Any) -> Figures | None:
    return None if held is None else Figures(held.households, held.persons)


def _typed(row: dict[str, Any], typed: dict[str, str]) -> dict[str, Any]:
    code = row["code"]
    return {
        "households": typed.get(f"h-{code}", row["households"]),
        "persons": typed.get(f"p-{code}", row["persons"]),
    }


def _context(session: Session, actor: Actor, of: Round, year: int | None) -> dict[str, Any]:
    of_year = year or of.review_date.year
    place = (of.unit_vintage, of.province_code)
    seen = service.communes_within(session, *place, readable(actor, Entity.AGGREGATES))
    if not seen:
        raise Refused("no_area")
    mine = service.communes_within(session, *place, permitted(actor, Action.PREPARE))
    official = service.units_on(session, *place)
    held = {code: one for code, one in service.residents_of(session, of_year, *place).items() if code in seen}
    changes = [one for one in service.residents_history(session, of_year, *place) if one.commune_code in seen]
    names = usernames(session, {one.changed_by for one in changes})
    rows = [
        {
            "code": code,
            "name": official.loc[code, "name"],
            "editable": code in mine,
            "households": one.households if (one := held.get(code)) else None,
            "persons": one.persons if one else None,
            "source": one.source if one else None,
            "source_date": one.source_date if one else None,
        }
        for code in official.index
        if code in seen
    ]
    known = [one for one in held.values() if one.persons is not None]
    return {
        "section": "residents",
        "round": of,
        "rounds": rounds.all_rounds(session),
        "year": of_year,
        "rows": rows,
        "editable": bool(mine & seen),
        "total_households": sum(one.households for one in held.values()) if held else None,
        "total_persons": sum(one.persons or 0 for one in known) if known else None,
        "missing": len(rows) - len(held),
        "changes": [
            {
                "change": one,
                "name": official.loc[one.commune_code, "name"],
                "by": names.get(one.changed_by, one.changed_by),
            }
            for one in changes
        ],
        "wrong": {},
        "error": None,
        "source": "",
        "source_date": "",
    }
