"""The page of syncing: when each form was last in step with ODK Central, what went wrong and what to do; sync now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts.access import Action, Entity, permitted, reads
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.accounts.errors import Refused
from server.audit.service import Event, append
from server.central.errors import CentralError
from server.jobs import service as jobs
from server.rounds import queries
from server.rounds import service as rounds
from server.rounds.tables import Round, RoundForm
from server.settings import Settings
from server.submissions.tables import SyncLease, SyncState
from server.web.dependencies import database_of, settings_of
from server.web.language import Language, language_of
from server.web.templating import render

router = APIRouter(prefix="/sync", include_in_schema=False)

ActorNow = Annotated[Actor, Depends(reader(Entity.ROUNDS))]
LanguageNow = Annotated[Language, Depends(language_of)]
#: A form that was not in step for so long is said to be behind.
_LATE = timedelta(hours=24)


@router.get("")
def sync_page(request: Request, actor: ActorNow, language: LanguageNow) -> Response:
    """Every form of the rounds that are open, then those of closed ones."""
    if not reads(actor, Entity.ROUNDS):
        raise Refused("no_area")
    now = datetime.now(UTC)
    with database_of(request).session() as session:
        shown = sorted(rounds.all_rounds(session), key=lambda one: one.status != "open")
        mine = queries.within(session, permitted(actor, Action.PREPARE))
        lease = session.get(SyncLease, "sync")
        context: dict[str, Any] = {
            "section": "sync",
            "rounds": [
                {
                    "round": one,
                    "forms": [
                        _form(session, form, language, settings_of(request), now)
                        for form in rounds.forms_of(session, one.round_id)
                    ],
                }
                for one in shown
            ],
            "may_sync": any(one.round_id in mine for one in shown if _can_be_synced(session, one)),
            "runs_since": lease.since if lease is not None and lease.until > now else None,
            "is_queued": jobs.is_queued(session, "sync"),
            "worker_seen": jobs.last_seen(session),
            "worker_gone": now - jobs.GONE,
            "every_minutes": settings_of(request).worker.sync_minutes,
        }
    return render(request, "central/sync.html", context)


@router.post("")
def sync_now(request: Request, actor: ActorNow) -> Response:
    """Have the worker sync every open round now; one that waits already is enough."""
    with database_of(request).session() as session:
        mine = queries.within(session, permitted(actor, Action.PREPARE))
        if not any(one.round_id in mine for one in rounds.all_rounds(session) if one.status == "open"):
            raise Refused("not_allowed")
        if not jobs.is_queued(session, "sync"):
            job = jobs.enqueue(session, "sync", {"asked": True})
            append(session, actor.user_id, [Event("sync.ask", "job", str(job.id))])
    return RedirectResponse("/sync", status_code=303)


def _can_be_synced(session: Session, of: Round) -> bool:
    return of.status == "open" and bool(rounds.forms_of(session, of.round_id))


def _form(session: Session, form: RoundForm, language: Language, settings: Settings, now: datetime) -> dict[str, Any]:
    state = session.get(SyncState, (form.project_id, form.form_id))
    at = None if state is None else state.last_success_at
    return {
        "form": form,
        "state": state,
        "error": None if state is None else _error(state, form, language, settings),
        "is_late": at is None or now - at > _LATE,
        "is_short": state is not None
        and state.live_here is not None
        and state.live_at_central != state.live_here + state.erased_at_central,
    }


def _error(state: SyncState, form: RoundForm, language: Language, settings: Settings) -> str | None:
    """The last failure in words, with its remedy: the words of the error that it was."""
    if state.last_error_code is None:
        return None
    try:
        error = CentralError(state.last_error_code, url=settings.central.url or "RASOAT_CENTRAL_URL", what=form.form_id)
    except KeyError:  # of another version of the program
        return state.last_error_code
    return error.vi if language == "vi" else error.en
