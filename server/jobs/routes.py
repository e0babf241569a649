"""The page of jobs: what runs, waits and failed, with a second try for dead letters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from server.accounts.access import Entity, readable
from server.accounts.actor import Actor, Role
from server.accounts.dependencies import accounts_of, require
from server.accounts.login import Accounts
from server.audit.service import Event, append
from server.errors import NotFoundError
from server.jobs import service
from server.web.dependencies import RowNumber
from server.web.templating import render

router = APIRouter(prefix="/admin/jobs", include_in_schema=False)

Administrator = Annotated[Actor, Depends(require(Role.ADMINISTRATOR))]
Service = Annotated[Accounts, Depends(accounts_of)]


@router.get("")
def jobs(request: Request, accounts: Service, actor: Administrator) -> Response:
    scope = readable(actor, Entity.JOBS)
    with accounts.database.session() as session:
        context = {
            "jobs": service.recent(session, scope),
            "counts": service.counts(session, scope),
            "schedules": service.schedules(session, scope),
        }
    return render(request, "jobs/list.html", context)


@router.post("/{job_id}/retry")
def retry(accounts: Service, actor: Administrator, job_id: RowNumber) -> Response:
    """Queue a dead letter again."""
    with accounts.database.session() as session:
        if not service.retry(session, readable(actor, Entity.JOBS), job_id, clock=accounts.clock):
            raise NotFoundError(
                "no_dead_letter",
                "Không có công việc hỏng nào mang số này; có thể người khác đã chạy lại.",
                "There is no failed job with this number; someone may have queued it again already.",
            )
        append(session, actor.user_id, [Event("job.retry", "job", str(job_id))], at=accounts.clock())
    return RedirectResponse("/admin/jobs", status_code=303)
