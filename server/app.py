"""The web service: `create_app(settings)` puts the nouns' routes, the pages and the error answers on one app.

This factory is the service's public face; everything it needs is in the settings, and what it opens it closes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import anyio.to_thread
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.accounts.actor import Actor
from server.database import Database
from server.logging import install as install_logs
from server.settings import Settings, load_settings

#: Worker threads beside SQLite: more of them fight over the interpreter and answer less.
SQLITE_THREADS = 2
POSTGRES_THREADS = 16


class Health(BaseModel):
    """Answer of `/healthz`."""

    status: str
    database: str
    version: str


def create_app(settings: Settings | None = None, *, demo_actor: Actor | None = None) -> FastAPI:
    """The service as an ASGI app. Without settings, those of the environment, and logs as a service writes them (so
    that an ASGI server may call this by itself).

    demo_actor: who everyone without a session is, over plain http. For `rasoat demo` alone: no setting can name one.

    Raises `SettingsError`, or `SecretsError` without a master key; the database is not touched before the first
    request.
    """
    from server.accounts import install as accounts
    from server.accounts.dependencies import EVERY_REQUEST
    from server.accounts.service import AccountPolicy, Accounts
    from server.secrets.service import master_keys
    from server.standards import service as standards
    from server.web import install as web
    from server.web.limits import LimitedBody
    from server.web.request_log import RequestLog

    if settings is None:
        install_logs("json")
        settings = load_settings()
    standards.install(settings)
    database = Database(settings.database_url)
    masters = database.use_keys(master_keys(settings))

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
        dependencies=EVERY_REQUEST,
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

    policy = AccountPolicy(secure_cookies=demo_actor is None)
    accounts.install(app, Accounts(database, masters, policy, lambda: datetime.now(UTC), demo_actor))
    app.add_middleware(LimitedBody)
    web.install(app)  # after them: its headers are on every answer, refusals too
    app.add_middleware(RequestLog)
    return app


def own_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("rasoat")
    except PackageNotFoundError:
        return "0"
