"""Entity lists over HTTP (`/datasets`): lists, properties, entities, and the CSV that a phone gets."""

from __future__ import annotations

import csv
import io
import sqlite3
from itertools import pairwise
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import actor_properties, entities, errors
from .instance import odata_name
from .state import State, md5, now
from .web import (
    PROJECT,
    actor_by_id,
    answer,
    audit,
    audit_json,
    extended,
    file_response,
    is_true,
    json_body,
    project_of,
    state_of,
    success,
    valid_name,
)

LIST = PROJECT + "/datasets/{dataset}"
ONE = LIST + "/entities/{uuid}"
LISTED = "WHERE e.datasetId = ? AND e.deletedAt IS NULL ORDER BY e.createdAt DESC, e.id DESC"
_RESERVED = {"name", "label"}


def find(state: State, project: int, name: str) -> sqlite3.Row:
    row = state.one("SELECT * FROM datasets WHERE projectId = ? AND name = ? AND deletedAt IS NULL", project, name)
    if row is None:
        raise errors.not_found()
    return row


def dataset_of(request: Request, verb: str) -> tuple[sqlite3.Row, sqlite3.Row]:
    """(entity list, actor) of the path; the verb must be held in the project."""
    project, actor = project_of(request, verb)
    return find(state_of(request), project["id"], request.path_params["dataset"]), actor


async def export_csv(request: Request) -> Response:
    """The list as a file for people: the values with when and by whom."""
    state = state_of(request)
    row, _ = dataset_of(request, "entity.list")
    names = entities.property_names(state, row["id"])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    stamps = ["__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version"]
    writer.writerow(["__id", "label", *names, *stamps])
    for item in state.all(f"{entities.CURRENT_SQL} {LISTED}", row["id"]):
        data = orjson.loads(item["data"])
        creator = actor_by_id(state, item["creatorId"])
        told = [item["createdAt"], item["creatorId"], creator["displayName"] if creator else ""]
        told += [item["version"] - 1, item["updatedAt"], item["version"]]
        writer.writerow([item["uuid"], item["label"], *(data.get(name, "") for name in names), *told])
    content = out.getvalue().encode()
    return file_response(request, f"{row['name']}.csv", content, "text/csv; charset=utf-8", md5(content), False)


def dataset_json(state: State, row: sqlite3.Row, more: bool) -> dict[str, Any]:
    names = ("name", "createdAt", "projectId")
    result: dict[str, Any] = {name: row[name] for name in names}
    result |= {"approvalRequired": bool(row["approvalRequired"]), "ownerOnly": bool(row["ownerOnly"])}
    result["deletedAt"] = row["deletedAt"]
    if more:
        counted = state.one(
            "SELECT count(*) AS n, max(createdAt) AS last, count(conflict) AS conflicts FROM entities "
            "WHERE datasetId = ? AND deletedAt IS NULL",
            row["id"],
        )
        assert counted is not None
        result |= {"entities": counted["n"], "lastEntity": counted["last"], "conflicts": counted["conflicts"]}
    return result


def metadata_json(state: State, row: sqlite3.Row, more: bool) -> dict[str, Any]:
    linked = state.all(
        "SELECT d.name, f.xmlFormId FROM form_attachments a JOIN forms f ON f.currentDefId = a.formDefId "
        "JOIN form_defs d ON d.id = a.formDefId WHERE a.datasetId = ? AND f.deletedAt IS NULL",
        row["id"],
    )
    sources = state.all(
        "SELECT d.name, f.xmlFormId, d.entityLists FROM forms f JOIN form_defs d ON d.id = f.currentDefId "
        "WHERE f.projectId = ? AND f.deletedAt IS NULL AND d.entityLists != '[]'",
        row["projectId"],
    )
    writers = [
        ({"name": item["name"], "xmlFormId": item["xmlFormId"]}, wanted)
        for item in sources
        for wanted in entities.lists_from_text(item["entityLists"])
        if wanted.name == row["name"]
    ]
    properties = [
        {
            "name": item["name"],
            "publishedAt": item["publishedAt"],
            "odataName": odata_name(item["name"]),
            "forms": [form for form, wanted in writers if item["name"] in wanted.properties.values()],
        }
        for item in state.all("SELECT * FROM properties WHERE datasetId = ? ORDER BY id", row["id"])
    ]
    rules = actor_properties.rules_of(state, row["id"])
    access: dict[str, Any] = {"accessFilter": {"type": "property", "rules": rules}} if rules else {}
    if row["ownerOnly"]:
        access = {"accessFilter": {"type": "ownerOnly"}}
    return dataset_json(state, row, more) | {
        "lastUpdate": row["lastUpdate"],
        "linkedForms": [dict(item) for item in linked],
        "sourceForms": [form for form, _ in writers],
        "draftLinkedForms": [],
        "draftSourceForms": [],
        "properties": properties,
        **access,
    }


