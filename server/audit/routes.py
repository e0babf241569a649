"""The access log as a page, latest first (nhật ký truy cập)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from server.accounts.access import Entity, readable
from server.accounts.actor import Actor, Role
from server.accounts.dependencies import accounts_of, require
from server.accounts.login import Accounts
from server.audit.service import latest
from server.web.templating import render

router = APIRouter(prefix="/admin/audit", include_in_schema=False)

PAGE_SIZE = 100
Reader = Annotated[Actor, Depends(require(Role.ADMINISTRATOR, Role.PROVINCE_OFFICER))]


@router.get("")
def audit(
    request: Request,
    accounts: Annotated[Accounts, Depends(accounts_of)],
    actor: Reader,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """A page of the log; `before` is the last number of the page before."""
    with accounts.database.session() as session:
        entries = latest(session, readable(actor, Entity.AUDIT), before, PAGE_SIZE + 1)
    context = {"entries": entries[:PAGE_SIZE], "more": len(entries) > PAGE_SIZE}
    return render(request, "audit/list.html", context)
