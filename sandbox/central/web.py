"""What every resource needs of a request: who asks, what they may do, which form, and how answers are written."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from . import errors
from .state import State, now

Handler = Callable[[Request], Awaitable[Response]]

ROLE_IDS = {"admin": 1, "app-user": 2, "manager": 5, "viewer": 6, "formview": 7, "formfill": 8}
_READ = {
    *("project.read", "form.list", "form.read", "open_form.list", "open_form.read"),
    *("submission.read", "submission.list", "dataset.list", "dataset.read", "entity.list", "entity.read"),
    "actor_property.list",
}
_WRITE = {
    *("project.update", "project.delete", "form.create", "form.update", "form.delete", "form.restore"),
    *("submission.create", "submission.update", "submission.delete", "submission.restore"),
    *("assignment.list", "assignment.create", "assignment.delete", "field_key.create", "field_key.list"),
    *(
        "field_key.update",
        "field_key.delete",
        "actor_property.update",
        "session.end",
        "dataset.create",
        "dataset.update",
    ),
    *("dataset.delete", "entity.create", "entity.update", "entity.delete", "entity.restore"),
}
_SITE = {"project.create", "user.create", "user.list", "user.read", "user.delete", "audit.read", "config.read"}
VERBS: dict[int, set[str]] = {
    1: _READ | _WRITE | _SITE,
    2: {"open_form.read", "submission.create"},
    5: _READ | _WRITE,
    6: _READ,
    7: {"open_form.read"},
    8: {"project.read", "open_form.list", "open_form.read", "submission.create"},
}
PROJECT = "/v1/projects/{project}"
FORM = PROJECT + "/forms/{form}"
_KEY = re.compile(r"[a-zA-Z0-9!$]{64}")


def state_of(request: Request) -> State:
    state: State = request.app.state.store
    return state


def domain_of(request: Request) -> str:
    """The address this server believes it has: it goes into every link, whatever address the client used."""
    domain: str = request.app.state.domain
    return domain


def answer(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json; charset=utf-8")


def success() -> Response:
    return answer({"success": True})


async def json_body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if len(raw) > 250_000 and not request.url.path.endswith("/entities"):
        raise errors.Problem("400.36", "Request body too large.")
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        message = f"Could not parse the given data ({len(raw)} chars) as json."
        raise errors.Problem("400.1", message, {"format": "json", "rawLength": len(raw)}) from error
    if not isinstance(body, dict):
        raise errors.wrong_type(None, "object", body)
    return body


def is_true(text: str | None) -> bool:
    return text is not None and text.lower() == "true"


def extended(request: Request) -> bool:
    return is_true(request.headers.get("x-extended-metadata"))


def valid_name(name: object) -> bool:
    """Whether an entity list or a property may be called that."""
    return isinstance(name, str) and re.fullmatch(r"(?!__)[A-Za-z_:][\w:-]*", name) is not None


def actor_json(row: sqlite3.Row) -> dict[str, Any]:
    names = ("id", "type", "displayName", "createdAt", "updatedAt", "deletedAt")
    return {name: row[name] for name in names}


def actor_by_id(state: State, actor_id: int | None) -> dict[str, Any] | None:
    row = state.one("SELECT * FROM actors WHERE id = ?", actor_id)
    return None if row is None else actor_json(row)


def authenticate(request: Request) -> sqlite3.Row:
    """The actor of the request: app user by the key in the path, else Bearer, Basic or cookie.

    Raises `Problem` 401.2, 401.3 (Basic or cookie without HTTPS), 403.1 (an unknown or revoked key).
    """
    state = state_of(request)
    key = request.scope.get("field_key")
    if key is not None:
        if not _KEY.fullmatch(key):
            raise errors.authentication_failed()
        actor = _by_token(state, key)
        if actor is None or actor["type"] != "field_key":
            raise errors.insufficient_rights()
        return actor
    header = request.headers.get("authorization", "")
    if header.startswith("Bearer "):
        actor = _by_token(state, header[7:])
    elif header.startswith("Basic "):
        _demand_https(request)
        actor = _by_password(request, header[6:])
    elif not header and "cookie" in request.headers:
        _demand_https(request)
        actor = _by_token(state, request.cookies.get("session", ""))
    else:
        actor = None
    if actor is None:
        raise errors.authentication_failed()
    return actor


def _by_token(state: State, token: str) -> sqlite3.Row | None:
    return state.one(
        "SELECT actors.* FROM sessions JOIN actors ON actors.id = sessions.actorId "
        "WHERE token = ? AND expiresAt > ? AND deletedAt IS NULL",
        *(token, now()),
    )


def _by_password(request: Request, encoded: str) -> sqlite3.Row | None:
    try:
        email, _, password = b64decode(encoded).decode().partition(":")
    except ValueError:
        return None
    actor: sqlite3.Row | None = request.app.state.check_password(email, password)
    return actor


def _demand_https(request: Request) -> None:
    if request.headers.get("x-forwarded-proto") != "https":
        raise errors.https_only()


def verbs_of(state: State, actor: sqlite3.Row, *actees: str) -> set[str]:
    """What the actor may do: roles held on the whole site ("*") and on the given things together."""
    marks = ", ".join("?" * (len(actees) + 1))
    sql = f"SELECT roleId FROM assignments WHERE actorId = ? AND acteeId IN ({marks})"  # noqa: S608
    rows = state.all(sql, actor["id"], "*", *actees)
    return set[str]().union(*(VERBS.get(row["roleId"], set()) for row in rows))


def require(request: Request, verb: str, *actees: str) -> sqlite3.Row:
    """The actor, who holds `verb` on one of the actees; `Problem` 401 or 403.1 otherwise."""
    actor = authenticate(request)
    if verb not in verbs_of(state_of(request), actor, *actees):
        raise errors.insufficient_rights()
    return actor


def project_of(request: Request, verb: str) -> tuple[sqlite3.Row, sqlite3.Row]:
    """(project, actor) of a path under /projects/{project}; the actor must hold the verb there."""
    text = request.path_params["project"]
    if not re.fullmatch(r"\d{1,9}", text):
        raise errors.wrong_type(None, "type integer", text)
    actor = authenticate(request)
    project = state_of(request).one("SELECT * FROM projects WHERE id = ? AND deletedAt IS NULL", int(text))
    if project is None:
        raise errors.not_found()
    return project, require(request, verb, project["acteeId"]) if verb else actor


def form_of(request: Request, verb: str) -> tuple[sqlite3.Row, sqlite3.Row]:
    """(form, actor) of a path under /projects/{project}/forms/{form}; rights on the form or its project count."""
    project, actor = project_of(request, "")
    form = state_of(request).one(
        "SELECT * FROM forms WHERE projectId = ? AND xmlFormId = ? AND deletedAt IS NULL",
        *(project["id"], request.path_params["form"]),
    )
    if form is None:
        raise errors.not_found()
    if verb == "open_form.read" and form["state"] == "closed":
        verb = "form.read"  # a closed form is not for phones
    if verb and verb not in verbs_of(state_of(request), actor, form["acteeId"], project["acteeId"]):
        raise errors.insufficient_rights()
    return form, actor


def audit(
    state: State,
    actor: sqlite3.Row,
    action: str,
    actee: str,
    details: dict[str, Any],
    submission: int | None = None,
    entity: int | None = None,
    notes: str | None = None,
) -> None:
    state.db.execute(
        "INSERT INTO audits (actorId, action, acteeId, submissionId, entityId, details, notes, loggedAt) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (actor["id"], action, actee, submission, entity, orjson.dumps(details).decode(), notes, now()),
    )


def audit_json(state: State, row: sqlite3.Row, more: bool) -> dict[str, Any]:
    result = {
        "actorId": row["actorId"],
        "action": row["action"],
        "acteeId": row["acteeId"],
        "details": orjson.loads(row["details"]),
        "loggedAt": row["loggedAt"],
        "notes": row["notes"],
    }
    return result | ({"actor": actor_by_id(state, row["actorId"])} if more else {})


def file_response(request: Request, name: str, content: bytes, media: str, etag: str, inline: bool) -> Response:
    """A stored file, or 304 when the client has it already."""
    quoted = f'"{etag}"'
    if quoted in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": quoted})
    ascii_name = name.encode("ascii", "replace").decode()
    kind = "inline" if inline else "attachment"
    disposition = f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name)}"
    headers = {"ETag": quoted, "Content-Disposition": disposition, "Content-Type": media}
    return Response(content, headers=headers)
