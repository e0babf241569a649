"""All of the browser side put on an app: headers, static files, pages, errors."""

from __future__ import annotations

import mimetypes

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from server.attachments.routes import router as attachments
from server.central.routes import router as central
from server.linkage.routes import router as linkage
from server.maps.routes import router as maps
from server.registry.identity_routes import router as identity
from server.registry.routes import router as registry
from server.review.routes import router as review
from server.rounds.routes import router as rounds
from server.standards.routes import router as standards
from server.units.routes import router as units
from server.web import errors
from server.web.headers import SameOriginWrites, SecurityHeaders
from server.web.routes import router as web
from server.web.templating import STATIC

# A machine's own list may lack these, and `nosniff` then stops modules from loading.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("image/svg+xml", ".svg")


def install(app: FastAPI) -> None:
    """Add the pages to `app`, whose `state` must hold `database` and `settings` before the first request."""
    errors.install(app)
    app.add_middleware(SameOriginWrites)
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(maps)
    app.include_router(review)
    app.include_router(linkage)
    app.include_router(registry)
    app.include_router(identity)
    app.include_router(attachments)
    app.include_router(rounds)
    app.include_router(standards)
    app.include_router(central)
    app.include_router(units)
    app.include_router(web)
