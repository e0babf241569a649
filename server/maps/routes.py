"""The map page, the panel of a commune, and `/api/v1/communes` in JSON and GeoJSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from server.accounts.access import Entity, home_of
from server.accounts.actor import Actor
from server.accounts.dependencies import current_actor, reader
from server.errors import UserError
from server.maps import present, service
from server.maps.indicators import INDICATORS
from server.maps.schemas import CommunesOut
from server.rounds import service as rounds
from server.web.dependencies import database_of
from server.web.language import Language, language_of
from server.web.templating import render

router = APIRouter(tags=["communes"])

RoundId = Annotated[str | None, Query(alias="round", max_length=40, description="the latest when left out")]
IndicatorId = Annotated[str, Query(alias="indicator", description=", ".join(INDICATORS))]
BasisName = Annotated[Literal["proposed", "official"], Query(description="our proposal, or decided classes only")]
ActorNow = Annotated[Actor, Depends(reader(Entity.AGGREGATES))]
LanguageNow = Annotated[Language, Depends(language_of)]


@router.get("/", include_in_schema=False)
def map_page(
    request: Request,
    actor: Annotated[Actor, Depends(current_actor)],
    language: LanguageNow,
    round_id: RoundId = None,
    indicator: IndicatorId = "rate_poor",
    basis: BasisName = "proposed",
    commune: Annotated[str | None, Query(pattern=r"^\d{5}$")] = None,
) -> Response:
    """The map, its table, and the panel of a commune when one is named. Whose work is elsewhere goes on there."""
    if (home := home_of(actor)) != "/":
        return RedirectResponse(home, status_code=303)
    with database_of(request).session() as session:
        known = rounds.all_rounds(session)
        if not known:
            return render(request, "maps/none.html", {"round": None})
        shown = service.view(session, actor, round_id=round_id, indicator_id=indicator, basis=basis, language=language)
        context = present.page(shown, language) | {"rounds": known, "commune": None}
        # A link into another round may name a commune that this one does not have.
        if commune is not None and commune in shown.table.index:
            causes = service.commune_causes(session, actor, shown.round.round_id, commune)
            context["commune"] = present.panel(shown, commune, causes, language)
        context["has_cells"] = shown.sources.is_boundary is not None
    return render(request, "maps/map.html", context)


@router.get("/communes/{code}", include_in_schema=False)
def commune_panel(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    code: str,
    round_id: RoundId = None,
    indicator: IndicatorId = "rate_poor",
    basis: BasisName = "proposed",
) -> Response:
    """The panel of a commune alone, for the map page."""
    with database_of(request).session() as session:
        shown = service.view(session, actor, round_id=round_id, indicator_id=indicator, basis=basis, language=language)
        causes = service.commune_causes(session, actor, shown.round.round_id, code)
        context = {"commune": present.panel(shown, code, causes, language), "round": shown.round}
    return render(request, "maps/panel.html", context | present.chosen(shown))


@router.get(
    "/api/v1/communes",
    response_model=CommunesOut,
    responses={200: {"content": {"application/geo+json": {}}, "description": "JSON, or GeoJSON when asked for"}},
)
def communes(
    request: Request,
    actor: ActorNow,
    language: LanguageNow,
    round_id: RoundId = None,
    indicator: IndicatorId = "rate_poor",
    basis: BasisName = "proposed",
    f: Annotated[Literal["json", "geojson"] | None, Query(description="wins over the Accept header")] = None,
) -> Any:
    """Counts and rates by commune. GeoJSON (`f=geojson`, or `Accept: application/geo+json`) adds the shapes."""
    with database_of(request).session() as session:
        shown = service.view(session, actor, round_id=round_id, indicator_id=indicator, basis=basis, language=language)
        if f != "geojson" and (f == "json" or "application/geo+json" not in request.headers.get("accept", "")):
            return present.as_json(shown, language)
        cells = service.cells(session, shown.round)
    if cells is None:
        raise UserError(
            "boundaries_missing",
            "Chưa có ranh giới xã. Nhập lớp ranh giới: rasoat geo import.",
            "There are no commune boundaries. Import a layer: rasoat geo import.",
        )
    return Response(present.as_geojson(shown, cells), media_type="application/geo+json")
