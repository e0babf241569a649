"""The page of a poverty standard: figures and rules with wording, source, status, and conditions in words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from poverty.page import body
from server.accounts.access import Entity, reads
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.accounts.errors import Refused
from server.errors import NotFoundError
from server.standards import service
from server.web.templating import render

router = APIRouter(prefix="/standards", include_in_schema=False)


@router.get("/{standard_id}")
def standard_page(
    request: Request, actor: Annotated[Actor, Depends(reader(Entity.ROUNDS))], standard_id: str
) -> Response:
    """The standard, in both languages: it is law, the same for everyone who sees rounds."""
    if not reads(actor, Entity.ROUNDS):
        raise Refused("no_area")
    found = next((one for one in service.at_hand() if one.id == standard_id), None)
    if found is None:
        raise NotFoundError("standard_missing", "Không có chuẩn nghèo này.", "There is no such standard.")
    context = {"section": "rounds", "standard": found, "body": body(found, service.answer_words())}
    return render(request, "standards/show.html", context)