async def list_datasets(request: Request) -> Response:
    state = state_of(request)
    project, _ = project_of(request, "dataset.list")
    rows = state.all("SELECT * FROM datasets WHERE projectId = ? AND deletedAt IS NULL ORDER BY name", project["id"])
    return answer([dataset_json(state, row, extended(request)) for row in rows])


async def create_dataset(request: Request) -> Response:
    state = state_of(request)
    project, _ = project_of(request, "dataset.create")
    body = await json_body(request)
    name = body.get("name")
    if not valid_name(name):
        raise errors.unexpected_value("name", name, "This is not a valid dataset name.")
    same = state.scalar(
        "SELECT name FROM datasets WHERE projectId = ? AND lower(name) = lower(?) AND deletedAt IS NULL",
        *(project["id"], name),
    )
    if same == name:
        raise errors.already_exists("datasets", ["name", "projectId"], [name, project["id"]])
    if same is not None:
        other = "with the same name but different capitalization"
        message = f"A dataset named '{same}' exists and you provided '{name}' {other}."
        raise errors.Problem("409.16", message, {"current": same, "provided": name})
    with state.write():
        entities.create_list(state, project["id"], str(name))
    return answer(metadata_json(state, find(state, project["id"], str(name)), False))


async def dataset(request: Request) -> Response:
    state = state_of(request)
    verb = {"GET": "dataset.read", "PATCH": "dataset.update", "DELETE": "dataset.delete"}[request.method]
    row, _ = dataset_of(request, verb)
    if request.method == "PATCH":
        body = await json_body(request)
        with state.write() as db:
            if "accessFilter" in body:
                body["ownerOnly"] = actor_properties.change_rules(state, row, body["accessFilter"])
            elif body.get("ownerOnly"):
                actor_properties.change_rules(state, row, None)
            values = [int(bool(body.get(name, row[name]))) for name in ("approvalRequired", "ownerOnly")]
            db.execute("UPDATE datasets SET approvalRequired = ?, ownerOnly = ? WHERE id = ?", (*values, row["id"]))
            entities.touch(state, row["id"])
        row, _ = dataset_of(request, verb)
    if request.method == "DELETE":
        shown = metadata_json(state, row, False)
        users = {name: shown[name] for name in ("sourceForms", "linkedForms", "draftSourceForms", "draftLinkedForms")}
        if any(users.values()):
            message = "You can't delete this dataset because there are Form(s) dependent on it"
            raise errors.Problem("409.21", message, users)
        with state.write() as db:
            db.execute("UPDATE datasets SET deletedAt = ? WHERE id = ?", (now(), row["id"]))
        return success()
    return answer(metadata_json(state, row, extended(request)))


async def create_property(request: Request) -> Response:
    state = state_of(request)
    row, _ = dataset_of(request, "dataset.update")
    body = await json_body(request)
    name = body.get("name")
    if not valid_name(name) or str(name).lower() in _RESERVED:
        raise errors.unexpected_value("name", name, "This is not a valid property name.")
    if name in entities.property_names(state, row["id"]):
        raise errors.already_exists("ds_properties", ["name", "datasetId"], [name, row["id"]])
    with state.write():
        entities.add_property(state, row["id"], str(name))
    return success()


