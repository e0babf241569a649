"""The web service: `create_app(settings)` puts the nouns' routes, the pages and the error answers on one app.

This factory is the service's public face; everything it needs is in the settings, and what it opens it closes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

import anyio.to_thread
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.database import Database
from server.settings import Settings, load_settings

#: Worker threads beside SQLite: more of them fight over the interpreter and answer less.
SQLITE_THREADS = 2
POSTGRES_THREADS = 16


class Health(BaseModel):
    """Answer of `/healthz`."""

    status: str
    database: str
    version: str


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an ASGI app. Without settings, those of the environment.

    Raises `SettingsError`; the database is not touched before the first request.
    """
    from server.web import install as web

    settings = settings or load_settings()
    database = Database(settings.database_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        embedded = database.engine.dialect.name == "sqlite"
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = SQLITE_THREADS if embedded else POSTGRES_THREADS
        yield
        database.dispose()

    app = FastAPI(
        title="Rà soát",
        description="Rà soát hộ nghèo, hộ cận nghèo theo chuẩn đa chiều. / Multidimensional poverty census.",
        version=own_version(),
        lifespan=lifespan,
        # The interactive pages load scripts from elsewhere; the description itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
    )
    app.state.database = database
    app.state.settings = settings

    @app.get("/healthz", response_model=Health, tags=["service"], responses={503: {"model": Health}})
    def healthz() -> Health | JSONResponse:
        """Whether the service can do its work: the database answers and has its tables."""
        try:
            with database.session() as session:
                session.execute(text("SELECT count(*) FROM rounds"))
        except SQLAlchemyError:
            sick = Health(status="failing", database="unreachable", version=own_version())
            return JSONResponse(sick.model_dump(), status_code=503)
        return Health(status="ok", database="ok", version=own_version())

    web.install(app)
    return app


def own_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("rasoat")
    except PackageNotFoundError:
        return "0"
