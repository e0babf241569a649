"""Properties of app users, and the access rules of entity lists that compare them with the entities' own.

Several rules of a list are ORed: each one more shows more. An app user without a value sees nothing of a list that
has rules; a rule that names an unknown property is dropped without a word, and a list left without rules shows
everything to everyone. All of this is Central's own behaviour.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import errors
from .state import State, now
from .web import PROJECT, answer, extended, json_body, project_of, state_of, success, valid_name

_RESERVED = {"name", "label", "displayname"}


def names_of(state: State, project: int) -> list[str]:
    """The properties that app users of the project may have, by name."""
    rows = state.all("SELECT name FROM actor_properties WHERE projectId = ? ORDER BY name", project)
    return [row["name"] for row in rows]


def checked(state: State, project: int, given: Any) -> dict[str, str | None]:
    """The values of a request, blanks as None. `Problem` 400.8 for what is no object, unknown, or no text."""
    if not isinstance(given, dict):
        raise errors.unexpected_value("properties", given, "Must be an object.")
    known = names_of(state, project)
    for name, value in given.items():
        if name not in known:
            raise errors.unexpected_value("properties", name, "Unknown property name.")
        if value is not None and not isinstance(value, str):
            raise errors.unexpected_value(name, value, "Property values must be strings or null.")
    return {name: (value or "").strip() or None for name, value in given.items()}


def assign(state: State, project: int, actor: int, values: dict[str, str | None]) -> None:
    """Set the values of an app user; None takes one away."""
    for name, value in values.items():
        number = state.scalar("SELECT id FROM actor_properties WHERE projectId = ? AND name = ?", project, name)
        state.db.execute("DELETE FROM actor_property_values WHERE actorId = ? AND propertyId = ?", (actor, number))
        if value is not None:
            state.db.execute("INSERT INTO actor_property_values VALUES (?, ?, ?)", (actor, number, value))


def values_of(state: State, actor: int) -> dict[str, str] | None:
    """An app user's values by property; None when there are none."""
    rows = state.all(
        "SELECT p.name, v.value FROM actor_property_values v JOIN actor_properties p ON p.id = v.propertyId "
        "WHERE v.actorId = ?",
        actor,
    )
    return {row["name"]: row["value"] for row in rows} or None


def rules_of(state: State, dataset: int) -> list[dict[str, str]]:
    """The access rules of an entity list, as the API shows them."""
    rows = state.all(
        "SELECT f.property, p.name FROM access_filters f JOIN actor_properties p ON p.id = f.actorPropertyId "
        "WHERE f.datasetId = ? ORDER BY f.property",
        dataset,
    )
    return [{"datasetProperty": row["property"], "actorProperty": row["name"]} for row in rows]


def change_rules(state: State, row: sqlite3.Row, given: Any) -> bool:
    """Apply `accessFilter` of a request to the entity list `row`; whether only creators see their entities now."""
    kind = given.get("type") if isinstance(given, dict) else None
    rules: list[Any] = []
    if kind == "property":
        rules = given.get("rules")
        if not isinstance(rules, list) or not rules:
            raise errors.unexpected_value("accessFilter.rules", rules, "rules must be a non-empty array.")
        for rule in rules:
            if not rule.get("datasetProperty") or not rule.get("actorProperty"):
                reason = "Each rule must have datasetProperty and actorProperty."
                raise errors.unexpected_value("accessFilter.rules", rule, reason)
    elif given is not None and kind != "ownerOnly":
        raise errors.unexpected_value("accessFilter.type", kind, "type must be ownerOnly or property.")
    state.db.execute("DELETE FROM access_filters WHERE datasetId = ?", (row["id"],))
    for rule in rules:
        state.db.execute(
            "INSERT OR IGNORE INTO access_filters SELECT d.datasetId, d.name, a.id FROM properties d "
            "JOIN actor_properties a ON a.projectId = ? AND a.name = ? WHERE d.datasetId = ? AND d.name = ?",
            (row["projectId"], rule["actorProperty"], row["id"], rule["datasetProperty"]),
        )
    return kind == "ownerOnly"


def visible(actor: int | None) -> tuple[str, list[Any]]:
    """(SQL condition over `e` and `d` of CURRENT_SQL, its values): what the actor may see; None sees everything."""
    if actor is None:
        return "1 = 1", []
    owned = "(NOT (SELECT ownerOnly FROM datasets WHERE id = e.datasetId) OR e.creatorId = ?)"
    ruled = (
        "(NOT EXISTS (SELECT 1 FROM access_filters WHERE datasetId = e.datasetId) OR EXISTS ("
        "SELECT 1 FROM access_filters f JOIN actor_property_values v ON v.propertyId = f.actorPropertyId "
        "WHERE f.datasetId = e.datasetId AND v.actorId = ? AND v.value = d.data ->> ('$.\"' || f.property || '\"')))"
    )
    return f"{owned} AND {ruled}", [actor, actor]


async def create_property(request: Request) -> Response:
    state = state_of(request)
    project, _ = project_of(request, "actor_property.update")
    name = (await json_body(request)).get("name")
    if not valid_name(name) or str(name).lower() in _RESERVED:
        raise errors.unexpected_value("name", name, "This is not a valid property name.")
    if name in names_of(state, project["id"]):
        raise errors.already_exists("actor_properties", ["projectId", "name"], [str(project["id"]), name])
    with state.write():
        state.insert("actor_properties", projectId=project["id"], name=name, createdAt=now())
    return success()


async def list_properties(request: Request) -> Response:
    state = state_of(request)
    project, _ = project_of(request, "actor_property.list")
    listed: list[dict[str, Any]] = [{"name": name} for name in names_of(state, project["id"])]
    if extended(request):
        for item in listed:
            rows = state.all(
                "SELECT DISTINCT v.value FROM actor_property_values v JOIN actor_properties p ON p.id = v.propertyId "
                "WHERE p.projectId = ? AND p.name = ? ORDER BY v.value",
                *(project["id"], item["name"]),
            )
            item["values"] = [row["value"] for row in rows]
    return answer(listed)


routes = [
    Route(PROJECT + "/actor-properties", list_properties, methods=["GET"]),
    Route(PROJECT + "/actor-properties", create_property, methods=["POST"]),
]