def version_json(state: State, row: sqlite3.Row, more: bool, *, data: bool = True) -> dict[str, Any]:
    """A version of an entity; `row` has the columns of CURRENT_SQL."""
    result: dict[str, Any] = {
        "current": bool(row["current"]),
        "label": row["label"],
        "creatorId": row["editorId"],
        "userAgent": row["userAgent"],
    }
    if data:
        result["data"] = orjson.loads(row["data"])
    result |= {"version": row["version"], "baseVersion": row["baseVersion"]}
    if data:
        result["dataReceived"] = orjson.loads(row["dataReceived"])
    clashing = None if row["conflicting"] is None else orjson.loads(row["conflicting"])
    result |= {"conflictingProperties": clashing, "createdAt": row["versionAt"]}
    result |= {name: row[name] for name in ("branchId", "trunkVersion", "branchBaseVersion")}
    return result | ({"creator": actor_by_id(state, row["editorId"])} if more else {})


def entity_json(state: State, row: sqlite3.Row, more: bool, *, data: bool = True) -> dict[str, Any]:
    names = ("uuid", "creatorId", "conflict", "createdAt", "updatedAt", "deletedAt")
    result: dict[str, Any] = {name: row[name] for name in names}
    result["currentVersion"] = version_json(state, row, more, data=data)
    return result | ({"creator": actor_by_id(state, row["creatorId"])} if more else {})


def entity_of(request: Request, verb: str, *, deleted: bool = False) -> tuple[sqlite3.Row, sqlite3.Row, sqlite3.Row]:
    """(entity with its current version, entity list, actor)."""
    row, actor = dataset_of(request, verb)
    found = state_of(request).one(
        entities.CURRENT_SQL + " WHERE e.datasetId = ? AND e.uuid = ?",
        *(row["id"], entities.normal_uuid(request.path_params["uuid"])),
    )
    if found is None or (found["deletedAt"] is not None) != deleted:
        raise errors.not_found()
    return found, row, actor


async def list_entities(request: Request) -> Response:
    state = state_of(request)
    row, _ = dataset_of(request, "entity.list")
    gone = "IS NOT NULL" if is_true(request.query_params.get("deleted")) else "IS NULL"
    rows = state.all(
        entities.CURRENT_SQL + f" WHERE e.datasetId = ? AND e.deletedAt {gone} ORDER BY e.createdAt DESC, e.id DESC",
        row["id"],
    )
    return answer([entity_json(state, item, extended(request), data=False) for item in rows])


async def create_entities(request: Request) -> Response:
    """One entity, or many at once (`{"entities": [...], "source": {...}}`): all of them or none."""
    state = state_of(request)
    row, actor = dataset_of(request, "entity.create")
    body = await json_body(request)
    known = entities.property_names(state, row["id"])
    agent = request.headers.get("user-agent")
    many = body.get("entities")
    if many is None:
        new = entities.checked_new(known, body)
        with state.write():
            entities.insert(state, row, new, actor, agent, {})
        found = state.one(entities.CURRENT_SQL + " WHERE e.uuid = ?", new[0])
        assert found is not None
        return answer(entity_json(state, found, extended(request)))
    if not isinstance(many, list) or not many:
        got = "empty array" if isinstance(many, list) else "not an array"
        details = {"expected": ["entities: [...]"], "actual": [got]}
        raise errors.Problem("400.31", f"Expected parameters: (entities: [...]). Got ({got}).", details)
    checked = [entities.checked_new(known, item) for item in many]
    source = body.get("source")
    if not isinstance(source, dict) or not source.get("name"):
        raise errors.missing_parameter("source.name" if isinstance(source, dict) else "source")
    with state.write():
        for new in checked:
            entities.insert(state, row, new, actor, agent, source)
    return success()


async def patch_entity(request: Request) -> Response:
    """409.15 unless `baseVersion` is the current version or `force=true`."""
    state = state_of(request)
    found, row, actor = entity_of(request, "entity.update")
    provided = request.query_params.get("baseVersion")
    if provided != str(found["version"]) and not is_true(request.query_params.get("force")):
        shown = "undefined" if provided is None else provided
        details = {"current": str(found["version"])} | ({} if provided is None else {"provided": provided})
        raise errors.Problem(
            "409.15",
            f"Current version of the Entity is '{found['version']}' and you provided '{shown}'. Please correct the "
            "version number or pass '?force=true' in the URL to forcefully update the Entity.",
            details,
        )
    body = await json_body(request)
    data = entities.checked_data(entities.property_names(state, row["id"]), body.get("data") or {})
    label = body.get("label")
    received = {**({"label": label} if label else {}), **data}
    with state.write():
        entities.change(state, row, found, received, actor, request.headers.get("user-agent"), {})
    fresh, _, _ = entity_of(request, "entity.update")
    return answer(entity_json(state, fresh, extended(request)))


