"""Projects, app users (the phones) and role assignments."""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import actor_properties, errors
from .state import State, new_token, now
from .web import (
    FORM,
    PROJECT,
    ROLE_IDS,
    actor_by_id,
    actor_json,
    answer,
    authenticate,
    extended,
    form_of,
    json_body,
    project_of,
    require,
    state_of,
    success,
    verbs_of,
)

FOREVER = "9999-12-31T23:59:59.000Z"
PROJECT_FIELDS = ("id", "name", "description", "archived", "keyId", "createdAt", "updatedAt", "deletedAt")


def project_json(row: sqlite3.Row) -> dict[str, Any]:
    result = {name: row[name] for name in PROJECT_FIELDS}
    result["archived"] = None if row["archived"] is None else bool(row["archived"])
    return result


async def list_projects(request: Request) -> Response:
    state = state_of(request)
    actor = authenticate(request)
    projects = state.all("SELECT * FROM projects WHERE deletedAt IS NULL ORDER BY name, id")
    result = []
    for row in projects:
        verbs = verbs_of(state, actor, row["acteeId"])
        if "project.read" in verbs:
            result.append({**project_json(row), "verbs": sorted(verbs)})
    return answer(result)


async def create_project(request: Request) -> Response:
    require(request, "project.create")
    body = await json_body(request)
    if not body.get("name"):
        raise errors.missing_parameter("name")
    state = state_of(request)
    with state.write():
        project = state.insert(
            "projects",
            name=body["name"],
            description=body.get("description"),
            acteeId=str(uuid.uuid4()),
            createdAt=now(),
        )
    row = state.one("SELECT * FROM projects WHERE id = ?", project)
    assert row is not None
    return answer({**project_json(row), "acteeId": row["acteeId"]})


async def project(request: Request) -> Response:
    state = state_of(request)
    verb = {"GET": "project.read", "PATCH": "project.update", "DELETE": "project.delete"}[request.method]
    row, actor = project_of(request, verb)
    if request.method == "PATCH":
        body = await json_body(request)
        changed = {**project_json(row), **body}
        values = (changed["name"], changed["description"], changed["archived"], now(), row["id"])
        with state.write() as db:
            db.execute(
                "UPDATE projects SET name = ?, description = ?, archived = ?, updatedAt = ? WHERE id = ?", values
            )
    if request.method == "DELETE":
        with state.write() as db:
            db.execute("UPDATE projects SET deletedAt = ? WHERE id = ?", (now(), row["id"]))
        return success()
    fresh = state.one("SELECT * FROM projects WHERE id = ?", row["id"])
    assert fresh is not None
    result = project_json(fresh)
    if extended(request) and request.method == "GET":
        count = "SELECT count(*) FROM {} WHERE projectId = ? AND deletedAt IS NULL"
        result["verbs"] = sorted(verbs_of(state, actor, row["acteeId"]))
        result["forms"] = state.scalar(count.format("forms"), row["id"])
        result["appUsers"] = state.scalar(count.format("actors"), row["id"])
        result["datasets"] = state.scalar(count.format("datasets"), row["id"])
    return answer(result)


def app_user_json(state: State, row: sqlite3.Row, more: bool) -> dict[str, Any]:
    token = state.scalar("SELECT token FROM sessions WHERE actorId = ?", row["id"])
    result = {"projectId": row["projectId"], **actor_json(row), "token": token}
    if more:
        result["createdBy"] = actor_by_id(state, row["createdBy"])
        used = "SELECT max(loggedAt) FROM audits WHERE actorId = ? AND action = 'submission.create'"
        result["lastUsed"] = state.scalar(used, row["id"])
        result["properties"] = actor_properties.values_of(state, row["id"])
    return result


async def list_app_users(request: Request) -> Response:
    state = state_of(request)
    row, _ = project_of(request, "field_key.list")
    users = state.all("SELECT * FROM actors WHERE projectId = ? AND deletedAt IS NULL", row["id"])
    listed = [app_user_json(state, user, extended(request)) for user in users]
    listed.sort(key=lambda user: (user["token"] is None, -user["id"]))
    return answer(listed)


async def create_app_user(request: Request) -> Response:
    state = state_of(request)
    row, actor = project_of(request, "field_key.create")
    body = await json_body(request)
    if not body.get("displayName"):
        raise errors.missing_parameter("displayName")
    given = body.get("properties")
    values = {} if given is None else actor_properties.checked(state, row["id"], given)
    csrf = new_token()
    with state.write():
        created = state.insert(
            "actors",
            type="field_key",
            displayName=body["displayName"],
            projectId=row["id"],
            createdBy=actor["id"],
            createdAt=now(),
        )
        state.insert("sessions", token=new_token(), actorId=created, csrf=csrf, createdAt=now(), expiresAt=FOREVER)
        actor_properties.assign(state, row["id"], created, values)
    user = state.one("SELECT * FROM actors WHERE id = ?", created)
    assert user is not None
    return answer({**app_user_json(state, user, False), "csrf": csrf, "expiresAt": FOREVER})


