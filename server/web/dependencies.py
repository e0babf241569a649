"""What endpoints ask for: the database and the settings. Who acts is `server.accounts.dependencies`."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request

from server.database import Database
from server.settings import Settings


def database_of(request: Request) -> Database:
    """The process's database, kept on the app by its factory."""
    return cast(Database, request.app.state.database)


def settings_of(request: Request) -> Settings:
    """The process's settings, kept on the app by its factory."""
    return cast(Settings, request.app.state.settings)
