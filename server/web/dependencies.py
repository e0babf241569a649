"""What endpoints ask for: the database and the settings. Who acts is `server.accounts.dependencies`."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Path
from starlette.requests import Request

from server.database import Database
from server.settings import Settings

#: A row's number in an address; a longer one fits no column of either database.
RowNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]


def database_of(request: Request) -> Database:
    """The process's database, kept on the app by its factory."""
    return cast(Database, request.app.state.database)


def settings_of(request: Request) -> Settings:
    """The process's settings, kept on the app by its factory."""
    return cast(Settings, request.app.state.settings)
