"""Photos of an interview, for who may read the interview; nowhere kept on the way."""

from __future__ import annotations

import re
from typing import Annotated, cast

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from server.accounts.access import Entity, readable
from server.accounts.actor import Actor
from server.accounts.dependencies import reader
from server.attachments import queries
from server.attachments import service as attachments
from server.attachments.media import IMAGES
from server.attachments.store import ObjectStore
from server.attachments.tables import Attachment
from server.audit.duty import purpose_of
from server.audit.service import Event, append
from server.errors import NotFoundError
from server.review.filters import Filters, filters_of
from server.web.dependencies import database_of, settings_of

router = APIRouter(include_in_schema=False)

ActorNow = Annotated[Actor, Depends(reader(Entity.INTERVIEWS))]
Chosen = Annotated[Filters, Depends(filters_of)]

#: What a phone sent is shown as a picture and as nothing else: no script runs in it, no page frames it.
_HEADERS = {
    "Cache-Control": "private, no-store",
    # A browser shows a picture alone in a page that it makes itself, with a style of its own.
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
#: Audit logs hold answers in plain, personal numbers among them: the page shows what may be read of them.
_NEVER_GIVEN = frozenset({"text/csv"})


@router.get("/interviews/{interview_id}/attachments/{address}")
def content(request: Request, actor: ActorNow, filters: Chosen, interview_id: str, address: str) -> Response:
    """A photo as it was sent; who opened it stands in the access log."""
    kept = store_of(request)
    with database_of(request).session() as session:
        found = queries.stored(session, interview_id, address, readable(actor, Entity.INTERVIEWS, filters.purpose))
        if found is None or found.media_type in _NEVER_GIVEN:
            raise _unknown()
        purpose = purpose_of(actor, filters.purpose)
        append(session, actor.user_id, [Event("attachment.read", "interview", interview_id, purpose)])
        body = attachments.open_content(session, kept, found)
    if body is None:
        raise _unknown()
    media_type = str(found.media_type)
    kind = "inline" if media_type in IMAGES else "attachment"
    headers = _HEADERS | {"Content-Disposition": f'{kind}; filename="{_safe_name(found)}"'}
    return Response(body, media_type=media_type, headers=headers)


@router.get("/interviews/{interview_id}/attachments/{address}/thumbnail")
def thumbnail(request: Request, actor: ActorNow, filters: Chosen, interview_id: str, address: str) -> Response:
    """A photo in small, as part of the interview's page."""
    with database_of(request).session() as session:
        found = queries.stored(session, interview_id, address, readable(actor, Entity.INTERVIEWS, filters.purpose))
        body = None if found is None else attachments.open_thumbnail(session, store_of(request), found)
    if body is None:
        raise _unknown()
    headers = _HEADERS | {"Content-Disposition": 'inline; filename="thumbnail.jpg"'}
    return Response(body, media_type="image/jpeg", headers=headers)


def store_of(request: Request) -> ObjectStore:
    """The process's store of contents, opened when it is first needed."""
    state = request.app.state
    if not hasattr(state, "attachments"):
        state.attachments = attachments.open_store(settings_of(request))
    return cast(ObjectStore, state.attachments)


def _safe_name(of: Attachment) -> str:
    """The name that the phone gave, as far as it can do no harm in a header."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", of.name).lstrip(".")[-80:] or "file"


def _unknown() -> NotFoundError:
    # The same words whether it does not exist or lies in a foreign area.
    return NotFoundError(
        "attachment_unknown",
        "Không có tệp này trong địa bàn của bạn.",
        "There is no such file in your area.",
    )
