"""Who asks, for every route: the actor of the request, the roles a route requires, and the second token of a form.

    app = FastAPI(dependencies=EVERY_REQUEST)          # first `identify`, then `check_csrf`
    app.add_middleware(VisitorCookie, policy=policy)
    app.state.accounts = Accounts(...)

    def page(request: Request, actor: Annotated[Actor, Depends(require(Role.SUPERVISOR))]) -> Response: ...

Every browser has a random token in its cookie: of a session in the database, or of a visitor who is not logged in.
Forms carry `request.state.csrf_token`, made from it, in the field `csrf_token` or the header `X-CSRF-Token`
(htmx: `hx-headers` on the body). A request with `Authorization: Bearer` is a program's: its cookie counts for
nothing, and what it may do is named by scopes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.accounts.access import Entity, reads
from server.accounts.actor import Actor, Role
from server.accounts.errors import Refused
from server.accounts.login import Accounts, actor_of_session, actor_of_token
from server.accounts.policy import AccountPolicy
from server.accounts.tokens import csrf_matches, csrf_token, looks_like_token, new_token

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD, CSRF_HEADER = "csrf_token", "x-csrf-token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class VisitorCookie:
    """ASGI middleware: `request.state.browser_token` is the token of the cookie, a new one where there is none."""

    def __init__(self, app: ASGIApp, policy: AccountPolicy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = HTTPConnection(scope).cookies.get(self.policy.cookie_name, "")
        known = looks_like_token(given)
        token = given if known else new_token()
        state = scope.setdefault("state", {})
        state["browser_token"], state["new_visitor"] = token, not known

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not known:
                headers = MutableHeaders(scope=message)
                # Only a page has forms; what a program gets, or a cache keeps, has no cookie.
                if headers.get("content-type", "").startswith("text/html"):
                    carrier = Response()
                    set_browser_token(carrier, token, self.policy)
                    headers.append("set-cookie", carrier.headers["set-cookie"])
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def set_browser_token(response: Response, token: str, policy: AccountPolicy) -> None:
    """Give the browser a token: for this host only, not readable by scripts, not sent by other sites' forms."""
    response.set_cookie(
        policy.cookie_name, token, path="/", httponly=True, samesite="lax", secure=policy.secure_cookies
    )


def accounts_of(request: Request) -> Accounts:
    """The service's accounts."""
    return cast(Accounts, request.app.state.accounts)


def identify(request: Request) -> None:
    """Find who asks and keep it as `request.state.actor` (None: anonymous). A bad bearer token is refused."""
    accounts = accounts_of(request)
    request.state.csrf_token = csrf_token(request.state.browser_token)
    bearer = _bearer(request)
    if bearer is not None:
        request.state.actor = actor_of_token(accounts, bearer)
        if request.state.actor is None:
            raise Refused("not_logged_in")
        return
    # A token made for this answer belongs to no session: nothing to look up.
    session = None if request.state.new_visitor else actor_of_session(accounts, request.state.browser_token)
    request.state.actor = session or accounts.demo_actor


async def check_csrf(request: Request) -> None:
    """Refuse a write by a browser without the second token that belongs to its cookie."""
    if request.method in SAFE_METHODS or _bearer(request) is not None:
        return
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if given is None or not csrf_matches(request.state.browser_token, given):
        raise Refused("csrf")


#: Dependencies of the whole application, in this order.
EVERY_REQUEST = [Depends(identify), Depends(check_csrf)]


def visitor(request: Request) -> Actor | None:
    """Who asks, or None."""
    return cast("Actor | None", request.state.actor)


def current_actor(request: Request) -> Actor:
    """Who asks; anonymous is refused. A program's token may only read here: a route that a token may write through
    names its scope with `require`."""
    actor = visitor(request)
    if actor is None:
        raise Refused("not_logged_in")
    if actor.scopes is not None and request.method not in SAFE_METHODS:
        raise Refused("not_allowed")
    return actor


def require(*roles: Role, scope: str | None = None) -> Callable[[Request], Actor]:
    """A dependency that lets in a person with one of the roles (any person, if none is named), and a program's token
    only if it holds `scope`."""

    def required(request: Request) -> Actor:
        actor = visitor(request)
        if actor is None:
            raise Refused("not_logged_in")
        if actor.scopes is not None and (scope is None or scope not in actor.scopes):
            raise Refused("not_allowed")
        if roles and not actor.has(*roles):
            raise Refused("not_allowed")
        return actor

    return required


def reader(entity: Entity) -> Callable[[Request], Actor]:
    """A dependency that lets in who reads `entity` somewhere; what of it, `readable` says. Who holds no role at all
    comes in too, to be told that no area is assigned: an empty scope shows nothing."""

    def required(request: Request) -> Actor:
        actor = current_actor(request)
        if not reads(actor, entity) and (actor.grants or actor.scopes is not None):
            raise Refused("not_allowed")
        return actor

    return required


def person(request: Request) -> Actor:
    """A person with an account of their own at the browser: no token, and not the demo's visitor."""
    actor = require()(request)
    if actor.is_demo:
        raise Refused("not_allowed")
    return actor


def login_redirect(request: Request, error: Exception) -> Response | None:
    """For the application's error handler: where a browser goes instead of an answer 401; None for everything else."""
    if not isinstance(error, Refused) or error.code != "not_logged_in" or _bearer(request) is not None:
        return None
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    if request.method not in SAFE_METHODS or "text/html" not in request.headers.get("accept", ""):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/login?next={quote(request.url.path + query, safe='/')}", status_code=303)


def safe_next(address: str) -> str:
    """Where to go after logging in: a path of this service, else the front page."""
    ok = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ok and "\\" not in address else "/"


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None
