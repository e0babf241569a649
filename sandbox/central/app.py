"""The stand-in as an ASGI application: routes, errors, the app user's key in the path, and (in tests) faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import (
    access,
    actor_properties,
    datasets,
    entity_odata,
    form_routes,
    odata,
    openrosa,
    sessions,
    submission_routes,
)
from .errors import Problem, authentication_failed, not_found, problem_response
from .faults import Faults
from .state import State
from .submissions import Schemas
from .web import authenticate


class KeyInPath:
    """`/v1/key/TOKEN/...` is `/v1/...` asked by the app user of that token."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw: bytes = scope["raw_path"]
            scope["full_path"] = raw
            parts = scope["path"].split("/", 4)
            if scope["path"].startswith("/v1/key/") and len(parts) == 5:
                scope = {
                    **scope,
                    "path": f"/v1/{parts[4]}",
                    "raw_path": b"/v1/" + raw.split(b"/", 4)[4],
                    "field_key": parts[3],
                }
        await self.app(scope, receive, send)


async def unknown_route(request: Request) -> Response:
    """401 before 404, as Central: who is not known learns nothing of what exists."""
    version = request.url.path.split("/")[1]
    if version != "v1":
        if version.startswith("v") and version[1:].isdigit():
            message = f"Unexpected an API version (accepts: 1) (got: {version[1:]})."
            raise Problem("404.3", message, {"got": version[1:]})
        raise Problem("404.2", "Expected an API version (eg /v1) at the start of the request URL.")
    try:
        authenticate(request)
    except Problem as problem:
        if problem.code == authentication_failed().code and request.url.path == "/v1/sessions":
            raise not_found() from problem
        raise
    raise not_found()


class AnyMethodRoute(Route):
    """A wrong method on a known path is not found, like in Central, and not 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.NONE, {}) if match is Match.PARTIAL else (match, child)


def create_app(state_file: Path, user: str, password: str, domain: str, *, faults: bool = False) -> ASGIApp:
    """The application over the state in `state_file`; `user` with `password` administers it.

    `domain` is the address that goes into links in answers, e.g. "http://127.0.0.1:8383".
    """
    store = State(state_file)
    sessions.ensure_admin(store, user, password)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        store.close()

    listed = [
        route
        for module in (
            sessions,
            access,
            actor_properties,
            odata,
            openrosa,
            form_routes,
            submission_routes,
            entity_odata,
            datasets,
        )
        for route in module.routes
    ]
    routes = [AnyMethodRoute(route.path, route.endpoint, methods=route.methods) for route in listed]
    app = Starlette(
        routes=[*routes, Route("/{path:path}", unknown_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])],
        exception_handlers={Problem: problem_response, submission_routes.MovedError: submission_routes.redirect},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.store = store
    app.state.schemas = Schemas(store)
    app.state.domain = domain
    app.state.check_password = lambda email, secret: sessions.check_password(store, email, secret)
    keyed: ASGIApp = KeyInPath(app)
    return Faults(keyed) if faults else keyed
