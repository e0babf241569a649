"""The page that asks for which purpose households are read, before any is shown."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.audit.service import Purpose
from server.web.templating import render


def ask_purpose(request: Request, section: str) -> Response:
    """What the province's officer sees first; the choice comes back as `purpose` of the same address."""
    return render(request, "review/purpose.html", {"purposes": list(Purpose), "round": None, "section": section})
