"""Accounts as an administrator keeps them: people, roles, links, locks. No household is seen here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from server.accounts import people, queries
from server.accounts.access import Entity, readable
from server.accounts.actor import Actor, AreaKind, Role
from server.accounts.dependencies import accounts_of, require
from server.accounts.errors import Refused
from server.accounts.login import VIET_NAM, Accounts
from server.web.dependencies import RowNumber
from server.web.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

Text = Annotated[str, Form(max_length=400)]
Service = Annotated[Accounts, Depends(accounts_of)]
Administrator = Annotated[Actor, Depends(require(Role.ADMINISTRATOR))]


@router.get("/users")
def users(request: Request, accounts: Service, actor: Administrator) -> Response:
    """Every account with its roles."""
    return _page(request, accounts, actor)


@router.post("/users")
def create_user(
    request: Request,
    accounts: Service,
    actor: Administrator,
    username: Text = "",
    full_name: Text = "",
    enumerator: Text = "",
) -> Response:
    """Make an account; the page that answers shows the link that sets its password, this once."""

    def create(session: Session) -> str:
        return people.create_user(
            accounts, session, actor, username=username, full_name=full_name, enumerator=enumerator or None
        )[1]

    return _link_page(request, accounts, actor, create)


@router.post("/users/{user_id}/link")
def reset_link(request: Request, accounts: Service, actor: Administrator, user_id: str) -> Response:
    """A new link for a person who forgot the password, shown this once."""
    return _link_page(
        request, accounts, actor, lambda session: people.create_reset_link(accounts, session, actor, user_id)
    )


@router.post("/users/{user_id}/roles")
def give_role(
    request: Request,
    accounts: Service,
    actor: Administrator,
    user_id: str,
    role: Text = "",
    area_kind: Text = "",
    area_code: Text = "",
    valid_from: Text = "",
    valid_to: Text = "",
) -> Response:
    def give(session: Session) -> None:
        try:
            chosen, kind = Role(role), AreaKind(area_kind)
            first, last = _day(valid_from), _day(valid_to)
        except ValueError:
            raise Refused("choice") from None
        people.give_role(accounts, session, actor, user_id, chosen, kind, area_code, valid_from=first, valid_to=last)

    return _done(request, accounts, actor, give)


@router.post("/roles/{grant_id}/take")
def take_role(request: Request, accounts: Service, actor: Administrator, grant_id: RowNumber) -> Response:
    return _done(request, accounts, actor, lambda session: people.take_role(accounts, session, actor, grant_id))


@router.post("/users/{user_id}/disable")
def disable(request: Request, accounts: Service, actor: Administrator, user_id: str) -> Response:
    return _done(request, accounts, actor, lambda session: people.disable(accounts, session, actor, user_id))


@router.post("/users/{user_id}/enable")
def enable(request: Request, accounts: Service, actor: Administrator, user_id: str) -> Response:
    """Open a closed account, or lift the lock after failed logins."""
    return _done(request, accounts, actor, lambda session: people.enable(accounts, session, actor, user_id))


@router.post("/users/{user_id}/clear-totp")
def clear_totp(request: Request, accounts: Service, actor: Administrator, user_id: str) -> Response:
    return _done(request, accounts, actor, lambda session: people.clear_totp(accounts, session, actor, user_id))


def _done(request: Request, accounts: Accounts, actor: Actor, work: Callable[[Session], None]) -> Response:
    try:
        with accounts.database.session() as session:
            work(session)
    except Refused as error:
        return _page(request, accounts, actor, error=error)
    return RedirectResponse("/admin/users", status_code=303)


def _link_page(request: Request, accounts: Accounts, actor: Actor, work: Callable[[Session], str]) -> Response:
    try:
        with accounts.database.session() as session:
            token = work(session)
    except Refused as error:
        return _page(request, accounts, actor, error=error)
    return _page(request, accounts, actor, link=str(request.url_for("reset_form", link=token)))


def _page(
    request: Request, accounts: Accounts, actor: Actor, error: Refused | None = None, link: str | None = None
) -> Response:
    scope = readable(actor, Entity.ACCOUNTS)
    with accounts.database.session() as session:
        people_shown = queries.users(session, scope)
        by_user: dict[str, list[object]] = {user.id: [] for user in people_shown}
        for grant in queries.all_grants(session, scope):
            by_user[grant.user_id].append(grant)
    context = {
        "error": error,
        "link": link,
        "link_hours": int(accounts.policy.reset_link.total_seconds() // 3600),
        "people": people_shown,
        "grants": by_user,
        "roles": list(Role),
        "area_kinds": list(AreaKind),
        "today": accounts.clock().astimezone(VIET_NAM).date(),
    }
    return render(request, "accounts/users.html", context, status=error.status if error else 200)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