def app_user_of(request: Request, verb: str) -> sqlite3.Row:
    row, _ = project_of(request, verb)
    user = state_of(request).one(
        "SELECT * FROM actors WHERE id = ? AND projectId = ? AND deletedAt IS NULL",
        *(request.path_params["user"], row["id"]),
    )
    if user is None:
        raise errors.not_found()
    return user


async def get_app_user(request: Request) -> Response:
    user = app_user_of(request, "field_key.list")
    return answer(app_user_json(state_of(request), user, extended(request)))


async def change_app_user(request: Request) -> Response:
    """Sets the properties given; the answer is always the long one."""
    state = state_of(request)
    user = app_user_of(request, "field_key.update")
    given = (await json_body(request)).get("properties")
    if given is not None:
        values = actor_properties.checked(state, user["projectId"], given)
        with state.write():
            actor_properties.assign(state, user["projectId"], user["id"], values)
    return answer(app_user_json(state, user, True))


async def delete_app_user(request: Request) -> Response:
    state = state_of(request)
    user = app_user_of(request, "field_key.delete")
    with state.write() as db:
        db.execute("UPDATE actors SET deletedAt = ? WHERE id = ?", (now(), user["id"]))
        db.execute("DELETE FROM sessions WHERE actorId = ?", (user["id"],))
        db.execute("DELETE FROM assignments WHERE actorId = ?", (user["id"],))
    return success()


def _role(text: str) -> int:
    role = int(text) if text.isdigit() else ROLE_IDS.get(text)
    if role is None or role not in ROLE_IDS.values():
        raise errors.not_found()
    return role


def _actee(request: Request, verb: str) -> str:
    row, _ = form_of(request, verb) if "form" in request.path_params else project_of(request, verb)
    actee: str = row["acteeId"]
    return actee


async def list_assignments(request: Request) -> Response:
    state = state_of(request)
    actee = _actee(request, "assignment.list")
    if "role" in request.path_params:
        rows = state.all(
            "SELECT actors.* FROM assignments JOIN actors ON actors.id = actorId "
            "WHERE acteeId = ? AND roleId = ? ORDER BY actors.id",
            *(actee, _role(request.path_params["role"])),
        )
        return answer([actor_json(row) for row in rows])
    rows = state.all("SELECT actorId, roleId FROM assignments WHERE acteeId = ? ORDER BY actorId", actee)
    listed = [dict(row) for row in rows]
    if extended(request):
        listed = [{**item, "actor": actor_by_id(state, item["actorId"])} for item in listed]
    return answer(listed)


async def change_assignment(request: Request) -> Response:
    state = state_of(request)
    creating = request.method == "POST"
    actee = _actee(request, "assignment.create" if creating else "assignment.delete")
    role = _role(request.path_params["role"])
    actor = actor_by_id(state, int(request.path_params["actor"]))
    if actor is None:
        raise errors.not_found()
    key = (actor["id"], role, actee)
    held = state.one("SELECT 1 FROM assignments WHERE actorId = ? AND roleId = ? AND acteeId = ?", *key)
    if creating and held:
        names = ["actorId", "roleId", "acteeId"]
        raise errors.already_exists("assignments", names, [str(value) for value in key])
    if not creating and not held:
        raise errors.not_found()
    with state.write() as db:
        if creating:
            db.execute("INSERT INTO assignments VALUES (?, ?, ?)", key)
        else:
            db.execute("DELETE FROM assignments WHERE actorId = ? AND roleId = ? AND acteeId = ?", key)
    return success()


async def form_assignments(request: Request) -> Response:
    state = state_of(request)
    row, _ = project_of(request, "assignment.list")
    rows = state.all(
        "SELECT actorId, roleId, xmlFormId FROM assignments JOIN forms USING (acteeId) "
        "WHERE projectId = ? AND deletedAt IS NULL ORDER BY forms.id, actorId",
        row["id"],
    )
    listed = [dict(item) for item in rows]
    if "role" in request.path_params:
        role = _role(request.path_params["role"])
        listed = [item for item in listed if item["roleId"] == role]
    return answer(listed)


routes = [
    Route("/v1/projects", list_projects, methods=["GET"]),
    Route("/v1/projects", create_project, methods=["POST"]),
    Route(PROJECT, project, methods=["GET", "PATCH", "DELETE"]),
    Route(PROJECT + "/app-users", list_app_users, methods=["GET"]),
    Route(PROJECT + "/app-users", create_app_user, methods=["POST"]),
    Route(PROJECT + "/app-users/{user:int}", get_app_user, methods=["GET"]),
    Route(PROJECT + "/app-users/{user:int}", change_app_user, methods=["PATCH"]),
    Route(PROJECT + "/app-users/{user:int}", delete_app_user, methods=["DELETE"]),
    Route(PROJECT + "/assignments/forms", form_assignments, methods=["GET"]),
    Route(PROJECT + "/assignments/forms/{role}", form_assignments, methods=["GET"]),
    *[
        route
        for base in (PROJECT, FORM)
        for route in (
            Route(base + "/assignments", list_assignments, methods=["GET"]),
            Route(base + "/assignments/{role}", list_assignments, methods=["GET"]),
            Route(base + "/assignments/{role}/{actor:int}", change_assignment, methods=["POST", "DELETE"]),
        )
    ],
]
