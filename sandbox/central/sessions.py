"""Sessions and users: who may come in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import errors
from .state import State, new_token, now
from .web import (
    ROLE_IDS,
    actor_json,
    answer,
    authenticate,
    extended,
    json_body,
    require,
    state_of,
    success,
    verbs_of,
)


def hash_password(password: str) -> str:
    salt = secrets.token_hex(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 20_000).hex()
    return f"{salt}:{digest}"


def check_password(state: State, email: str, password: str) -> sqlite3.Row | None:
    """The user with this e-mail and password, or None."""
    user = state.one("SELECT * FROM actors WHERE email = ? AND deletedAt IS NULL", email.lower())
    salt, _, expected = (user["password"] if user else hash_password("")).partition(":")
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 20_000).hex()
    return user if user is not None and hmac.compare_digest(digest, expected) else None


def ensure_admin(state: State, email: str, password: str) -> None:
    """The administrator given on the command line exists and has this password."""
    with state.write() as db:
        user = state.one("SELECT id FROM actors WHERE email = ?", email.lower())
        if user is not None:
            db.execute("UPDATE actors SET password = ? WHERE id = ?", (hash_password(password), user["id"]))
            return
        actor = state.insert(
            "actors",
            type="user",
            displayName=email,
            email=email.lower(),
            password=hash_password(password),
            createdAt=now(),
        )
        state.insert("assignments", actorId=actor, roleId=ROLE_IDS["admin"], acteeId="*")


async def create_session(request: Request) -> Response:
    body = await json_body(request)
    email, password = body.get("email"), body.get("password")
    if not email or not password:
        got = {name: body[name] for name in ("email", "password") if name in body}
        shown = ", ".join(
            f"{name}: {repr(body[name]) if name in body else 'undefined'}" for name in ("email", "password")
        )
        raise errors.Problem(
            "400.3",
            f"Required parameters missing. Expected (email, password), got ({shown}).",
            {"expected": ["email", "password"], "got": got},
        )
    state = state_of(request)
    user = check_password(state, str(email), str(password))
    if user is None:
        raise errors.authentication_failed()
    token, csrf = new_token(), new_token()
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    with state.write() as db:
        created = now()
        state.insert("sessions", token=token, actorId=user["id"], csrf=csrf, createdAt=created, expiresAt=until)
        db.execute("UPDATE actors SET lastLoginAt = ? WHERE id = ?", (created, user["id"]))
    response = answer({"token": token, "csrf": csrf, "expiresAt": until, "createdAt": created})
    response.set_cookie("session", token, httponly=True, samesite="strict")
    return response


async def restore_session(request: Request) -> Response:
    actor = authenticate(request)
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    session = state_of(request).one(
        "SELECT createdAt, expiresAt FROM sessions WHERE actorId = ? AND token = ?", actor["id"], token
    )
    if session is None:
        raise errors.not_found()
    return answer(dict(session))


async def delete_session(request: Request) -> Response:
    """Log out: one's own token ("current" too), or an app user's, which revokes that phone."""
    state = state_of(request)
    actor = authenticate(request)
    token = request.path_params["token"]
    if token == "current":  # noqa: S105 - a word of the API
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
    owner = state.one(
        "SELECT actors.id, projects.acteeId FROM sessions JOIN actors ON actors.id = actorId "
        "LEFT JOIN projects ON projects.id = projectId WHERE token = ?",
        token,
    )
    if owner is None:
        raise errors.not_found()
    if owner["id"] != actor["id"] and "session.end" not in verbs_of(state, actor, owner["acteeId"] or "*"):
        raise errors.insufficient_rights()
    with state.write() as db:
        db.execute("DELETE FROM sessions WHERE token = ?", (token,))
    return success()


def user_json(row: sqlite3.Row) -> dict[str, Any]:
    return {"email": row["email"], "lastLoginAt": row["lastLoginAt"], **actor_json(row)}


async def current_user(request: Request) -> Response:
    actor = authenticate(request)
    result = user_json(actor)
    if extended(request):
        result["verbs"] = sorted(verbs_of(state_of(request), actor))
    return answer(result)


async def list_users(request: Request) -> Response:
    require(request, "user.list")
    rows = state_of(request).all("SELECT * FROM actors WHERE type = 'user' AND deletedAt IS NULL ORDER BY email")
    return answer([user_json(row) for row in rows])


async def create_user(request: Request) -> Response:
    require(request, "user.create")
    body = await json_body(request)
    email = body.get("email")
    if not email:
        raise errors.missing_parameter("email")
    state = state_of(request)
    if state.one("SELECT id FROM actors WHERE email = ?", email.lower()):
        raise errors.already_exists("users", ["email", "deleted"], [email, "false"])
    password = body.get("password")
    if password is not None and len(password) < 10:
        raise errors.Problem("400.21", "The password or passphrase provided does not meet the required length.")
    with state.write():
        actor = state.insert(
            "actors",
            type="user",
            displayName=body.get("displayName") or email,
            email=email.lower(),
            password=hash_password(password or new_token()),
            createdAt=now(),
        )
    row = state.one("SELECT * FROM actors WHERE id = ?", actor)
    assert row is not None
    return answer(user_json(row))


async def delete_user(request: Request) -> Response:
    require(request, "user.delete")
    state = state_of(request)
    number = request.path_params["user"]
    if state.one("SELECT 1 FROM actors WHERE id = ? AND type = 'user' AND deletedAt IS NULL", number) is None:
        raise errors.not_found()
    with state.write() as db:
        db.execute("UPDATE actors SET deletedAt = ?, email = NULL WHERE id = ?", (now(), number))
        db.execute("DELETE FROM sessions WHERE actorId = ?", (number,))
        db.execute("DELETE FROM assignments WHERE actorId = ?", (number,))
    return success()


routes = [
    Route("/v1/sessions", create_session, methods=["POST"]),
    Route("/v1/sessions/restore", restore_session, methods=["GET"]),
    Route("/v1/sessions/{token}", delete_session, methods=["DELETE"]),
    Route("/v1/users/current", current_user, methods=["GET"]),
    Route("/v1/users", list_users, methods=["GET"]),
    Route("/v1/users", create_user, methods=["POST"]),
    Route("/v1/users/{user:int}", delete_user, methods=["DELETE"]),
]
