"""Accounts, the access log and the jobs' page put on an app."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from server.accounts.admin_routes import router as admin_router
from server.accounts.dependencies import VisitorCookie, login_redirect
from server.accounts.errors import Refused
from server.accounts.login import Accounts
from server.accounts.routes import router
from server.audit.routes import router as audit_router
from server.jobs.routes import router as jobs_router
from server.web.errors import answer
from server.web.language import language_of


def install(app: FastAPI, accounts: Accounts) -> None:
    """Add accounts to `app`, which must be made with `dependencies=EVERY_REQUEST` (see `dependencies`)."""
    app.state.accounts = accounts
    app.add_middleware(VisitorCookie, policy=accounts.policy)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        going = login_redirect(request, error)
        if going is not None:
            return going
        return answer(request, error.status, error.vi if language_of(request) == "vi" else error.en, error.code)

    for one in (router, admin_router, jobs_router, audit_router):
        app.include_router(one)
