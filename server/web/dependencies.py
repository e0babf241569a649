"""What endpoints ask for: the database, the settings, and who is acting."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from starlette.requests import Request

from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.database import Database
from server.rounds.tables import Round
from server.settings import Settings

DEMO_USERNAME = "demo supervisor"


def database_of(request: Request) -> Database:
    """The process's database, kept on the app by its factory."""
    return cast(Database, request.app.state.database)


def settings_of(request: Request) -> Settings:
    """The process's settings, kept on the app by its factory."""
    return cast(Settings, request.app.state.settings)


def current_actor(request: Request) -> Actor:
    """Who is acting. The one place where accounts are plugged in: pages and services ask here and nowhere else.

    An embedded demo has no accounts: whoever sits before it supervises every province that has a round.
    """
    with database_of(request).session() as session:
        provinces = sorted(session.scalars(select(Round.province_code).distinct()))
    actor = Actor(
        user_id="demo",
        username=DEMO_USERNAME,
        grants=tuple(Grant(Role.SUPERVISOR, AreaKind.PROVINCE, code) for code in provinces),
        is_demo=True,
    )
    request.state.actor = actor
    return actor
