"""Logging in and out, the link that sets a password, and the person's own account."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from server.accounts import login, own, queries, totp
from server.accounts.access import TOKEN_SCOPES
from server.accounts.actor import Actor
from server.accounts.dependencies import accounts_of, person, safe_next, set_browser_token, visitor
from server.accounts.errors import Refused
from server.accounts.login import Accounts
from server.accounts.tables import User
from server.accounts.tokens import csrf_token, new_token
from server.web.dependencies import RowNumber
from server.web.templating import render

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=400)]
#: A long text costs argon2 nothing: the length is looked at first.
Password = Annotated[str, Form(max_length=1000)]
Service = Annotated[Accounts, Depends(accounts_of)]
Person = Annotated[Actor, Depends(person)]
Next = Annotated[str, Query(alias="next", max_length=400)]
NextField = Annotated[str, Form(alias="next", max_length=400)]


# -- in and out -------------------------------------------------------------------------------------------------


@router.get("/login")
def login_form(request: Request, next_page: Next = "/") -> Response:
    """The form; who is logged in already goes on."""
    actor = visitor(request)
    if actor is not None and not actor.is_demo:
        return RedirectResponse(safe_next(next_page), status_code=303)
    return render(request, "accounts/login.html", {"error": None, "next": safe_next(next_page)})


@router.post("/login")
def login_step(
    request: Request, accounts: Service, username: Text = "", password: Password = "", next_page: NextField = "/"
) -> Response:
    """Name and password; on to the code where the person has one."""
    going = safe_next(next_page)
    try:
        begun = login.log_in(accounts, username, password, _address(request), request.state.browser_token)
    except Refused as error:
        return render(request, "accounts/login.html", {"error": error, "next": going}, status=error.status)
    if begun.needs_code:
        request.state.csrf_token = csrf_token(begun.token)  # the next form belongs to the new cookie
        answer: Response = render(request, "accounts/code.html", {"error": None, "next": going})
    else:
        answer = RedirectResponse(going, status_code=303)
    set_browser_token(answer, begun.token, accounts.policy)
    return answer


@router.post("/login/code")
def code_step(request: Request, accounts: Service, code: Text = "", next_page: NextField = "/") -> Response:
    """The code of the authenticator app."""
    going = safe_next(next_page)
    try:
        begun = login.give_code(accounts, request.state.browser_token, code, _address(request))
    except Refused as error:
        again = "accounts/code.html" if error.code == "code_failed" else "accounts/login.html"
        return render(request, again, {"error": error, "next": going}, status=error.status)
    answer = RedirectResponse(going, status_code=303)
    set_browser_token(answer, begun.token, accounts.policy)
    return answer


@router.post("/logout")
def log_out(request: Request, accounts: Service) -> Response:
    """End the session; the browser goes on as a visitor with another token."""
    login.log_out(accounts, request.state.browser_token)
    answer = RedirectResponse("/login", status_code=303)
    set_browser_token(answer, new_token(), accounts.policy)
    return answer


# -- the link that sets a password ------------------------------------------------------------------------------


@router.get("/reset/{link}")
def reset_form(request: Request, accounts: Service, link: str) -> Response:
    """The form behind a link; looking at it does not use the link up."""
    good = own.link_is_good(accounts, link)
    error = None if good else Refused("link_bad")
    # No other site and no image learns the address, which holds the link.
    return render(
        request,
        "accounts/reset.html",
        {"error": error, "good": good},
        status=200 if good else 410,
        headers={"Referrer-Policy": "no-referrer"},
    )


@router.post("/reset/{link}")
def reset(request: Request, accounts: Service, link: str, password: Password = "", again: Password = "") -> Response:
    """Set the password; the person then logs in with it."""
    try:
        if password != again:
            raise Refused("password_differs")
        own.set_password_by_link(accounts, link, password)
    except Refused as error:
        context = {"error": error, "good": error.code != "link_bad"}
        headers = {"Referrer-Policy": "no-referrer"}
        return render(request, "accounts/reset.html", context, status=error.status, headers=headers)
    return RedirectResponse("/login", status_code=303)


# -- the own account --------------------------------------------------------------------------------------------


@router.get("/account")
def account(request: Request, accounts: Service, actor: Person) -> Response:
    """Roles, password, second step, tokens, conflicts."""
    return _account_page(request, accounts, actor)


@router.post("/account/password")
def change_password(
    request: Request, accounts: Service, actor: Person, old: Password = "", new: Password = "", again: Password = ""
) -> Response:
    try:
        if new != again:
            raise Refused("password_differs")
        token = own.change_password(accounts, actor, old, new)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    answer = RedirectResponse("/account", status_code=303)
    set_browser_token(answer, token, accounts.policy)
    return answer


@router.post("/account/totp")
def begin_totp(request: Request, accounts: Service, actor: Person) -> Response:
    try:
        own.begin_totp(accounts, actor)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    return RedirectResponse("/account#totp", status_code=303)


@router.get("/account/totp.svg")
def totp_picture(accounts: Service, actor: Person) -> Response:
    """The QR code of an enrolment that is not confirmed yet; drawn here, no other service sees the secret."""
    pending = own.pending_totp(accounts, actor)
    if pending is None:
        raise Refused("totp_none")
    return Response(totp.qr_svg(pending[1]), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@router.post("/account/totp/confirm")
def confirm_totp(request: Request, accounts: Service, actor: Person, code: Text = "") -> Response:
    try:
        own.confirm_totp(accounts, actor, code)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    return RedirectResponse("/account#totp", status_code=303)


@router.post("/account/totp/end")
def end_totp(request: Request, accounts: Service, actor: Person, password: Password = "") -> Response:
    try:
        own.end_totp(accounts, actor, password)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    return RedirectResponse("/account#totp", status_code=303)


@router.post("/account/tokens")
def create_token(
    request: Request,
    accounts: Service,
    actor: Person,
    scopes: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    name: Text = "",
    days: Annotated[int, Form()] = 90,
) -> Response:
    """Make a token and show it on the page that answers, this once."""
    try:
        token = own.create_token(accounts, actor, name, scopes, days)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    return _account_page(request, accounts, actor, token=token)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(request: Request, accounts: Service, actor: Person, token_id: RowNumber) -> Response:
    try:
        own.revoke_token(accounts, actor, token_id)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    return RedirectResponse("/account#tokens", status_code=303)


@router.post("/account/conflicts")
def declare_conflict(
    request: Request, accounts: Service, actor: Person, kind: Text = "household", reference: Text = ""
) -> Response:
    try:
        with accounts.database.session() as session:
            own.declare_conflict(accounts, session, actor, kind, reference)
    except Refused as error:
        return _account_page(request, accounts, actor, error=error)
    return RedirectResponse("/account#conflicts", status_code=303)


def _account_page(
    request: Request, accounts: Accounts, actor: Actor, error: Refused | None = None, token: str | None = None
) -> Response:
    with accounts.database.session() as session:
        user = session.get(User, actor.user_id)
        context: dict[str, Any] = {
            "error": error,
            "new_token": token,
            "user": user,
            "grants": actor.grants,
            "tokens": queries.tokens_of(session, actor.user_id),
            "conflicts": queries.conflicts_of(session, actor.user_id),
            "scopes": sorted(TOKEN_SCOPES),
            "now": accounts.clock(),
        }
    context["pending"] = own.pending_totp(accounts, actor)
    return render(request, "accounts/account.html", context, status=error.status if error else 200)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"