async def get_entity(request: Request) -> Response:
    found, _, _ = entity_of(request, "entity.read")
    return answer(entity_json(state_of(request), found, extended(request)))


async def set_deleted(request: Request) -> Response:
    state = state_of(request)
    restoring = request.method == "POST"
    action = "entity.restore" if restoring else "entity.delete"
    found, row, actor = entity_of(request, action, deleted=restoring)
    with state.write() as db:
        values = (None if restoring else now(), found["id"])
        db.execute("UPDATE entities SET deletedAt = ? WHERE id = ?", values)
        audit(state, actor, action, row["acteeId"], {"uuid": found["uuid"]}, entity=found["id"])
        entities.touch(state, row["id"])
    return success()


async def bulk_change(request: Request) -> Response:
    """`/bulk-delete` and `/bulk-restore`: those of `ids` that can be, and how many they were."""
    state = state_of(request)
    restoring = request.url.path.endswith("/bulk-restore")
    row, _ = dataset_of(request, "entity.restore" if restoring else "entity.delete")
    body = await json_body(request)
    moment, held = (None, "NOT NULL") if restoring else (now(), "NULL")
    sql = f"UPDATE entities SET deletedAt = ? WHERE datasetId = ? AND uuid = ? AND deletedAt IS {held}"  # noqa: S608
    with state.write() as db:
        count = sum(db.execute(sql, (moment, row["id"], identity)).rowcount for identity in body.get("ids") or [])
        entities.touch(state, row["id"])
    return answer({"count": count})


def defs_of(request: Request) -> list[sqlite3.Row]:
    found, _, _ = entity_of(request, "entity.read")
    return state_of(request).all(
        "SELECT *, creatorId AS editorId, createdAt AS versionAt FROM entity_defs WHERE entityId = ? ORDER BY version",
        found["id"],
    )


async def list_versions(request: Request) -> Response:
    state = state_of(request)
    return answer([version_json(state, row, extended(request)) for row in defs_of(request)])


async def list_diffs(request: Request) -> Response:
    values = [{"label": row["label"], **orjson.loads(row["data"])} for row in defs_of(request)]
    result = []
    for old, new in pairwise(values):
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        result.append([{"old": old.get(name), "new": new.get(name), "propertyName": name} for name in names])
    return answer(result)


async def list_audits(request: Request) -> Response:
    state = state_of(request)
    found, _, _ = entity_of(request, "entity.read")
    rows = state.all("SELECT * FROM audits WHERE entityId = ? ORDER BY id DESC", found["id"])
    return answer([audit_json(state, row, True) for row in rows])


routes = [
    Route(PROJECT + "/datasets", list_datasets, methods=["GET"]),
    Route(PROJECT + "/datasets", create_dataset, methods=["POST"]),
    Route(LIST + "/properties", create_property, methods=["POST"]),
    Route(LIST + "/entities.csv", export_csv, methods=["GET"]),
    Route(LIST + "/entities", list_entities, methods=["GET"]),
    Route(LIST + "/entities", create_entities, methods=["POST"]),
    Route(LIST + "/entities/bulk-delete", bulk_change, methods=["POST"]),
    Route(LIST + "/entities/bulk-restore", bulk_change, methods=["POST"]),
    Route(ONE + "/versions", list_versions, methods=["GET"]),
    Route(ONE + "/diffs", list_diffs, methods=["GET"]),
    Route(ONE + "/audits", list_audits, methods=["GET"]),
    Route(ONE + "/restore", set_deleted, methods=["POST"]),
    Route(ONE, get_entity, methods=["GET"]),
    Route(ONE, patch_entity, methods=["PATCH"]),
    Route(ONE, set_deleted, methods=["DELETE"]),
    Route(LIST, dataset, methods=["GET", "PATCH", "DELETE"]),
]
