"""The page that shows every component, for developers; answers 404 unless the service runs for them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.web.dependencies import settings_of
from server.web.templating import render

router = APIRouter(include_in_schema=False)


@router.get("/dev/components")
def components(request: Request) -> Response:
    if not settings_of(request).service.developer:
        raise HTTPException(404)
    return render(request, "dev/components.html", {"round": None})
