"""What endpoints ask for: the database, the settings, and who is acting."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request

from server.accounts import dependencies as accounts
from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.database import Database
from server.rounds import service as rounds
from server.settings import Settings

DEMO_USERNAME = "demo supervisor"


def database_of(request: Request) -> Database:
    """The process's database, kept on the app by its factory."""
    return cast(Database, request.app.state.database)


def settings_of(request: Request) -> Settings:
    """The process's settings, kept on the app by its factory."""
    return cast(Settings, request.app.state.settings)


def current_actor(request: Request) -> Actor:
    """Who is acting: the one place where pages and services learn it.

    With accounts on the app, the person found by `server.accounts.dependencies.identify` (raises `Refused` for the
    anonymous). An embedded demo has none: whoever sits before it supervises every province that has a round.
    """
    if hasattr(request.state, "actor"):
        return accounts.current_actor(request)
    with database_of(request).session() as session:
        provinces = sorted({one.province_code for one in rounds.all_rounds(session)})
    actor = Actor(
        user_id="demo",
        username=DEMO_USERNAME,
        grants=tuple(Grant(Role.SUPERVISOR, AreaKind.PROVINCE, code) for code in provinces),
        is_demo=True,
    )
    request.state.actor = actor
    return actor
